"""The TextTerminal interface: lettering on boards of lights, the window's number board and the hall's large one.

Only the writing half of XFS4IoT's TextTerminal: such boards have no keys. Several boards hang on one RS-485 bus and are told
apart by the address that their switches are set to, so every command names its board. A board shows one thing at a time and
the newest text is the true one: repeating a `Write` does no harm.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from drivers.api import Command, Event

LINES_MAX = 8
LINE_CHARS_MAX = 64

Board = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
"""The address of a board on its bus, as set on its switches; by convention the number of its window."""


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"


class Motion(StrEnum):
    STILL = "still"
    BLINK = "blink"
    SCROLL = "scroll"


class Write(Command, frozen=True, kw_only=True, tag="TextTerminal.Write"):
    """Show this text instead of whatever the board shows. `board` None: every board of the bus, none of which answers."""

    board: Board | None
    lines: tuple[str, ...]
    colour: Colour = Colour.RED
    motion: Motion = Motion.STILL

    def __post_init__(self) -> None:
        if not 1 <= len(self.lines) <= LINES_MAX or any(len(line) > LINE_CHARS_MAX for line in self.lines):
            raise ValueError(f"a board shows 1 to {LINES_MAX} lines of at most {LINE_CHARS_MAX} characters")


class ClearScreen(Command, frozen=True, kw_only=True, tag="TextTerminal.ClearScreen"):
    """Show nothing. `board` None: on every board of the bus."""

    board: Board | None


class BoardStatus(Event, frozen=True, kw_only=True, tag="TextTerminal.BoardStatusEvent"):
    """A board fell silent, or answers again. One board's silence is no trouble of the bus."""

    board: int
    answering: bool


TextTerminalCommand = Write | ClearScreen
