"""Real uplinks over a real line, and ways to wait for what they report."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from sync.line import Line
from sync.uplink import Destination, Uplink, UplinkState, World, enrol
from tests.sync.box import MemoryJournal

PATIENCE_S = 20.0


class Watched:
    """An uplink that runs, and every state it told."""

    def __init__(self, journal: MemoryJournal, destination: Destination | None, world: World) -> None:
        self.states: list[UplinkState] = []
        self.changed = asyncio.Event()
        self.uplink = Uplink(journal, destination, world=world, on_change=self._told)
        self.running = asyncio.create_task(self.uplink.run())

    async def until(self, wished: Callable[[UplinkState], bool]) -> UplinkState:
        """The first state, told or present, that is as wished."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                state = self.uplink.state()
                if wished(state):
                    return state
                if self.running.done():
                    self.running.result()
                self.changed.clear()
                await self.changed.wait()

    async def drained(self) -> UplinkState:
        return await self.until(lambda state: state.pending == 0 and state.head_office == "connected")

    async def stop(self) -> None:
        self.running.cancel()
        await asyncio.wait([self.running])

    def _told(self, state: UplinkState) -> None:
        self.states.append(state)
        self.changed.set()


class Wire:
    """A line with uplinks on it."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._watched: list[Watched] = []

    async def enrolled(self, journal: MemoryJournal) -> Destination:
        known = await enrol(self.line.url, "sandbox", branch=journal.branch, name="示范支行", key=journal.key)
        return Destination(self.line.url, known.head_office_key)

    def start(
        self, journal: MemoryJournal, destination: Destination | None, *, world: World | None = None, backoff: float = 0.0
    ) -> Watched:
        """`backoff`: the share of the ceiling that every delay takes; 0 tries again at once, 1 waits as long as may be."""
        world = replace(world or World(), uniform=lambda low, high: low + backoff * (high - low))
        watched = Watched(journal, destination, world)
        self._watched.append(watched)
        return watched

    async def stop(self) -> None:
        for watched in self._watched:
            await watched.stop()
