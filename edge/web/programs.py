"""The devices of the branch for other programs on the LAN: `/xfs4iot/v1.0/` and `/xfs4iot/v1.0/{device}`, WebSockets.

XFS4IoT-style, not certified. Whoever connects shows an enrolled token whose role has the permission `devices.drive`; on the
guests' listener the addresses do not exist. A program that does not read what it is told is cut off, so is one that talks
too much; a token that ends closes its connections.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from drivers.api import Device
from drivers.envelope import MESSAGE_BYTES_MAX, Vocabulary
from drivers.xfs_service import Conversation, publisher
from edge.kernel.domain import Rejected
from edge.web import permissions
from edge.web.door import Turnstile
from edge.web.gatekeeper import PROTOCOL, Gatekeeper
from edge.web.principal import Kind, Principal

ROOT: Final = "/xfs4iot/v1.0/"
PERMISSION: Final = "devices.drive"
CONNECTIONS_MAX: Final = 16
UNREAD_MAX: Final = 256
"""Messages that a program may leave unread."""
BEAT_S: Final = 20.0
CLOSE_S: Final = 5.0


class Offered(Protocol):
    """The devices that programs may use."""

    def services(self) -> Mapping[str, tuple[Device, Vocabulary]]: ...


class Programs:
    """All connections of programs."""

    def __init__(self, offered: Offered) -> None:
        self._offered = offered
        self._sockets: dict[web.WebSocketResponse, Principal] = {}
        self._goodbyes: set[asyncio.Task[bool]] = set()

    def mount(self, app: web.Application, gatekeeper: Gatekeeper, turnstile: Turnstile) -> None:
        """Add the addresses to the branch's application."""

        async def publish(request: web.Request) -> web.StreamResponse:
            who = await _admit(request, gatekeeper, turnstile)
            base = f"ws://{request.host}{ROOT}"
            async with self._connected(request, who) as socket:
                async for message in socket:
                    if message.type is WSMsgType.TEXT:
                        names = {name: f"{base}{name}" for name in self._offered.services()}
                        await socket.send_str(publisher(message.data, names).decode())
            return socket

        async def serve(request: web.Request) -> web.StreamResponse:
            who = await _admit(request, gatekeeper, turnstile)
            found = self._offered.services().get(request.match_info["device"])
            if found is None:
                raise Rejected("unknown_device", device=request.match_info["device"])
            async with self._connected(request, who) as socket:
                await _converse(socket, *found)
            return socket

        app.router.add_get(ROOT, publish, allow_head=False)
        app.router.add_get(ROOT + "{device}", serve, allow_head=False)

    def drop(self, credential: bytes) -> None:
        """Close the connections that were opened with this token: it has ended."""
        for socket, who in self._sockets.items():
            if who.credential == credential:
                goodbye = asyncio.get_running_loop().create_task(
                    socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"token ended")
                )
                self._goodbyes.add(goodbye)
                goodbye.add_done_callback(self._goodbyes.discard)

    @asynccontextmanager
    async def _connected(self, request: web.Request, who: Principal) -> AsyncIterator[web.WebSocketResponse]:
        socket: web.WebSocketResponse = web.WebSocketResponse(
            protocols=(PROTOCOL,), heartbeat=BEAT_S, compress=False, max_msg_size=MESSAGE_BYTES_MAX, timeout=CLOSE_S
        )
        if not socket.can_prepare(request):
            raise Rejected("upgrade_required")
        if len(self._sockets) >= CONNECTIONS_MAX:
            raise Rejected("too_many_programs")
        self._sockets[socket] = who
        try:
            await socket.prepare(request)
            yield socket
        finally:
            del self._sockets[socket]
            if not socket.closed and request.transport is not None:
                request.transport.abort()


async def _admit(request: web.Request, gatekeeper: Gatekeeper, turnstile: Turnstile) -> Principal:
    who = await gatekeeper.identify(request, public=False)
    turnstile.pass_through(who.kind, who.owner)
    if who.kind is Kind.ANONYMOUS:
        raise Rejected("unauthenticated")
    permissions.check(who.permissions, PERMISSION)
    return who


async def _converse(socket: web.WebSocketResponse, device: Device, words: Vocabulary) -> None:
    """Until the program goes. What it leaves unread ends the connection, and delays nobody."""
    unread: asyncio.Queue[bytes] = asyncio.Queue(UNREAD_MAX)
    overflown = asyncio.Event()

    def say(message: bytes) -> None:
        if unread.full():
            overflown.set()
        else:
            unread.put_nowait(message)

    conversation = Conversation(device, words, say)
    loop = asyncio.get_running_loop()
    tasks = {
        loop.create_task(_send(socket, unread)),
        loop.create_task(_listen(socket, conversation)),
        loop.create_task(overflown.wait()),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await conversation.close()


async def _send(socket: web.WebSocketResponse, unread: "asyncio.Queue[bytes]") -> None:
    while True:
        await socket.send_str((await unread.get()).decode())


async def _listen(socket: web.WebSocketResponse, conversation: Conversation) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            conversation.received(message.data)
