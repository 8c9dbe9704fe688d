"""The dialect of Sankyo's ICT3K5: ``F2``, length, body, CRC-16/XMODEM over all of it. Pure.

A request's body is ``C``, command, parameter, data. An answer's is ``P``, command, parameter, two digits of card status, data;
or ``N``, command, parameter, two hex digits of error. Either side confirms each frame within 0.3 s. Source: two
files of a public kiosk driver; ``F2 00 03 43 31 30 C5 2A`` asks for the status.
"""

import binascii
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from drivers.api import ErrorCode
from drivers.motor_card_reader.codec import Dialect, Grammar, Position, Reply, Verb

START: Final = 0xF2
INITIALISE_REST: Final = b"32410" + b"0" + b"1" + b"0" + b"0"
"""Compatibility, card power off, name the reader, keep the card when DTR falls, no capture counter."""
CODES: Final[Mapping[Verb, bytes]] = MappingProxyType(
    {
        Verb.INITIALISE_EJECT: b"00" + INITIALISE_REST,
        Verb.INITIALISE_CAPTURE: b"01" + INITIALISE_REST,
        Verb.STATUS: b"10",
        Verb.EJECT: b"30",
        Verb.CAPTURE: b"31",
        Verb.LIGHT_OFF: b"50",
        Verb.LIGHT_GREEN: b"51",
        Verb.LIGHT_RED: b"52",
        Verb.LIGHT_AMBER: b"53",
        Verb.READ_1: b"61",
        Verb.READ_2: b"62",
        Verb.READ_3: b"63",
        Verb.ADMIT: b":0",
        Verb.REFUSE: b":1",
    }
)
POSITIONS: Final[Mapping[bytes, Position]] = MappingProxyType(
    {b"00": Position.NONE, b"01": Position.GATE, b"02": Position.INSIDE}
)
NOT_INITIALISED: Final = 0xB0
ERRORS: Final[Mapping[int, ErrorCode]] = MappingProxyType(
    {
        **dict.fromkeys((0x00, 0x01, 0x03, 0x04, 0x06), ErrorCode.GARBLED),
        0x02: ErrorCode.NO_MEDIA,
        **dict.fromkeys((0x10, 0x17), ErrorCode.MEDIA_JAM),
        0x11: ErrorCode.SHUTTER_FAIL,
        **dict.fromkeys((0x13, 0x14, 0x18, 0x24), ErrorCode.INVALID_MEDIA),
        **dict.fromkeys((0x16, 0x20, 0x21, 0x23, 0x40, 0x43, *range(0x60, 0x6A)), ErrorCode.READ_FAIL),
        0x50: ErrorCode.RETAIN_BIN_FULL,
        NOT_INITIALISED: ErrorCode.DEVICE_FAULT,
    }
)
"""What each error is to a clerk; one that is not here is a fault of the machine."""


def _crc(begun: bytes) -> bytes:
    return binascii.crc_hqx(begun, 0).to_bytes(2, "big")


def _request(code: bytes) -> bytes:
    return b"C" + code


def _reply(body: bytearray, code: bytes) -> Reply | None:
    if len(body) < 5 or body[1:3] != code[:2] or bytes(body[:1]) not in (b"P", b"N"):
        return None
    said = bytes(body[3:5])
    if body[:1] == b"P":
        return Reply(None, POSITIONS.get(said), body[5:])
    return refusal(said)


def refusal(said: bytes) -> Reply:
    """What the two hex digits of an error say; the machines made after Sankyo's number theirs alike."""
    try:
        error = int(said, 16)
    except ValueError:
        return Reply(ErrorCode.GARBLED)
    return Reply(ERRORS.get(error, ErrorCode.DEVICE_FAULT), not_ready=error == NOT_INITIALISED)


DIALECT: Final = Dialect(Grammar(START, _crc), CODES, _request, _reply, execute=b"", confirms=True)
