"""The real kernel and queue on a disk of the test's choice: schema, writer, journal, pipeline; no web, no devices.

`Crowd` uses them by a seeded dice and remembers each answer it was given: that is what must never be lost.
"""

import asyncio
import os
import random
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import apsw
import msgspec

from edge import registry
from edge.kernel import journal, outbox
from edge.kernel.clock import SandboxClock
from edge.kernel.db import Connection, Database, Limits, Overloaded, StorageFull, connect
from edge.kernel.domain import Command, InvariantBroken, Rejected
from edge.kernel.journal import Journal
from edge.kernel.migrations import migrate
from edge.kernel.outbox import End, Leased
from edge.kernel.pipeline import Pipeline, Secret, Settlement
from edge.queue import model as m
from edge.sandbox import branch as demo

ZONE: Final = ZoneInfo("Asia/Shanghai")
START: Final = datetime(2026, 11, 20, 9, 0, tzinfo=ZONE)
NOW_MS: Final = int(START.timestamp() * 1000)
JID: Final = bytes(range(16))
PRINT: Final = "queue.print_slip@printer-1"
TELLERS: Final = {f"counter-{number}": f"100{number}" for number in range(1, 5)}
LIMITS: Final = Limits(checkpoint_pages=48, restart_pages=160, reserve_bytes=64 * 1024, idle_s=0.002, readers_max=1)
"""Small, so that a short run meets many checkpoints and the WAL starts over often."""


def no_secrets(_connection: Connection, _secret: Secret) -> None:
    raise InvariantBroken("this workload has no personal data")


def lay_schema(core: Path, *, vfs: str | None = None) -> None:
    """The start of a box: schema and first incarnation."""
    with closing(connect(core, vfs=vfs)) as connection:
        migrate(connection, registry.migrations(), now_ms=NOW_MS)
        journal.ensure_life(connection, fresh_jid=JID, now_ms=NOW_MS)


class SmallBranch:
    """A branch without walls."""

    def __init__(self, database: Database) -> None:
        self.db = database
        self.clock = SandboxClock(NOW_MS)
        self.pipeline = Pipeline(self.db, Journal(self.db), self.clock, registry.rules(), ZONE, no_secrets)

    async def open(self) -> None:
        """Begin the day with every counter manned."""
        self.db.start()
        await self.pipeline.submit(demo.CONFIGURE, actor="system", command_id="configure")
        await self.pipeline.submit(m.OpenDay(), actor="system", command_id="open-day")
        for counter, staff in TELLERS.items():
            await self.pipeline.submit(
                m.SignIn(counter=counter, staff=staff), actor=f"staff:{staff}", command_id=f"in-{counter}"
            )


class Promise(NamedTuple):
    """An answer that somebody was given."""

    command_id: str
    answer: bytes
    refusal: str | None


@dataclass(slots=True)
class Crowd:
    """Customers and tellers, acting by a seeded dice, remembering what they were told."""

    branch: SmallBranch
    dice: random.Random
    note: Callable[[Promise], None]
    printed: Callable[[int, str], None] = lambda _effect, _state: None
    tickets: list[str] = field(default_factory=list)
    count: int = 0

    async def burst(self, size: int) -> list[BaseException]:
        """So many commands at once; returns what the disk refused."""
        work: list[Coroutine[Any, Any, None]] = [self._act(*self._wish()) for _ in range(size)]
        if self.dice.random() < 0.3:
            work.append(self._print())
        ends = await asyncio.gather(*work, return_exceptions=True)
        failures = [end for end in ends if isinstance(end, BaseException)]
        for failure in failures:
            if not isinstance(failure, StorageFull | Overloaded | OSError) and not is_storage_failure(failure):
                raise failure
        return failures

    def _wish(self) -> tuple[Command, str]:
        """What somebody wants, and who."""
        self.count += 1
        dice = self.dice
        service = dice.choice(demo.SERVICES).id
        counter, staff = dice.choice(list(TELLERS.items()))
        if dice.random() < 0.5 or not self.tickets:
            printer = "printer-1" if dice.random() < 0.5 else None
            tier = dice.choice((m.Tier.NORMAL, m.Tier.GOLD))
            channel = m.Channel.KIOSK if printer else m.Channel.PHONE
            return m.IssueTicket(service=service, tier=tier, channel=channel, printer=printer), "device:kiosk-1"
        ticket = dice.choice(self.tickets)
        wish: Command = dice.choice(
            (
                m.CallNext(counter=counter, staff=staff),
                m.CallNext(counter=counter, staff=staff),
                m.ServeTicket(counter=counter, staff=staff),
                m.FinishTicket(counter=counter, staff=staff, outcome="done"),
                m.ParkTicket(counter=counter, staff=staff),
                m.MarkNoShow(counter=counter, staff=staff),
                m.CancelTicket(ticket=ticket),
                m.TransferTicket(ticket=ticket, service=service, reason="wrong_service"),
                m.RequeueTicket(ticket=ticket),
                m.RateService(ticket=ticket, score=5),
            )
        )
        return wish, f"staff:{staff}"

    async def _act(self, command: Command, actor: str) -> None:
        command_id = f"c-{self.count}-{self.dice.getrandbits(32):08x}"
        try:
            outcome = await self.branch.pipeline.submit(command, actor=actor, command_id=command_id)
        except Rejected as refusal:
            self.note(Promise(command_id, msgspec.json.encode(refusal.facts), refusal.code))
            return
        self.note(Promise(command_id, outcome.answer, None))
        if isinstance(command, m.IssueTicket):
            self.tickets.append(msgspec.json.decode(outcome.answer)["id"])

    async def _print(self) -> None:
        """What a lane of the runner does, with a printer that always works."""
        db, now_ms = self.branch.db, self.branch.clock.now_ms()
        effect: Leased | None = await db.write(lambda c: outbox.lease(c, PRINT, boot=f"b{self.count}", now_ms=now_ms))
        if effect is None or effect.in_doubt:
            return
        await db.write(lambda c: outbox.started(c, effect.id, note="0001", now_ms=now_ms))
        self.printed(effect.id, "started")
        order = msgspec.json.decode(effect.payload)
        news = m.RecordSlip(ticket=order["ticket"], slip=m.Slip.PRINTED, copy=order["copy"], proof="process_id")
        settlement = Settlement(effect.id, End.DONE, "printed")
        await self.branch.pipeline.submit(
            news, actor="system", command_id=f"effect:{effect.id}:end:{os.urandom(4).hex()}", settles=settlement
        )
        self.printed(effect.id, "done")


def is_storage_failure(error: BaseException) -> bool:
    """What a job gets when the disk itself failed under it."""
    return isinstance(error, apsw.IOError | apsw.CorruptError | apsw.NotADBError)
