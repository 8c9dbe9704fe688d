"""An emulated bus of call keypads: a teller presses keys (`press`), and a display shows what it is told.

A keypad repeats a press until it is acknowledged, and keeps a few; what does not fit is lost, as it is in life. What a display
shows is its output, as `[address] text`, once per change.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

import msgspec

from drivers.call_keypad.codec import Frame, Tongue, build
from drivers.call_keypad.traits import CallKeypadTraits, KeyCap
from drivers.emulation import BadParameters, Emulator, Hand, OutputKind
from drivers.interfaces.call_unit import UnitAddress
from drivers.profiles import Profile

WAITING_MAX: Final = 4
_SEQUENCES: Final = 256


class OneUnit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which keypad a hand touches."""

    unit: UnitAddress = 1


class PressedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which key of which keypad, and how often."""

    unit: UnitAddress = 1
    key: KeyCap = KeyCap.NEXT
    times: Annotated[int, msgspec.Meta(ge=1, le=4)] = 1


@dataclass
class _Unit:
    powered: bool = True
    text: str = ""
    sequence: int = 0
    waiting: deque[tuple[int, int]] = field(default_factory=deque)
    """Sequence number and key of presses that nobody has acknowledged."""


class CallEmulator(Emulator):
    """All keypads of one bus."""

    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._traits = traits = profile.section(CallKeypadTraits)
        self._codes = traits.commands
        self._requests = Tongue()
        self._key_codes = {cap: int(code, 16) for code, cap in traits.keys.items()}
        first, last = traits.units
        self.units = {unit: _Unit() for unit in range(first, last + 1)}

    def attached(self) -> None:
        self._requests.flush()

    def lose_power(self) -> None:
        self.units = {number: _Unit(powered=unit.powered) for number, unit in self.units.items()}

    def receive(self, data: bytes) -> None:
        if self._traits.echo:
            self.say(data)
        for item in self._requests.receive(data):
            if isinstance(item, Frame) and item.sender in self.units and self.units[item.sender].powered:
                self._obey(self.units[item.sender], item)

    def hands(self) -> Mapping[str, Hand]:
        return {
            "press": Hand(self._press, PressedKey),
            "unit_off": Hand(self._off, OneUnit),
            "unit_on": Hand(self._on, OneUnit),
        }

    def _obey(self, unit: _Unit, request: Frame) -> None:
        codes = self._codes
        if request.command == codes.seen and unit.waiting and request.data == bytes([unit.waiting[0][0]]):
            unit.waiting.popleft()
        if request.command == codes.show:
            self._show(request.sender, unit, request.data)
        if request.command == codes.beep:
            self.produce(OutputKind.SIGNAL, f"[{request.sender}] beep")
        if request.command in (codes.show, codes.beep):
            self.reply(build(request.sender, codes.done))
        elif request.command in (codes.poll, codes.seen):
            self.reply(self.answer(request.sender))

    def answer(self, number: int) -> bytes:
        """What a keypad that is asked says about its keys."""
        waiting = self.units[number].waiting
        if waiting:
            return build(number, self._codes.pressed, bytes(waiting[0]))
        return build(number, self._codes.idle)

    def _show(self, number: int, unit: _Unit, data: bytes) -> None:
        text = data.decode("ascii", errors="replace").strip()
        if text != unit.text:
            unit.text = text
            self.produce(OutputKind.SIGN, f"[{number}] {text}")

    def _press(self, wish: PressedKey) -> None:
        unit = self._unit(wish.unit)
        if wish.key not in self._key_codes:
            raise BadParameters(f"press: this keypad has no key {wish.key}")
        for _ in range(wish.times if unit.powered else 0):
            if len(unit.waiting) < WAITING_MAX:
                unit.sequence = (unit.sequence + 1) % _SEQUENCES
                unit.waiting.append((unit.sequence, self._key_codes[wish.key]))

    def _off(self, which: OneUnit) -> None:
        self._unit(which.unit)
        self.units[which.unit] = _Unit(powered=False)

    def _on(self, which: OneUnit) -> None:
        self._unit(which.unit).powered = True

    def _unit(self, number: int) -> _Unit:
        if number not in self.units:
            raise BadParameters(f"unit: there is no keypad {number} on this bus")
        return self.units[number]
