"""The line to head office as a thing one can cut: a TCP proxy with a switch, a rate, a delay and a stall.

The sandbox puts it between a branch and head office, so that the WAN can be cut on the device bench; the tests use the
same object. Cutting refuses new connections and resets those that stand, as a dead line does. Stalling keeps them open
and moves no byte, as a dead radio cell does.
"""

import asyncio
import contextlib
import socket
import struct

CHUNK_BYTES = 16 * 1024
MAX_CONNECTIONS = 256
CONNECT_TIMEOUT_S = 10.0

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Line:
    """Listens on `host:port` (port 0: any) and forwards to `target`; up at first."""

    def __init__(self, target: tuple[str, int], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.target = target
        self.rate_bytes_s: float | None = None
        """Each direction of each connection; None: as fast as it goes."""
        self.delay_s = 0.0
        """Added to each chunk on its way."""
        self.forwarded_bytes = 0
        """Both directions, since the start."""
        self._listen = (host, port)
        self._up = True
        self._moving = asyncio.Event()
        self._moving.set()
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def up(self) -> bool:
        return self._up

    @property
    def url(self) -> str:
        """Where the near side connects. Only while started."""
        return f"http://{self._listen[0]}:{self._listen[1]}"

    async def start(self) -> None:
        await self._begin_listening()

    async def stop(self) -> None:
        self._stop_listening()
        self._moving.set()
        while self._connections:
            self._reset_all()
            await asyncio.wait(self._connections)

    async def set_up(self, up: bool) -> None:  # noqa: FBT001 -- the switch itself
        """Cut the line or mend it. Both are done when this returns."""
        if up == self._up:
            return
        self._up = up
        if up:
            await self._begin_listening()
        else:
            self._stop_listening()
            self._reset_all()

    def stall(self) -> None:
        """No byte moves until `resume`; connections stand."""
        self._moving.clear()

    def resume(self) -> None:
        self._moving.set()

    async def _begin_listening(self) -> None:
        host, port = self._listen
        self._server = await asyncio.start_server(self._connected, host, port, reuse_address=True)
        self._listen = (host, self._server.sockets[0].getsockname()[1])

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _reset_all(self) -> None:
        for writer in self._ends:
            _reset(writer)

    def _connected(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if not self._up or len(self._connections) >= MAX_CONNECTIONS:
            _reset(near)
            return
        connection = asyncio.create_task(self._carry(reader, near))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _carry(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self._ends.add(near)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                far_reader, far = await asyncio.open_connection(*self.target)
        except (OSError, TimeoutError):
            _reset(near)
        else:
            self._ends.add(far)
            if self._up:
                await asyncio.gather(self._pump(near_reader, far), self._pump(far_reader, near))
            _reset(far)
            self._ends.discard(far)
        finally:
            self._ends.discard(near)
            near.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Forward until the source ends or either side is reset."""
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK_BYTES):
                await self._moving.wait()
                pause_s = self.delay_s + (len(chunk) / self.rate_bytes_s if self.rate_bytes_s else 0.0)
                if pause_s:
                    await asyncio.sleep(pause_s)
                sink.write(chunk)
                await sink.drain()
                self.forwarded_bytes += len(chunk)
        if sink.can_write_eof() and not sink.is_closing():
            with contextlib.suppress(OSError):
                sink.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of a farewell: what a broken line looks like."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
