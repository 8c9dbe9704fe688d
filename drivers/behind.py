"""A device behind another device of the branch: the cash drawer in a printer's socket. Its address is `device://printer-1`.

Its wire is the other device itself, asked as any program would ask it (`drivers.xfs_service`), in lines of the envelope, and
with the words of its own interface only. So whoever hangs behind has no bytes of its own, waits its turn in the other's queue,
and is away when the other is. A device that is replaced takes the wires behind it along; they are dialled anew.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from drivers.api import Device
from drivers.envelope import Vocabulary
from drivers.transport.inbox import Inbox
from drivers.transport.wire import Dial, WireLost
from drivers.xfs_service import LineService

SCHEME: Final = "device"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")

Neighbour = Callable[[str], Device | None]
"""The device of that name, as it is now; None where there is none."""


def alone(_: str) -> None:
    """There are no other devices."""


def host_of(address: str) -> str | None:
    """The name of the device behind which this address lies; None for an address of any other kind."""
    parts = urlsplit(address)
    return parts.netloc if parts.scheme == SCHEME and _NAME.fullmatch(parts.netloc) and not parts.path else None


class _Behind:
    """A wire; its other end is a conversation with the host."""

    def __init__(self, find: Callable[[], Device | None], host: Device, words: Vocabulary) -> None:
        self._find = find
        self._host = host
        self._inbox = Inbox()
        self._service = LineService(host, words, self._inbox.put)

    async def write(self, data: bytes) -> None:
        if self._find() is not self._host:
            self._inbox.end("the device before it was replaced")
        if self._inbox.ended is not None:
            raise WireLost(self._inbox.ended)
        self._service.receive(data)

    async def read(self) -> bytes:
        return await self._inbox.read()

    async def close(self) -> None:
        self._inbox.end("closed")
        await self._service.close()


def dial_behind(find: Callable[[], Device | None], words: Vocabulary) -> Dial:
    """`find` is asked anew at each connection, and whether the answer still holds at each word."""

    async def dial() -> _Behind:
        host = find()
        if host is None:
            raise WireLost("there is no device of that name")
        return _Behind(find, host, words)

    return dial
