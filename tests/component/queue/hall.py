"""A whole branch below the web on a real file: schema, writer, journal, vault, pipeline, and a clock that a test moves."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from edge import registry
from edge.kernel import fold, journal
from edge.kernel.clock import SandboxClock
from edge.kernel.db import Connection, Database, Limits, connect, connect_reader
from edge.kernel.domain import Command, Rejected
from edge.kernel.journal import Journal
from edge.kernel.keys import BoxKeys
from edge.kernel.migrations import migrate
from edge.kernel.pipeline import Outcome, Pipeline, Secret, Settlement
from edge.kernel.vault import Vault
from edge.org.model import Branch, ConfigureBranch, Counter, Service
from edge.queue import model as m
from edge.queue import views
from edge.queue.answers import Called, Issued
from edge.queue.views import TicketView
from sync.chain import Record

ZONE: Final = ZoneInfo("Asia/Shanghai")
START: Final = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)
START_MS: Final = int(START.timestamp() * 1000)
LIMITS: Final = Limits(reserve_bytes=4096, idle_s=0.01)
KEYS: Final = BoxKeys((bytes(range(32)),))

CONFIGURE: Final = ConfigureBranch(
    version=1,
    branch=Branch(id="0001", name="示范支行", name_en="Demo Branch"),
    services=(
        Service(id="personal", name="个人业务", name_en="Personal banking", letter="A"),
        Service(id="corporate", name="对公业务", name_en="Corporate banking", letter="B", usual_s=480),
    ),
    counters=(
        Counter(id="counter-1", number=1, name="1号窗口"),
        Counter(id="counter-2", number=2, name="2号窗口"),
        Counter(id="counter-3", number=3, name="3号窗口", services=("corporate",)),
    ),
)
TELLERS: Final = {"counter-1": "1001", "counter-2": "1002", "counter-3": "1003"}


@dataclass(slots=True)
class Hall:
    """The branch and the short sentences that its tests speak in."""

    path: Path
    limits: Limits = LIMITS
    steady_ms: list[int] = field(default_factory=lambda: [0])
    """Moved by `wait`; nothing else moves the clock."""
    vault: Vault = field(default_factory=lambda: Vault(KEYS))
    told: list[Record] = field(default_factory=list)
    """What the followers were told."""
    clock: SandboxClock = field(init=False)
    db: Database = field(init=False)
    pipeline: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SandboxClock(START_MS, steady=lambda: self.steady_ms[0])

    def open(self) -> None:
        """Start the program on what is on disk."""
        with closing(connect(self.path)) as connection:
            migrate(connection, registry.migrations(), now_ms=START_MS)
            journal.ensure_life(connection, fresh_jid=os.urandom(16), now_ms=START_MS)
        self.db = Database(self.path, limits=self.limits)
        self.pipeline = Pipeline(self.db, Journal(self.db), self.clock, registry.rules(), ZONE, self._seal)
        self.pipeline.followers.append(self.told.extend)
        self.db.start()

    async def reopen(self) -> None:
        """Stop the program and start it again."""
        await self.db.close()
        self.open()

    def _seal(self, connection: Connection, secret: Secret) -> None:
        self.vault.put(connection, secret.subject, secret.name, secret.plain, now_ms=self.clock.now_ms())

    # --- what people do

    async def do(
        self,
        command: Command,
        *,
        actor: str = "system",
        command_id: str | None = None,
        secrets: Sequence[Secret] = (),
        settles: Settlement | None = None,
    ) -> Outcome:
        return await self.pipeline.submit(command, actor=actor, command_id=command_id, secrets_=secrets, settles=settles)

    async def refused(self, command: Command, *, command_id: str | None = None) -> str:
        """The code of the refusal; fails where the command is carried out."""
        try:
            await self.do(command, command_id=command_id)
        except Rejected as refusal:
            return refusal.code
        raise AssertionError(f"{command.NAME} was carried out")

    async def take(self, service: str = "personal", tier: m.Tier = m.Tier.NORMAL, *, printer: str | None = None) -> Issued:
        command = m.IssueTicket(service=service, tier=tier, channel=m.Channel.KIOSK, printer=printer)
        return msgspec.json.decode((await self.do(command, actor="device:kiosk-1")).answer, type=Issued)

    async def man(self, *counters: str) -> None:
        """Their tellers sign in and open."""
        for counter in counters:
            await self.do(m.SignIn(counter=counter, staff=TELLERS[counter]))
            await self.do(m.OpenCounter(counter=counter, staff=TELLERS[counter]))

    async def call(self, counter: str = "counter-1") -> TicketView | None:
        outcome = await self.do(m.CallNext(counter=counter, staff=TELLERS[counter]))
        return msgspec.json.decode(outcome.answer, type=Called).ticket

    async def numbers_called(self, count: int, counter: str = "counter-1") -> list[str | None]:
        tickets = [await self.call(counter) for _ in range(count)]
        return [None if ticket is None else ticket.number for ticket in tickets]

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.steady_ms[0] += int(seconds * 1000)

    # --- what is seen

    def ticket(self, ticket: str) -> TicketView:
        with self.db.reader() as connection:
            found = views.ticket(connection, ticket, ZONE)
        if found is None:
            raise AssertionError(f"there is no ticket {ticket}")
        return found

    def listed(self, *states: m.State) -> list[TicketView]:
        with self.db.reader() as connection:
            return views.tickets(connection, list(states or (m.State.WAITING,)), None, 500, ZONE)

    def queue(self, queue: str) -> views.QueueView:
        with self.db.reader() as connection:
            return next(view for view in views.queues(connection, self.clock.now_ms()) if view.id == queue)

    def counter(self, counter: str) -> views.CounterView:
        with self.db.reader() as connection:
            found = views.counter(connection, counter, ZONE)
        if found is None:
            raise AssertionError(f"there is no counter {counter}")
        return found

    def facts(self, after: int = 0) -> list[Record]:
        return self.pipeline.journal.tail(after)

    def types(self, after: int = 0) -> list[str]:
        """The facts after `after` by their short names: `ticket_called`."""
        return [record.type.split(".")[1] for record in self.facts(after)]

    def verdict(self) -> fold.Verdict:
        """Whether chain and tables hold, as `branchbox verify` says it."""
        with closing(connect_reader(self.path)) as connection:
            return fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables())


@asynccontextmanager
async def open_hall(folder: Path, *, limits: Limits = LIMITS, configured: bool = True) -> AsyncIterator[Hall]:
    hall = Hall(folder / "core.db", limits=limits)
    hall.open()
    try:
        if configured:
            await hall.do(CONFIGURE, command_id="configure")
        yield hall
    finally:
        await hall.db.close()
