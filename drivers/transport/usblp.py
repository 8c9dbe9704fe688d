"""A wire over `/dev/usb/lpN`, the kernel's own driver for USB printers: preferred over raw USB.

It takes part of a write and says so, and a printer out of paper makes the write wait instead of lose bytes. Beside the bytes
there is the port's status, three lines that survive from the parallel port (USB printer class, GET_PORT_STATUS).
"""

import asyncio
import fcntl
import os
import struct
from functools import partial
from typing import Final

from drivers.transport.descriptor import Descriptor
from drivers.transport.wire import Dial, PortStatus, WireLost

LPGETSTATUS: Final = 0x060B
EMPTY_READS_PAUSE_S: Final = 0.05
"""Some printers answer a read with nothing, at once and for ever."""


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
        return PortStatus.of(struct.unpack("i", lines)[0])

    async def close(self) -> None:
        self._line.close()


def dial_usblp(path: str) -> Dial:
    async def dial() -> UsblpWire:
        try:
            return UsblpWire(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except OSError as error:
            raise WireLost(f"{path}: {error.strerror}") from error

    return dial
