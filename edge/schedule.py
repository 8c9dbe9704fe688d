"""Where time starts commands: the day's beginning, backups, tidying up. Jobs submit commands and do nothing themselves.

The sandbox's clock does not drive this schedule, which runs by the machine's; setting that clock opens the day at once.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from edge.appointments.model import MarkMissed
from edge.kernel import outbox, receipts, startup
from edge.kernel.config import Backups
from edge.kernel.db import Connection, Overloaded, StorageFull
from edge.kernel.journal import Journal
from edge.kernel.pipeline import Pipeline
from edge.policy.model import ApplyDue
from edge.queue import views
from edge.queue.model import ExpirePassed, OpenDay
from edge.reports.rollup import roll_up_stale
from edge.retention import daily

log = structlog.get_logger()

NOTE_EVERY_S: Final = 60
TIDY_EVERY_S: Final = 600
ROLL_UP_HOUR: Final = 2
DAY_CHECK_EVERY_S: Final = 30
BACKUP_TIMEOUT_S: Final = 900
LATE_S: Final = 300
"""A job that could not run in time still runs when it is not later than this."""


class Schedule:
    """The branch's timetable."""

    def __init__(self, pipeline: Pipeline, journal: Journal, data: Path, *, backups: Backups) -> None:
        self._pipeline = pipeline
        self._journal = journal
        self._data = data
        self._backups = backups
        self.backup_made: Callable[[], None] | None = None
        """Told after each verified backup."""
        self._clock = AsyncIOScheduler(timezone=pipeline.zone)
        self._every(DAY_CHECK_EVERY_S, self._open_day)
        self._every(NOTE_EVERY_S, self._note_head)
        self._every(TIDY_EVERY_S, self._tidy)
        self._every(backups.every_s, self._back_up)
        self._clock.add_job(self._roll_up, "cron", hour=ROLL_UP_HOUR, misfire_grace_time=LATE_S, coalesce=True, max_instances=1)

    def start(self) -> None:
        self._clock.start()

    @property
    def running(self) -> bool:
        return bool(self._clock.running)

    def stop(self) -> None:
        self._clock.shutdown(wait=False)

    def _every(self, seconds: int, job: Callable[[], Awaitable[None]]) -> None:
        self._clock.add_job(job, "interval", seconds=seconds, misfire_grace_time=LATE_S, coalesce=True, max_instances=1)

    async def _open_day(self) -> None:
        """Past midnight the old day is closed and today's opened; a box that was off does it when it is back."""
        today = self._pipeline.today()
        with self._pipeline.db.reader() as connection:
            day = views.day(connection)
        if day is not None and day.state == "open" and day.date != today.isoformat():
            await self._pipeline.submit(OpenDay(), actor="system")
        await self._pipeline.submit(ApplyDue(), actor="system")
        await self._pipeline.submit(ExpirePassed(), actor="system")
        await self._pipeline.submit(MarkMissed(), actor="system")
        await daily.keep_up(self._pipeline)

    async def _note_head(self) -> None:
        """Remember outside the database how far the journal got, to know it again should it be set back."""
        head = self._journal.head()
        if head.seq:
            await asyncio.to_thread(startup.note_head, self._data, head)

    async def _tidy(self) -> None:
        now_ms = self._pipeline.clock.now_ms()

        def forget(connection: Connection) -> None:
            receipts.forget_old(connection, now_ms=now_ms)
            outbox.forget_old(connection, now_ms=now_ms)

        try:
            await self._pipeline.db.write(forget)
        except (Overloaded, StorageFull) as error:
            log.warning("tidying_postponed", reason=type(error).__name__)

    async def _roll_up(self) -> None:
        """T+1 (S25): yesterday's figures, and those of any day that got late facts. Reports catch up by themselves, too."""
        try:
            await roll_up_stale(self._pipeline)
        except (Overloaded, StorageFull) as error:
            log.warning("roll_up_postponed", reason=type(error).__name__)

    async def _back_up(self) -> None:
        """In a process of its own: recomputing the chain must not share the interpreter with customers."""
        arguments = ["backup", "--data", str(self._data), "--keep", str(self._backups.kept)]
        if self._backups.second_folder:
            arguments += ["--second-folder", self._backups.second_folder]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge", *arguments, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            code = await asyncio.wait_for(process.wait(), BACKUP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            code = await process.wait()
        if code != 0:
            log.error("backup_failed", exit_code=code)
        elif self.backup_made is not None:
            self.backup_made()
