"""What differs between models of stripe readers: the `[traits]` section of their profiles."""

from typing import Annotated, Literal

import msgspec

from drivers.profiles import Section

Setup = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{4}$")]
"""One setup command of an MRS100: command and parameter in hex."""


class StripeTraits(Section, frozen=True, kw_only=True):
    framing: Literal["wedge", "keypad", "mrs100"]
    """`wedge` types keys; `keypad` is asked for one swipe at a time; `mrs100` sends a line a swipe, once it is set up."""
    tracks: Literal["2", "3", "2+3"] = "2+3"
    """Which tracks a `keypad` is asked for."""
    setup: tuple[Setup, ...] = ()
    """What an `mrs100` is told on each connection, from its maker's sheet; each is answered with `Y`."""
    gap_ms: Annotated[int, msgspec.Meta(ge=50, le=2000)] = 300
    """A pause this long ends a swipe that has no end of its own."""
    chars_max: Annotated[int, msgspec.Meta(ge=40, le=400)] = 200
    """A longer one is no swipe."""

    def __post_init__(self) -> None:
        if self.framing == "mrs100" and not self.setup:
            raise ValueError("an mrs100 needs its setup, or nobody knows whether it is there")
