"""The command language of the Olivetti PR2, as far as a passbook needs it. Pure.

Replies: ``1B 72 xx`` status, ``1B 2F`` and text to the end of a line for the identity, ``1B 42 35 xx 1B 5A`` where the form
lies. Text is GBK between ``1C 26`` and ``1C 2E``. Source: a bank's driver for PR2 printers, written in Go. How the stripe is
read (``1B 57 32``, answered by ``1B 73`` … ``1C``) is an assumption.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from drivers.framing import Frames
from drivers.interfaces.passbook_printer import BookLine
from drivers.passbook_printer.traits import BookTraits

ESC: Final = b"\x1b"
RESET: Final = b"\x1b\x30"
IDENTIFY: Final = b"\x1b\x5a"
STATUS: Final = b"\x1b\x6a"
POSITION: Final = b"\x1b\x20\x42"
CLEAR_ERROR: Final = b"\x1b\x6c"
EJECT: Final = b"\x1b\x4f"
PASSBOOK: Final = b"\x1b\x53\x35"
READ_STRIPE: Final = b"\x1b\x57\x32"
BOLD_ON: Final = b"\x1b\x28"
BOLD_OFF: Final = b"\x1b\x29"
CHINESE_ON: Final = b"\x1c\x26"
CHINESE_OFF: Final = b"\x1c\x2e"
VERTICAL: Final = b"\x1b\x4c"
MARGIN: Final = b"\x1b\x4a"
LINE_END: Final = b"\r"
TEXT_BYTES_MAX: Final = 128
STRIPE_BYTES_MAX: Final = 107
UNITS_MAX: Final = 999


class Kind(StrEnum):
    STATUS = "status"
    POSITION = "position"
    IDENTITY = "identity"
    STRIPE = "stripe"


@dataclass(frozen=True, slots=True)
class Reply:
    kind: Kind
    value: bytes = field(repr=False)
    raw: bytes = field(repr=False)


_POSITION_HEAD: Final = b"\x1b\x42\x35"
_POSITION_TAIL: Final = b"\x1b\x5a"
_STATUS_HEAD: Final = b"\x1b\x72"
_ENDED: Final = ((b"\x1b\x2f", Kind.IDENTITY, b"\r", TEXT_BYTES_MAX), (b"\x1b\x73", Kind.STRIPE, b"\x1c", STRIPE_BYTES_MAX))
"""Replies of any length: head, kind, end, bytes at most."""
_HEADS: Final = (_POSITION_HEAD, _STATUS_HEAD, *(head for head, *_ in _ENDED))


def read(buffer: bytes) -> tuple[Reply | None, int]:
    """A reply at the front and its size; None and 0 where more must come; None and 1 where none begins here."""
    if buffer.startswith(_STATUS_HEAD):
        return _fixed(buffer, Kind.STATUS, _STATUS_HEAD, b"")
    if buffer.startswith(_POSITION_HEAD):
        return _fixed(buffer, Kind.POSITION, _POSITION_HEAD, _POSITION_TAIL)
    for head, kind, end, most in _ENDED:
        if buffer.startswith(head):
            return _ended(buffer, kind, (head, end, most))
    return None, 0 if any(head.startswith(buffer) for head in _HEADS) else 1


def _fixed(buffer: bytes, kind: Kind, head: bytes, tail: bytes) -> tuple[Reply | None, int]:
    """One byte between a head and a tail."""
    size = len(head) + 1 + len(tail)
    behind = buffer[len(head) + 1 : size]
    if not tail.startswith(behind):
        return None, 1
    if len(buffer) < size:
        return None, 0
    return Reply(kind, buffer[len(head) : len(head) + 1], buffer[:size]), size


def _ended(buffer: bytes, kind: Kind, shape: tuple[bytes, bytes, int]) -> tuple[Reply | None, int]:
    head, end, most = shape
    at = buffer.find(end, len(head), len(head) + most + 1)
    value = buffer[len(head) : at if at >= 0 else None]
    if len(value) > most or ESC in value:
        return None, 1
    return (Reply(kind, value, buffer[: at + 1]), at + 1) if at >= 0 else (None, 0)


class Parser:
    """Bytes in, replies and noise out."""

    def __init__(self) -> None:
        self._frames: Frames[Reply] = Frames(read)

    @property
    def pending(self) -> int:
        return self._frames.pending

    def receive(self, data: bytes) -> list[Reply | bytes]:
        return self._frames.receive(data)

    def flush(self) -> list[Reply | bytes]:
        return self._frames.flush()


class CannotPrint(Exception):
    """This printer cannot print that text; the message says why."""

    def __init__(self, why: str, *, characters: bool = False) -> None:
        super().__init__(why)
        self.characters = characters


def line_at(book: BookTraits, number: int) -> int:
    """How far down a line lies, in the printer's unit. Raises `CannotPrint` for a line that the page has not."""
    if not 1 <= number <= book.lines:
        raise CannotPrint(f"a page has lines 1 to {book.lines}, not {number}")
    folded = book.fold if book.fold_after and number > book.fold_after else 0
    at = book.first_line + (number - 1) * book.line_pitch + folded
    if at > UNITS_MAX:
        raise CannotPrint(f"line {number} lies below what the printer reaches")
    return at


def build_line(book: BookTraits, number: int, line: BookLine) -> bytes:
    """One line at its place. Raises `CannotPrint`."""
    text = encoded(book, line.text)
    body = BOLD_ON + text + BOLD_OFF if line.bold else text
    return VERTICAL + b"%03d" % line_at(book, number) + MARGIN + b"%03d" % book.left + body + LINE_END


def encoded(book: BookTraits, text: str) -> bytes:
    """GBK, Chinese switched on around it. Raises `CannotPrint` for a character the printer has not, by name."""
    try:
        data = text.encode("gbk")
    except UnicodeEncodeError as error:
        raise CannotPrint(f"no such characters in the printer: {text[error.start : error.end]}", characters=True) from error
    if len(data) > book.columns:
        raise CannotPrint(f"{len(data)} columns on {book.columns}")
    return data if data.isascii() else CHINESE_ON + data + CHINESE_OFF
