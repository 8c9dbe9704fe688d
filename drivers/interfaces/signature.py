"""The Signature interface: handwriting on a pad, as the pen wrote it. Ours; XFS4IoT's Biometric knows fingers only.

What counts is not the picture but the movement: samples with time and pressure, at 100 Hz or more, with the points at which the
pen was lifted. They are what an expert compares, and their SHA-256 is what a sealed document names.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from drivers.api import Command, Event, Payload

RATE_HZ_MIN: Final = 100
"""Slower sampling is no evidence of how somebody writes."""
SAMPLES_MAX: Final = 60_000
"""Five minutes at 200 Hz."""
SCREEN_BYTES_MAX: Final = 4 * 1024 * 1024
STROKES_MAX: Final = 400
_SAMPLE: Final = struct.Struct("<IHHHB")


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """Where the pen was."""

    t_ms: int
    """From the first sample; by the pad's own clock where it has one."""
    x: int
    """In the pad's own units, from the left."""
    y: int
    """From the top."""
    pressure: int
    """Nought where the pen does not touch: the points between strokes are kept."""

    @property
    def down(self) -> bool:
        return self.pressure > 0


class Tablet(msgspec.Struct, frozen=True, kw_only=True):
    """What was written on."""

    model: str
    serial_number: str | None = None
    firmware: str | None = None
    x_max: int
    y_max: int
    pressure_max: int
    rate_hz: int
    width_mm: float | None = None
    """How wide `x_max` is, where that is known."""
    encrypted: bool = False
    """The samples came over the wire enciphered."""


class Ink(msgspec.Struct, frozen=True, kw_only=True):
    """One signature."""

    samples: tuple[Sample, ...]
    tablet: Tablet

    @property
    def strokes(self) -> int:
        """How often the pen was put down."""
        return sum(
            now.down and not before.down for before, now in zip((Sample(0, 0, 0, 0), *self.samples), self.samples, strict=False)
        )

    @property
    def rate_hz(self) -> float:
        """How often the pen was really looked at while it wrote: samples a second, pauses between strokes left out."""
        pairs = [(a, b) for a, b in zip(self.samples, self.samples[1:], strict=False) if a.down and b.down]
        spent_ms = sum(b.t_ms - a.t_ms for a, b in pairs)
        return 1000 * len(pairs) / spent_ms if spent_ms else 0.0

    def raw(self) -> bytes:
        """The samples in the form that is hashed: per sample u32 time, u16 x, u16 y, u16 pressure, u8 down, little-endian."""
        return b"".join(_SAMPLE.pack(s.t_ms, s.x, s.y, s.pressure, s.down) for s in self.samples)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw()).hexdigest()


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle of the pad's screen, in pixels from its upper left corner, both corners inside."""

    x1: int
    y1: int
    x2: int
    y2: int

    def __post_init__(self) -> None:
        if not (0 <= self.x1 < self.x2 and 0 <= self.y1 < self.y2):
            raise ValueError("an area has its upper left corner first")


class CaptureSignature(Command, frozen=True, kw_only=True, tag="Signature.Capture"):
    """Let the customer sign, and wait until the pen has been away for a while."""

    area: Area | None = None
    """Where writing is taken; None is the whole pad."""
    pause_ms: Annotated[int, msgspec.Meta(ge=300, le=60_000)] = 2500
    """The signature ends when the pen has been away for so long after the first stroke."""
    strokes_min: Annotated[int, msgspec.Meta(ge=1, le=50)] = 1
    """Fewer strokes are taken for an accident, and it goes on waiting."""
    encrypted: bool = False
    """Refuse to capture unless the wire carries the samples enciphered."""


class SignatureCaptured(Payload, frozen=True, kw_only=True, tag="Signature.Capture"):
    ink: Ink


class ShowScreen(Command, frozen=True, kw_only=True, tag="Signature.ShowScreen"):
    """Show a picture on the pad: PNG, drawn to the pad's own size and colours by the driver."""

    png: bytes

    def __post_init__(self) -> None:
        if len(self.png) > SCREEN_BYTES_MAX:
            raise ValueError(f"a screen has at most {SCREEN_BYTES_MAX} bytes")


class ClearScreen(Command, frozen=True, kw_only=True, tag="Signature.ClearScreen"):
    """Take ink and picture off the pad's screen."""


class SetInking(Command, frozen=True, kw_only=True, tag="Signature.SetInking"):
    """Whether the pen leaves a visible trace on the pad's screen outside a capture."""

    on: bool


class SetBacklight(Command, frozen=True, kw_only=True, tag="Signature.SetBacklight"):
    level: Annotated[int, msgspec.Meta(ge=0, le=3)]
    """0 is off."""


SignatureCommand = CaptureSignature | ShowScreen | ClearScreen | SetInking | SetBacklight


class PenMoved(Event, frozen=True, kw_only=True, tag="Signature.PenMovedEvent"):
    """Samples of a capture under way, for an echo on another screen; a few at a time."""

    samples: tuple[Sample, ...]


def bounds(samples: Sequence[Sample]) -> tuple[int, int, int, int] | None:
    """The rectangle around all points at which the pen touched; None without one."""
    down = [sample for sample in samples if sample.down]
    if not down:
        return None
    return min(s.x for s in down), min(s.y for s in down), max(s.x for s in down), max(s.y for s in down)
