"""The dialect of Creator's CRT-571, 591 and the QU-TK-F3: ``F2``, address, length, body, ``03``, XOR over all of it. Pure.

Sankyo's idea with other edges: a request's body is ``C``, command, parameter, data; an answer's is ``P``, command, parameter,
three digits of status, data, or ``N``, command, parameter, two hex digits of error. Either side confirms each frame. These
machines have no stripe head: a card is moved to its contacts, powered, asked, powered off. Initialising shuts the gate.
Sources: QUIO's published instructions for the QU-TK-F3, sections 9.1 to 9.6; the frame is that of the CRT-591's.
``F2 00 00 03 43 31 30 03 B0`` asks for the status.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from drivers.motor_card_reader import crt, sankyo
from drivers.motor_card_reader.codec import Dialect, Grammar, Position, Reply, Verb

START: Final = 0xF2
ADDRESS: Final = b"\x00"
"""The first, and nearly always the only, machine on the line."""
CODES: Final[Mapping[Verb, bytes]] = MappingProxyType(
    {
        Verb.INITIALISE_EJECT: b"00",
        Verb.INITIALISE_CAPTURE: b"01",
        Verb.INITIALISE: b"03",
        Verb.STATUS: b"10",
        Verb.EJECT: b"20",
        Verb.TO_CONTACTS: b"21",
        Verb.CAPTURE: b"23",
        Verb.ADMIT: b"30",
        Verb.REFUSE: b"31",
        Verb.CHIP_ON: b"\x51\x30",
        Verb.CHIP_OFF: b"\x51\x31",
        Verb.CHIP_WARM: b"\x51\x38",
        Verb.CHIP_ASK: b"\x51\x39",
    }
)
POSITIONS: Final[Mapping[int, Position]] = MappingProxyType(
    {ord("0"): Position.NONE, ord("1"): Position.GATE, ord("2"): Position.INSIDE}
)


def _request(code: bytes) -> bytes:
    return b"C" + code


def _reply(body: bytearray, code: bytes) -> Reply | None:
    if len(body) < 5 or body[1:3] != code[:2] or bytes(body[:1]) not in (b"P", b"N"):
        return None
    if body[:1] == b"P":
        return Reply(None, POSITIONS.get(body[3]), body[6:])
    return sankyo.refusal(bytes(body[3:5]))


DIALECT: Final = Dialect(Grammar(START, crt.tail, ADDRESS), CODES, _request, _reply, execute=b"", confirms=True)
