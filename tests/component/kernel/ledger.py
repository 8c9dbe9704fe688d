"""The smallest capability, on the real kernel and a real file: a guest book, for tests of the one path itself."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from edge.kernel import journal, outbox, receipts
from edge.kernel.clock import ClockStepped, SandboxClock
from edge.kernel.db import Connection, Database, Limits, connect
from edge.kernel.domain import Command, Context, Effect, Event, Rejected
from edge.kernel.journal import Journal
from edge.kernel.migrations import Migration, migrate
from edge.kernel.pipeline import Handler, Outcome, Pipeline, Rules, Secret
from sync.chain import Record

ZONE: Final = ZoneInfo("Asia/Shanghai")
START_MS: Final = 1_795_000_000_000
LIMITS: Final = Limits(reserve_bytes=4096, idle_s=0.01)
LETTER: Final = "book.letter"


class Write(Command, frozen=True, kw_only=True):
    """Write a line; `letter` asks the world for something, `times` writes it so often."""

    NAME: ClassVar[str] = "book.write"
    line: str
    times: int = 1
    letter: bool = False
    not_after_ms: int | None = None


class Written(Event, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "book.written.v1"
    line: str
    letter: bool = False
    not_after_ms: int | None = None

    def entity(self) -> str:
        return self.line


class Broken(Exception):
    """A bug in a handler."""


def load(_connection: Connection, command: Write, _context: Context) -> None:
    if command.line == "load breaks":
        raise Broken


def decide(_state: None, command: Write, _context: Context) -> Sequence[Event]:
    if not command.line:
        raise Rejected("empty_line", chars_min=1, why=None)
    written = Written(line=command.line, letter=command.letter, not_after_ms=command.not_after_ms)
    return [written] * command.times


def answer(connection: Connection, _state: None, events: Sequence[Event], context: Context) -> dict[str, int]:
    """Read inside the transaction: the line is there already."""
    if any(isinstance(event, Written) and event.line == "answer breaks" for event in events):
        raise Broken
    return {"lines": lines(connection), "at_ms": context.now_ms}


def apply_written(connection: Connection, event: Written, record: Record) -> None:
    connection.execute("INSERT INTO book VALUES (?, ?, ?)", (record.seq, event.line, record.at_ms))
    if event.line == "apply breaks":
        raise Broken


def send_letter(_connection: Connection, event: Written, _record: Record) -> Iterable[Effect]:
    if not event.letter:
        return []
    payload = msgspec.json.encode(event.line)
    return [Effect(kind=LETTER, key=f"letter:{event.line}", payload=payload, not_after_ms=event.not_after_ms)]


def lines(connection: Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM book").get
    return count


BOOK: Final = Migration(
    "book/001", "CREATE TABLE book(seq INTEGER PRIMARY KEY, line TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
)
MIGRATIONS: Final = (*journal.MIGRATIONS, *receipts.MIGRATIONS, *outbox.MIGRATIONS, BOOK)
RULES: Final = Rules(
    {Write: Handler(load, decide, answer)},
    {kind.TYPE: kind for kind in (Written, ClockStepped)},
    {Written: (apply_written,)},
    {Written: (send_letter,)},
)


@dataclass(slots=True)
class Ledger:
    """The program around the guest book."""

    path: Path
    limits: Limits = LIMITS
    steady_ms: list[int] = field(default_factory=lambda: [0])
    sealed: list[Secret] = field(default_factory=list)
    told: list[Record] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)
    """How many jobs shared each commit."""
    clock: SandboxClock = field(init=False)
    db: Database = field(init=False)
    pipeline: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SandboxClock(START_MS, steady=lambda: self.steady_ms[0])

    def open(self) -> None:
        with closing(connect(self.path)) as connection:
            migrate(connection, MIGRATIONS, now_ms=START_MS)
            journal.ensure_life(connection, fresh_jid=os.urandom(16), now_ms=START_MS)
        self.db = Database(self.path, limits=self.limits)
        self.db.committed = lambda jobs, _seconds: self.commits.append(jobs)
        self.pipeline = Pipeline(self.db, Journal(self.db), self.clock, RULES, ZONE, self._seal)
        self.pipeline.followers.append(self.told.extend)
        self.db.start()

    async def reopen(self) -> None:
        await self.db.close()
        self.open()

    def _seal(self, connection: Connection, secret: Secret) -> None:
        """Inside the transaction, as the vault does."""
        self.sealed.append(secret)
        connection.execute("INSERT INTO book VALUES (?, ?, 0)", (-len(self.sealed), f"sealed {secret.name}"))

    async def write(
        self, line: str, command_id: str | None = None, *, times: int = 1, letter: bool = False, not_after_ms: int | None = None
    ) -> Outcome:
        command = Write(line=line, times=times, letter=letter, not_after_ms=not_after_ms)
        return await self.pipeline.submit(command, actor="staff:1001", command_id=command_id)

    async def stalled(self, work: Callable[[], Sequence["asyncio.Task[Outcome]"]]) -> list[Outcome | BaseException]:
        """Hold the writer with a job of our own while `work` queues up, so that all of it lands in one group."""
        entered, gate = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def hold(_connection: Connection) -> None:
            loop.call_soon_threadsafe(entered.set)
            gate.wait()

        holding = asyncio.ensure_future(self.db.write(hold))
        await entered.wait()
        tasks = work()
        await asyncio.sleep(0)
        gate.set()
        await holding
        return await asyncio.gather(*tasks, return_exceptions=True)

    def book(self) -> list[str]:
        with self.db.reader() as connection:
            return [str(line) for (line,) in connection.execute("SELECT line FROM book WHERE seq > 0 ORDER BY seq")]

    def effects(self) -> list[tuple[str, str, int]]:
        """Key, state and attempts of every effect, in order."""
        with self.db.reader() as connection:
            return [
                (str(key), str(state), int(attempt))
                for key, state, attempt in connection.execute("SELECT key, state, attempt FROM outbox ORDER BY id")
            ]


@asynccontextmanager
async def open_ledger(folder: Path, *, limits: Limits = LIMITS) -> AsyncIterator[Ledger]:
    ledger = Ledger(folder / "core.db", limits=limits)
    ledger.open()
    try:
        yield ledger
    finally:
        await ledger.db.close()
