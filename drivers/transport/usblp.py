"""A wire over `/dev/usb/lpN`, the kernel's own driver for USB printers: preferred over raw USB.

It takes part of a write and says so, and a printer out of paper makes the write wait instead of lose bytes. Beside the bytes
there is the port's status, three lines that survive from the parallel port (USB printer class, GET_PORT_STATUS).
"""

import asyncio
import fcntl
import os
import struct
from dataclasses import dataclass
from functools import partial
from typing import Final

from drivers.transport.descriptor import Descriptor
from drivers.transport.wire import Dial, WireLost

LPGETSTATUS: Final = 0x060B
PAPER_EMPTY: Final = 0x20
SELECTED: Final = 0x10
NO_ERROR: Final = 0x08
EMPTY_READS_PAUSE_S: Final = 0.05
"""Some printers answer a read with nothing, at once and for ever."""


@dataclass(frozen=True, slots=True)
class PortStatus:
    """What the port's lines say. Some printers hold them still whatever happens: a hint, never a proof."""

    paper_empty: bool
    selected: bool
    error: bool


def port_status(lines: int) -> PortStatus:
    """The lines of the port, decoded."""
    return PortStatus(bool(lines & PAPER_EMPTY), bool(lines & SELECTED), not lines & NO_ERROR)


class UsblpWire:
    def __init__(self, fd: int) -> None:
        self._line = Descriptor(fd, partial(os.close, fd))

    async def write(self, data: bytes) -> None:
        await self._line.write(data)

    async def read(self) -> bytes:
        while True:
            if data := await self._line.read():
                return data
            await asyncio.sleep(EMPTY_READS_PAUSE_S)

    async def status(self) -> PortStatus:
        """Raises `WireLost`."""
        try:
            lines = fcntl.ioctl(self._line.fd, LPGETSTATUS, struct.pack("i", 0))
        except OSError as error:
            raise WireLost(str(error)) from error
        return port_status(struct.unpack("i", lines)[0])

    async def close(self) -> None:
        self._line.close()


def dial_usblp(path: str) -> Dial:
    async def dial() -> UsblpWire:
        try:
            return UsblpWire(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except OSError as error:
            raise WireLost(f"{path}: {error.strerror}") from error

    return dial
