"""Tables of `org`, how events fill them, and what others may read."""

from functools import lru_cache
from typing import Final

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.kernel.remembered import watched
from edge.org.model import Branch, BranchConfigured, Counter, Service, Staff
from sync.chain import Record

BODIES_MAX: Final = 512
"""Read services and counters that are kept decoded."""

MIGRATIONS: Final = (
    Migration(
        "org/001",
        """
        CREATE TABLE org_branch(
            id TEXT PRIMARY KEY,
            version INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE TABLE org_service(
            id TEXT PRIMARY KEY,
            place INTEGER NOT NULL,
            letter TEXT NOT NULL,
            usual_s INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE TABLE org_counter(
            id TEXT PRIMARY KEY,
            number INTEGER NOT NULL UNIQUE,
            body BLOB NOT NULL
        ) STRICT;
        CREATE TABLE org_staff(
            staff_no TEXT PRIMARY KEY,
            body BLOB NOT NULL
        ) STRICT;
        """,
    ),
    Migration("org/002-noticed", watched("org_branch", "org_service", "org_counter", "org_staff")),
)

FOLDED: Final = ("org_branch", "org_service", "org_counter")
"""The tables that the journal alone determines; staff come from head office's directory."""


def branch_configured(connection: Connection, event: BranchConfigured, _record: Record) -> None:
    for table in FOLDED:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- constant names
    branch = event.branch
    connection.execute("INSERT INTO org_branch VALUES (?, ?, ?)", (branch.id, event.version, msgspec.json.encode(branch)))
    connection.executemany(
        "INSERT INTO org_service VALUES (?, ?, ?, ?, ?)",
        [
            (service.id, place, service.letter, service.usual_s, msgspec.json.encode(service))
            for place, service in enumerate(event.services)
        ],
    )
    connection.executemany(
        "INSERT INTO org_counter VALUES (?, ?, ?)",
        [(counter.id, counter.number, msgspec.json.encode(counter)) for counter in event.counters],
    )


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {BranchConfigured: (branch_configured,)}


# --- views


@lru_cache(maxsize=BODIES_MAX)
def _service(body: bytes) -> Service:
    """The same bytes are the same service, and every decision asks for one."""
    return msgspec.json.decode(body, type=Service)


@lru_cache(maxsize=BODIES_MAX)
def _counter(body: bytes) -> Counter:
    return msgspec.json.decode(body, type=Counter)


def branch(connection: Connection) -> Branch | None:
    body = connection.execute("SELECT body FROM org_branch").get
    return None if body is None else msgspec.json.decode(body, type=Branch)


def services(connection: Connection) -> list[Service]:
    rows = connection.execute("SELECT body FROM org_service ORDER BY place")
    return [_service(row[0]) for row in rows]


def service(connection: Connection, service_id: str) -> Service | None:
    body = connection.execute("SELECT body FROM org_service WHERE id = ?", (service_id,)).get
    return None if body is None else _service(body)


def counters(connection: Connection) -> list[Counter]:
    rows = connection.execute("SELECT body FROM org_counter ORDER BY number")
    return [_counter(row[0]) for row in rows]


def counter(connection: Connection, counter_id: str) -> Counter | None:
    body = connection.execute("SELECT body FROM org_counter WHERE id = ?", (counter_id,)).get
    return None if body is None else _counter(body)


def staff(connection: Connection, staff_no: str) -> Staff | None:
    body = connection.execute("SELECT body FROM org_staff WHERE staff_no = ?", (staff_no,)).get
    return None if body is None else msgspec.json.decode(body, type=Staff)


# --- head office's directory, not journalled


def put_staff(connection: Connection, members: tuple[Staff, ...]) -> None:
    """Replace the directory by `members`."""
    connection.execute("DELETE FROM org_staff")
    connection.executemany(
        "INSERT INTO org_staff VALUES (?, ?)", [(member.staff_no, msgspec.json.encode(member)) for member in members]
    )
