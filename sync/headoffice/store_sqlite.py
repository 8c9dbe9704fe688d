"""The embedded journal store: one SQLite file, every batch as received, cursor and receipt in the same transaction."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from sync.chain import GENESIS, Position, link
from sync.headoffice import store_documents
from sync.headoffice.store import Claim, DocumentLedger, FleetLedger, LaneSummary, StoredBatch, Totals
from sync.headoffice.store_database import Connection, Database
from sync.protocol import Parent, encode
from sync.receiver import Enrolment, Intake, LaneKind, LaneRow
from sync.records import unpack

T = TypeVar("T")
Row = tuple[Any, ...]

MIGRATIONS: Final = (
    """
    CREATE TABLE claim (
        branch TEXT PRIMARY KEY, name TEXT NOT NULL, key BLOB NOT NULL,
        expires_at_ms INTEGER NOT NULL, used_by BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE branch (
        branch TEXT PRIMARY KEY, name TEXT NOT NULL, public_key BLOB NOT NULL, approved INTEGER NOT NULL,
        enrolled_at_ms INTEGER NOT NULL, lease INTEGER NOT NULL, session BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- One row per journal incarnation. parent_*: where it left the one before it; kind: see receiver.LaneKind.
    CREATE TABLE lane (
        branch TEXT NOT NULL REFERENCES branch, jid BLOB NOT NULL,
        parent_jid BLOB, parent_seq INTEGER, parent_hash BLOB,
        kind TEXT NOT NULL CHECK (kind IN ('live', 'parked', 'quarantine')),
        begun_at_ms INTEGER NOT NULL,
        cursor_seq INTEGER NOT NULL, cursor_hash BLOB NOT NULL,
        archived_seq INTEGER NOT NULL, fault TEXT NOT NULL,
        received_at_ms INTEGER NOT NULL, offset_ms INTEGER NOT NULL, head_seq INTEGER NOT NULL,
        PRIMARY KEY (branch, jid)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE batch (
        id INTEGER PRIMARY KEY,
        branch TEXT NOT NULL, jid BLOB NOT NULL,
        first_new_seq INTEGER NOT NULL,
        before_seq INTEGER NOT NULL, before_hash BLOB NOT NULL,
        after_seq INTEGER NOT NULL, after_hash BLOB NOT NULL,
        received_at_ms INTEGER NOT NULL,
        payload BLOB NOT NULL, signature BLOB NOT NULL, receipt BLOB NOT NULL,
        FOREIGN KEY (branch, jid) REFERENCES lane,
        CHECK (before_seq < first_new_seq AND first_new_seq <= after_seq)
    ) STRICT;
    CREATE UNIQUE INDEX batch_by_end ON batch (branch, jid, after_seq);
    """,
    store_documents.MIGRATION,
    store_documents.MIGRATION_SETTLED,
)

_LANE = """branch, jid, parent_jid, parent_seq, parent_hash, cursor_seq, cursor_hash, archived_seq, fault, kind"""
_BATCH = "branch, jid, before_seq, first_new_seq, after_seq, after_hash, received_at_ms, payload"
_ENROLMENT = "branch, name, public_key, approved, lease, session"


class SqliteLedger:
    """The receiver's ledger over one connection, inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    @property
    def documents(self) -> DocumentLedger:
        return store_documents.SqliteDocuments(self._sql)

    def enrolment(self, branch: str) -> Enrolment | None:
        rows = self._sql.execute(f"SELECT {_ENROLMENT} FROM branch WHERE branch = ?", (branch,))  # noqa: S608
        return next((_enrolment(row) for row in rows), None)

    def grant(self, branch: str, session: bytes, lease: int) -> None:
        self._sql.execute("UPDATE branch SET session = ?, lease = ? WHERE branch = ?", (session, lease, branch))

    def lanes(self, branch: str) -> list[LaneRow]:
        """In the order in which they began."""
        rows = self._sql.execute(
            f"SELECT {_LANE} FROM lane WHERE branch = ? ORDER BY begun_at_ms, jid",  # noqa: S608
            (branch,),
        )
        return [_lane(row) for row in rows]

    def begin_lane(self, lane: LaneRow, at_ms: int) -> None:
        parent = (lane.parent.jid, *lane.parent.position) if lane.parent else (None, None, None)
        self._sql.execute(
            "INSERT INTO lane VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
            (lane.branch, lane.jid, *parent, lane.kind, at_ms, *lane.cursor, lane.archived_seq, lane.fault),
        )

    def note_fault(self, branch: str, jid: bytes, fault: str) -> None:
        self._sql.execute("UPDATE lane SET fault = ? WHERE branch = ? AND jid = ?", (fault, branch, jid))

    def hash_at(self, branch: str, jid: bytes, seq: int) -> bytes | None:
        return _hash_at(self._sql, branch, jid, seq)

    def take(self, intake: Intake) -> None:
        batch, receipt = intake.batch, intake.receipt
        self._sql.execute(
            "INSERT INTO batch VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (batch.branch, batch.jid, intake.first_new_seq, *batch.before, *batch.after,
             receipt.received_at_ms, batch.payload, batch.signature, encode(receipt)),
        )  # fmt: skip
        self._sql.execute(
            "UPDATE lane SET cursor_seq = ?, cursor_hash = ?, received_at_ms = ?, offset_ms = ?, head_seq = ?"
            " WHERE branch = ? AND jid = ?",
            (*receipt.position, receipt.received_at_ms, receipt.received_at_ms - batch.sent_at_ms, batch.head_seq,
             batch.branch, batch.jid),
        )  # fmt: skip

    def claim(self, branch: str) -> Claim | None:
        rows = self._sql.execute("SELECT branch, name, key, expires_at_ms, used_by FROM claim WHERE branch = ?", (branch,))
        return next((Claim(*row) for row in rows), None)

    def put_claim(self, claim: Claim) -> None:
        self._sql.execute(
            "INSERT OR REPLACE INTO claim VALUES (?, ?, ?, ?, ?)",
            (claim.branch, claim.name, claim.key, claim.expires_at_ms, claim.used_by),
        )

    def enrol(self, enrolment: Enrolment, at_ms: int) -> None:
        self._sql.execute(
            "INSERT INTO branch VALUES (?, ?, ?, ?, ?, 0, x'') ON CONFLICT (branch) DO UPDATE SET"
            " name = excluded.name, public_key = excluded.public_key, approved = excluded.approved",
            (enrolment.branch, enrolment.name, enrolment.public_key, int(enrolment.approved), at_ms),
        )

    def approve(self, branch: str) -> bool:
        self._sql.execute("UPDATE branch SET approved = 1 WHERE branch = ?", (branch,))
        return self._sql.changes() > 0


class SqliteStore:
    """The journal store in `folder/journal.db`."""

    def __init__(self, folder: Path, *, durable: bool = True, vfs: str | None = None) -> None:
        """`durable` and `vfs` are for tests that must see it fail."""
        self._database = Database(folder / "journal.db", MIGRATIONS, durable=durable, vfs=vfs)

    @property
    def failed(self) -> "asyncio.Future[None]":
        return self._database.failed

    async def start(self) -> None:
        await self._database.start()

    async def stop(self) -> None:
        await self._database.stop()

    async def within(self, work: Callable[[FleetLedger], T]) -> T:
        return await self._database.write(lambda connection: work(SqliteLedger(connection)))

    async def look(self, work: Callable[[DocumentLedger], T]) -> T:
        return await self._database.read(lambda connection: work(store_documents.SqliteDocuments(connection)))

    async def enrolment(self, branch: str) -> Enrolment | None:
        return await self._database.read(lambda connection: SqliteLedger(connection).enrolment(branch))

    async def enrolments(self) -> list[Enrolment]:
        query = f"SELECT {_ENROLMENT} FROM branch ORDER BY branch"  # noqa: S608
        return await self._database.read(lambda connection: [_enrolment(row) for row in connection.execute(query)])

    async def lanes(self, branch: str | None = None) -> list[LaneSummary]:
        query = (
            "SELECT branch, name, jid, kind, cursor_seq, cursor_hash, archived_seq, fault, received_at_ms, offset_ms,"
            " head_seq FROM lane JOIN branch USING (branch) WHERE ?1 IS NULL OR branch = ?1"
            " ORDER BY branch, begun_at_ms, jid"
        )
        return await self._database.read(lambda connection: [_summary(row) for row in connection.execute(query, (branch,))])

    async def batches(self, branch: str, jid: bytes, after_seq: int, limit: int) -> list[StoredBatch]:
        query = (
            f"SELECT {_BATCH} FROM batch WHERE branch = ? AND jid = ? AND after_seq > ?"  # noqa: S608
            " ORDER BY after_seq LIMIT ?"
        )
        return await self._database.read(
            lambda connection: [_batch(row) for row in connection.execute(query, (branch, jid, after_seq, limit))]
        )

    async def hash_at(self, branch: str, jid: bytes, seq: int) -> bytes | None:
        return await self._database.read(lambda connection: _hash_at(connection, branch, jid, seq))

    async def totals(self) -> Totals:
        return await self._database.read(_totals)


def _totals(connection: Connection) -> Totals:
    rows: list[Row] = connection.execute(
        "SELECT (SELECT count(*) FROM branch), (SELECT coalesce(max(id), 0) FROM batch),"
        " (SELECT coalesce(sum(cursor_seq), 0) FROM lane)"
    ).fetchall()
    return Totals(*rows[0])


def _hash_at(connection: Connection, branch: str, jid: bytes, seq: int) -> bytes | None:
    """Batches keep the hashes of their ends; anything between is computed again from the stored bytes."""
    if seq == 0:
        return GENESIS
    rows: list[Row] = connection.execute(
        "SELECT before_seq, before_hash, after_seq, after_hash, payload FROM batch"
        " WHERE branch = ? AND jid = ? AND after_seq >= ? ORDER BY after_seq LIMIT 1",
        (branch, jid, seq),
    ).fetchall()
    if not rows:
        return None
    before_seq, tip, after_seq, after_hash, payload = rows[0]
    if seq == after_seq:
        return bytes(after_hash)
    for record in unpack(payload, before_seq + 1, after_seq - before_seq)[: seq - before_seq]:
        tip = link(tip, record)
    return bytes(tip)


def _enrolment(row: Row) -> Enrolment:
    branch, name, public_key, approved, lease, session = row
    return Enrolment(branch, name, public_key, bool(approved), lease, session)


def _lane(row: Row) -> LaneRow:
    branch, jid, parent_jid, parent_seq, parent_hash, cursor_seq, cursor_hash, archived_seq, fault, kind = row
    parent = Parent(jid=parent_jid, position=Position(parent_seq, parent_hash)) if parent_jid is not None else None
    return LaneRow(branch, jid, parent, Position(cursor_seq, cursor_hash), archived_seq, fault, LaneKind(kind))


def _summary(row: Row) -> LaneSummary:
    branch, name, jid, kind, cursor_seq, cursor_hash, *rest = row
    return LaneSummary(branch, name, jid, LaneKind(kind), Position(cursor_seq, cursor_hash), *rest)


def _batch(row: Row) -> StoredBatch:
    branch, jid, before_seq, first_new_seq, after_seq, after_hash, received_at_ms, payload = row
    return StoredBatch(branch, jid, before_seq, first_new_seq, Position(after_seq, after_hash), received_at_ms, payload)
