"""A wire over TCP: the raw port (9100) of a printer, or a serial-to-Ethernet box."""

import asyncio
import socket

from drivers.transport.wire import CHUNK_BYTES_MAX, Dial, WireLost

_KEEPALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
"""A printer whose cable is pulled is noticed within half a minute, even between polls."""


class TcpWire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise WireLost(str(error)) from error

    async def read(self) -> bytes:
        try:
            data = await self._reader.read(CHUNK_BYTES_MAX)
        except OSError as error:
            raise WireLost(str(error)) from error
        if not data:
            raise WireLost("the device closed the connection")
        return data

    async def close(self) -> None:
        # Abort instead of close: what a printer has not taken yet must not trickle out behind our back.
        self._writer.transport.abort()


def dial_tcp(host: str, port: int) -> Dial:
    async def dial() -> TcpWire:
        try:
            reader, writer = await asyncio.open_connection(host, port, limit=CHUNK_BYTES_MAX)
        except OSError as error:
            raise WireLost(f"{host}:{port}: {error}") from error
        _keep_alive(writer.get_extra_info("socket"))
        return TcpWire(reader, writer)

    return dial


def _keep_alive(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, seconds in _KEEPALIVE:
        if hasattr(socket, name):  # not every system has all three
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)
