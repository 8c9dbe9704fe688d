"""The frame of the 21-key caller, read and written. Pure.

``FF 68 L L 68 address command data… sum 16``: L counts from the address to the last byte of data and stands there twice; the
sum is the low byte of all that L counts. It is the variable frame of IEC 60870-5-1 (FT 1.2) with one byte before it.
Source: the maker's protocol sheet as published at book118 (7033135055002126).
"""

from dataclasses import dataclass
from typing import Final

from drivers.framing import Frames

HEAD: Final = b"\xff\x68"
MIDDLE: Final = 0x68
TAIL: Final = 0x16
COUNTED_MIN: Final = 2
COUNTED_MAX: Final = 64
"""Longer ones are no frames of a keypad: a display has sixteen characters."""
DATA_BYTES_MAX: Final = COUNTED_MAX - COUNTED_MIN
_BEFORE: Final = 5
_AFTER: Final = 2
FRAME_BYTES_MAX: Final = _BEFORE + COUNTED_MAX + _AFTER


@dataclass(frozen=True, slots=True)
class Frame:
    sender: int
    """The keypad's address, in questions and answers alike."""
    command: int
    data: bytes = b""

    @property
    def raw(self) -> bytes:
        counted = bytes([self.sender, self.command]) + self.data
        length = len(counted)
        return HEAD + bytes([length, length, MIDDLE]) + counted + bytes([sum(counted) & 0xFF, TAIL])


def build(unit: int, command: int, data: bytes = b"") -> bytes:
    """Raises `ValueError` for what no frame can hold: the caller's bug."""
    if not 0 <= unit <= 0xFF or not 0 <= command <= 0xFF or len(data) > DATA_BYTES_MAX:
        raise ValueError(f"no frame for unit {unit}, command {command}, {len(data)} bytes")
    return Frame(unit, command, data).raw


def read(buffer: bytes) -> tuple[Frame | None, int]:
    """A frame at the front and its size; None and 0 where more must come; None and 1 where none begins here."""
    known = _known(buffer)
    if not known:
        return None, 1
    if len(buffer) < _BEFORE:
        return None, 0
    end = _BEFORE + buffer[len(HEAD)] + _AFTER
    if len(buffer) < end:
        return None, 0
    counted = buffer[_BEFORE : end - _AFTER]
    if buffer[end - _AFTER] != sum(counted) & 0xFF or buffer[end - 1] != TAIL:
        return None, 1
    return Frame(counted[0], counted[1], bytes(counted[2:])), end


def _known(buffer: bytes) -> bool:
    """What has come so far can be the head of a frame."""
    head, rest = buffer[: len(HEAD)], buffer[len(HEAD) : _BEFORE]
    if not HEAD.startswith(head):
        return False
    if rest and not COUNTED_MIN <= rest[0] <= COUNTED_MAX:
        return False
    return rest[1:2] in (b"", rest[:1]) and rest[2:3] in (b"", bytes([MIDDLE]))


class Tongue:
    """Frames of keypads, and noise as bytes."""

    def __init__(self) -> None:
        self._frames: Frames[Frame] = Frames(read)

    @property
    def pending(self) -> int:
        return self._frames.pending

    def receive(self, data: bytes) -> list[Frame | bytes]:
        return self._frames.receive(data)

    def flush(self) -> list[Frame | bytes]:
        return self._frames.flush()
