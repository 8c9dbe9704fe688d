"""Readers for tests: the family's own driver and emulator, joined by a real wire or in memory."""

import asyncio
import itertools
from pathlib import Path
from typing import TypeVar

from hypothesis import strategies as st

from drivers import registry
from drivers.api import Device, Event
from drivers.emulation import Emulator
from drivers.registry import DeviceConfig
from drivers.transport.memory import Bend

PROFILES = registry.load_profiles()
PATIENCE_S = 20.0
E = TypeVar("E", bound=Event)

cuts = st.lists(st.integers(0, 3000), max_size=20)
"""Where a stream is cut."""


def pieces(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place for place in places if place < len(data))})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def emulated(profile_id: str, bend: Bend | None = None) -> tuple[Device, Emulator]:
    """A driver and its device in memory; not yet open."""
    profile = PROFILES[profile_id]
    family = registry.family(profile.family)
    emulator = family.emulator(profile)
    return family.driver("reader-1", profile, emulator.in_memory(bend).dial), emulator


async def wired(profile_id: str, link: Path | None = None) -> tuple[Device, Emulator]:
    """On TCP, or on a pty under the name `link`; started and not yet open."""
    profile = PROFILES[profile_id]
    emulator = registry.family(profile.family).emulator(profile)
    emulator = emulator.on_tcp() if link is None else emulator.on_pty(link)
    await emulator.start()
    return registry.build(DeviceConfig(id="reader-1", profile=profile_id, address=emulator.address), PROFILES), emulator


class Ear:
    """A subscriber that can be waited on, in real time."""

    def __init__(self, device: Device) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()
        device.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def wait_for(self, kind: type[E]) -> E:
        """The first of its kind."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        return event
                self._news.clear()
                await self._news.wait()

    async def pause(self) -> None:
        """Let everybody else run."""
        await asyncio.sleep(0)
