"""The journal: every business fact of the branch, in order, chained by SHA-256.

* Facts are appended by the pipeline only, inside the writer's transaction; nobody updates or deletes a row.
* Order is `seq`. `at_ms` is the branch's clock, for people; it may stand still, and it steps only by a journalled fact.
* The journal has an incarnation id (`jid`), minted with the box and again whenever history may have forked (a restore). Head
  office keeps one lane per incarnation, so two histories can never be mixed up.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from edge.kernel.db import Connection, Database
from edge.kernel.domain import Event, InvariantBroken
from edge.kernel.migrations import Migration
from sync.chain import START, Position, Record, link

MIGRATIONS: Final = (
    Migration(
        "kernel/001-journal",
        """
        CREATE TABLE journal(
            seq INTEGER PRIMARY KEY,
            at_ms INTEGER NOT NULL,
            type TEXT NOT NULL,
            entity TEXT NOT NULL,
            actor TEXT NOT NULL,
            body BLOB NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE journal_life(
            jid BLOB PRIMARY KEY,
            parent_jid BLOB,
            parent_seq INTEGER NOT NULL,
            parent_hash BLOB NOT NULL,
            born_ms INTEGER NOT NULL
        ) STRICT;
        """,
    ),
)

TAIL_RECORDS_MAX: Final = 1000
_COLUMNS: Final = "seq, at_ms, type, entity, actor, body"
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class Life(NamedTuple):
    """One incarnation of the journal and the point of its parent that it grew from."""

    jid: bytes
    parent_jid: bytes | None
    parent: Position


class Journal:
    """Append on the writer, read anywhere."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tip: Position = START
        self._tip_of_rollback = -1

    # --- on the writer, inside its transaction

    def append(self, connection: Connection, *, at_ms: int, actor: str, events: Sequence[Event]) -> list[Record]:
        """Chain `events` to the journal and return them as records."""
        tip = self.tip(connection)
        records: list[Record] = []
        for event in events:
            record = Record(tip.seq + 1, at_ms, event.TYPE, event.entity(), actor, _encode(event))
            tip = Position(record.seq, link(tip.hash, record))
            connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", (*record, tip.hash))
            records.append(record)
        self._tip = tip
        return records

    def tip(self, connection: Connection) -> Position:
        """The newest fact, including those of the open transaction."""
        if self._tip_of_rollback != self._db.rollbacks:
            self._tip_of_rollback = self._db.rollbacks
            self._tip = head(connection)
        return self._tip

    # --- reading

    def head(self) -> Position:
        """The newest durable fact."""
        with self._db.reader() as connection:
            return head(connection)

    def tail(self, after: int, limit: int = TAIL_RECORDS_MAX) -> list[Record]:
        """Up to `limit` facts after `after`, oldest first."""
        with self._db.reader() as connection:
            return tail(connection, after, limit)

    def hash_at(self, seq: int) -> bytes | None:
        """The chain's hash at `seq`; None where the journal does not reach."""
        with self._db.reader() as connection:
            return hash_at(connection, seq)


def head(connection: Connection) -> Position:
    row = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return START if row is None else Position(*row)


def tail(connection: Connection, after: int, limit: int = TAIL_RECORDS_MAX) -> list[Record]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))  # noqa: S608 -- constant columns
    return [Record(*row) for row in rows]


def of_types(connection: Connection, types: Sequence[str], until: int) -> list[Record]:
    """All facts of some rare types up to `until`. Reads past every other fact, so it is for a process that has the time."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM journal WHERE seq <= ? AND type IN ({', '.join('?' * len(types))}) ORDER BY seq",  # noqa: S608
        (until, *types),
    )
    return [Record(*row) for row in rows]


def hash_at(connection: Connection, seq: int) -> bytes | None:
    if seq == 0:
        return START.hash
    found: bytes | None = connection.execute("SELECT hash FROM journal WHERE seq = ?", (seq,)).get
    return found


def last_time_ms(connection: Connection) -> int:
    """The time of the newest fact, 0 in an empty journal: the branch's clock never starts before it."""
    return connection.execute("SELECT at_ms FROM journal ORDER BY seq DESC LIMIT 1").get or 0


def life(connection: Connection) -> Life:
    """The current incarnation."""
    row = connection.execute(
        "SELECT jid, parent_jid, parent_seq, parent_hash FROM journal_life ORDER BY rowid DESC LIMIT 1"
    ).fetchone()
    if row is None:
        raise InvariantBroken("the journal has no incarnation")
    jid, parent_jid, parent_seq, parent_hash = row
    return Life(jid, parent_jid, Position(parent_seq, parent_hash))


def ensure_life(connection: Connection, *, fresh_jid: bytes, now_ms: int) -> Life:
    """Give a new journal its first incarnation; an old one keeps its own."""
    if connection.execute("SELECT EXISTS (SELECT 1 FROM journal_life)").get == 0:
        connection.execute("INSERT INTO journal_life VALUES (?, NULL, 0, ?, ?)", (fresh_jid, START.hash, now_ms))
    return life(connection)


class ChainBreak(NamedTuple):
    """Where the stored journal is not what was written."""

    seq: int
    reason: str


def check_chain(connection: Connection, after: int = 0) -> tuple[Position, ChainBreak | None]:
    """Recompute the chain from `after` on: the last position that holds, and the first break if there is one."""
    tip = Position(after, hash_at(connection, after) or START.hash)
    rows = connection.execute(f"SELECT {_COLUMNS}, hash FROM journal WHERE seq > ? ORDER BY seq", (after,))  # noqa: S608 -- constant columns
    for *fields, stored in rows:
        record = Record(*fields)
        if record.seq != tip.seq + 1:
            return tip, ChainBreak(record.seq, f"gap after {tip.seq}")
        computed = link(tip.hash, record)
        if computed != stored:
            return tip, ChainBreak(record.seq, "hash differs")
        tip = Position(record.seq, computed)
    return tip, None
