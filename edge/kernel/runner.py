"""Carries effects out: takes them from the outbox, hands each to its handler, and records what became of it.

One lane per kind of effect, one effect at a time in it, in order. The outcome is a command like any other, and the effect
ends in the transaction of that command, so the world and the books cannot disagree about whether it was done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

import structlog

from edge.kernel import outbox
from edge.kernel.db import Connection, Overloaded, StorageFull
from edge.kernel.domain import Command, Rejected
from edge.kernel.outbox import End, Leased
from edge.kernel.pipeline import Pipeline, Settlement

log = structlog.get_logger()

RETRY_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Pauses between attempts; the last one repeats."""
IDLE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Settled:
    """It is over; `command` tells the domain how."""

    end: End
    note: str = ""
    command: Command | None = None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Nothing has left the box; try later. `command` tells the domain that it has to wait, e.g. for paper."""

    note: str
    command: Command | None = None


Started = Callable[[str], Awaitable[None]]
"""Awaited by a handler before the first byte leaves; its argument is the handler's own reference."""
EffectHandler = Callable[[Leased, Started], Awaitable[Settled | TryAgain]]
Late = Callable[[Leased], Settled]
"""What it means that an effect was not carried out in time."""


def drop(_effect: Leased) -> Settled:
    return Settled(End.DROPPED, "too_late")


class Lane:
    """The effects of one kind."""

    def __init__(self, pipeline: Pipeline, kind: str, handler: EffectHandler, *, boot: str, late: Late = drop) -> None:
        self._pipeline = pipeline
        self._kind = kind
        self._handler = handler
        self._late = late
        self._boot = boot
        self._wake = asyncio.Event()
        self._hurry = False

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    def hurry(self) -> None:
        """Try everything now, oldest first, also what was to be tried later."""
        self._hurry = True
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled. An error of a handler ends the lane; its supervisor starts it again."""
        await self._give_back()
        while True:
            self._wake.clear()
            if self._hurry:
                await self._hasten()
            effect = await self._lease()
            if effect is None:
                await self._rest()
            else:
                await self._carry_out(effect)

    async def _give_back(self) -> None:
        """What this lane had leased and not started when it broke is free again."""
        await self._pipeline.db.write(lambda connection: outbox.give_back(connection, self._kind, boot=self._boot))

    async def _hasten(self) -> None:
        self._hurry = False
        now_ms = self._pipeline.clock.now_ms()
        await self._pipeline.db.write(lambda connection: outbox.hasten(connection, self._kind, now_ms=now_ms))

    async def _lease(self) -> Leased | None:
        now_ms = self._pipeline.clock.now_ms()
        return await self._pipeline.db.write(
            lambda connection: outbox.lease(connection, self._kind, boot=self._boot, now_ms=now_ms)
        )

    async def _rest(self) -> None:
        """Until something new comes, or the next retry is due."""
        with self._pipeline.db.reader() as connection:
            due_ms = outbox.next_due_ms(connection, self._kind, boot=self._boot)
        pause_s = IDLE_S if due_ms is None else min(IDLE_S, max(0.05, (due_ms - self._pipeline.clock.now_ms()) / 1000))
        try:
            async with asyncio.timeout(pause_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _carry_out(self, effect: Leased) -> None:
        if self._too_late(effect):
            await self._settle(effect, self._late(effect))
            return

        async def started(note: str) -> None:
            now_ms = self._pipeline.clock.now_ms()
            await self._pipeline.db.write(lambda connection: outbox.started(connection, effect.id, note=note, now_ms=now_ms))

        match await self._handler(effect, started):
            case Settled() as settled:
                await self._settle(effect, settled)
            case TryAgain() as again:
                await self._later(effect, again)

    def _too_late(self, effect: Leased) -> bool:
        """One in doubt may have happened in time: only its handler can say what became of it."""
        late = effect.not_after_ms is not None and self._pipeline.clock.now_ms() > effect.not_after_ms
        return late and not effect.in_doubt

    async def _settle(self, effect: Leased, settled: Settled) -> None:
        """Record how it ended. The world knows already, so this is tried until there is room for it in the books."""
        for pause_s in chain(RETRY_S, repeat(RETRY_S[-1])):
            try:
                await self._record_end(effect, settled)
            except (Overloaded, StorageFull) as error:
                log.warning("outcome_waits", effect=effect.kind, reason=type(error).__name__)
                await asyncio.sleep(pause_s)
            else:
                return

    async def _record_end(self, effect: Leased, settled: Settled) -> None:
        settlement = Settlement(effect.id, settled.end, settled.note)
        if settled.command is not None:
            try:
                await self._pipeline.submit(
                    settled.command, actor="system", command_id=f"effect:{effect.id}:end", settles=settlement
                )
            except Rejected as refusal:
                log.info("outcome_refused", effect=effect.kind, code=refusal.code)
            else:
                return
        await self._pipeline.db.write(lambda connection: self._end(connection, settlement))

    def _end(self, connection: Connection, settlement: Settlement) -> None:
        effect_id, end, note = settlement
        outbox.settle(connection, effect_id, end, note=note, now_ms=self._pipeline.clock.now_ms())

    async def _later(self, effect: Leased, again: TryAgain) -> None:
        if again.command is not None:
            try:
                await self._pipeline.submit(
                    again.command, actor="system", command_id=f"effect:{effect.id}:{effect.attempt}:{self._boot}"
                )
            except Rejected as refusal:
                log.info("outcome_refused", effect=effect.kind, code=refusal.code)
        now_ms = self._pipeline.clock.now_ms()
        after_ms = int(RETRY_S[min(effect.attempt, len(RETRY_S)) - 1] * 1000)
        await self._pipeline.db.write(
            lambda connection: outbox.retry(connection, effect.id, after_ms=after_ms, note=again.note, now_ms=now_ms)
        )


class Runner:
    """All lanes, and what wakes them."""

    def __init__(
        self,
        pipeline: Pipeline,
        handlers: Mapping[str, EffectHandler],
        *,
        boot: str,
        late: Mapping[str, Late] | None = None,
    ) -> None:
        """`late` names the kinds whose domain wants to know that an effect came too late."""
        self.lanes = {
            kind: Lane(pipeline, kind, handler, boot=boot, late=(late or {}).get(kind, drop))
            for kind, handler in handlers.items()
        }

    def ask(self, kinds: frozenset[str]) -> None:
        """The pipeline has queued effects of these kinds. One that nobody carries out stays in the outbox."""
        for kind in kinds & self.lanes.keys():
            self.lanes[kind].wake()

    def wake(self, kind: str) -> None:
        """Something in the world changed: paper was loaded, the line is back."""
        self.lanes[kind].hurry()
