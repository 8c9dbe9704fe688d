"""Reading and writing a file descriptor through the event loop: serial ports, printers at `/dev/usb/lp`, HID, input devices.

The descriptor is non-blocking. Its counts are believed: what a write did not take is written again, and nothing else is.
"""

import asyncio
import os
from collections.abc import Callable

from drivers.transport.wire import CHUNK_BYTES_MAX, WireLost


class Descriptor:
    """One open descriptor. At most one task writes and one reads. `release` closes it in whatever way it was opened."""

    def __init__(self, fd: int, release: Callable[[], None]) -> None:
        self._fd = fd
        self._release = release
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def fd(self) -> int:
        """Raises `WireLost` once closed: the number may be another file's by then."""
        if self._closed:
            raise WireLost("closed")
        return self._fd

    async def write(self, data: bytes) -> None:
        """All of it. Raises `WireLost`."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self.fd, rest) :]
            except BlockingIOError:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
            except OSError as error:
                raise WireLost(str(error)) from error

    async def read(self, size: int = CHUNK_BYTES_MAX) -> bytes:
        """Whatever one read gives, which may be nothing. Raises `WireLost`."""
        while True:
            await self._ready(self._loop.add_reader, self._loop.remove_reader)
            try:
                return os.read(self.fd, size)
            except BlockingIOError:
                continue
            except OSError as error:
                raise WireLost(str(error)) from error

    def close(self) -> None:
        """Whoever waits gets `WireLost`."""
        if not self._closed:
            self._closed = True
            for waiting in self._waiting:
                if not waiting.done():
                    waiting.set_exception(WireLost("closed"))
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._release()

    async def _ready(self, add: Callable[..., object], remove: Callable[[int], bool]) -> None:
        """Wait until the descriptor can be read or written."""
        waiting: asyncio.Future[None] = self._loop.create_future()
        add(self.fd, _wake, waiting)
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
            if not self._closed:
                remove(self._fd)


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
