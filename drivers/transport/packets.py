"""Packets on a wire of bytes: how HID reports and card commands travel where drivers know only bytes.

HID and PC/SC deliver whole packets, a TCP port or a pty does not. So that one driver works on both, its wire always carries
frames: one ASCII letter for the kind, two bytes big-endian for the length, the payload. The real transports (`hid`, `pcsc`)
and the emulators speak the same.

========  =================================================  ==============================================
HID       from the host                                      from the device
========  =================================================  ==============================================
reports   ``O`` output report                                ``I`` input report
features  ``G`` get: one byte, the report's number           ``F`` the report, number first
          ``S`` set: the report, number first                ``K`` done
                                                             ``E`` refused, the reason as text
========  =================================================  ==============================================

========  =================================================  ==============================================
card      from the host                                      from the reader
========  =================================================  ==============================================
presence                                                     ``A`` a card with this ATR; empty: it is gone
commands  ``C`` command APDU                                 ``R`` response APDU
          ``P`` reset the card                               ``A`` its ATR again, or empty
========  =================================================  ==============================================

A host that has just connected asks with ``P``: what was told before anybody listened may be lost. A command whose answer
never came ends in an empty ``A``: from the host, a card that fell silent and one that was pulled out look the same, and so
does a card that was laid and gives no sign of life. Reports carry their number in the first byte wherever the device numbers
its reports, as hidraw has it.

A byte that can begin no frame is handed out as `Unexplained`, never skipped in silence. Sans I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

HEAD_BYTES: Final = 3
REPORT_BYTES_MAX: Final = 16_384
"""The kernel's own limit, HID_MAX_BUFFER_SIZE."""
ATR_BYTES_MAX: Final = 33
"""ISO 7816-3."""
APDU_BYTES_MAX: Final = 65_535
"""What a frame can hold: every short command and response, and extended ones but for their last nine bytes."""
REASON_BYTES_MAX: Final = 200
ADDRESS_BYTES_MAX: Final = 64
VISIT_BYTES_MAX: Final = 16_384


class Hid(StrEnum):
    """Kinds of packets of a HID device."""

    INPUT = "I"
    OUTPUT = "O"
    GET_FEATURE = "G"
    FEATURE = "F"
    SET_FEATURE = "S"
    DONE = "K"
    REFUSED = "E"


class Card(StrEnum):
    """Kinds of packets of a card reader."""

    PRESENT = "A"
    COMMAND = "C"
    RESPONSE = "R"
    RESET = "P"


class Visitor(StrEnum):
    """Kinds of packets of a port where devices connect to us."""

    NEW = "N"
    DATA = "D"
    END = "X"


Kind = Hid | Card | Visitor
Lengths = Mapping[Kind, range]
"""The kinds of a conversation, each with the lengths its payload may have."""

HID: Final[Lengths] = MappingProxyType(
    {
        Hid.INPUT: range(1, REPORT_BYTES_MAX + 1),
        Hid.OUTPUT: range(1, REPORT_BYTES_MAX + 1),
        Hid.GET_FEATURE: range(1, 2),
        Hid.FEATURE: range(1, REPORT_BYTES_MAX + 1),
        Hid.SET_FEATURE: range(1, REPORT_BYTES_MAX + 1),
        Hid.DONE: range(1),
        Hid.REFUSED: range(REASON_BYTES_MAX + 1),
    }
)
CARD: Final[Lengths] = MappingProxyType(
    {
        Card.PRESENT: range(ATR_BYTES_MAX + 1),
        Card.COMMAND: range(4, APDU_BYTES_MAX + 1),
        Card.RESPONSE: range(2, APDU_BYTES_MAX + 1),
        Card.RESET: range(1),
    }
)
VISITOR: Final[Lengths] = MappingProxyType(
    {
        Visitor.NEW: range(ADDRESS_BYTES_MAX + 1),
        Visitor.DATA: range(1, VISIT_BYTES_MAX + 1),
        Visitor.END: range(1),
    }
)
_TABLES: Final[Lengths] = MappingProxyType({**HID, **CARD, **VISITOR})


@dataclass(frozen=True, slots=True)
class Packet:
    kind: Kind
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Bytes that begin no frame, together where they came together."""

    data: bytes


def pack(kind: Kind, payload: bytes = b"") -> bytes:
    """One frame. Raises `ValueError` for a payload that the kind cannot have: the caller's bug."""
    if len(payload) not in _TABLES[kind]:
        raise ValueError(f"{kind.name}: {len(payload)} bytes")
    return kind.encode("ascii") + len(payload).to_bytes(2, "big") + payload


def reason(text: str) -> bytes:
    """The payload of a refusal: the text as UTF-8, cut where it grows too long."""
    return text.encode("utf-8")[:REASON_BYTES_MAX].decode("utf-8", errors="ignore").encode("utf-8")


class Unpacker:
    """Bytes in, packets out, however they are cut. Holds at most one unfinished frame."""

    def __init__(self, lengths: Lengths) -> None:
        self._kinds = {ord(kind): (kind, allowed) for kind, allowed in lengths.items()}
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def receive(self, data: bytes) -> list[Packet | Unexplained]:
        self._buffer += data
        found: list[Packet | Unexplained] = []
        noise = bytearray()
        at = 0
        while (end := self._frame_end(at)) is not None:
            if end == at:
                noise.append(self._buffer[at])
                at += 1
                continue
            if noise:
                found.append(Unexplained(bytes(noise)))
                noise.clear()
            found.append(Packet(self._kinds[self._buffer[at]][0], bytes(self._buffer[at + HEAD_BYTES : end])))
            at = end
        if noise:
            found.append(Unexplained(bytes(noise)))
        del self._buffer[:at]
        return found

    def _frame_end(self, at: int) -> int | None:
        """Where the frame that begins at `at` ends; `at` itself where none can begin there; None until more has come."""
        buffer = self._buffer
        if at >= len(buffer):
            return None
        if buffer[at] not in self._kinds:
            return at
        if len(buffer) < at + HEAD_BYTES:
            return None
        length = int.from_bytes(buffer[at + 1 : at + HEAD_BYTES], "big")
        if length not in self._kinds[buffer[at]][1]:
            return at
        end = at + HEAD_BYTES + length
        return end if len(buffer) >= end else None
