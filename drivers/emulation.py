"""What every emulated device is: a machine that speaks its own bytes, and hands that do things to it.

A family's emulator derives from `Emulator` and says three things: what to do with bytes (`receive`), which hands there are
(`hands`), and what came out (`produce`). Where it is reached, who is answered, and what unplugging and power cuts do to its
wires is here, once.

Unplugging and power are different things, as they are in life: without its cable a device keeps what it has and goes on;
without power it forgets (`lose_power`).

Emulators are how drivers are tested and how the demo's bench works; they are never in the path of a real device.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol, Self, runtime_checkable

import msgspec

from drivers.profiles import Profile
from drivers.transport.address import outlet_for
from drivers.transport.memory import Bend, MemoryOutlet
from drivers.transport.outlet import HostEnd, Outlet

PRODUCED_MAX: Final = 100
"""An emulator's output beyond this forgets its oldest."""

Parameters = Mapping[str, Any]
"""What an action is given: JSON, checked against the hand's own `takes`."""


class UnknownAction(Exception):
    """No hand can do that to this device."""


class BadParameters(Exception):
    """An action exists and was given something it cannot use; the text names the key at fault."""


class OutputKind(StrEnum):
    """What comes out of devices, as the bench shows it."""

    SLIP = "slip"
    PAGE = "page"
    SPEECH = "speech"
    MESSAGE = "message"
    SIGN = "sign"
    """Lettering on a board of lights."""
    PROMPT = "prompt"
    """Something on a device's own screen."""
    SIGNAL = "signal"
    """A lamp, a beep, a relay, a drawer that opens."""


class Produced(Protocol):
    """Something that came out of a device."""

    @property
    def kind(self) -> OutputKind: ...

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


@runtime_checkable
class Updatable(Protocol):
    """An emulator that takes new firmware."""

    def package(self, version: str) -> bytes:
        """An update that brings it to this version."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """Output that is text and nothing more."""

    kind: OutputKind
    n: int
    at: datetime
    text: str
    complete: bool = True


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action without parameters."""


@dataclass(frozen=True, slots=True)
class Hand:
    """One thing that can be done to a device, and the Struct of its parameters, whose defaults are the usual case."""

    do: Callable[[Any], None]
    takes: type[msgspec.Struct] = Nothing


def hand(do: Callable[[], None]) -> Hand:
    """A hand that needs to be told nothing."""
    return Hand(lambda _: do())


class Emulator(ABC):
    """One device, reached through any number of outlets."""

    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        self.profile = profile
        self.clock = clock or _utc_now
        self._outlets: list[Outlet] = []
        self._connected: list[_Line] = []
        self._produced: deque[Produced] = deque(maxlen=PRODUCED_MAX)
        self._produced_n = 0
        self._quiet = False

    # What a family says.

    @abstractmethod
    def receive(self, data: bytes) -> None:
        """Take bytes in from whoever is connected; must not raise, whatever they are."""

    @abstractmethod
    def hands(self) -> Mapping[str, Hand]:
        """What can be done to it besides pulling its plug and cutting its power; the same names always."""

    def lose_power(self) -> None:  # noqa: B027 -- most devices have nothing to forget
        """Forget what a power cut forgets."""

    def attached(self) -> None:  # noqa: B027 -- most devices do not notice
        """A host has connected; some devices greet it."""

    # Where it can be reached.

    def listen(self, address: str) -> None:
        """Be reachable at `tcp://127.0.0.1:0` or `serial:///path` once started. Raises `AddressError`."""
        self._outlets.append(outlet_for(address, self))

    def on_tcp(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """`listen`, to be chained; port 0 takes a free one."""
        self.listen(f"tcp://{host}:{port}")
        return self

    def on_pty(self, link: Path) -> Self:
        """`listen`, to be chained; `link` is the name of the port."""
        self.listen(f"serial://{link.absolute()}")
        return self

    def in_memory(self, bend: Bend | None = None) -> MemoryOutlet:
        outlet = MemoryOutlet(self, bend)
        self._outlets.append(outlet)
        return outlet

    @property
    def address(self) -> str:
        """Where a driver reaches it: the first place it listens at; known once started."""
        return self._outlets[0].address

    @property
    def addresses(self) -> Sequence[str]:
        """Every place it listens at."""
        return tuple(outlet.address for outlet in self._outlets)

    async def start(self) -> None:
        for outlet in self._outlets:
            await outlet.start()

    async def stop(self) -> None:
        for outlet in self._outlets:
            await outlet.stop()

    # What can be done to it, and what comes of it.

    @property
    def actions(self) -> Sequence[str]:
        return tuple(self._all_hands())

    def form(self, action: str) -> type[msgspec.Struct]:
        """The parameters an action takes. Raises `UnknownAction`."""
        return self._hand(action).takes

    def act(self, action: str, parameters: Parameters | None = None) -> None:
        """Do something to it. Raises `UnknownAction`, `BadParameters`."""
        chosen = self._hand(action)
        try:
            wish = msgspec.convert(dict(parameters or {}), chosen.takes)
        except msgspec.ValidationError as error:
            raise BadParameters(f"{action}: {error}") from error
        chosen.do(wish)

    def output(self) -> Sequence[Produced]:
        """What it produced, oldest first; the oldest are forgotten past a limit."""
        return tuple(self._produced)

    def hush(self, quiet: bool) -> None:  # noqa: FBT001 -- reads as a sentence at the call
        """Receive and do everything, and answer nothing; or answer again."""
        self._quiet = quiet

    def say(self, data: bytes) -> None:
        """Put bytes on the wire, hushed or not. Whoever spoke last hears them: a device has one voice."""
        if self._connected:
            self._connected[-1].host.reply(data)

    # For families.

    def reply(self, data: bytes) -> None:
        """Answer whoever spoke last."""
        if not self._quiet:
            self.say(data)

    def produce(self, kind: OutputKind, text: str, *, complete: bool = True) -> None:
        """Text came out of it."""
        self.put_out(Said(kind, self.next_n(), self.clock(), text, complete))

    def next_n(self) -> int:
        """The number of the next thing that comes out."""
        self._produced_n += 1
        return self._produced_n

    def put_out(self, thing: Produced) -> None:
        self._produced.append(thing)

    def hold_wires(self) -> None:
        """Take no more bytes until `free_wires`: the buffer is full."""
        for line in self._connected:
            line.host.pause()

    def free_wires(self) -> None:
        for line in tuple(self._connected):
            line.host.resume()

    def cut_power(self) -> None:
        """Off and on again."""
        self.lose_power()
        for outlet in self._outlets:
            outlet.cut_power()

    # From its connections.

    def plug_in(self, host: HostEnd) -> "_Line":
        line = _Line(self, host)
        self._connected.append(line)
        self.attached()
        return line

    def heard(self, line: "_Line", data: bytes) -> None:
        self._connected.remove(line)
        self._connected.append(line)
        self.receive(data)

    def gone(self, line: "_Line") -> None:
        self._connected.remove(line)

    def _hand(self, action: str) -> Hand:
        hands = self._all_hands()
        if action not in hands:
            raise UnknownAction(action)
        return hands[action]

    def _all_hands(self) -> Mapping[str, Hand]:
        always = {"power_cycle": hand(self.cut_power), "unplug": hand(self._unplug), "plug": hand(self._plug)}
        return {**always, **self.hands()}

    def _unplug(self) -> None:
        for outlet in self._outlets:
            outlet.unplug()

    def _plug(self) -> None:
        for outlet in self._outlets:
            outlet.plug()


class _Line:
    """One connection to the device."""

    def __init__(self, device: Emulator, host: HostEnd) -> None:
        self.host = host
        self._device = device
        self._gone = False

    def receive(self, data: bytes) -> None:
        if not self._gone:
            self._device.heard(self, data)

    def pull_out(self) -> None:
        if not self._gone:
            self._gone = True
            self._device.gone(self)


def _utc_now() -> datetime:
    return datetime.now(UTC)
