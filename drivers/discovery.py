"""Knows what is plugged into the box, and has a device tried at once when something appears at its place.

udev rings the bell; every ten seconds it looks by itself, because a bell can be missed: its buffer overflows, or the system
gives us none. Each look is a whole one, so a missed ring costs ten seconds and never the truth. A machine without udev is
driven all the same, by configuration and patience.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from drivers.bindings import Binding, Offer, offers
from drivers.transport.lane import Lane
from drivers.transport.udev import Place, Udev, UdevMissing

RESCAN_S: Final = 10.0
SETTLE_S: Final = 0.2
"""One plugging rings several times, and the links come a moment after the device."""

OnPlace = Callable[[Place], None]


class Discovery:
    """Made by the composition root; `run` until cancelled."""

    def __init__(self, *, appeared: OnPlace, vanished: OnPlace | None = None) -> None:
        self._appeared = appeared
        self._vanished = vanished
        self._places: Mapping[str, Place] = {}
        self._bell = asyncio.Event()
        self._log = structlog.get_logger("drivers")

    @property
    def places(self) -> Sequence[Place]:
        """What was there at the last look, by address."""
        return tuple(self._places.values())

    def place(self, address: str) -> Place | None:
        return self._places.get(address)

    def offers(self, bindings: Sequence[Binding]) -> list[Offer]:
        return offers(bindings, self.places)

    async def run(self) -> None:
        """Look, wait for the bell or ten seconds, look again. Returns where there is no udev."""
        lane = Lane("udev")
        udev: Udev | None = None
        try:
            udev = await lane.call(Udev)
            udev.watch(self._bell.set)
            while True:
                self._compare(await lane.call(udev.places))
                await self._wait()
        except UdevMissing as error:
            self._log.warning("discovery_off", reason=str(error))
        finally:
            if udev is not None:
                udev.close()
            lane.close(lambda: None)

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._bell.wait(), RESCAN_S)
            await asyncio.sleep(SETTLE_S)
        self._bell.clear()

    def _compare(self, found: Sequence[Place]) -> None:
        """A thing replugged between two looks has another kernel name, and counts as gone and come."""
        before, self._places = self._places, {place.address: place for place in found}
        for address, place in before.items():
            if self._places.get(address) != place and self._vanished is not None:
                self._vanished(place)
        for address, place in self._places.items():
            if before.get(address) != place:
                self._appeared(place)
