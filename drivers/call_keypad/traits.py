"""What differs between call keypads: the `[traits]` section of their profiles.

The frame of the 21-key caller is published, the meaning of its commands and keys is not. So those are data.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec

from drivers.interfaces.call_unit import DISPLAY_CHARS_MAX, UnitAddress, UnitKey
from drivers.profiles import Section

UNITS_MAX = 32
"""RS-485 allows 32 unit loads."""

Code = Annotated[int, msgspec.Meta(ge=0, le=255)]
KeyCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{2}$")]


class KeyCap(StrEnum):
    """What a key is for: what a `UnitKey` is, or what only its keypad needs to know."""

    NEXT = UnitKey.NEXT
    RECALL = UnitKey.RECALL
    NO_SHOW = UnitKey.NO_SHOW
    PAUSE = UnitKey.PAUSE
    FINISH = UnitKey.FINISH
    CALL_NUMBER = UnitKey.CALL_NUMBER
    RATE = UnitKey.RATE
    CLEAR = "clear"
    """Drops the digits."""
    DIGIT_0 = "0"
    DIGIT_1 = "1"
    DIGIT_2 = "2"
    DIGIT_3 = "3"
    DIGIT_4 = "4"
    DIGIT_5 = "5"
    DIGIT_6 = "6"
    DIGIT_7 = "7"
    DIGIT_8 = "8"
    DIGIT_9 = "9"


class CommandCodes(Section, frozen=True, kw_only=True):
    """The command byte of each message."""

    poll: Code
    """Host: anything pressed?"""
    idle: Code
    """Keypad: nothing."""
    pressed: Code
    """Keypad: sequence number and key, again and again until it is acknowledged."""
    seen: Code
    """Host: this sequence number has been taken. Answered by `idle` or the next `pressed`."""
    show: Code
    """Host: a text for the display. Answered by `done`."""
    beep: Code
    done: Code

    def __post_init__(self) -> None:
        answers = (self.idle, self.pressed, self.done)
        questions = (self.poll, self.seen, self.show, self.beep)
        if len({*answers, *questions}) != len(answers) + len(questions):
            raise ValueError("every command has a code of its own")


class CallKeypadTraits(Section, frozen=True, kw_only=True):
    units: tuple[UnitAddress, UnitAddress] = (1, 8)
    """The first and the last address on the bus; an address is the number of a window."""
    commands: CommandCodes
    keys: Annotated[Mapping[KeyCode, KeyCap], msgspec.Meta(min_length=1, max_length=64)]
    """What each key means; a digit is kept for the key behind it."""
    columns: Annotated[int, msgspec.Meta(ge=2, le=DISPLAY_CHARS_MAX)] = 8
    bounce_ms: Annotated[int, msgspec.Meta(ge=0, le=3000)] = 600
    """The same key pressed again within this is the same press."""
    silent_every: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    """A keypad that does not answer is asked only in every so many rounds, or it would slow down the others."""
    echo: bool = False
    """The adapter hears itself: what was sent comes back before the answer."""

    def __post_init__(self) -> None:
        first, last = self.units
        if not first <= last < first + UNITS_MAX:
            raise ValueError(f"a bus has 1 to {UNITS_MAX} keypads")
        if KeyCap.NEXT not in self.keys.values():
            raise ValueError("a call keypad has a key for the next customer")
