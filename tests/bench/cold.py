"""From the start of the process to the first ticket, with a million facts in the journal; also after kill -9."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from edge import registry
from edge.kernel import outbox
from edge.kernel.backup import CORE
from edge.kernel.db import Database
from edge.kernel.domain import Command, Context, Rejected
from edge.kernel.journal import head
from edge.queue import model as m
from tests.bench.report import Figure, at_most, fact
from tests.durability.small_branch import ZONE, SmallBranch
from tests.harness.agreement import branch_head
from tests.harness.api import Api
from tests.harness.programs import BranchProcess

ROWS: Final = 1_000_000
TICKETS_A_DAY: Final = 2000
COMMANDS_AT_ONCE: Final = 5000
MARK_S: Final = 2.0
SERVICES: Final = ("personal", "corporate", "wealth", "fx")


def run(_seconds: float) -> list[Figure]:
    data = grown(ROWS)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        empty_s = _start(BranchProcess(Path(scratch) / "empty"), stop=True)
    branch = BranchProcess(data)
    clean_s = _start(branch)
    used_mb = branch.rss_bytes() / 2**20
    branch.kill()
    killed_s = _start(branch, stop=True)
    return [
        fact("facts in the journal", branch_head(data), ""),
        fact("size of the database", (data / CORE).stat().st_size / 2**20, "MB"),
        fact("cold start to first ticket, empty journal", empty_s, "s"),
        at_most("cold start to first ticket, 1 M facts", clean_s, MARK_S, "s"),
        at_most("cold start to first ticket, 1 M facts, after kill -9", killed_s, MARK_S, "s"),
        fact("memory after that start", used_mb, "MB"),
    ]


def _start(branch: BranchProcess, *, stop: bool = False) -> float:
    """Seconds from the start of the process to the answer that holds the first number."""
    began = perf_counter()
    branch.start()
    took_s = asyncio.run(_first_ticket(branch, began))
    if stop:
        branch.stop()
    return took_s


async def _first_ticket(branch: BranchProcess, began: float) -> float:
    async with Api(branch.url) as guest:
        await (await guest.as_kiosk()).post("/api/tickets", {"service": "personal", "channel": "phone"})
        return perf_counter() - began


# --- a branch with a long past


def grown(rows: int) -> Path:
    """A data folder with so many facts, kept between runs of the same schema."""
    schema = hashlib.sha256("".join(migration.sha256 for migration in registry.migrations()).encode()).hexdigest()[:12]
    kept = Path(tempfile.gettempdir()) / f"branchbox-bench-{rows}-{schema}"
    if not kept.exists():
        making = Path(tempfile.mkdtemp(prefix="branchbox-bench-making-"))
        with BranchProcess(making / "branch") as branch:
            branch.stop()
        _grow(making / "branch" / CORE, rows)
        (making / "branch").rename(kept)
        shutil.rmtree(making)
    return kept


def _grow(core: Path, rows: int) -> None:
    """Live many days through the real decisions, journal and tables; only receipts, which are kept for days, are left out."""
    database = Database(core)
    past, connection = Past(SmallBranch(database)), database.connection
    commands = past.days(datetime.now(ZONE) - timedelta(days=rows // (4 * TICKETS_A_DAY) + 2))
    while head(connection).seq < rows:
        connection.execute("BEGIN IMMEDIATE")
        for command, actor, now_ms in islice(commands, COMMANDS_AT_ONCE):
            past.carry_out(command, actor, now_ms)
        past.settle(now_ms)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    asyncio.run(database.close())


class Past:
    """Day after day of the same: everybody takes a number, is called, served, finished."""

    def __init__(self, branch: SmallBranch) -> None:
        self._pipeline = branch.pipeline
        self._connection = branch.db.connection

    def carry_out(self, command: Command, actor: str, now_ms: int) -> None:
        """The pipeline's own path, less the receipt. A refusal makes no fact."""
        handler: Any = self._pipeline.rules.handlers[type(command)]
        context = Context(now_ms, ZONE, actor, os.urandom(32))
        try:
            state = handler.load(self._connection, command, context)
            self._pipeline._record(self._connection, context, handler.decide(state, command, context))
        except Rejected:
            return

    def settle(self, now_ms: int) -> None:
        """What these facts asked for is done, and what was done long ago forgotten, as in a branch that runs."""
        for kind in outbox.open_by_kind(self._connection):
            while (effect := outbox.lease(self._connection, kind, boot="bench", now_ms=now_ms)) is not None:
                outbox.settle(self._connection, effect.id, outbox.End.DONE, note="", now_ms=now_ms)
        outbox.forget_old(self._connection, now_ms=now_ms)

    def days(self, first: datetime) -> Iterator[tuple[Command, str, int]]:
        day = first.replace(hour=9, minute=0, second=0, microsecond=0)
        while True:
            yield from self._day(int(day.timestamp() * 1000))
            day += timedelta(days=1)

    def _day(self, now_ms: int) -> Iterator[tuple[Command, str, int]]:
        yield m.OpenDay(), "system", now_ms
        yield m.SignIn(counter="counter-1", staff="1001"), "staff:1001", now_ms
        for n in range(TICKETS_A_DAY):
            at_ms = now_ms + n * 12_000
            yield _issue(SERVICES[n % len(SERVICES)]), "device:kiosk-1", at_ms
            yield m.CallNext(counter="counter-1", staff="1001"), "staff:1001", at_ms + 2000
            yield m.ServeTicket(counter="counter-1", staff="1001"), "staff:1001", at_ms + 4000
            yield m.FinishTicket(counter="counter-1", staff="1001"), "staff:1001", at_ms + 9000
        yield m.CloseDay(), "system", now_ms + 9 * 3_600_000


def _issue(service: str) -> Command:
    return m.IssueTicket(service=service, tier=m.Tier.NORMAL, channel=m.Channel.PHONE)
