"""The dialect of Creator's CRT-188, 288 and 310: ``02``, length, body, ``03``, XOR over all of it. Pure.

A body is command, parameter, data. The reader takes the frame with ``06``, the host says ``05``, the reader does it and
answers: ``59`` done, ``4E`` failed, ``45`` no card, ``57`` card in the wrong place; to the status with three bytes for card,
front and rear gate; to initialising with its version. Sources: a maker's sheet, a public discussion, and the
command bytes of a public terminal program for the CRT-310. Reading tracks and the gate's parameters are not public: profiles
hold them as `codes`, unconfirmed. ``02 00 03 32 30 59 03 59`` says that a card was given back.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from drivers.api import ErrorCode
from drivers.checks import xor8
from drivers.motor_card_reader.codec import Dialect, Grammar, Position, Reply, Verb

START: Final = 0x02
END: Final = 0x03
DONE: Final = 0x59
CODES: Final[Mapping[Verb, bytes]] = MappingProxyType(
    {
        Verb.INITIALISE: b"\x30\x30",
        Verb.INITIALISE_EJECT: b"\x30\x31",
        Verb.INITIALISE_CAPTURE: b"\x30\x32",
        Verb.STATUS: b"\x31\x30",
        Verb.EJECT: b"\x32\x30",
        Verb.CAPTURE: b"\x32\x33",
    }
)
TEXT_ANSWERS: Final = frozenset((0x30,))
"""Commands that are answered with text instead of an outcome."""
STATUS: Final = 0x31
POSITIONS: Final[Mapping[int, Position]] = MappingProxyType(
    {
        0x46: Position.UNFIT,
        0x47: Position.UNFIT,
        0x48: Position.GATE,
        0x49: Position.GATE,
        0x4A: Position.INSIDE,
        0x4B: Position.INSIDE,
        0x4C: Position.INSIDE,
        0x4D: Position.NONE,
        0x4E: Position.NONE,
    }
)
OUTCOMES: Final[Mapping[int, ErrorCode | None]] = MappingProxyType(
    {DONE: None, 0x4E: ErrorCode.MEDIA_JAM, 0x45: ErrorCode.NO_MEDIA, 0x57: ErrorCode.READ_FAIL}
)
READING: Final = 0x45
"""Command of the profiles' `read_…` codes: there, failing means that the stripe did not read."""


def tail(begun: bytes) -> bytes:
    return bytes((END, xor8(begun) ^ END))


def _reply(body: bytearray, code: bytes) -> Reply | None:
    if len(body) < 3 or body[:2] != code[:2]:
        return None
    first, rest = body[2], body[3:]
    if body[0] == STATUS:
        position = POSITIONS.get(first)
        return Reply(ErrorCode.INVALID_MEDIA if position is Position.UNFIT else None, position)
    if body[0] in TEXT_ANSWERS:
        return Reply(None, data=body[2:])
    if first not in OUTCOMES:
        return None
    error = OUTCOMES[first]
    return Reply(ErrorCode.READ_FAIL if error is ErrorCode.MEDIA_JAM and body[0] == READING else error, data=rest)


DIALECT: Final = Dialect(Grammar(START, tail), CODES, bytes, _reply, execute=b"\x05", confirms=False)
