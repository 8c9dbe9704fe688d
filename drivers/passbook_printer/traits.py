"""What differs between passbook printers: the `[traits]` section of their profiles."""

from typing import Annotated, Literal

import msgspec

from drivers.profiles import Section

Unit = Annotated[int, msgspec.Meta(ge=0, le=999)]
Byte = Annotated[int, msgspec.Meta(ge=0, le=255)]


class StatusCodes(Section, frozen=True, kw_only=True):
    """What the one byte of a status means. The command set is published, these are not."""

    ready: Byte = 0x30
    no_form: Byte = 0x31
    jam: Byte = 0x32
    cover: Byte = 0x33
    fault: Byte = 0x34

    def __post_init__(self) -> None:
        if len({self.ready, self.no_form, self.jam, self.cover, self.fault}) != 5:
            raise ValueError("every status has a code of its own")


class BookTraits(Section, frozen=True, kw_only=True):
    """Where the lines of a book's page lie; in 1/240 inch, the printer's unit."""

    lines: Annotated[int, msgspec.Meta(ge=1, le=60)] = 24
    first_line: Unit = 120
    line_pitch: Annotated[int, msgspec.Meta(ge=20, le=99)] = 35
    fold_after: Annotated[int, msgspec.Meta(ge=0, le=60)] = 12
    """Behind this line the fold of the book lies; 0 where it has none."""
    fold: Unit = 70
    """How much the fold takes."""
    left: Unit = 40
    columns: Annotated[int, msgspec.Meta(ge=20, le=132)] = 90


class PassbookTraits(Section, frozen=True, kw_only=True):
    dialect: Literal["pr2"] = "pr2"
    book: BookTraits = BookTraits()
    status: StatusCodes = StatusCodes()
    stripe: bool = False
    """It can read the magnetic stripe on the back of the book."""
    insert_poll_ms: Annotated[int, msgspec.Meta(ge=100, le=5000)] = 500
    """How often it is asked whether a book has come."""
