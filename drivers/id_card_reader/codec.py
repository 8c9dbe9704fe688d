"""The language of the SAM_V security module: frames, operations, and what its answers mean. Pure.

A frame is ``AA AA AA 96 69``, two bytes of length, the body, and a check byte: the XOR of length and body. Requests open their
body with command and parameter, answers with three status bytes of which the last one says it. Source: GA 467-2013 and the
operations and vectors of two public drivers.

Stray zeros inside the preamble were seen in the field (``AA 00 AA AA 96 69``). They are let through, and handed out as
`Unexplained`, as is every byte that belongs to no frame. A frame whose check fails gives up its first byte only: what
looked like its end may be the next one's beginning.

Answers are a person's data. They are handed out as `bytearray`, for their taker to wipe; the parser wipes its own buffer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from drivers.api import ErrorCode
from drivers.checks import xor8
from drivers.confidential import wipe

PREAMBLE: Final = bytes.fromhex("AAAAAA9669")
LENGTH_BYTES: Final = 2
BODY_BYTES_MAX: Final = 2400
"""Text, photo and fingerprints are 2314 bytes with the status; nothing longer is known."""
STRAY_ZEROS_MAX: Final = 4
REQUEST_HEAD_BYTES: Final = 2
ANSWER_HEAD_BYTES: Final = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame: what stands between length and check."""

    body: bytearray = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Bytes of no frame, together where they came together."""

    data: bytes = field(repr=False)


def frame(body: bytes | bytearray) -> bytes:
    """Raises `ValueError` for a body that no frame can hold: the caller's bug."""
    if not REQUEST_HEAD_BYTES <= len(body) <= BODY_BYTES_MAX:
        raise ValueError(f"{len(body)} bytes")
    counted = (len(body) + 1).to_bytes(LENGTH_BYTES, "big") + body
    return PREAMBLE + counted + bytes((check(counted),))


def check(counted: bytes | bytearray) -> int:
    return xor8(counted)


class FrameParser:
    """Bytes in, frames out, however they are cut. Holds at most one unfinished frame."""

    def __init__(self, head_bytes: int = ANSWER_HEAD_BYTES) -> None:
        self._lengths = range(head_bytes + 1, BODY_BYTES_MAX + 2)
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def receive(self, data: bytes) -> list[Frame | Unexplained]:
        self._buffer += data
        return self._take(finish=False)

    def flush(self) -> list[Frame | Unexplained]:
        """Nothing more will come of what has begun: whole frames within it, and the rest unexplained."""
        return self._take(finish=True)

    def _take(self, *, finish: bool) -> list[Frame | Unexplained]:
        found: list[Frame | Unexplained] = []
        noise = bytearray()
        at = 0
        while at < len(self._buffer):
            end = self._frame_end(at, noise)
            if end is None and not finish:
                break
            if end is None or end == at:
                noise.append(self._buffer[at])
                at += 1
                continue
            if noise:
                found.append(Unexplained(bytes(noise)))
                noise.clear()
            start = self._after_preamble(at)
            found.append(Frame(self._buffer[(start or at) + LENGTH_BYTES : end - 1]))
            at = end
        if noise:
            found.append(Unexplained(bytes(noise)))
        self._forget(at)
        return found

    def _frame_end(self, at: int, noise: bytearray) -> int | None:
        """Where the frame at `at` ends; `at` where none begins; None until more has come. Its stray zeros are noise."""
        body = self._after_preamble(at)
        if body is None or body == at:
            return body
        if len(self._buffer) < body + LENGTH_BYTES:
            return None
        length = int.from_bytes(self._buffer[body : body + LENGTH_BYTES], "big")
        if length not in self._lengths:
            return at
        end = body + LENGTH_BYTES + length
        if len(self._buffer) < end:
            return None
        if check(self._buffer[body : end - 1]) != self._buffer[end - 1]:
            return at
        noise += bytes(body - at - len(PREAMBLE))
        return end

    def _after_preamble(self, at: int) -> int | None:
        """Where the preamble at `at` ends, stray zeros and all; `at` where there is none; None until more has come."""
        matched = zeros = 0
        for position in range(at, len(self._buffer)):
            byte = self._buffer[position]
            if byte == PREAMBLE[matched]:
                matched += 1
                if matched == len(PREAMBLE):
                    return position + 1
            elif byte == 0 and matched and zeros < STRAY_ZEROS_MAX:
                zeros += 1
            else:
                return at
        return None

    def _forget(self, at: int) -> None:
        rest = bytes(self._buffer[at:])
        wipe(self._buffer)
        self._buffer += rest


class Sw(int, Enum):
    """The third status byte."""

    OK = 0x90
    FOUND = 0x9F
    HOST_CHECK = 0x10
    HOST_LENGTH = 0x11
    WRONG_COMMAND = 0x21
    NOT_PERMITTED = 0x23
    UNKNOWN = 0x24
    CARD_REJECTS_MODULE = 0x31
    MODULE_REJECTS_CARD = 0x32
    INFORMATION_FALSE = 0x33
    WRONG_CARD = 0x40
    NOT_READ = 0x41
    NO_RANDOM = 0x47
    SELF_TEST = 0x60
    MODULE_NOT_LICENSED = 0x66
    NO_CARD = 0x80
    NOT_SELECTED = 0x81
    NO_DATA = 0x91


ERRORS: Final[Mapping[Sw, ErrorCode]] = MappingProxyType(
    {
        Sw.HOST_CHECK: ErrorCode.GARBLED,
        Sw.HOST_LENGTH: ErrorCode.GARBLED,
        Sw.WRONG_COMMAND: ErrorCode.GARBLED,
        Sw.UNKNOWN: ErrorCode.DEVICE_FAULT,
        Sw.NOT_PERMITTED: ErrorCode.SECURITY_MODULE,
        Sw.CARD_REJECTS_MODULE: ErrorCode.CARD_NOT_GENUINE,
        Sw.MODULE_REJECTS_CARD: ErrorCode.CARD_NOT_GENUINE,
        Sw.INFORMATION_FALSE: ErrorCode.CARD_NOT_GENUINE,
        Sw.WRONG_CARD: ErrorCode.INVALID_MEDIA,
        Sw.NOT_READ: ErrorCode.READ_FAIL,
        Sw.NO_RANDOM: ErrorCode.SECURITY_MODULE,
        Sw.SELF_TEST: ErrorCode.SECURITY_MODULE,
        Sw.MODULE_NOT_LICENSED: ErrorCode.SECURITY_MODULE,
        Sw.NO_CARD: ErrorCode.NO_MEDIA,
        Sw.NOT_SELECTED: ErrorCode.READ_FAIL,
        Sw.NO_DATA: ErrorCode.READ_FAIL,
    }
)
"""What each failure is to a clerk. Everything that is not success is here."""
NOTHING: Final = range(1)
_ANY_TIME: Final = frozenset(ERRORS) - {Sw.NO_CARD, Sw.NOT_SELECTED, Sw.NO_DATA}
"""Failures that may answer any operation; the others belong to one."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: Sw
    data: bytearray = field(repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something the module can be asked, and the answers it may have: status, and how many bytes of data."""

    command: int
    parameter: int
    answers: Mapping[Sw, range]
    data: bytes = b""

    @property
    def request(self) -> bytes:
        return frame(bytes((self.command, self.parameter)) + self.data)

    def admits(self, answer: Answer) -> bool:
        """Whether this can be the answer to it; a late one to another question mostly cannot."""
        allowed = NOTHING if answer.status in _ANY_TIME else self.answers.get(answer.status)
        return allowed is not None and len(answer.data) in allowed


TEXT_BYTES: Final = 256
ADDRESS_BYTES: Final = 70
SERIAL_BYTES: Final = 16
RESET_MODULE: Final = Operation(0x10, 0xFF, {Sw.OK: NOTHING})
MODULE_STATUS: Final = Operation(0x11, 0xFF, {Sw.OK: NOTHING})
MODULE_SERIAL: Final = Operation(0x12, 0xFF, {Sw.OK: range(SERIAL_BYTES, SERIAL_BYTES + 1)})
FIND: Final = Operation(0x20, 0x01, {Sw.FOUND: range(9), Sw.NO_CARD: NOTHING})
SELECT: Final = Operation(0x20, 0x02, {Sw.OK: range(13), Sw.NOT_SELECTED: NOTHING, Sw.NO_CARD: NOTHING})
READ: Final = Operation(0x30, 0x01, {Sw.OK: range(4 + TEXT_BYTES, BODY_BYTES_MAX), Sw.NO_DATA: NOTHING})
NEWEST_ADDRESS: Final = Operation(0x30, 0x03, {Sw.OK: range(ADDRESS_BYTES, ADDRESS_BYTES + 1), Sw.NO_DATA: NOTHING})


def answer(received: Frame) -> Answer | None:
    """None for a frame whose status nobody has described; its content is wiped."""
    body = received.body
    try:
        status = Sw(body[ANSWER_HEAD_BYTES - 1])
    except ValueError:
        wipe(body)
        return None
    data = body[ANSWER_HEAD_BYTES:]
    wipe(body)
    return Answer(status, data)


def answer_frame(status: Sw, data: bytes = b"") -> bytes:
    """The module's side, for the emulator."""
    return frame(bytes((0, 0, status)) + data)


def information(text: bytes, photo: bytes) -> bytes:
    """The data of a successful `READ`: two lengths, text, photo."""
    return len(text).to_bytes(2, "big") + len(photo).to_bytes(2, "big") + text + photo


def split_information(data: bytearray) -> tuple[bytearray, bytearray] | None:
    """Text and photo out of it, both for the taker to wipe, and `data` wiped; None where the lengths do not add up."""
    text_bytes, photo_bytes = (int.from_bytes(data[at : at + 2], "big") for at in (0, 2))
    fits = len(data) >= 4 and text_bytes == TEXT_BYTES and 4 + text_bytes + photo_bytes == len(data)
    parts = (data[4 : 4 + text_bytes], data[4 + text_bytes :]) if fits else None
    wipe(data)
    return parts


def serial_number(data: bytes | bytearray) -> str:
    """A module's number as its makers print it: `05.01-20130101-0000123456-1234567890`."""
    kind, maker = (int.from_bytes(data[at : at + 2], "little") for at in (0, 2))
    made, first, second = (int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12))
    return f"{kind:02}.{maker:02}-{made:08}-{first:010}-{second:010}"
