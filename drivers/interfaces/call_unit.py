"""The CallUnit interface: a teller's call keypad. Ours; XFS4IoT has no word for it.

Several keypads hang on one RS-485 bus and are told apart by the address that their switches are set to; by convention it is
the number of the window. A press is told once, however often the bus delivers it, and has a number: whoever acts on it derives
one command id from bus, address and press.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from drivers.api import Command, Event

UnitAddress = Annotated[int, msgspec.Meta(ge=1, le=254)]
DISPLAY_CHARS_MAX = 16
NUMBER_DIGITS_MAX = 4


class UnitKey(StrEnum):
    """What a key of a call keypad is for. Digits are collected by the driver and come with the key that ends them."""

    NEXT = "next"
    """下一位"""
    RECALL = "recall"
    """重呼"""
    NO_SHOW = "noShow"
    """过号"""
    PAUSE = "pause"
    """暂停, and again: 恢复."""
    FINISH = "finish"
    """结束"""
    CALL_NUMBER = "callNumber"
    """叫指定号: the number stands in `number`."""
    RATE = "rate"
    """请评价"""


class Show(Command, frozen=True, kw_only=True, tag="CallUnit.Show"):
    """Write on a keypad's own display. The newest text is the true one: repeating it does no harm."""

    unit: UnitAddress
    text: Annotated[str, msgspec.Meta(max_length=DISPLAY_CHARS_MAX)]

    def __post_init__(self) -> None:
        if len(self.text) > DISPLAY_CHARS_MAX:
            raise ValueError(f"a keypad shows at most {DISPLAY_CHARS_MAX} characters")


class Beep(Command, frozen=True, kw_only=True, tag="CallUnit.Beep"):
    """Have a keypad make itself heard: what was pressed could not be done."""

    unit: UnitAddress


CallUnitCommand = Show | Beep


class KeyPressed(Event, frozen=True, kw_only=True, tag="CallUnit.KeyPressedEvent"):
    """A key with a meaning was pressed."""

    unit: int
    key: UnitKey
    press: int
    """Numbers the presses of this keypad since the program started, from 1."""
    number: str = ""
    """The digits pressed before the key, leading noughts kept."""


class UnitStatus(Event, frozen=True, kw_only=True, tag="CallUnit.UnitStatusEvent"):
    """A keypad fell silent, or answers again. One keypad's silence is no trouble of the bus."""

    unit: int
    answering: bool
