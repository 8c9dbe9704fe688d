"""A wire over a WebSocket: each message a line of text. For devices behind a vendor's XFS4IoT service."""

import aiohttp

from drivers.transport.wire import Dial, WireLost

BEAT_S = 20.0
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
END = b"\n"


class WebSocketWire:
    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._session = session
        self._socket = socket
        self._unsent = bytearray()

    async def write(self, data: bytes) -> None:
        self._unsent += data
        while (end := self._unsent.find(END)) >= 0:
            text = self._unsent[:end].decode("utf-8", errors="replace")
            del self._unsent[: end + 1]
            try:
                await self._socket.send_str(text)
            except (aiohttp.ClientError, OSError) as error:
                raise WireLost(str(error)) from error

    async def read(self) -> bytes:
        while True:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                return str(message.data).replace("\n", " ").encode() + END
            if message.type is aiohttp.WSMsgType.BINARY:
                return bytes(message.data) + END
            raise WireLost("the service closed the connection")

    async def close(self) -> None:
        await self._socket.close()
        await self._session.close()


def dial_websocket(url: str, token: str | None = None) -> Dial:
    """`token` is shown as `Authorization: Bearer`, where the service wants one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def dial() -> WebSocketWire:
        session = aiohttp.ClientSession(headers=headers)
        try:
            socket = await session.ws_connect(url, heartbeat=BEAT_S, max_msg_size=MESSAGE_BYTES_MAX)
        except BaseException as error:
            await session.close()
            if isinstance(error, aiohttp.ClientError | OSError):
                raise WireLost(f"{url}: {error}") from error
            raise
        return WebSocketWire(session, socket)

    return dial
