"""Cuts a stream of bytes into frames, whatever the frames are. Pure.

A family says how one frame is read from the front of a buffer; this keeps the buffer, gathers what begins no frame into noise,
and bounds both. No byte is skipped in silence.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

F = TypeVar("F")

NOISE_BYTES_MAX: Final = 256
"""Noise is handed on in pieces of at most this."""

ReadFrame = Callable[[bytes], tuple[F | None, int]]
"""A frame at the front and how many bytes it takes; None and 0 where more must come; None and n where n bytes are noise."""


class Frames(Generic[F]):
    """Bytes in, frames and noise out, however the bytes are cut. Holds at most one unfinished frame."""

    def __init__(self, read: ReadFrame[F]) -> None:
        self._read = read
        self._buffer = b""

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def receive(self, data: bytes) -> list[F | bytes]:
        """Frames, and noise as bytes, in the order they came."""
        buffer = self._buffer + data
        found: list[F | bytes] = []
        noise_at = at = 0
        while at < len(buffer):
            frame, size = self._read(buffer[at:])
            if frame is None and size == 0:
                break
            if frame is not None:
                found += _noise(buffer[noise_at:at])
                found.append(frame)
                noise_at = at + size
            at += size
        found += _noise(buffer[noise_at:at])
        self._buffer = buffer[at:]
        return found

    def flush(self) -> list[F | bytes]:
        """Give up on the unfinished frame: its sender has been silent too long. Good frames inside it are found."""
        found: list[F | bytes] = []
        while self._buffer:
            found += _noise(self._buffer[:1])
            rest, self._buffer = self._buffer[1:], b""
            found += self.receive(rest)
        return _joined(found)


def _noise(data: bytes) -> list[F | bytes]:
    return [data[start : start + NOISE_BYTES_MAX] for start in range(0, len(data), NOISE_BYTES_MAX)]


def _joined(found: list[F | bytes]) -> list[F | bytes]:
    """Neighbouring noise in one piece."""
    joined: list[F | bytes] = []
    for item in found:
        last = joined[-1] if joined else None
        if isinstance(item, bytes) and isinstance(last, bytes) and len(last) + len(item) <= NOISE_BYTES_MAX:
            joined[-1] = last + item
        else:
            joined.append(item)
    return joined
