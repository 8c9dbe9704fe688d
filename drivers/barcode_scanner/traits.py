"""What differs between models of scanners: the `[traits]` section of their profiles."""

from typing import Annotated, Literal

import msgspec

from drivers.profiles import Section


class ScannerTraits(Section, frozen=True, kw_only=True):
    framing: Literal["wedge", "serial"]
    suffix: Literal["", "\r", "\n", "\r\n"] = "\r"
    """What a `serial` one sends behind each code; without any, a pause ends it."""
    charset: Literal["utf-8", "gbk"] = "utf-8"
    """In which a `serial` one sends Chinese. A `wedge` types keys, and has none for it."""
    trigger: Literal["none", "newland", "honeywell"] = "none"
    """How it is told to look; `none` looks always, or when its own button is pressed."""
    trigger_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 5
    """It stops looking by itself after so long, and is told again while somebody waits."""
    aim: bool = False
    """It sends the AIM identifier (`]Q1`) before each code."""
    gap_ms: Annotated[int, msgspec.Meta(ge=50, le=2000)] = 300
    chars_max: Annotated[int, msgspec.Meta(ge=16, le=8192)] = 4296
    """A QR code of version 40 holds 4296 characters; what is longer is no code."""
