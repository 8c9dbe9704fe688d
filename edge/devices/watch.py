"""Tells the journal how devices stand, and how each day was once it is over."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from edge.devices import tables
from edge.devices.conditions import Settling
from edge.devices.floor import Floor
from edge.devices.health import DayOfDevice, HealthLog
from edge.devices.model import Condition, DeviceDay, NoteConditions, SumDay
from edge.kernel.pipeline import Pipeline
from edge.org.place import Place

LOOK_S: Final = 30.0
DAYS_BACK_MAX: Final = 7
"""What a box that was off may have to make good; telemetry of days before is no news any more."""


class ConditionWatch:
    """`run` looks until cancelled. It sends a command only where there is something to tell."""

    def __init__(self, pipeline: Pipeline, floor: Floor, log: HealthLog, place: Place) -> None:
        self._pipeline = pipeline
        self._floor = floor
        self._log = log
        self._place = place
        self._settling = Settling()
        self._summed_until: date | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self.look(loop.time())
            await asyncio.sleep(LOOK_S)

    async def look(self, at_s: float) -> None:
        """`at_s` is a clock that runs evenly."""
        now = self._floor.conditions()
        settled = self._settling.look(now, at_s)
        if self._is_news(now, settled):
            command = NoteConditions(conditions=tuple(settled), present=tuple(one.device for one in now))
            await self._pipeline.submit(command, actor="system")
        today = self._place.now().date()
        if self._summed_until != today:
            await self._sum_up(today)
            self._summed_until = today

    def _is_news(self, now: Sequence[Condition], settled: Sequence[Condition]) -> bool:
        with self._pipeline.db.reader() as connection:
            known = {row.device: row for row in tables.conditions(connection)}
        there = {one.device for one in now}
        gone = any(row.device not in there and row.state != "removed" for row in known.values())
        return gone or any(_differs(known.get(one.device), one) for one in settled)

    async def _sum_up(self, today: date) -> None:
        """Every day that is over, has telemetry, and was not told yet."""
        kinds = {one.device: (one.family, one.model) for one in self._floor.conditions()}
        found: dict[date, list[DayOfDevice]] = {}
        for one in await self._log.days(today - timedelta(days=1), DAYS_BACK_MAX):
            found.setdefault(one.day, []).append(one)
        for day in sorted(found):
            with self._pipeline.db.reader() as connection:
                told = tables.is_summed(connection, day.isoformat())
            if not told:
                devices = tuple(_summed(one, *kinds.get(one.device, ("", ""))) for one in found[day])
                await self._pipeline.submit(SumDay(day=day.isoformat(), devices=devices), actor="system")


def _differs(known: tables.ConditionRow | None, one: Condition) -> bool:
    return known is None or (known.state, known.error, known.model) != (one.state, one.error, one.model)


def _summed(one: DayOfDevice, family: str, model: str) -> DeviceDay:
    return DeviceDay(
        device=one.device,
        family=family,
        model=model,
        ready_s=one.ready_s,
        away_s=one.away_s,
        commands=one.commands,
        failures=one.failures,
        connections=one.connections,
        noise=one.noise,
        last_error=one.last_error,
    )
