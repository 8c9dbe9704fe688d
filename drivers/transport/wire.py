"""What every wire is to a driver.

A wire is born connected, by a `Dial`, and dies once. Its death is told by `WireLost` from whatever was being awaited, and
from everything asked of it afterwards. Nobody resurrects a wire: the supervisor has the device dial anew.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

CHUNK_BYTES_MAX: Final = 4096
"""At most so much is read from a wire at once."""


class WireLost(Exception):
    """The connection is gone, or could not be made; the text says why, for the log."""


class Wire(Protocol):
    async def write(self, data: bytes) -> None:
        """Hand all of it to the wire. Raises `WireLost`; then nobody knows how much got through."""
        ...

    async def read(self) -> bytes:
        """The next bytes, at least one. Raises `WireLost`."""
        ...

    async def close(self) -> None:
        """Hang up; never raises. Whoever reads gets `WireLost`."""
        ...


Dial = Callable[[], Awaitable[Wire]]
"""Connect anew. Raises `WireLost`. The caller limits how long it may take."""
