"""The emulated keyboard wedge's hand: types one text after the other, as a device with one cable does."""

import asyncio
from collections.abc import Callable

from drivers.keyboard import STROKE_S, strokes


class Typist:
    """In the loop's time, a stroke each `STROKE_S`."""

    def __init__(self, say: Callable[[bytes], None]) -> None:
        self._say = say
        self._free_s = 0.0

    def type(self, text: str, at_us: int) -> None:
        """Raises `ValueError` for what it has no key for."""
        loop = asyncio.get_running_loop()
        begin_s = max(loop.time(), self._free_s)
        typed = strokes(text, at_us)
        for n, stroke in enumerate(typed):
            loop.call_at(begin_s + STROKE_S * n, self._say, stroke)
        self._free_s = begin_s + STROKE_S * len(typed)
