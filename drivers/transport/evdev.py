"""A wire over a Linux input device, held for us alone: what a card swipe types must not appear on anybody's screen.

It carries the kernel's `struct input_event` as it is (`drivers.transport.input_events`). Writing sends events to the device,
which is how the lamps of a keyboard are lit.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from drivers.transport.descriptor import Descriptor
from drivers.transport.input_events import EVENT_BYTES
from drivers.transport.wire import Dial, WireLost

if TYPE_CHECKING:
    import evdev

EVENTS_MAX: Final = 64
"""Read at once; the kernel hands out whole events only."""


class EvdevWire:
    def __init__(self, device: "evdev.InputDevice[str]") -> None:
        self._events = Descriptor(device.fileno(), device.close)

    async def write(self, data: bytes) -> None:
        await self._events.write(data)

    async def read(self) -> bytes:
        if data := await self._events.read(EVENTS_MAX * EVENT_BYTES):
            return data
        raise WireLost("the device is gone")

    async def close(self) -> None:
        self._events.close()


def dial_evdev(path: str) -> Dial:
    async def dial() -> EvdevWire:
        return EvdevWire(await asyncio.to_thread(_open, path))

    return dial


def _open(path: str) -> "evdev.InputDevice[str]":
    """Opened and grabbed. Raises `WireLost`."""
    try:
        import evdev
    except ImportError as missing:
        raise WireLost("input devices need the package evdev: install branchbox[devices]") from missing
    try:
        device = evdev.InputDevice(path)
    except (OSError, evdev.EvdevError) as error:
        raise WireLost(f"{path}: {error}") from error
    try:
        device.grab()
    except OSError as error:
        device.close()
        raise WireLost(f"{path}: somebody else holds it: {error}") from error
    return device
