"""Commands to a bank card's chip, and the data objects in its answers. Pure.

Sources: ISO/IEC 7816-4 (APDUs, status words), EMV Book 1 (selection, PSE, PPSE), EMV Book 3 (GET PROCESSING OPTIONS, AFL,
tags), PBOC 3.0 for UnionPay's application identifiers. Only what reads is here: SELECT, READ RECORD, GET PROCESSING OPTIONS,
GET RESPONSE. There is no GENERATE AC, no VERIFY, and no way to build one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

PPSE: Final = b"2PAY.SYS.DDF01"
PSE: Final = b"1PAY.SYS.DDF01"
APPLICATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "A000000333010101": "UnionPay debit",
        "A000000333010102": "UnionPay credit",
        "A000000333010103": "UnionPay quasi-credit",
        "A000000333010106": "UnionPay e-cash",
        "A0000000031010": "Visa",
        "A0000000041010": "Mastercard",
    }
)
"""Tried in this order where a card lists none."""
OK: Final = 0x9000
MORE: Final = 0x61
WRONG_LENGTH: Final = 0x6C
NESTING_MAX: Final = 8
OBJECTS_MAX: Final = 256
"""Data objects in one answer; a card that claims more is not followed."""

FCI_SFI: Final = 0x88
AID: Final = 0x4F
DIRECTORY_ENTRY: Final = 0x61
PRIORITY: Final = 0x87
PDOL: Final = 0x9F38
FORMAT_1: Final = 0x80
FORMAT_2: Final = 0x77
AFL: Final = 0x94
TRACK_2: Final = 0x57
PAN: Final = 0x5A
EXPIRY: Final = 0x5F24
SEQUENCE: Final = 0x5F34
SERVICE: Final = 0x5F30


class BadAnswer(Exception):
    """The card's answer is not built as the standard says; its content is never repeated."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response APDU, taken apart."""

    data: bytearray = field(repr=False)
    status: int

    @property
    def ok(self) -> bool:
        return self.status == OK


def answer(response: bytes) -> Answer:
    """Raises `BadAnswer` for what is too short to be one."""
    if len(response) < 2:
        raise BadAnswer("no status word")
    return Answer(bytearray(response[:-2]), int.from_bytes(response[-2:], "big"))


def select(name: bytes) -> bytes:
    return b"\x00\xa4\x04\x00" + bytes((len(name),)) + name + b"\x00"


def read_record(sfi: int, record: int) -> bytes:
    return bytes((0x00, 0xB2, record, sfi << 3 | 4, 0x00))


def processing_options(data: bytes) -> bytes:
    """GET PROCESSING OPTIONS with the terminal's data, as the card's PDOL asked for it."""
    field_ = b"\x83" + bytes((len(data),)) + data
    return b"\x80\xa8\x00\x00" + bytes((len(field_),)) + field_ + b"\x00"


def get_response(length: int) -> bytes:
    return bytes((0x00, 0xC0, 0x00, 0x00, length))


def with_length(command: bytes, length: int) -> bytes:
    """The same command, its last byte (Le) put right, as status 6Cxx asks."""
    return command[:-1] + bytes((length,))


# Data objects (BER-TLV).


@dataclass(frozen=True, slots=True)
class Object:
    tag: int
    value: bytes = field(repr=False)


def objects(data: bytes | bytearray, depth: int = 0) -> Iterator[Object]:
    """Every data object in it, templates before what is in them. Raises `BadAnswer`."""
    at = 0
    while at < len(data):
        if data[at] in (0x00, 0xFF):  # padding between objects, ISO/IEC 7816-4
            at += 1
            continue
        tag, constructed, at = _tag(data, at)
        length, at = _length(data, at)
        value = bytes(data[at : at + length])
        if len(value) < length:
            raise BadAnswer("an object ends early")
        at += length
        yield Object(tag, value)
        if constructed:
            if depth >= NESTING_MAX:
                raise BadAnswer("objects nest too deep")
            yield from objects(value, depth + 1)


def find(data: bytes | bytearray, tag: int) -> bytes | None:
    """The first object of that tag, wherever it is. Raises `BadAnswer`."""
    for n, item in enumerate(objects(data)):
        if n >= OBJECTS_MAX:
            raise BadAnswer("too many objects")
        if item.tag == tag:
            return item.value
    return None


def object_bytes(tag: int, value: bytes) -> bytes:
    """One data object, for the emulated card."""
    size = (tag.bit_length() + 7) // 8 or 1
    length = bytes((len(value),)) if len(value) < 0x80 else b"\x81" + bytes((len(value),))
    return tag.to_bytes(size, "big") + length + value


def answer_pdol(pdol: bytes) -> bytes:
    """What a PDOL asks for, in its order: the few values a reader can name truthfully, zeros else. Raises `BadAnswer`."""
    at, parts = 0, []
    while at < len(pdol):
        tag, _, at = _tag(pdol, at)
        length, at = _length(pdol, at)
        known = TERMINAL.get(tag, b"")
        parts.append(known[:length].ljust(length, b"\0"))
        if sum(map(len, parts)) > 250:
            raise BadAnswer("the card asks for too much")
    return b"".join(parts)


TERMINAL: Final[Mapping[int, bytes]] = MappingProxyType(
    {
        0x9F66: bytes.fromhex("27000000"),  # terminal transaction qualifiers: contact and contactless EMV, no cash
        0x9F1A: bytes.fromhex("0156"),  # country: China
        0x5F2A: bytes.fromhex("0156"),  # currency: renminbi
        0x9F35: bytes.fromhex("14"),  # terminal type: attended by the bank, offline capable
    }
)


def locator(afl: bytes) -> list[tuple[int, int]]:
    """The records an AFL points to: file and number, in order. Raises `BadAnswer`."""
    if len(afl) % 4:
        raise BadAnswer("an AFL has four bytes an entry")
    places: list[tuple[int, int]] = []
    for at in range(0, len(afl), 4):
        sfi, first, last = afl[at] >> 3, afl[at + 1], afl[at + 2]
        if not 1 <= sfi <= 30 or not 1 <= first <= last:
            raise BadAnswer("an AFL entry points nowhere")
        places += [(sfi, record) for record in range(first, last + 1)]
    return places


def digits(value: bytes) -> str:
    """Packed decimal digits up to the first filler."""
    return value.hex().split("f", 1)[0]


def _tag(data: bytes | bytearray, at: int) -> tuple[int, bool, int]:
    """The tag at `at`, whether it holds objects, and where its length begins. Two bytes at most, as EMV has it."""
    first = data[at]
    if first & 0x1F != 0x1F:
        return first, bool(first & 0x20), at + 1
    if at + 1 >= len(data) or data[at + 1] & 0x80:
        raise BadAnswer("a tag of more than two bytes")
    return first << 8 | data[at + 1], bool(first & 0x20), at + 2


def _length(data: bytes | bytearray, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise BadAnswer("an object without a length")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if not 1 <= size <= 2 or at + 1 + size > len(data):
        raise BadAnswer("a length of more than two bytes")
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size
