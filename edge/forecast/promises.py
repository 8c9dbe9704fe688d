"""Every range that a phone shows is a promise: kept until the call tells whether it was true, then scored.

What is true here:

* A phone's range counts when it differs from the last one its holder saw, the first from the one on the slip. Showing the
  same again promises nothing new. The hall, the kiosk and the staff's tablets show no customer's own range.
* Showing costs a comparison in memory. What is new is written together (`GATHER_S`), not as facts: a fact for each refresh
  would be most of the journal. After the call one small fact tells how many ranges held (`PromisesScored`), and reports add
  it up.
* Everything is bounded: tickets (`TICKETS_MAX`), ranges of one ticket (`RANGES_MAX`). Beyond that nothing more is counted.
* What was shown in the last seconds before a power cut is not scored. The rest goes on where it stood.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from edge.forecast import tables
from edge.forecast.model import ScorePromises
from edge.forecast.tables import ShownRange
from edge.kernel.clock import Clock
from edge.kernel.db import Overloaded, StorageFull
from edge.kernel.pipeline import Pipeline
from edge.queue import events as e
from edge.queue.forecast import Wait
from sync.chain import Record

log = structlog.get_logger()

GATHER_S: Final = 5.0
"""From the first news to writing them down."""
TICKETS_MAX: Final = 5_000
RANGES_MAX: Final = 40
SCORES_MAX: Final = 200
"""Tickets scored in one go."""

_FORGOTTEN: Final = frozenset(event.TYPE for event in tables.ENDED)


@dataclass(slots=True)
class _Seen:
    """What a ticket's phone showed last, and how many ranges so far."""

    wait: Wait
    ranges: int = 0


class Promises:
    """Told of every view of a phone; `run` writes and scores."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._seen: dict[str, _Seen] = {}
        self._new: list[ShownRange] = []
        self._news = asyncio.Event()

    @property
    def _clock(self) -> Clock:
        return self._pipeline.clock

    def shown(self, ticket: str, wait: Wait, on_slip: Wait) -> None:
        """The phone of a ticket shows `wait` now. Returns at once."""
        seen = self._seen.get(ticket)
        if (on_slip if seen is None else seen.wait) == wait:
            return
        if seen is None:
            if len(self._seen) >= TICKETS_MAX:
                return
            seen = self._seen[ticket] = _Seen(wait)
        seen.wait, seen.ranges = wait, seen.ranges + 1
        if seen.ranges <= RANGES_MAX:
            self._new.append(ShownRange(ticket, self._clock.now_ms(), *wait))
            self._news.set()

    def follow(self, records: list[Record]) -> None:
        """The pipeline's follower."""
        for record in records:
            if record.type == e.TicketCalled.TYPE and record.entity in self._seen:
                self._news.set()
            elif record.type in _FORGOTTEN and self._seen.pop(record.entity, None) is not None:
                self._new = [one for one in self._new if one.ticket != record.entity]
            elif record.type == e.DayClosed.TYPE:
                self._seen.clear()

    async def run(self) -> None:
        """Until cancelled. Begins with what an earlier life of the daemon left."""
        with self._pipeline.db.reader() as connection:
            left = tables.newest(connection)
        self._seen |= {one.ticket: _Seen(Wait(one.low_s, one.high_s)) for one in left[:TICKETS_MAX]}
        while True:
            with suppress(Overloaded, StorageFull):
                await self.settle()
            await self._news.wait()
            await asyncio.sleep(GATHER_S)

    async def settle(self) -> None:
        """Write down what is new, score whoever was called. Raises Overloaded or StorageFull, and loses nothing then."""
        self._news.clear()
        new, self._new = self._new, []
        if new:
            try:
                await self._pipeline.db.write(lambda connection: tables.keep(connection, new))
            except (Overloaded, StorageFull):
                self._new = new + self._new
                raise
        with self._pipeline.db.reader() as connection:
            due = tables.due(connection, SCORES_MAX)
        for ticket in due:
            await self._pipeline.submit(ScorePromises(ticket=ticket), actor="system")
            self._seen.pop(ticket, None)
        if len(due) == SCORES_MAX:
            self._news.set()
