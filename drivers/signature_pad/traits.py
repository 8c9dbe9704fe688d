"""What differs between signature pads: the `[traits]` section of their profiles."""

from typing import Annotated, Literal

import msgspec

from drivers.interfaces.signature import RATE_HZ_MIN
from drivers.profiles import Section

Units = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Pixels = Annotated[int, msgspec.Meta(ge=8, le=4096)]


class ScreenTraits(Section, frozen=True, kw_only=True):
    """The pad's own screen."""

    width_px: Pixels
    height_px: Pixels
    colours: Literal["mono", "rgb565", "bgr24"]
    """One bit a pixel, 16 or 24; also which image mode is asked for."""
    block_bytes: Annotated[int, msgspec.Meta(ge=16, le=253)] = 253


class SignatureTraits(Section, frozen=True, kw_only=True):
    dialect: Literal["stu", "evdev"]
    """`stu`: Wacom's reports over hidraw. `evdev`: any pen that the kernel has a driver for; it has no screen for us."""
    x_max: Units
    y_max: Units
    pressure_max: Units
    rate_hz: Annotated[int, msgspec.Meta(ge=RATE_HZ_MIN, le=1000)]
    width_mm: Annotated[float, msgspec.Meta(gt=0, le=1000)] | None = None
    timed: bool = True
    """Pen reports carry the pad's own time (report 34); without it, time is when a report arrived."""
    encryption: Literal["none", "rsa"] = "none"
    """`rsa`: makes a key and seals it for us (STU-430, 530, 540)."""
    screen: ScreenTraits | None = None

    def __post_init__(self) -> None:
        if self.dialect == "evdev" and self.screen is not None:
            raise ValueError("a pen that the kernel drives has no screen for us")
        if self.dialect == "evdev" and self.encryption != "none":
            raise ValueError("a pen that the kernel drives enciphers nothing")
