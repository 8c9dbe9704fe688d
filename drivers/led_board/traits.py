"""What differs between makers of boards of lights: the `[traits]` section of their profiles.

There is no standard on RS-485, every maker has its own frame. So a frame is data here: see `drivers.frame_layout`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from drivers.frame_layout import FrameTraits, Hex, Part
from drivers.interfaces.text_terminal import Colour, Motion
from drivers.profiles import Section

BOARDS_MAX = 64
SLAVE_MAX = 247

Code = Annotated[int, msgspec.Meta(ge=0, le=255)]
Address = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class MessageTraits(Section, frozen=True, kw_only=True):
    """What is put into a frame to write or to clear."""

    command: Code = 0
    data: Annotated[tuple[Part, ...], msgspec.Meta(max_length=16)] = ()

    def __post_init__(self) -> None:
        if self.data.count("text") > 1 or "data" in self.data:
            raise ValueError("a message holds text at most once")


class FramedTraits(Section, frozen=True, kw_only=True):
    """A board that is spoken to in frames of its maker."""

    request: FrameTraits
    write: MessageTraits
    clear: MessageTraits
    reply: FrameTraits | None = None
    """None: its boards say nothing back."""
    accepted: Code = 0
    """The `status` of a reply that says yes."""


class DigitsTraits(Section, frozen=True, kw_only=True):
    """A board of digits that is a Modbus RTU slave."""

    register: Address = 0
    digits: Annotated[int, msgspec.Meta(ge=1, le=16)] = 4
    coding: Literal["ascii", "bcd", "value"] = "ascii"
    """`ascii`: two characters a register; `bcd`: four digits a register; `value`: one register, one number."""
    clears_with: Address = 0x2020
    """What every register holds when nothing shows; of `ascii`, two spaces."""


class LedTraits(Section, frozen=True, kw_only=True):
    """A kind of board and the bus that it hangs on."""

    place: Literal["window", "hall"]
    """`window`: one board a window, its address is the window's number. `hall`: one for everybody."""
    boards: tuple[Address, Address] = (1, 1)
    """The first and the last address on the bus."""
    framed: FramedTraits | None = None
    modbus: DigitsTraits | None = None
    broadcast: Address | None = None
    """The address that all boards obey and none answers."""
    rows: Annotated[int, msgspec.Meta(ge=1, le=8)] = 1
    columns: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    """Latin characters in a row; a Chinese one takes two."""
    charset: Literal["gb2312", "ascii", "digits"] = "gb2312"
    """`digits`: only the digits of a text are shown."""
    line_end: Hex = "0D0A"
    colours: Mapping[Colour, Code] = msgspec.field(default_factory=lambda: {Colour.RED: 1})
    motions: Mapping[Motion, Code] = msgspec.field(default_factory=lambda: {Motion.STILL: 0})
    echo: bool = False
    """The adapter hears itself: what was sent comes back before the answer."""

    def __post_init__(self) -> None:
        first, last = self.boards
        if not first <= last < first + BOARDS_MAX:
            raise ValueError(f"a bus has 1 to {BOARDS_MAX} boards")
        if (self.framed is None) == (self.modbus is None):
            raise ValueError("a board speaks either frames or Modbus")
        if self.modbus is not None and (last > SLAVE_MAX or self.charset != "digits"):
            raise ValueError(f"boards of digits are Modbus slaves 1 to {SLAVE_MAX} and show digits")
        if not self.colours or not self.motions:
            raise ValueError("a board has at least one colour and one motion")

    @property
    def answers(self) -> bool:
        return self.modbus is not None or (self.framed is not None and self.framed.reply is not None)
