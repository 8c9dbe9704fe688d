"""SZZT's frames and commands (ZT588, ZT598), read and written. Pure.

``02 LLL text 03 CC``: LLL is the length of the text in three decimal digits, CC the exclusive or of everything from LLL to 03
in two hexadecimal digits. Texts of a thousand bytes and more have LLL 000 and four digits more (ZT598). Keys come as bare bytes
between frames. A reply's text begins with one byte, E0 to EF and D0 to DD for errors, anything else for success.

Source: smartware's ``zt588.rb`` and ``szzt_connection.rb``; a bank's ``DevPIN_ZT598``, for errors D0 to DD and long texts.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from drivers.checks import xor8
from drivers.framing import Frames

STX: Final = 0x02
ETX: Final = 0x03
TEXT_BYTES_MAX: Final = 2048
SHORT_MAX: Final = 999
_SHORT_AT: Final = 4
_LONG_AT: Final = 8
_AFTER: Final = 3
FRAME_BYTES_MAX: Final = _LONG_AT + TEXT_BYTES_MAX + _AFTER

ENTER: Final = 0x0D
CANCEL: Final = 0x1B
CANCEL_TOO: Final = 0x80
CLEAR: Final = 0x08
DOUBLE_NOUGHT: Final = 0x23
"""The key 00 comes as #."""


class Fault(IntEnum):
    """The first byte of a reply that says no."""

    SM_FIRST = 0xD0
    """D0 to DC: SM2 and SM4."""
    TAMPERED = 0xDD
    BATTERY = 0xE0
    NO_INITIAL_KEY = 0xE1
    NO_MASTER_KEY = 0xE2
    KEY_SIZE = 0xE3
    NO_KEY = 0xE4
    KEY_INCOMPATIBLE = 0xE5
    KEY_PARITY = 0xE6
    KEY_CHECK = 0xE7
    LENGTH = 0xE8
    DATA = 0xE9
    PARAMETER = 0xEB
    NOT_AUTHORISED = 0xEC
    LOCKED = 0xED
    TIMED_OUT = 0xEE
    GENERAL = 0xEF


@dataclass(frozen=True, slots=True)
class Frame:
    text: bytes = field(repr=False)
    """Latin letters and hexadecimal digits; a reply's may hold an encrypted block."""

    @property
    def raw(self) -> bytes:
        count = len(self.text)
        length = b"%03d" % count if count <= SHORT_MAX else b"000%04d" % count
        counted = length + self.text + bytes([ETX])
        return bytes([STX]) + counted + b"%02X" % xor8(counted)

    @property
    def fault(self) -> int | None:
        """The error it tells; None for success."""
        first = self.text[0] if self.text else 0
        return first if Fault.SM_FIRST <= first <= Fault.TAMPERED or Fault.BATTERY <= first <= Fault.GENERAL else None


@dataclass(frozen=True, slots=True)
class Key:
    """A bare byte between frames: a key, or rubbish."""

    code: int = field(repr=False)


def read(buffer: bytes) -> tuple[Frame | None, int]:
    """A frame at the front and its size; None and 0 where more must come; None and 1 where none begins here."""
    found = _text(buffer)
    if found is None:
        return None, 1
    at, count = found
    end = at + count + _AFTER
    if count == 0 or len(buffer) < end:
        return None, 0
    frame = Frame(bytes(buffer[at : at + count]))
    return (frame, end) if frame.raw == buffer[:end] else (None, 1)


def _text(buffer: bytes) -> tuple[int, int] | None:
    """Where the text begins and how long it is, 0 while that cannot be said; None where no frame begins."""
    head, longer = buffer[1:_SHORT_AT], buffer[_SHORT_AT:_LONG_AT]
    if buffer[0] != STX or not _decimal(head):
        return None
    if len(head) < _SHORT_AT - 1 or int(head):
        return _SHORT_AT, int(head) if len(head) == _SHORT_AT - 1 else 0
    if not _decimal(longer):
        return None
    if len(longer) < _LONG_AT - _SHORT_AT:
        return _LONG_AT, 0
    return (_LONG_AT, int(longer)) if SHORT_MAX < int(longer) <= TEXT_BYTES_MAX else None


def _decimal(text: bytes) -> bool:
    return not text or text.isdigit()


class Parser:
    """Bytes in, frames and keys out, however they are cut. Holds at most one unfinished frame."""

    def __init__(self) -> None:
        self._frames: Frames[Frame] = Frames(read)

    @property
    def pending(self) -> int:
        return self._frames.pending

    def receive(self, data: bytes) -> list[Frame | Key]:
        return _split(self._frames.receive(data))

    def flush(self) -> list[Frame | Key]:
        return _split(self._frames.flush())


def _split(items: list[Frame | bytes]) -> list[Frame | Key]:
    found: list[Frame | Key] = []
    for item in items:
        found += [Key(code) for code in item] if isinstance(item, bytes) else [item]
    return found


# Commands.

INFO: Final = b"3"
GET_BLOCK: Final = b"7"
INPUT_OFF: Final = b"5032"
INPUT_ON: Final = b"5033"


def start_pin(slot: str, form: str, digits: int, pan: str) -> bytes:
    """Have the customer enter a PIN of at most `digits`; its block will be encrypted under the key in `slot`."""
    return f"6{slot}{form}0{digits:02d}{pan}".encode("ascii")


def set_byte(parameter: str, value: int) -> bytes:
    """A control command: `2` time limit in seconds, `3` the mask, `4` and `5` the least and the most digits."""
    return f"5{parameter}{value:02X}".encode("ascii")


def load_key(under: str, slot: str, kind: int, value: bytes) -> bytes:
    """Put a key that is encrypted under another one into a slot; answered with its check value."""
    return f"2{under}{slot}{kind}{len(value) // 8}{value.hex().upper()}".encode("ascii")


@dataclass(frozen=True, slots=True)
class PadFacts:
    """What a pad says of itself."""

    model: str
    firmware: str
    serial_number: str
    input_on: bool
    """It takes keys: a prompt is up."""
    blank: bool
    """It has no keys."""


_INFO_BYTES: Final = 50 + 48 + 20 + 8 + 6 + 3 + 3 + 4 + 4
_SETTINGS_AT: Final = 98
_BLANK: Final = 0x01
_INPUT: Final = 0x02


def parse_facts(data: bytes) -> PadFacts | None:
    """The reply to `INFO` without its first byte; None where it is no such thing.

    50 bytes of the user's own, 48 of scan codes and 20 of settings in hex, 8 function code, 6 model, 3 hardware, 3 software,
    4 date, 4 serial number.
    """
    if len(data) < _INFO_BYTES:
        return None
    try:
        flags = int(data[_SETTINGS_AT : _SETTINGS_AT + 2], 16)
        text = data[126:_INFO_BYTES].decode("ascii")
    except ValueError:
        return None
    firmware = f"{text[6:9].strip()}-{text[9:12].strip()}"
    return PadFacts(text[:6].strip(), firmware, text[16:20].strip(), bool(flags & _INPUT), bool(flags & _BLANK))


def parse_block(data: bytes) -> tuple[int, bytes] | None:
    """The reply to `GET_BLOCK` without its first byte: two digits nobody needs, two of the PIN's length, the block in hex."""
    try:
        return int(data[2:4]), bytes.fromhex(data[4:].decode("ascii"))
    except ValueError:
        return None


def parse_hex(data: bytes) -> bytes | None:
    try:
        return bytes.fromhex(data.decode("ascii"))
    except ValueError:
        return None
