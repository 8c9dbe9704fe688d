"""What every emulated device is: a machine that speaks its own bytes, and hands that do things to it.

Emulators are how drivers are tested and how the demo's bench works; they are never in the path of a real device.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

Parameters = Mapping[str, int | str | bool]


class UnknownAction(Exception):
    """No hand can do that to this device."""


class Produced(Protocol):
    """Something that came out of a device: a slip, a spoken call, a message."""

    @property
    def n(self) -> int:
        """From 1, in order."""
        ...

    @property
    def at(self) -> datetime: ...

    @property
    def text(self) -> str: ...

    @property
    def complete(self) -> bool:
        """Whole, as it was asked for."""
        ...


@runtime_checkable
class Pictured(Produced, Protocol):
    """Something that can be looked at."""

    def png(self) -> bytes:
        """Drawn when asked, in tens of milliseconds: call it in a thread. Raises `FontMissing`."""
        ...


class Emulator(Protocol):
    @property
    def address(self) -> str:
        """Where a driver reaches it: the first place it listens at; known once started."""
        ...

    def listen(self, address: str) -> None:
        """Be reachable at `tcp://127.0.0.1:0` or `serial:///path` once started. Raises `AddressError`."""
        ...

    @property
    def actions(self) -> Sequence[str]: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def act(self, action: str, parameters: Parameters | None = None) -> None:
        """Do something to it. Raises `UnknownAction`."""
        ...

    def output(self) -> Sequence[Produced]:
        """What it produced, oldest first; the oldest are forgotten past a limit."""
        ...
