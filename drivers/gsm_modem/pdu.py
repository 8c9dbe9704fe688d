"""Text messages as a modem takes and gives them: SMS-SUBMIT and SMS-STATUS-REPORT of 3GPP TS 23.040, in UCS-2. Pure.

UCS-2 for every text: a Chinese message needs it, and one coding that every phone shows is worth more than the characters that
GSM's own alphabet would save. What is longer than 70 units goes as a concatenated message, 67 units a part, never cut inside
a surrogate pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

PARTS_MAX: Final = 10
UNITS_ALONE: Final = 70
UNITS_A_PART: Final = 67
VALIDITY_STEP_MIN: Final = 5
TPDU_BYTES_MAX: Final = 200
NUMBER_DIGITS_MAX: Final = 20

_UCS2: Final = 0x08
_HEADER: Final = bytes([0x05, 0x00, 0x03])
"""Five bytes of header, of which the element 00 (concatenation, 8-bit reference) takes three."""
_INTERNATIONAL: Final = 0x91
_NATIONAL: Final = 0x81
_KIND_MASK: Final = 0x03
_STATUS_REPORT: Final = 0x02
_FILLER: Final = "F"


class _First(IntFlag):
    """The first octet of an SMS-SUBMIT."""

    SUBMIT = 0x01
    RELATIVE_VALIDITY = 0x10
    STATUS_REPORT = 0x20
    HEADER = 0x40


class BadPdu(Exception):
    """Not a message of the kind that was expected."""


@dataclass(frozen=True, slots=True)
class Submit:
    """One part of a message on its way out."""

    to: str
    text: str
    report: bool = False
    valid_min: int | None = None
    reference: int = 0
    """Of the whole message, the same in each part."""
    part: int = 1
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What the network says became of one part."""

    reference: int
    status: int
    """TP-Status: below 0x20 delivered, below 0x40 the network still tries, above it has given up."""


def split(text: str) -> list[str]:
    """The parts of a text. Raises `ValueError` for a text of more than `PARTS_MAX` parts."""
    if _units(text) <= UNITS_ALONE:
        return [text]
    parts, room = [""], UNITS_A_PART
    for character in text:
        needed = _units(character)
        if needed > room:
            parts.append("")
            room = UNITS_A_PART
        parts[-1] += character
        room -= needed
    if len(parts) > PARTS_MAX:
        raise ValueError(f"{len(parts)} parts are more than {PARTS_MAX}")
    return parts


def submits(to: str, text: str, *, report: bool, valid_min: int | None, reference: int) -> Sequence[Submit]:
    """The parts of a message. Raises `ValueError`."""
    parts = split(text)
    return [Submit(to, part, report, valid_min, reference, n, len(parts)) for n, part in enumerate(parts, start=1)]


def encode(message: Submit) -> bytes:
    """The TPDU, without the service centre in front of it."""
    many = message.parts > 1
    first = _First.SUBMIT
    first |= _First.RELATIVE_VALIDITY if message.valid_min is not None else 0
    first |= _First.STATUS_REPORT if message.report else 0
    first |= _First.HEADER if many else 0
    header = _HEADER + bytes([message.reference, message.parts, message.part]) if many else b""
    data = header + message.text.encode("utf-16-be", errors="replace")
    validity = b"" if message.valid_min is None else bytes([_validity(message.valid_min)])
    return bytes([first, 0x00]) + _address(message.to) + bytes([0x00, _UCS2]) + validity + bytes([len(data)]) + data


def decode_submit(tpdu: bytes) -> Submit:
    """What `encode` makes, read again: for emulated modems. Raises `BadPdu`."""
    try:
        return _submit(tpdu)
    except (IndexError, UnicodeDecodeError, ValueError) as error:
        raise BadPdu(str(error)) from error


def decode_report(pdu: bytes) -> Report:
    """A status report with its service centre in front, as `+CDS` gives it. Raises `BadPdu`."""
    try:
        at = 1 + pdu[0]
        if pdu[at] & _KIND_MASK != _STATUS_REPORT:
            raise BadPdu("no status report")
        reference, digits = pdu[at + 1], pdu[at + 2]
        status_at = at + 4 + -(-digits // 2) + 7 + 7  # behind the number, the two time stamps of seven octets
        return Report(reference, pdu[status_at])
    except IndexError as error:
        raise BadPdu("a status report that breaks off") from error


def encode_report(reference: int, to: str, status: int) -> bytes:
    """For emulated modems: without a service centre, and both times at the turn of the century."""
    return bytes([0x00, _STATUS_REPORT, reference]) + _address(to) + bytes.fromhex("00101000000000") * 2 + bytes([status])


def _units(text: str) -> int:
    return len(text.encode("utf-16-be", errors="replace")) // 2


def _validity(minutes: int) -> int:
    """TP-VP, relative: up to twelve hours in steps of five minutes."""
    return max(0, min(143, -(-minutes // VALIDITY_STEP_MIN) - 1))


def _address(number: str) -> bytes:
    digits = number.removeprefix("+")
    swapped = digits + _FILLER * (len(digits) % 2)
    pairs = "".join(swapped[at + 1] + swapped[at] for at in range(0, len(swapped), 2))
    return bytes([len(digits), _INTERNATIONAL if number.startswith("+") else _NATIONAL]) + bytes.fromhex(pairs)


def _submit(tpdu: bytes) -> Submit:
    first = _First(tpdu[0])
    if tpdu[0] & _KIND_MASK != _First.SUBMIT or len(tpdu) > TPDU_BYTES_MAX:
        raise BadPdu("no submit")
    digits, kind = tpdu[2], tpdu[3]
    if digits > NUMBER_DIGITS_MAX:
        raise BadPdu("a number that is too long")
    at = 4 + -(-digits // 2)
    pairs = tpdu[4:at].hex()
    number = "".join(pairs[n + 1] + pairs[n] for n in range(0, len(pairs), 2))[:digits]
    if not number.isdigit() or tpdu[at + 1] != _UCS2:
        raise BadPdu("not a number, or not UCS-2")
    at += 2
    valid_min = None
    if first & _First.RELATIVE_VALIDITY:
        valid_min, at = (tpdu[at] + 1) * VALIDITY_STEP_MIN, at + 1
    data = tpdu[at + 1 :]
    if len(data) != tpdu[at]:
        raise BadPdu("another length than it says")
    reference, parts, part = 0, 1, 1
    if first & _First.HEADER:
        if data[:3] != _HEADER:
            raise BadPdu("a header that is not ours")
        reference, parts, part, data = data[3], data[4], data[5], data[6:]
    plus = "+" if kind == _INTERNATIONAL else ""
    report = bool(first & _First.STATUS_REPORT)
    return Submit(plus + number, data.decode("utf-16-be"), report, valid_min, reference, part, parts)
