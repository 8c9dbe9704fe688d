"""Printers for tests: the emulator in memory, and one that only does what a test tells it to."""

from collections.abc import Callable
from datetime import UTC, datetime

from drivers import profiles
from drivers.api import Event
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.lettering import Lettering
from drivers.profiles import Profile
from drivers.transport.memory import Bend, MemoryOutlet
from drivers.transport.outlet import HostEnd

PROFILES = profiles.load()
STRONG = PROFILES["generic.escpos-80mm"]
WEAK = PROFILES["xprinter.xp-80"]
SMALL = PROFILES["generic.escpos-58mm"]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def noon() -> datetime:
    return NOON


def emulated(
    profile: Profile = STRONG, bend: Bend | None = None, lettering: Lettering | None = None
) -> tuple[EscposPrinter, EscposEmulator, MemoryOutlet]:
    """A driver that draws with `lettering`, its printer and the wire between them; not yet open."""
    emulator = EscposEmulator(profile, clock=noon)
    outlet = emulator.in_memory(bend)
    return EscposPrinter("printer-1", profile, outlet.dial, lettering), emulator, outlet


class ScriptedPrinter:
    """Answers each thing it hears by a rule: the bytes that are looked for, and what to send when they come."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.heard = bytearray()
        self._answer = answer
        self._host: HostEnd | None = None

    def plug_in(self, host: HostEnd) -> "ScriptedPrinter":
        self._host = host
        return self

    def receive(self, data: bytes) -> None:
        self.heard += data
        self.say(self._answer(data))

    def say(self, data: bytes) -> None:
        if self._host is not None and data:
            self._host.reply(data)

    def pull_out(self) -> None:
        self._host = None


def scripted(answer: Callable[[bytes], bytes], profile: Profile = STRONG) -> tuple[EscposPrinter, ScriptedPrinter]:
    printer = ScriptedPrinter(answer)
    return EscposPrinter("printer-1", profile, MemoryOutlet(printer).dial), printer


class Hearing:
    """An `on_event` that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def __call__(self, event: Event) -> None:
        self.events.append(event)

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]
