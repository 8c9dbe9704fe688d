"""What has arrived from a device and waits to be read; it ends once, with a reason."""

import asyncio
from collections import deque
from typing import Final

from drivers.transport.wire import WireLost

CHUNKS_MAX: Final = 1_000
"""Pieces a reader may leave lying; past that the wire is lost. Two seconds of the fastest pen."""


class Inbox:
    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._ended: str | None = None

    @property
    def ended(self) -> str | None:
        return self._ended

    def put(self, chunk: bytes) -> None:
        if len(self._chunks) >= CHUNKS_MAX:
            self.end("nobody reads")
        elif self._ended is None:
            self._chunks.append(chunk)
            self._news.set()

    def end(self, why: str) -> None:
        """What has arrived before can still be read."""
        self._ended = self._ended or why
        self._news.set()

    async def read(self) -> bytes:
        """Raises `WireLost` once it has ended and is empty."""
        while not self._chunks:
            if self._ended is not None:
                raise WireLost(self._ended)
            self._news.clear()
            await self._news.wait()
        return self._chunks.popleft()
