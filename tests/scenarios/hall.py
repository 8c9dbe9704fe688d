"""A branch without doors: the real pipeline on a real file, with a clock that scenarios can set."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from edge.adapters.sms import SandboxSms
from edge.app import Branch
from edge.ground import lay_ground
from edge.kernel.clock import SandboxClock
from edge.kernel.opening import open_box
from edge.org.model import Branch as Outlet
from edge.org.model import ConfigureBranch, Counter, Service
from edge.queue import ruling
from edge.queue.answers import Called, Issued
from edge.queue.call_rules import CallRules, DayClass, SetCalendar, SetCallRules, in_force
from edge.queue.model import CallNext, Channel, IssueTicket, OpenCounter, OpenDay, SignIn, Tier
from edge.queue.rules import Rule
from edge.settings import Launch

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=ZONE)


class Hall:
    """What a scenario does in the hall."""

    def __init__(self, branch: Branch, clock: SandboxClock) -> None:
        self.branch = branch
        self.clock = clock

    async def at(self, moment: str | datetime) -> None:
        """Set the clock: "09:30" of the day it is, or a whole moment."""
        now = self.branch.place.now()
        if isinstance(moment, str):
            hour, minute = moment.split(":")
            moment = now.replace(hour=int(hour), minute=int(minute), second=0)
        self.clock.set(moment)
        if moment.date() != now.date():
            await self.branch.pipeline.submit(OpenDay(), actor="system")

    async def take(self, tier: Tier, at: str | None = None, *, service: str = "personal") -> str:
        """Take a number; returns it."""
        if at is not None:
            await self.at(at)
        command = IssueTicket(service=service, tier=tier, channel=Channel.KIOSK)
        outcome = await self.branch.pipeline.submit(command, actor="device:kiosk-1")
        return msgspec.json.decode(outcome.answer, type=Issued).number

    def sms_down(self) -> asyncio.Event:
        """Cut the line to the SMS platform. The event: a message was tried in vain."""
        tried = asyncio.Event()

        def reachable() -> bool:
            tried.set()
            return False

        self.sms.reachable = reachable
        return tried

    def sms_back(self, kind: str) -> None:
        """The line is back, and messages of this kind of effect are tried again."""
        self.sms.reachable = lambda: True
        self.branch.runner.wake(kind)

    @property
    def sms(self) -> SandboxSms:
        gateway = self.branch.gateway
        if not isinstance(gateway, SandboxSms):
            raise TypeError("a hall sends its messages nowhere")
        return gateway

    async def staff(self, number: int) -> None:
        """A teller opens counter `number`."""
        counter, staff = f"counter-{number}", f"100{number}"
        await self.branch.pipeline.submit(SignIn(counter=counter, staff=staff), actor=f"staff:{staff}")
        await self.branch.pipeline.submit(OpenCounter(counter=counter, staff=staff), actor=f"staff:{staff}")

    async def next(self, counter: int = 1) -> Called:
        """Press Next; whoever was in hand is finished by it."""
        command = CallNext(counter=f"counter-{counter}", staff=f"100{counter}")
        outcome = await self.branch.pipeline.submit(command, actor=f"staff:100{counter}")
        return msgspec.json.decode(outcome.answer, type=Called)

    async def calls(self, times: int, counter: int = 1) -> list[str | None]:
        """The numbers that so many presses of Next call."""
        called = [await self.next(counter) for _ in range(times)]
        return [one.ticket.number if one.ticket else None for one in called]

    async def follow(self, rules: CallRules, counter: int = 1, *, temporary: bool = False) -> None:
        command = SetCallRules(counter=f"counter-{counter}", rules=rules, temporary=temporary)
        await self.branch.pipeline.submit(command, actor="staff:9001")

    async def calendar(self, days: dict[str, DayClass]) -> None:
        await self.branch.pipeline.submit(SetCalendar(days=days), actor="staff:9001")

    def rule_now(self, counter: int = 1) -> Rule:
        """The rule that a call at this moment would follow."""
        with self.branch.db.reader() as connection:
            rules = ruling.call_rules(connection, f"counter-{counter}")
            return in_force(rules, self.branch.place.now(), ruling.calendar(connection))


@asynccontextmanager
async def open_hall(data: Path, *, start: datetime = MONDAY, services: Sequence[str] = ("personal",)) -> AsyncIterator[Hall]:
    """A branch with four counters, at `start`."""
    branch = Branch(lay_ground(Launch(data=data, sandbox=True, clock=start), open_box(data)))
    await branch.start()
    try:
        configure = ConfigureBranch(
            version=1,
            branch=Outlet(id="0001", name="测试支行", name_en="Test branch"),
            services=tuple(
                Service(id=service, name=service, name_en=service, letter=chr(ord("A") + place))
                for place, service in enumerate(services)
            ),
            counters=tuple(Counter(id=f"counter-{number}", number=number, name=f"{number}号窗口") for number in range(1, 5)),
        )
        await branch.pipeline.submit(configure, actor="system")
        clock = branch.clock
        assert isinstance(clock, SandboxClock)
        yield Hall(branch, clock)
    finally:
        await branch.stop()


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)
