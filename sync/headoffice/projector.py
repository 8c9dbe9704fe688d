"""Follows the journal store and keeps the pictures up to date, one batch at a time, behind the intake.

While branches are being received the projector takes no more than a quarter of the time: after an outage of a whole
country what counts first is that the facts are on head office's disk; the pictures say how old they are.
"""

import asyncio
import time

import structlog

from sync.chain import START, Position
from sync.headoffice.metrics import Metrics
from sync.headoffice.store import JournalStore, LaneSummary, StoredBatch
from sync.headoffice.store_views import Progress, Views
from sync.receiver import LaneKind
from sync.records import unpack

log = structlog.get_logger()

BATCHES_PER_TURN = 8
"""A branch with a backlog lets the others have their turn after so many."""
INTAKE_PAUSE_S = 0.02
"""The intake counts as busy until it has been quiet for so long."""
REST_PER_WORK = 3.0
"""Seconds of rest per second of folding while the intake is busy."""


class Projector:
    """One for a head office. `wake` it when a branch's events were committed; `run` it as a task."""

    def __init__(self, store: JournalStore, views: Views, metrics: Metrics) -> None:
        self._store = store
        self._views = views
        self._metrics = metrics
        self._progress: dict[str, Progress] = {}
        self._behind: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._received_s = float("-inf")

    def wake(self, branch: str) -> None:
        self._received_s = time.monotonic()
        self._behind[branch] = None
        self._idle.clear()
        self._woken.set()

    async def caught_up(self) -> None:
        """Return when everything committed before this call is shown."""
        await self._idle.wait()

    async def run(self) -> None:
        """Until cancelled."""
        await self._resume()
        while True:
            self._metrics.lanes_behind.set(len(self._behind))
            if not self._behind:
                self._metrics.dead_letters.set(await self._views.dead_letter_count())
                if not self._behind:
                    self._idle.set()
                await self._woken.wait()
                self._woken.clear()
                continue
            branch = next(iter(self._behind))
            del self._behind[branch]
            if not await self._advance(branch):
                self._behind[branch] = None

    async def _resume(self) -> None:
        """Believe the pictures only where the journal still has the position they were folded to."""
        for branch, progress in (await self._views.progress()).items():
            held = await self._store.hash_at(branch, progress.jid, progress.position.seq)
            if held == progress.position.hash:
                self._progress[branch] = progress
            else:
                log.warning("picture_folded_again", branch=branch)
                await self._views.reset(branch)
        for lane in await self._store.lanes():
            self.wake(lane.branch)

    async def _advance(self, branch: str) -> bool:
        """Fold a turn's worth of the branch's live lane. Returns whether it is at its end."""
        lane = await self._live_lane(branch)
        if lane is None:
            return True
        progress = self._progress.get(branch)
        if progress is None or progress.jid != lane.jid:
            progress = Progress(branch, lane.jid, START, 0)
        batches = await self._store.batches(branch, lane.jid, progress.position.seq, BATCHES_PER_TURN)
        for batch in batches:
            begun_s = time.monotonic()
            progress = await self._fold(batch, progress)
            self._progress[branch] = progress
            await self._give_way(time.monotonic() - begun_s)
        return len(batches) < BATCHES_PER_TURN

    async def _give_way(self, worked_s: float) -> None:
        if time.monotonic() - self._received_s < INTAKE_PAUSE_S:
            await asyncio.sleep(worked_s * REST_PER_WORK)

    async def _live_lane(self, branch: str) -> LaneSummary | None:
        live = [lane for lane in await self._store.lanes(branch) if lane.kind is LaneKind.LIVE]
        return live[-1] if live else None

    async def _fold(self, batch: StoredBatch, progress: Progress) -> Progress:
        held = await asyncio.to_thread(unpack, batch.payload, batch.before_seq + 1, batch.after.seq - batch.before_seq)
        new = [record for record in held if record.seq > progress.position.seq]
        position = Position(batch.after.seq, batch.after.hash)
        reached = Progress(batch.branch, batch.jid, position, new[-1].at_ms)
        shown, letters = await self._views.fold(reached, new)
        self._metrics.projected.inc(shown)
        if letters:
            log.error("events_not_shown", branch=batch.branch, upto=position.seq, dead_letters=letters)
        return reached
