"""A wire for devices that connect to us: a port of ours, and whoever may call there, one visitor at a time.

A plate camera pushes what it saw by HTTP and hangs up. The driver knows only bytes, so visits travel on its wire as packets
(`drivers.transport.packets`, `Visitor`). Only the configured address is let in; a stranger is hung up on at once and costs
nothing. A visit has an end, however slowly it talks.
"""

import asyncio
from typing import Final

from drivers.transport.packets import VISIT_BYTES_MAX, VISITOR, Packet, Unpacker, Visitor, pack
from drivers.transport.wire import Dial, WireLost

VISITORS_MAX: Final = 4
"""One talks, the others wait their turn; more are hung up on."""
VISIT_S_MAX: Final = 30.0
PACKETS_MAX: Final = 64
"""Undelivered packets; past that a visitor is not read from."""


class InboundWire:
    def __init__(self, source: str) -> None:
        self._source = source
        self._server: asyncio.Server | None = None
        self._turn = asyncio.Lock()
        self._visitors = 0
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue(PACKETS_MAX)
        self._answers = Unpacker(VISITOR)
        self._writer: asyncio.StreamWriter | None = None
        self._closed = asyncio.Event()

    async def listen(self, host: str, port: int) -> None:
        """Raises `OSError`."""
        self._server = await asyncio.start_server(self._visit, host, port, limit=VISIT_BYTES_MAX)

    async def write(self, data: bytes) -> None:
        if self._closed.is_set():
            raise WireLost("closed")
        for packet in self._answers.receive(data):
            await self._obey(packet) if isinstance(packet, Packet) else None

    async def read(self) -> bytes:
        getting = asyncio.ensure_future(self._inbox.get())
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait([getting, closing], return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            if not getting.done():
                getting.cancel()
        if not getting.done() or getting.cancelled():
            raise WireLost("closed")
        return getting.result()

    async def close(self) -> None:
        self._closed.set()
        if self._server is not None:
            self._server.close()
        if self._writer is not None:
            self._writer.transport.abort()

    async def _obey(self, packet: Packet) -> None:
        writer = self._writer
        if writer is None:
            return  # it has hung up already
        if packet.kind is Visitor.END:
            writer.close()
            return
        try:
            writer.write(packet.payload)
            await writer.drain()
        except OSError:
            writer.transport.abort()  # its visit ends as soon as it is read from

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername", ("",))[0])
        if peer != self._source or self._visitors >= VISITORS_MAX or self._closed.is_set():
            writer.transport.abort()
            return
        self._visitors += 1
        try:
            async with asyncio.timeout(VISIT_S_MAX), self._turn:
                self._writer = writer
                await self._inbox.put(pack(Visitor.NEW, peer.encode("ascii", errors="replace")))
                while data := await reader.read(VISIT_BYTES_MAX):
                    await self._inbox.put(pack(Visitor.DATA, data))
                await self._inbox.put(pack(Visitor.END))
        except (TimeoutError, OSError):
            writer.transport.abort()
        finally:
            self._visitors -= 1
            if self._writer is writer:
                self._writer = None
            writer.close()


def dial_inbound(host: str, port: int, source: str) -> Dial:
    """Open the port; `source` is the one address that may connect."""

    async def dial() -> InboundWire:
        wire = InboundWire(source)
        try:
            await wire.listen(host, port)
        except OSError as error:
            raise WireLost(f"{host}:{port}: {error}") from error
        return wire

    return dial
