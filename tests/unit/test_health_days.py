"""Device health: sums by day in a file that may be thrown away."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from drivers.api import Counts, DeviceStatus
from edge.devices.health import DAYS_KEPT, FILE, DayOfDevice, HealthLog, Sample

TODAY = date(2026, 3, 2)


class Branch:
    """One device and its log."""

    def __init__(self, folder: Path) -> None:
        self.today = TODAY
        self.counts = Counts()
        self.status = DeviceStatus.ONLINE
        self.error: str | None = None
        self.log = HealthLog(folder, lambda: self.today)
        self.log.samples = lambda: [Sample("printer-1", self.status, self.error, self.counts)]


def told(folder: Path, story: Callable[[Branch], Coroutine[Any, Any, list[DayOfDevice]]]) -> list[DayOfDevice]:
    async def tell() -> list[DayOfDevice]:
        branch = Branch(folder)
        days = await story(branch)
        await branch.log.close()
        return days

    return asyncio.run(tell())


def test_a_day_is_the_sum_of_its_looks(tmp_path: Path) -> None:
    async def story(branch: Branch) -> list[DayOfDevice]:
        branch.counts.commands = 3
        await branch.log.note(30)
        branch.counts.commands, branch.counts.failures, branch.counts.connections = 5, 1, 2
        branch.status, branch.error = DeviceStatus.OFFLINE, "notConnected"
        await branch.log.note(12)
        return await branch.log.days(TODAY, 1)

    (day,) = told(tmp_path, story)
    assert (day.ready_s, day.away_s, day.commands, day.failures, day.connections) == (30, 12, 5, 1, 2)
    assert day.last_error == "notConnected"


def test_a_replaced_device_counts_from_nothing_and_loses_nothing(tmp_path: Path) -> None:
    async def story(branch: Branch) -> list[DayOfDevice]:
        branch.counts.commands = 7
        await branch.log.note(30)
        branch.counts = Counts(commands=2)
        await branch.log.note(30)
        return await branch.log.days(TODAY, 1)

    assert [day.commands for day in told(tmp_path, story)] == [9]


def test_days_are_told_newest_first_and_old_ones_are_dropped(tmp_path: Path) -> None:
    async def story(branch: Branch) -> list[DayOfDevice]:
        for past in (DAYS_KEPT + 1, 1, 0):
            branch.today = TODAY - timedelta(days=past)
            await branch.log.note(30)
        return await branch.log.days(TODAY, 365)

    assert [day.day for day in told(tmp_path, story)] == [TODAY, TODAY - timedelta(days=1)]


def test_a_file_that_cannot_be_read_is_begun_afresh(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database" * 500)

    async def story(branch: Branch) -> list[DayOfDevice]:
        await branch.log.note(30)
        branch.counts.commands = 1
        await branch.log.note(30)
        return await branch.log.days(TODAY, 1)

    assert [(day.ready_s, day.commands) for day in told(tmp_path, story)] == [(30, 1)]
