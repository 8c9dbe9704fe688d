"""What differs between PIN pads: the `[traits]` section of their profiles."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from drivers.interfaces.pin_pad import KeyName, KeyUse, PinFormat
from drivers.profiles import Section

Slot = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{2}$")]
Character = Annotated[str, msgspec.Meta(pattern=r"^[ -~]$")]
Digit = Annotated[int, msgspec.Meta(ge=1, le=9)]
_OF_SM4 = frozenset({PinFormat.SM4_PAN16, PinFormat.SM4_ISO0})


class PinPadTraits(Section, frozen=True, kw_only=True):
    cipher: Literal["tdes", "sm4"] = "tdes"
    """What all keys of the pad are for."""
    slots: Annotated[Mapping[KeyName, Slot], msgspec.Meta(min_length=1, max_length=32)]
    """Where in the pad the branch's keys lie, in hex."""
    formats: Annotated[Mapping[PinFormat, Character], msgspec.Meta(min_length=1)]
    """The clear blocks the pad can form, each with the character that asks for it. The first is the usual one.

    There is no field for a block that is not encrypted (`@` of SZZT): no profile can ask for one.
    """
    key_types: Mapping[KeyUse, Digit] = msgspec.field(default_factory=lambda: {KeyUse.MASTER: 2, KeyUse.PIN: 3, KeyUse.MAC: 5})
    mask: Character = "*"
    """What the pad sends for a digit of a PIN."""

    def __post_init__(self) -> None:
        if (self.cipher == "sm4") != (set(self.formats) <= _OF_SM4) or (self.cipher == "tdes" and set(self.formats) & _OF_SM4):
            raise ValueError("the block of a format is as long as the cipher's")
        if "@" in self.formats.values():
            raise ValueError("@ asks for a PIN in the clear")
        if self.mask.isdigit():
            raise ValueError("a mask that is a digit masks nothing")

    @property
    def usual(self) -> PinFormat:
        return next(iter(self.formats))
