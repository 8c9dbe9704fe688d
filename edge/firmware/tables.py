"""The updates of this branch's devices: a fold of the journal."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from edge.firmware import model as m
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "firmware/001",
        """
        CREATE TABLE firmware_update(
            job TEXT PRIMARY KEY,
            device TEXT NOT NULL,
            profile TEXT NOT NULL,
            version TEXT NOT NULL,
            replaces TEXT,
            sha256 TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            in_hours INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'installing', 'done', 'failed', 'withdrawn')),
            proposed_by TEXT NOT NULL,
            proposed_ms INTEGER NOT NULL,
            answered_by TEXT,
            answered_ms INTEGER,
            ended_ms INTEGER,
            reported TEXT,
            reason TEXT NOT NULL DEFAULT ''
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX firmware_update_open ON firmware_update(device)
            WHERE state IN ('proposed', 'approved', 'installing');
        """,
    ),
)
FOLDED: Final = ("firmware_update",)
LISTED_MAX: Final = 100


class UpdateRow(msgspec.Struct, frozen=True, kw_only=True):
    """One update."""

    job: str
    device: str
    profile: str
    version: str
    replaces: str | None
    sha256: str
    size_bytes: int
    in_hours: bool
    state: str
    proposed_by: str
    proposed_ms: int
    answered_by: str | None
    """Who approved or withdrew it."""
    answered_ms: int | None
    ended_ms: int | None
    reported: str | None
    """What the device said of itself at the end."""
    reason: str


_OPEN: Final = "state IN ('proposed', 'approved', 'installing')"
_ALL: Final = f"SELECT {', '.join(UpdateRow.__struct_fields__)} FROM firmware_update"  # noqa: S608 -- names of our own
_BY_JOB: Final = f"{_ALL} WHERE job = ?"
_OPEN_OF: Final = f"{_ALL} WHERE device = ? AND {_OPEN}"
_NEWEST: Final = f"{_ALL} ORDER BY job DESC LIMIT {LISTED_MAX}"
_WANTED: Final = f"SELECT EXISTS (SELECT 1 FROM firmware_update WHERE sha256 = ? AND {_OPEN})"  # noqa: S608 -- words of our own


def update(connection: Connection, job: str) -> UpdateRow | None:
    return _one(connection.execute(_BY_JOB, (job,)).fetchone())


def open_update(connection: Connection, device: str) -> UpdateRow | None:
    """The update of a device that is not over."""
    return _one(connection.execute(_OPEN_OF, (device,)).fetchone())


def updates(connection: Connection) -> list[UpdateRow]:
    """Newest first."""
    rows = connection.execute(_NEWEST)
    return [row for row in map(_one, rows) if row is not None]


def is_wanted(connection: Connection, sha256: str) -> bool:
    """Whether an update that is not over still needs this package."""
    return bool(connection.execute(_WANTED, (sha256,)).get)


def _one(row: Sequence[object] | None) -> UpdateRow | None:
    return (
        None
        if row is None
        else msgspec.convert(dict(zip(UpdateRow.__struct_fields__, row, strict=True)), UpdateRow, strict=False)
    )


def propose(connection: Connection, event: m.UpdateProposed, record: Record) -> None:
    connection.execute(
        "INSERT INTO firmware_update(job, device, profile, version, replaces, sha256, size_bytes, in_hours, state, proposed_by,"
        " proposed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'proposed', ?, ?)",
        (
            *(event.job, event.device, event.profile, event.to_version, event.from_version, event.sha256, event.size_bytes),
            *(int(event.in_hours), record.actor, record.at_ms),
        ),
    )


def approve(connection: Connection, event: m.UpdateApproved, record: Record) -> None:
    _answer(connection, event.job, "approved", record)


def withdraw(connection: Connection, event: m.UpdateWithdrawn, record: Record) -> None:
    _answer(connection, event.job, "withdrawn", record)


def _answer(connection: Connection, job: str, state: str, record: Record) -> None:
    connection.execute(
        "UPDATE firmware_update SET state = ?, answered_by = ?, answered_ms = ? WHERE job = ?",
        (state, record.actor, record.at_ms, job),
    )


def begin(connection: Connection, event: m.InstallBegun, _record: Record) -> None:
    connection.execute("UPDATE firmware_update SET state = 'installing' WHERE job = ?", (event.job,))


def end(connection: Connection, event: m.UpdateEnded, record: Record) -> None:
    connection.execute(
        "UPDATE firmware_update SET state = ?, ended_ms = ?, reported = ?, reason = ? WHERE job = ?",
        ("done" if event.done else "failed", record.at_ms, event.reported, event.reason, event.job),
    )


APPLIES: Final[Mapping[type[Event], Sequence[Apply]]] = {
    m.UpdateProposed: (propose,),
    m.UpdateApproved: (approve,),
    m.UpdateWithdrawn: (withdraw,),
    m.InstallBegun: (begin,),
    m.UpdateEnded: (end,),
}
