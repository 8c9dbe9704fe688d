"""What every wire is to a driver.

A wire is born connected, by a `Dial`, and dies once. Its death is told by `WireLost` from whatever was being awaited, and
from everything asked of it afterwards. Nobody resurrects a wire: the supervisor has the device dial anew.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

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


PAPER_EMPTY: Final = 0x20
SELECTED: Final = 0x10
NO_ERROR: Final = 0x08


@dataclass(frozen=True, slots=True)
class PortStatus:
    """What the lines of a printer's port say. Some printers hold them still whatever happens: a hint, never a proof."""

    paper_empty: bool
    selected: bool
    error: bool

    @classmethod
    def of(cls, lines: int) -> "PortStatus":
        """From the status byte of a parallel port, which USB printers still have (USB printer class, GET_PORT_STATUS)."""
        return cls(bool(lines & PAPER_EMPTY), bool(lines & SELECTED), not lines & NO_ERROR)


@runtime_checkable
class PrinterPort(Protocol):
    """A wire with status lines beside the bytes: `/dev/usb/lp`, and raw USB to a printer."""

    async def status(self) -> PortStatus | None:
        """How the lines are now; None where this device turns out to have none. Raises `WireLost`."""
        ...


Dial = Callable[[], Awaitable[Wire]]
"""Connect anew. Raises `WireLost`. The caller limits how long it may take."""
