"""The branch's journal as sync reads it, and head office's address as enrolment left it."""

import asyncio
import threading
from pathlib import Path
from typing import Final

import msgspec

from edge.kernel import journal
from edge.kernel.clock import Clock
from edge.kernel.db import Database, connect_reader
from edge.kernel.files import write_durably
from edge.kernel.journal import Life
from edge.uplink import tables
from sync.chain import Position, Record
from sync.keys import SigningKey
from sync.protocol import Parent, Receipt

ENROLMENT: Final = "head-office.json"


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """Where head office is, and the key it proved to have when this box was enrolled."""

    url: str
    key: bytes
    branch: str


def load_enrolment(data: Path) -> Enrolment | None:
    path = data / ENROLMENT
    return msgspec.json.decode(path.read_bytes(), type=Enrolment) if path.exists() else None


def save_enrolment(data: Path, enrolment: Enrolment) -> None:
    write_durably(data / ENROLMENT, msgspec.json.encode(enrolment))


class BranchJournal:
    """`sync.uplink.JournalSource` over our journal. Reads run in sync's threads on a connection of their own."""

    def __init__(self, db: Database, clock: Clock, life: Life, key: SigningKey, branch: str) -> None:
        self.branch = branch
        self.jid = life.jid
        self.parent = None if life.parent_jid is None else Parent(jid=life.parent_jid, position=life.parent)
        self._db = db
        self._clock = clock
        self._key = key
        self._connection = connect_reader(db.path)
        self._lock = threading.Lock()
        self._newest = 0
        self._grown = asyncio.Event()

    def follow(self, records: list[Record]) -> None:
        """The pipeline's follower: there is something to send."""
        self._newest = records[-1].seq
        self._grown.set()

    def head(self) -> Position:
        with self._lock:
            return journal.head(self._connection)

    def read(self, after: int, limit: int, max_bytes: int) -> list[Record]:
        with self._lock:
            records = journal.tail(self._connection, after, limit)
        size = 0
        for count, record in enumerate(records, 1):
            size += len(record.body)
            if size > max_bytes:
                return records[: max(1, count - 1)]
        return records

    def hash_at(self, seq: int) -> bytes | None:
        with self._lock:
            return journal.hash_at(self._connection, seq)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    async def changed(self, seq: int) -> None:
        while self._newest <= seq and self.head().seq <= seq:
            self._grown.clear()
            await self._grown.wait()

    async def save_receipt(self, receipt: Receipt) -> None:
        now_ms = self._clock.now_ms()
        await self._db.write(lambda connection: tables.save(connection, receipt, now_ms=now_ms))

    def last_receipt(self) -> Receipt | None:
        with self._lock:
            return tables.last(self._connection)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
