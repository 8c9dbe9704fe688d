"""Linux input events as they travel: 24 bytes each, the kernel's `struct input_event` on a 64-bit machine.

Keyboard wedges, scanners and pens are read through these. The stream has no preamble, so a lost byte would shift everything
after it: an event that cannot be one (microseconds past a second, an unknown type) gives up its first byte as `Unexplained`
and the next position is tried. Sans I/O.

Source of the numbers: `linux/input.h`, `linux/input-event-codes.h`.
"""

import struct
from dataclasses import dataclass
from typing import Final

from drivers.transport.packets import Unexplained

EV_SYN: Final = 0x00
EV_KEY: Final = 0x01
EV_REL: Final = 0x02
EV_ABS: Final = 0x03
EV_MSC: Final = 0x04
EV_LED: Final = 0x11
EV_REP: Final = 0x14
SYN_REPORT: Final = 0
SYN_DROPPED: Final = 3
"""The kernel's buffer ran over: what came before it is incomplete."""
KEY_UP: Final = 0
KEY_DOWN: Final = 1
KEY_REPEAT: Final = 2

_TYPES: Final = frozenset((EV_SYN, EV_KEY, EV_REL, EV_ABS, EV_MSC, 0x05, EV_LED, 0x12, EV_REP, 0x15, 0x16, 0x17))
_LAYOUT: Final = struct.Struct("<qqHHi")
EVENT_BYTES: Final = _LAYOUT.size
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class InputEvent:
    type: int
    code: int
    value: int
    at_us: int = 0
    """The kernel's timestamp, in microseconds since its epoch; only differences mean anything."""

    def pack(self) -> bytes:
        seconds, microseconds = divmod(self.at_us, _MICROSECONDS)
        return _LAYOUT.pack(seconds, microseconds, self.type, self.code, self.value)


def key(code: int, at_us: int = 0) -> bytes:
    """A key pressed and let go, as a keyboard reports it."""
    report = InputEvent(EV_SYN, SYN_REPORT, 0, at_us)
    events = (InputEvent(EV_KEY, code, KEY_DOWN, at_us), report, InputEvent(EV_KEY, code, KEY_UP, at_us), report)
    return b"".join(event.pack() for event in events)


class InputUnpacker:
    """Bytes in, input events out, however they are cut. Holds less than one event."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        return len(self._buffer)

    def receive(self, data: bytes) -> list[InputEvent | Unexplained]:
        self._buffer += data
        found: list[InputEvent | Unexplained] = []
        noise = bytearray()
        at = 0
        while at + EVENT_BYTES <= len(self._buffer):
            event = _event(self._buffer, at)
            if event is None:
                noise.append(self._buffer[at])
                at += 1
                continue
            if noise:
                found.append(Unexplained(bytes(noise)))
                noise.clear()
            found.append(event)
            at += EVENT_BYTES
        if noise:
            found.append(Unexplained(bytes(noise)))
        del self._buffer[:at]
        return found


def _event(buffer: bytearray, at: int) -> InputEvent | None:
    seconds, microseconds, kind, code, value = _LAYOUT.unpack_from(buffer, at)
    if seconds < 0 or not 0 <= microseconds < _MICROSECONDS or kind not in _TYPES:
        return None
    return InputEvent(kind, code, value, seconds * _MICROSECONDS + microseconds)
