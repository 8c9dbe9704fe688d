"""The last frames between a driver and its device, for the technician who asks why it does not work.

* A frame's content is kept only where its family has promised that no frame holds anything of a person
  (`Session.TRACES_CONTENT`); of the others there is only when, which way and how many bytes.
* While a secret is being entered, `hidden` stops the trace altogether: not even lengths and moments, which would tell how
  many digits a PIN has and how fast they were typed.
* It lives in memory, is short, and ends with the program.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final, NamedTuple

FRAMES_MAX: Final = 200
FRAME_BYTES_MAX: Final = 256
"""What is kept of one frame; a picture on its way to a printer needs no more to be recognised."""


class Way(StrEnum):
    TO_DEVICE = "toDevice"
    FROM_DEVICE = "fromDevice"
    HIDDEN = "hidden"
    """Here the trace was stopped: a secret was being entered."""


class Frame(NamedTuple):
    n: int
    """From 1, never reused."""
    at_s: float
    """Time of the loop."""
    way: Way
    size_bytes: int
    data: bytes | None
    """The beginning of it; None where it may hold something of a person."""


class Trace:
    """The ring of one device."""

    def __init__(self, *, content: bool) -> None:
        self.content = content
        self._frames: deque[Frame] = deque(maxlen=FRAMES_MAX)
        self._n = 0
        self._hidden = 0

    def note(self, way: Way, at_s: float, data: bytes) -> None:
        if not self._hidden:
            self._keep(way, at_s, len(data), data[:FRAME_BYTES_MAX] if self.content else None)

    def adopt(self, frame: Frame) -> None:
        """A frame from the trace of the same device in another process, under a number of our own."""
        self._keep(frame.way, frame.at_s, frame.size_bytes, frame.data)

    @contextmanager
    def hidden(self, at_s: float) -> Iterator[None]:
        """Keep nothing for a while, and say so once."""
        if not self._hidden:
            self._keep(Way.HIDDEN, at_s, 0, None)
        self._hidden += 1
        try:
            yield
        finally:
            self._hidden -= 1

    def after(self, n: int) -> list[Frame]:
        """The frames behind the n-th, oldest first."""
        return [frame for frame in self._frames if frame.n > n]

    def _keep(self, way: Way, at_s: float, size_bytes: int, data: bytes | None) -> None:
        self._n += 1
        self._frames.append(Frame(self._n, at_s, way, size_bytes, data))
