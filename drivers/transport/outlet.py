"""The other end of a wire: where an emulated device is reached, over TCP, a pty or memory.

A device is a `Socket`; an outlet gives each connection a `Plug` into it. An outlet can be unplugged (connections die, new
ones are refused) and plugged again, and it knows what a power cut does to its kind of wire: a network printer drops its
connections, a serial line stays up and merely falls silent.
"""

import asyncio
import os
import tty
from pathlib import Path
from typing import Final, Protocol, cast

from drivers.transport.wire import CHUNK_BYTES_MAX

CONNECTIONS_MAX: Final = 16


class HostEnd(Protocol):
    """What a device may do to the connection that is plugged into it."""

    def reply(self, data: bytes) -> None: ...

    def pause(self) -> None:
        """Deliver no more until `resume`: the device's buffer is full."""
        ...

    def resume(self) -> None: ...


class Plug(Protocol):
    """One connection, from the device's side."""

    def receive(self, data: bytes) -> None: ...

    def pull_out(self) -> None:
        """The host is gone."""
        ...


class Socket(Protocol):
    """An emulated device."""

    def plug_in(self, host: HostEnd) -> Plug: ...


class Outlet(Protocol):
    @property
    def address(self) -> str:
        """What `drivers.transport.address` dials; known once started."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def unplug(self) -> None: ...

    def plug(self) -> None: ...

    def cut_power(self) -> None: ...


class _TcpConnection(asyncio.Protocol):
    def __init__(self, outlet: "TcpOutlet") -> None:
        self._outlet = outlet
        self._transport: asyncio.Transport | None = None
        self._plug: Plug | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._outlet.admit(self):
            transport.close()
            return
        # uvloop's transports have the methods of asyncio.Transport and are no instances of it.
        self._transport = cast("asyncio.Transport", transport)
        self._plug = self._outlet.socket.plug_in(self)

    def data_received(self, data: bytes) -> None:
        if self._plug is not None:
            self._plug.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # however it ended, it ended
        self._outlet.forget(self)
        if self._plug is not None:
            self._plug.pull_out()

    def reply(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class TcpOutlet:
    """A device on a TCP port. Unplugged, it hangs up on everybody; the port stays ours."""

    def __init__(self, socket: Socket, host: str = "127.0.0.1", port: int = 0) -> None:
        self.socket = socket
        self._host = host
        self._port = port
        self._plugged = True
        self._connections: set[_TcpConnection] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"tcp://{self._host}:{self._port}"

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _TcpConnection(self), self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.cut_power()
            await self._server.wait_closed()
            self._server = None

    def unplug(self) -> None:
        self._plugged = False
        self.cut_power()

    def plug(self) -> None:
        self._plugged = True

    def cut_power(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()

    def admit(self, connection: _TcpConnection) -> bool:
        if not self._plugged or len(self._connections) >= CONNECTIONS_MAX:
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: _TcpConnection) -> None:
        self._connections.discard(connection)


class PtyOutlet:
    """A device on a pseudo-terminal: a serial port to whoever opens it.

    The name of a pty changes with each plugging, as ttyUSB numbers do; `link` is a name that stays, as udev's are.
    """

    def __init__(self, socket: Socket, link: Path) -> None:
        self._socket = socket
        self._link = link
        self._ends: tuple[int, int] | None = None
        self._plug: Plug | None = None
        self._backlog = bytearray()

    @property
    def address(self) -> str:
        return f"serial://{self._link}"

    async def start(self) -> None:
        self.plug()

    async def stop(self) -> None:
        self.unplug()

    def plug(self) -> None:
        if self._ends is None:
            # Our own copy of the terminal's end keeps the line up while no driver has it open.
            device, terminal = self._ends = os.openpty()
            tty.setraw(terminal)
            os.set_blocking(device, False)
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(os.ttyname(terminal))
            self._plug = self._socket.plug_in(self)
            self.resume()

    def unplug(self) -> None:
        if self._ends is not None and self._plug is not None:
            self.pause()
            self._plug.pull_out()
            asyncio.get_running_loop().remove_writer(self._ends[0])
            for end in self._ends:
                os.close(end)
            self._ends = None
            self._backlog.clear()
            self._link.unlink(missing_ok=True)

    def cut_power(self) -> None:
        """The line has no power of its own."""

    def pause(self) -> None:
        if self._ends is not None:
            asyncio.get_running_loop().remove_reader(self._ends[0])

    def resume(self) -> None:
        if self._ends is not None:
            asyncio.get_running_loop().add_reader(self._ends[0], self._readable)

    def reply(self, data: bytes) -> None:
        """Answers that nobody reads are lost past what the line itself holds, as on a real one."""
        if self._ends is not None and len(self._backlog) < CHUNK_BYTES_MAX:
            self._backlog += data
            self._flush()

    def _readable(self) -> None:
        if self._ends is not None and self._plug is not None:
            self._plug.receive(os.read(self._ends[0], CHUNK_BYTES_MAX))

    def _flush(self) -> None:
        if self._ends is None:
            return
        device = self._ends[0]
        try:
            del self._backlog[: os.write(device, self._backlog)]
        except BlockingIOError:
            asyncio.get_running_loop().add_writer(device, self._flush)
            return
        asyncio.get_running_loop().remove_writer(device)
