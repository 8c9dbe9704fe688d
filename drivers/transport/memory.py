"""A wire inside the process, in five tempers: what every driver must survive.

`whole` delivers each write in one piece, `bytewise` one byte at a time, `lossy` drops bytes of the device's answers (as a
bad serial cable does), `delayed` delivers late and in pieces, `unplugged` dies when so many bytes have gone to the device.
Time is the loop's: under `drivers.virtualtime` a delay costs nothing. Chance comes from a seed.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from drivers.transport.outlet import Socket
from drivers.transport.wire import CHUNK_BYTES_MAX, PortStatus, PrinterPort, Wire, WireLost

CHUNKS_MAX: Final = 10_000
"""Undelivered pieces a reader may leave lying; past that the wire is lost."""


class Temper(StrEnum):
    WHOLE = "whole"
    BYTEWISE = "bytewise"
    LOSSY = "lossy"
    DELAYED = "delayed"
    UNPLUGGED = "unplugged"


@dataclass
class Bend:
    """How a wire bends what goes through it."""

    temper: Temper = Temper.WHOLE
    seed: int = 0
    loss: float = 0.02
    delay_s: float = 0.03
    dies_after_bytes: int = 200
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 -- repeatable faults, no secrets

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """How one write arrives."""
        step = 1 if self.temper is Temper.BYTEWISE else max(len(data), 1)
        if self.temper is Temper.DELAYED:
            step = self.chance.randint(1, 64)
        return (data[start : start + step] for start in range(0, len(data), step))

    def lose(self, data: bytes) -> bytes:
        if self.temper is not Temper.LOSSY:
            return data
        return bytes(byte for byte in data if self.chance.random() >= self.loss)


class _Way:
    """One direction: late by another delay for each piece, yet never out of order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bend: Bend, arrive: Callable[[bytes], None]) -> None:
        self._loop = loop
        self._bend = bend
        self._arrive = arrive
        self._under_way: deque[bytes] = deque()
        self._due_s = 0.0

    def deliver(self, piece: bytes) -> None:
        if self._bend.temper is not Temper.DELAYED:
            self._arrive(piece)
            return
        self._under_way.append(piece)
        self._due_s = max(self._due_s, self._loop.time() + self._bend.chance.random() * self._bend.delay_s)
        self._loop.call_at(self._due_s, self._next)

    def _next(self) -> None:
        self._arrive(self._under_way.popleft())  # timers of the same moment fire in any order


class MemoryWire:
    """One connection: the host's wire, and the host's end as the device sees it."""

    def __init__(self, socket: Socket, bend: Bend) -> None:
        self._loop = asyncio.get_running_loop()
        self._bend = bend
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue(CHUNKS_MAX)
        self._room = asyncio.Event()
        self._room.set()
        self._lost: str | None = None
        self._gone = 0
        self._way_out = _Way(self._loop, self._bend, self._forward)
        self._way_in = _Way(self._loop, self._bend, self._arrive)
        self._socket = socket
        self._plug = socket.plug_in(self)

    async def status(self) -> PortStatus | None:
        """The lines of a printer's port, which no temper bends."""
        if self._lost:
            raise WireLost(self._lost)
        return await self._socket.status() if isinstance(self._socket, PrinterPort) else None

    async def write(self, data: bytes) -> None:
        for start in range(0, len(data), CHUNK_BYTES_MAX):
            await self._room.wait()
            if self._lost:
                raise WireLost(self._lost)
            self._send(data[start : start + CHUNK_BYTES_MAX])

    def _send(self, data: bytes) -> None:
        for piece in self._bend.pieces(self._allowed(data)):
            self._way_out.deliver(piece)
        if self._bend.temper is Temper.UNPLUGGED and self._gone > self._bend.dies_after_bytes:
            self.hang_up("unplugged in the middle")
            raise WireLost("unplugged in the middle")

    async def read(self) -> bytes:
        if self._lost and self._inbox.empty():
            raise WireLost(self._lost)
        data = await self._inbox.get()
        if not data:
            raise WireLost(self._lost or "closed")
        return data

    async def close(self) -> None:
        self.hang_up("closed")

    def hang_up(self, why: str) -> None:
        """End it, from either side."""
        if not self._lost:
            self._lost = why
            if self._inbox.full():
                self._inbox.get_nowait()
            self._inbox.put_nowait(b"")
            self._room.set()
            self._plug.pull_out()

    def reply(self, data: bytes) -> None:
        for piece in self._bend.pieces(self._bend.lose(data)):
            self._way_in.deliver(piece)

    def pause(self) -> None:
        self._room.clear()

    def resume(self) -> None:
        self._room.set()

    def _allowed(self, data: bytes) -> bytes:
        """What gets through before the wire dies."""
        self._gone += len(data)
        if self._bend.temper is Temper.UNPLUGGED and self._gone > self._bend.dies_after_bytes:
            return data[: len(data) - (self._gone - self._bend.dies_after_bytes)]
        return data

    def _forward(self, piece: bytes) -> None:
        self._plug.receive(piece)

    def _arrive(self, piece: bytes) -> None:
        if piece and not self._lost:
            if self._inbox.full():
                self.hang_up("nobody reads")
            else:
                self._inbox.put_nowait(piece)


class MemoryOutlet:
    """A device reached inside the process. The first connection is bent as asked; after an unplugging wire, whole ones."""

    def __init__(self, socket: Socket, bend: Bend | None = None) -> None:
        self._socket = socket
        self._bend = bend or Bend()
        self._wires: list[MemoryWire] = []
        self._plugged = True

    @property
    def address(self) -> str:
        return "memory:"

    async def dial(self) -> Wire:
        if not self._plugged:
            raise WireLost("unplugged")
        wire = MemoryWire(self._socket, self._bend)
        if self._bend.temper is Temper.UNPLUGGED:
            self._bend = Bend(Temper.WHOLE)
        self._wires = [wire]
        return wire

    async def start(self) -> None:
        """Nothing to do: memory is always there."""

    async def stop(self) -> None:
        self.unplug()

    def unplug(self) -> None:
        self._plugged = False
        self.cut_power()

    def plug(self) -> None:
        self._plugged = True

    def cut_power(self) -> None:
        for wire in self._wires:
            wire.hang_up("unplugged")
