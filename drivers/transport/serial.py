"""A wire over a serial port: a real one, a USB adapter, or a pty in tests and demos.

pyserial sets the line up; bytes then go through the file descriptor and the event loop directly, because pyserial's own
reading and writing block.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Final

import serial

from drivers.profiles import SerialLine
from drivers.transport.wire import CHUNK_BYTES_MAX, Dial, WireLost

_PARITY: Final = {"N": serial.PARITY_NONE, "E": serial.PARITY_EVEN, "O": serial.PARITY_ODD}


class SerialWire:
    """One open port. At most one task writes and one reads."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._fd = port.fileno()
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._waiting: set[asyncio.Future[None]] = set()

    async def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor(), rest) :]
            except BlockingIOError:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
            except OSError as error:
                raise WireLost(str(error)) from error

    async def read(self) -> bytes:
        while True:
            await self._ready(self._loop.add_reader, self._loop.remove_reader)
            try:
                data = os.read(self._descriptor(), CHUNK_BYTES_MAX)
            except BlockingIOError:
                continue
            except OSError as error:
                raise WireLost(str(error)) from error
            if not data:
                raise WireLost("the port is gone")
            return data

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            for waiting in self._waiting:
                waiting.set_exception(WireLost("closed"))
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._port.close()

    def _descriptor(self) -> int:
        if self._closed:
            raise WireLost("closed")
        return self._fd

    async def _ready(self, add: Callable[..., object], remove: Callable[[int], bool]) -> None:
        """Wait until the descriptor can be read or written."""
        waiting: asyncio.Future[None] = self._loop.create_future()
        add(self._descriptor(), _wake, waiting)
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
            if not self._closed:
                remove(self._fd)


def dial_serial(path: str, line: SerialLine) -> Dial:
    async def dial() -> SerialWire:
        try:
            return SerialWire(_open(path, line))
        except (OSError, ValueError) as error:  # pyserial's own exception is an OSError
            raise WireLost(f"{path}: {error}") from error

    return dial


def _open(path: str, line: SerialLine) -> serial.Serial:
    port = serial.Serial(
        path,
        baudrate=line.baud,
        bytesize=int(line.format[0]),
        parity=_PARITY[line.format[1]],
        stopbits=int(line.format[2]),
        timeout=0,
        write_timeout=0,
        xonxoff=line.flow == "xonxoff",
        rtscts=line.flow == "rtscts",
        dsrdtr=line.flow == "dsrdtr",
        exclusive=True,
    )
    port.reset_input_buffer()  # answers to whoever had the port before are not ours
    return port


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
