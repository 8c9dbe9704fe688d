"""What both dialects of motorised readers have in common: frames between single bytes of handshake. Pure.

A frame is a start byte, in one dialect an address, two bytes of length, so much body, and two bytes behind it: Sankyo's CRC,
CRT's ``03`` and XOR.
Around it stand single bytes: ``06`` I have it, ``15`` I did not get it, ``05`` do it, ``04`` leave it.

Every byte comes out as part of something. A frame whose check fails is told as `Damaged`; its bytes are looked through once
more for a frame that begins within, but none of them is taken for a handshake.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, NamedTuple

from drivers.api import ErrorCode
from drivers.confidential import wipe

ACK: Final = 0x06
NAK: Final = 0x15
ENQ: Final = 0x05
EOT: Final = 0x04
CONTROLS: Final = frozenset((ACK, NAK, ENQ, EOT))
LENGTH_BYTES: Final = 2
TAIL_BYTES: Final = 2
BODY_BYTES_MAX: Final = 600
"""Three tracks are 226; the longest APDU answer that a dialect passes on is 258."""


@dataclass(frozen=True, slots=True)
class Control:
    byte: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame: what stands between length and check."""

    body: bytearray = field(repr=False)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A frame was here, and did not arrive whole. Its bytes follow as `Unexplained`."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    data: bytes = field(repr=False)


Message = Control | Frame | Damaged | Unexplained


class Grammar(NamedTuple):
    """How one dialect frames."""

    start: int
    tail: Callable[[bytes], bytes]
    """The two bytes behind a frame that begins with these."""
    address: bytes = b""
    """Which machine on the line is meant, between start and length."""

    @property
    def head_bytes(self) -> int:
        return 1 + len(self.address) + LENGTH_BYTES


def frame(grammar: Grammar, body: bytes | bytearray) -> bytes:
    """Raises `ValueError` for a body that no frame can hold: the caller's bug."""
    if not 2 <= len(body) <= BODY_BYTES_MAX:
        raise ValueError(f"{len(body)} bytes")
    begun = bytes((grammar.start,)) + grammar.address + len(body).to_bytes(2, "big") + body
    return begun + grammar.tail(begun)


class FrameParser:
    """Bytes in, messages out, however they are cut. Holds at most one unfinished frame."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._buffer = bytearray()
        self._murky = 0
        """Up to here the buffer is a damaged frame: no handshakes in it."""

    @property
    def pending(self) -> int:
        return len(self._buffer)

    def receive(self, data: bytes) -> list[Message]:
        self._buffer += data
        return self._take(finish=False)

    def flush(self) -> list[Message]:
        """Nothing more will come of what has begun."""
        return self._take(finish=True)

    def _take(self, *, finish: bool) -> list[Message]:
        found: list[Message] = []
        noise = bytearray()
        at = 0
        while at < len(self._buffer):
            end = self._frame_end(at)
            if end is None and not finish:
                break
            whole = end is not None and end > at and self._fits(at, end)
            handshake = self._buffer[at] in CONTROLS and at >= self._murky
            if (whole or handshake) and noise:
                found.append(Unexplained(bytes(noise)))
                noise.clear()
            if whole and end is not None:
                found.append(Frame(self._buffer[at + self._grammar.head_bytes : end - TAIL_BYTES]))
                at = end
            elif handshake:
                found.append(Control(self._buffer[at]))
                at += 1
            else:
                found += self._broken(at, end)
                noise.append(self._buffer[at])
                at += 1
        if noise:
            found.append(Unexplained(bytes(noise)))
        self._forget(at)
        return found

    def _broken(self, at: int, end: int | None) -> list[Message]:
        """What is to be said of a frame at `at` that is none."""
        if end == at or (end is not None and end <= self._murky):
            return []
        self._murky = max(self._murky, len(self._buffer) if end is None else end)
        return [Damaged()]

    def _frame_end(self, at: int) -> int | None:
        """Where the frame at `at` ends; `at` where none begins; None until more has come."""
        if self._buffer[at] != self._grammar.start:
            return at
        begin = at + self._grammar.head_bytes
        if len(self._buffer) < begin:
            return None
        length = int.from_bytes(self._buffer[begin - LENGTH_BYTES : begin], "big")
        if not 2 <= length <= BODY_BYTES_MAX:
            return at
        end = begin + length + TAIL_BYTES
        return end if len(self._buffer) >= end else None

    def _fits(self, at: int, end: int) -> bool:
        meant = self._buffer[at + 1 :].startswith(self._grammar.address)
        return meant and self._grammar.tail(bytes(self._buffer[at : end - TAIL_BYTES])) == self._buffer[end - TAIL_BYTES : end]

    def _forget(self, at: int) -> None:
        rest = bytes(self._buffer[at:])
        wipe(self._buffer)
        self._buffer += rest
        self._murky = max(0, self._murky - at)


# What is said in frames.


class Verb(StrEnum):
    """What a motorised reader can be told, in any dialect."""

    INITIALISE = "initialise"
    INITIALISE_EJECT = "initialise_eject"
    INITIALISE_CAPTURE = "initialise_capture"
    STATUS = "status"
    EJECT = "eject"
    CAPTURE = "capture"
    ADMIT = "admit"
    REFUSE = "refuse"
    LIGHT_OFF = "light_off"
    LIGHT_GREEN = "light_green"
    LIGHT_RED = "light_red"
    LIGHT_AMBER = "light_amber"
    READ_1 = "read_1"
    READ_2 = "read_2"
    READ_3 = "read_3"
    TO_CONTACTS = "to_contacts"
    """Move the card to where its chip is touched."""
    CHIP_ON = "chip_on"
    """Power the chip; answered with its ATR."""
    CHIP_WARM = "chip_warm"
    CHIP_ASK = "chip_ask"
    """Pass a command APDU on, by whichever protocol the chip speaks; answered with the chip's response."""
    CHIP_OFF = "chip_off"


class Position(Enum):
    """Where the card is."""

    NONE = "none"
    GATE = "gate"
    """Held between the lips: its owner can take it."""
    INSIDE = "inside"
    UNFIT = "unfit"
    """Inside, too long or too short to be a card."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a reader answered, in any dialect's words."""

    error: ErrorCode | None
    position: Position | None = None
    """Where the card is now, where the answer says it."""
    data: bytearray = field(default_factory=bytearray, repr=False)
    not_ready: bool = False
    """It wants to be initialised first."""


class Dialect(NamedTuple):
    """One maker's words."""

    grammar: Grammar
    codes: Mapping[Verb, bytes]
    """Command, parameter and data of each verb; what is not here, the reader cannot do or nobody has published."""
    request: Callable[[bytes], bytes]
    """The body of the frame that says a code."""
    reply: Callable[[bytearray, bytes], Reply | None]
    """What a frame's body answers to a code; None where it answers something else."""
    execute: bytes
    """What the host says once its frame was taken; empty where the reader goes ahead."""
    confirms: bool
    """The host confirms the reader's frames, and has them repeated."""
