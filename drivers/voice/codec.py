"""Joins recorded words into one stream of samples: the mixer. Pure.

Samples are 16-bit, signed, little-endian, mono, 48 kHz. Clips are cut at both ends where they were made, so joined words
follow each other without a gap; every pause that is heard is asked for in the utterance. Speech at full volume with nothing
behind it is handed through untouched, bit for bit.
"""

import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.interfaces.voice import Word
from drivers.voice.traits import RATE_HZ, SAMPLE_BYTES

BLOCK_MS: Final = 20
BLOCK_SAMPLES: Final = RATE_HZ * BLOCK_MS // 1000
BLOCK_BYTES: Final = BLOCK_SAMPLES * SAMPLE_BYTES
SPEECH_S_MAX: Final = 120
FULL: Final = 100
_TOP: Final = 32_767
_RAMP_BLOCKS: Final = 5
"""Ducking takes so many blocks, 100 ms: a step would click."""

Clips = Callable[[str], bytes]
"""A clip's samples by its name. Raises `NoClip`."""


class NoClip(Exception):
    """There is no recording of that word."""


class TooLong(Exception):
    """An utterance of more than two minutes is a mistake."""


def samples_of(ms: int) -> int:
    return RATE_HZ * ms // 1000


def silence(ms: int) -> bytes:
    return bytes(samples_of(ms) * SAMPLE_BYTES)


def speech(words: Sequence[Word], clips: Clips, *, repeat: int = 1, between_ms: int = 0) -> bytes:
    """The samples of an utterance, said `repeat` times. Raises `NoClip`, `TooLong`."""
    once = b"".join(silence(word) if isinstance(word, int) else clips(word) for word in words)
    if len(once) * repeat > SPEECH_S_MAX * RATE_HZ * SAMPLE_BYTES:
        raise TooLong
    return silence(between_ms).join([once] * repeat)


def blocks(samples: bytes) -> Iterator[bytes]:
    """In blocks of 20 ms, the last one filled up with silence."""
    for start in range(0, len(samples), BLOCK_BYTES):
        yield samples[start : start + BLOCK_BYTES].ljust(BLOCK_BYTES, b"\0")


def amplitude(decibel: float) -> float:
    """The factor of a level below full scale."""
    return float(10 ** (-decibel / 20))


@dataclass
class Mixer:
    """Speech over a background, block by block."""

    duck_db: int
    background_db: int
    volume: int = FULL
    """Percent."""
    background: bytes = b""
    """Looped; empty for none."""
    _at: int = 0
    _ducked: int = 0
    """Blocks into the ramp, 0 to `_RAMP_BLOCKS`."""

    def block(self, spoken: bytes | None) -> bytes:
        """The next 20 ms; `spoken` None where nobody speaks."""
        self._ducked = max(0, min(_RAMP_BLOCKS, self._ducked + (1 if spoken else -1)))
        if not self.background and self.volume == FULL:
            return spoken or bytes(BLOCK_BYTES)
        behind = self._behind()
        down = self.background_db + self.duck_db * self._ducked / _RAMP_BLOCKS
        loud, soft = self.volume / FULL, self.volume / FULL * amplitude(down)
        front = _numbers(spoken or bytes(BLOCK_BYTES))
        mixed = array("h", (_clipped(loud * one + soft * other) for one, other in zip(front, behind, strict=True)))
        return _bytes(mixed)

    def set_background(self, samples: bytes) -> None:
        self.background, self._at = samples, 0

    def _behind(self) -> "array[int]":
        if not self.background:
            return array("h", bytes(BLOCK_BYTES))
        piece = self.background[self._at : self._at + BLOCK_BYTES]
        while len(piece) < BLOCK_BYTES:
            piece += self.background[: BLOCK_BYTES - len(piece)]
        self._at = (self._at + BLOCK_BYTES) % len(self.background)
        return _numbers(piece)


def _clipped(value: float) -> int:
    return max(-_TOP, min(_TOP, round(value)))


def _numbers(samples: bytes) -> "array[int]":
    numbers = array("h", samples)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _bytes(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
