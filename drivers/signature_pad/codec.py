"""What a signature pad says, as points of the pen, and what a Wacom STU is told. Pure.

Source of the reports: Wacom's public STU SDK, its WebHID sample and a capture client's ``index.js``; numbers are big-endian in
what the pad sends and little-endian in what it is sent. Source of the events: ``linux/input-event-codes.h``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from drivers.interfaces.signature import Area
from drivers.transport.input_events import (
    EV_ABS,
    EV_KEY,
    EV_SYN,
    SYN_DROPPED,
    SYN_REPORT,
    InputEvent,
    InputUnpacker,
)
from drivers.transport.packets import Hid, Unexplained, pack

BTN_TOOL_PEN: Final = 320
BTN_TOUCH: Final = 330
ABS_X: Final = 0
ABS_Y: Final = 1
ABS_PRESSURE: Final = 24
PRESSURE_MASK: Final = 0x0FFF
_PEN_BYTES: Final = 7
_TIMED_BYTES: Final = 11


class Report(IntEnum):
    PEN = 0x01
    STATUS = 0x03
    RESET = 0x04
    INFO = 0x08
    CAPABILITY = 0x09
    PEN_ENCRYPTED = 0x10
    START_CAPTURE = 0x15
    END_CAPTURE = 0x16
    CLEAR = 0x20
    INKING = 0x21
    START_IMAGE = 0x25
    IMAGE_BLOCK = 0x26
    END_IMAGE = 0x27
    WRITING_AREA = 0x2A
    BACKLIGHT = 0x2B
    PEN_MODE = 0x32
    PEN_TIMED_ENCRYPTED = 0x33
    PEN_TIMED = 0x34
    ENCRYPTION = 0x40
    ENCRYPTION_STATUS = 0x50


class PadState(IntEnum):
    READY = 0
    IMAGE = 1
    CAPTURE = 2
    CALCULATING = 3
    IMAGE_BOOT = 4
    BUSY = 5


TIMED_MODE: Final = 0x03
COMMIT: Final = 0
ABANDON: Final = 1
IMAGE_MODES: Final = {"mono": 0x00, "rgb565": 0x02, "bgr24": 0x04}
NEAR: Final = 0x80
TOUCHES: Final = 0x70
"""Wacom's own layout, as its SDK has it. A published WebHID sample reads bits 0 and 1 instead, where the pressure stands."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where the pen was when the pad looked."""

    x: int
    y: int
    pressure: int
    near: bool
    touches: bool
    time: int | None = None
    """The pad's own clock, which turns over; None where it has none."""
    turns_over_at: int = 0


def get(report: Report) -> bytes:
    return pack(Hid.GET_FEATURE, bytes([report]))


def put(report: Report, *values: int) -> bytes:
    return pack(Hid.SET_FEATURE, bytes([report, *values]))


def writing_area(area: Area) -> bytes:
    corners = b"".join(value.to_bytes(2, "little") for value in (area.x1, area.y1, area.x2, area.y2))
    return pack(Hid.SET_FEATURE, bytes([Report.WRITING_AREA]) + corners)


def image_block(data: bytes) -> bytes:
    return pack(Hid.SET_FEATURE, bytes([Report.IMAGE_BLOCK]) + len(data).to_bytes(2, "little") + data)


@dataclass(frozen=True, slots=True)
class Capability:
    x_max: int
    y_max: int
    pressure_max: int
    width_px: int
    height_px: int
    rate_hz: int


def parse_capability(report: bytes) -> Capability | None:
    """Feature report 09 with its number; None where it is too short."""
    if len(report) < 12 or report[0] != Report.CAPABILITY:
        return None
    x_max, y_max, pressure_max, width_px, height_px = (int.from_bytes(report[at : at + 2], "big") for at in range(1, 11, 2))
    return Capability(x_max, y_max, pressure_max, width_px, height_px, report[11])


def parse_identity(report: bytes) -> tuple[str, str] | None:
    """Model and firmware of feature report 08."""
    if len(report) < 12 or report[0] != Report.INFO:
        return None
    model = report[1:8].split(b"\0", maxsplit=1)[0].decode("ascii", errors="replace").strip()
    return model, ".".join(str(byte) for byte in report[8:12])


def parse_pen(report: bytes) -> Point | None:
    """A pen report with its number; None for any other report, and for an encrypted one."""
    timed = report[:1] == bytes([Report.PEN_TIMED])
    if len(report) < (_TIMED_BYTES if timed else _PEN_BYTES) or not (timed or report[0] == Report.PEN):
        return None
    head, x, y = (int.from_bytes(report[at : at + 2], "big") for at in (1, 3, 5))
    near, touches = bool(report[1] & NEAR), bool(report[1] & TOUCHES)
    time = int.from_bytes(report[7:9], "big") if timed else None
    return Point(x, y, head & PRESSURE_MASK, near, touches, time, 1 << 16)


class Pen:
    """Input events in, points out: one point for each SYN_REPORT."""

    def __init__(self) -> None:
        self._events = InputUnpacker()
        self._axes = {ABS_X: 0, ABS_Y: 0, ABS_PRESSURE: 0}
        self._keys = {BTN_TOOL_PEN: False, BTN_TOUCH: False}
        self._broken = False
        """The kernel has dropped events: nothing counts until the next report is whole."""

    @property
    def pending(self) -> int:
        return self._events.pending

    def receive(self, data: bytes) -> list[Point | bytes]:
        found: list[Point | bytes] = []
        for event in self._events.receive(data):
            if isinstance(event, Unexplained):
                found.append(event.data)
            else:
                found += self._took(event)
        return found

    def _took(self, event: InputEvent) -> Iterable[Point]:
        match event.type, event.code:
            case (kind, code) if kind == EV_ABS and code in self._axes:
                self._axes[code] = max(0, min(event.value, 0xFFFF))
            case (kind, code) if kind == EV_KEY and code in self._keys:
                self._keys[code] = event.value != 0
            case (kind, code) if kind == EV_SYN and code == SYN_DROPPED:
                self._broken = True
            case (kind, code) if kind == EV_SYN and code == SYN_REPORT:
                whole, self._broken = not self._broken, False
                return [self._point(event.at_us)] if whole else []
        return []

    def _point(self, at_us: int) -> Point:
        near, touches = self._keys[BTN_TOOL_PEN], self._keys[BTN_TOUCH]
        pressure = self._axes[ABS_PRESSURE] if touches else 0
        return Point(self._axes[ABS_X], self._axes[ABS_Y], pressure, near or touches, touches, at_us // 1000)
