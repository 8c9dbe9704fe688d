"""The Keyboard, PinPad and KeyManagement interfaces of XFS4IoT: keys pressed in secret, and what the pad makes of them.

A clear PIN exists in the pad and nowhere else. `PinEntry` tells how many keys were pressed, never which; `GetPinBlock` gives
the PIN encrypted under a key that never leaves the pad. There is no command that gives a PIN in the clear, and while a PIN
prompt is up, or a PIN waits in the pad, a driver refuses every command by which keys could be read as text.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from drivers.api import Command, Event, Payload
from drivers.confidential import Confidential, Opaque, Pan

PIN_DIGITS_MIN = 4
PIN_DIGITS_MAX = 12
"""ISO 9564-1, 8.1."""
TEXT_DIGITS_MAX = 20
KEY_BLOCK_BYTES = frozenset({8, 16, 24})
KCV_BYTES_MAX = 8

KeyName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""A key's name in the branch; the profile gives the slot of the pad in which it lies."""


class PinFormat(StrEnum):
    """The clear block that is encrypted, ISO 9564-1."""

    ISO0 = "iso0"
    ISO1 = "iso1"
    ISO3 = "iso3"
    SM4_PAN16 = "sm4Pan16"
    """A block of 16 bytes: the PIN and F, exclusive or with the PAN, right-aligned; encrypted by SM4."""
    SM4_ISO0 = "sm4Iso0"
    """A format 0 block of 8 bytes with 8 bytes of nought behind; encrypted by SM4."""


class KeyUse(StrEnum):
    """What a key in the pad may be used for."""

    MASTER = "master"
    """Loads other keys."""
    PIN = "pin"
    MAC = "mac"


class Press(StrEnum):
    """What a key press looks like from outside. A digit is never named."""

    MASKED = "masked"
    """A digit. As an end: it was the last one allowed."""
    ENTER = "enter"
    CLEAR = "clear"
    CANCEL = "cancel"


class PinEntry(Command, frozen=True, kw_only=True, tag="Keyboard.PinEntry"):
    """Have the customer enter a PIN, until Enter, Cancel or the end of the command's time.

    The pad forms its block while it still has the PIN, so the key, the format and the card number are named here.
    """

    key: KeyName
    pan: Pan
    format: PinFormat | None = None
    """None: the one of the profile."""
    min_digits: Annotated[int, msgspec.Meta(ge=PIN_DIGITS_MIN, le=PIN_DIGITS_MAX)] = 6
    max_digits: Annotated[int, msgspec.Meta(ge=PIN_DIGITS_MIN, le=PIN_DIGITS_MAX)] = 6

    def __post_init__(self) -> None:
        if not PIN_DIGITS_MIN <= self.min_digits <= self.max_digits <= PIN_DIGITS_MAX:
            raise ValueError(f"a PIN has {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits")


class PinEntered(Payload, frozen=True, kw_only=True, tag="Keyboard.PinEntry"):
    digits: int
    ended_by: Press


class GetPinBlock(Command, frozen=True, kw_only=True, tag="PinPad.GetPinBlock"):
    """The PIN that was entered, encrypted. It can be fetched once; then the pad has forgotten it."""


class PinBlock(Payload, frozen=True, kw_only=True, tag="PinPad.GetPinBlock"):
    block: bytes
    key: str
    format: PinFormat


class DataEntry(Command, frozen=True, kw_only=True, tag="Keyboard.DataEntry"):
    """Have the customer enter digits that are no secret: a phone number, an amount. Refused while a PIN is about."""

    max_digits: Annotated[int, msgspec.Meta(ge=1, le=TEXT_DIGITS_MAX)] = TEXT_DIGITS_MAX

    def __post_init__(self) -> None:
        if not 1 <= self.max_digits <= TEXT_DIGITS_MAX:
            raise ValueError(f"1 to {TEXT_DIGITS_MAX} digits can be entered")


class DataEntered(Payload, frozen=True, kw_only=True, tag="Keyboard.DataEntry"):
    data: Confidential
    ended_by: Press


class ImportKey(Command, frozen=True, kw_only=True, tag="KeyManagement.ImportKey"):
    """Load a key that is encrypted under another one in the pad, and have the pad's check value compared."""

    key: KeyName
    use: KeyUse
    under: KeyName
    value: Opaque
    """The encrypted key."""
    kcv: bytes | None = None
    """What the check value must begin with; a key whose own differs is not to be used."""

    def __post_init__(self) -> None:
        if len(self.value) not in KEY_BLOCK_BYTES:
            raise ValueError(f"an encrypted key has 8, 16 or 24 bytes, not {len(self.value)}")
        if self.kcv is not None and not 1 <= len(self.kcv) <= KCV_BYTES_MAX:
            raise ValueError(f"a check value has 1 to {KCV_BYTES_MAX} bytes")


class KeyImported(Payload, frozen=True, kw_only=True, tag="KeyManagement.ImportKey"):
    kcv: bytes


class Reset(Command, frozen=True, kw_only=True, tag="PinPad.Reset"):
    """End whatever is asked, forget any PIN, keys stay."""


PinPadCommand = PinEntry | GetPinBlock | DataEntry | ImportKey | Reset


class KeyEvent(Event, frozen=True, kw_only=True, tag="Keyboard.KeyEvent"):
    """A key was pressed within a `PinEntry` or `DataEntry`."""

    press: Press


class IllegalKeyAccess(Event, frozen=True, kw_only=True, tag="KeyManagement.IllegalKeyAccessEvent"):
    """A key was asked for something it may not do, or is not there."""

    key: str


class Tampered(Event, frozen=True, kw_only=True, tag="PinPad.TamperedEvent"):
    """The pad reports that it was opened and has destroyed its keys. Ours. Only its maker can bring it back."""
