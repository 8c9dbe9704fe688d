"""One live connection: its backlog, and the task that sends it. Nothing that feeds it ever waits for it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from aiohttp import WSMsgType, web

from edge.web.backlog import Backlog
from edge.web.feed import Plan
from edge.web.limits import LiveLimits
from edge.web.principal import Principal


class Client:
    """A client that has shown who it is."""

    def __init__(self, request: web.Request, who: Principal, plan: Plan, limits: LiveLimits) -> None:
        self.who = who
        self.plan = plan
        self.closing = False
        self._transport = request.transport
        self._now_s = asyncio.get_running_loop().time
        self._limits = limits
        self._backlog = Backlog(messages_max=limits.backlog_messages_max, bytes_max=limits.backlog_bytes_max)
        self._wake = asyncio.Event()
        self._sending_since_s: float | None = None
        self.socket: web.WebSocketResponse = web.WebSocketResponse(
            protocols=("branchbox",),
            heartbeat=limits.beat_s,
            compress=False,  # costs 75 MB and twice the CPU with 500 clients, for messages of 300 bytes
            max_msg_size=limits.message_bytes_max,
            timeout=limits.close_s,
        )

    def push(self, message: bytes, reset: Callable[[], bytes], *, key: str = "") -> None:
        """Queue a message. Where it does not fit, the backlog is dropped for `reset()`: fetch the views anew."""
        if not self._backlog.add(message, key=key):
            self._backlog.restart(reset())
        self._wake.set()

    def push_all(self, messages: Sequence[bytes], reset: Callable[[], bytes]) -> None:
        """Queue facts that were announced together; a reset that becomes necessary on the way stands for all of them."""
        if not all(map(self._backlog.add, messages)):
            self._backlog.restart(reset())
        self._wake.set()

    def restart(self, reset: bytes) -> None:
        self._backlog.restart(reset)
        self._wake.set()

    async def send(self, message: bytes) -> None:
        """Send now, before anything in the backlog. Raises ConnectionError where the client has gone."""
        self._sending_since_s = self._now_s()
        await self.socket.send_frame(message, WSMsgType.TEXT)
        self._sending_since_s = None

    async def send_backlog(self) -> None:
        """Send what comes, for ever. Raises ConnectionError where the client has gone."""
        while True:
            message = self._backlog.take()
            if message is None:
                await self._wake.wait()
                self._wake.clear()
            else:
                await self.send(message)

    @property
    def stalled(self) -> bool:
        """Whether it has taken nothing for too long."""
        since_s = self._sending_since_s
        return since_s is not None and self._now_s() - since_s > self._limits.stalled_s

    def cut(self) -> None:
        """End the connection without asking, also with unsent bytes: a plain close would wait for those for ever."""
        self.closing = True
        if self._transport is not None:
            self._transport.abort()

    async def dismiss(self, code: int, reason: bytes) -> None:
        """Say goodbye, then end the connection."""
        self.closing = True
        with suppress(TimeoutError):  # a stalled client cannot even be told
            async with asyncio.timeout(self._limits.close_s):
                await self.socket.close(code=code, message=reason)
        self.cut()
