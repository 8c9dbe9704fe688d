"""Notices terminals that fall silent (S20).

A teller whose page is connected is there. When the connection is gone for `SILENT_MS` the counter is lost (失联); when it is
gone for `GIVE_BACK_MS` whoever was called there goes back to the head of the queue. A teller who works without a page, a
program, was never connected and is never missed. A daemon that starts again counts anew: whoever is lost in its tables had a
page before, and is given the whole time again to come back.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from edge.kernel.pipeline import Pipeline
from edge.queue.model import MarkFound, MarkLost

LOOK_S: Final = 1.0
SILENT_MS: Final = 5_000
GIVE_BACK_MS: Final = 60_000


class PresenceWatch:
    """Looks at who is signed in and who is connected."""

    def __init__(self, pipeline: Pipeline, connected: Callable[[], frozenset[str]]) -> None:
        self._pipeline = pipeline
        self._connected = connected
        self._seen_ms: dict[str, int] = {}
        """Teller → when their page was last connected, on the steady clock."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look(self._pipeline.clock.steady_ms())
            await asyncio.sleep(LOOK_S)

    async def look(self, now_ms: int) -> None:
        """Compare once."""
        here = self._connected()
        self._seen_ms |= dict.fromkeys(here, now_ms)
        for counter, staff, lost in self._signed_in():
            if lost:
                self._seen_ms.setdefault(staff, now_ms)
            silent_ms = now_ms - self._seen_ms.get(staff, now_ms)
            if lost and staff in here:
                await self._pipeline.submit(MarkFound(counter=counter, staff=staff), actor="system")
            elif silent_ms >= GIVE_BACK_MS:
                await self._pipeline.submit(MarkLost(counter=counter, staff=staff, give_back=True), actor="system")
                self._seen_ms.pop(staff)
            elif silent_ms >= SILENT_MS and not lost:
                await self._pipeline.submit(MarkLost(counter=counter, staff=staff), actor="system")

    def _signed_in(self) -> list[tuple[str, str, bool]]:
        with self._pipeline.db.reader() as connection:
            rows = connection.execute("SELECT counter, staff, lost FROM queue_counter WHERE staff IS NOT NULL")
            return [(str(counter), str(staff), bool(lost)) for counter, staff, lost in rows]
