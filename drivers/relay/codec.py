"""What is said to a relay and what it says back. Pure."""

from dataclasses import dataclass
from typing import Protocol

from drivers import modbus
from drivers.framing import Frames
from drivers.interfaces.barrier import Position
from drivers.modbus import Function
from drivers.relay.traits import ModbusRelay, PlainRelay, RelayTraits


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the relay."""

    sender: int | None
    accepted: bool
    position: Position | None
    """Of an answer about the contact."""
    raw: bytes


class Tongue(Protocol):
    def switch(self, *, on: bool) -> bytes: ...

    def question(self) -> bytes:
        """What it can be asked without moving anything; empty where it answers nothing."""
        ...

    def receive(self, data: bytes) -> list[Reply | bytes]: ...

    def flush(self) -> list[Reply | bytes]: ...


def tongue(traits: RelayTraits) -> Tongue:
    if traits.modbus is not None:
        return ModbusTongue(traits.modbus)
    return PlainTongue(traits.plain or PlainRelay(on="00", off="00"))


class ModbusTongue:
    def __init__(self, traits: ModbusRelay) -> None:
        self._traits = traits
        self._answers = Frames(modbus.read_answer)

    def switch(self, *, on: bool) -> bytes:
        return modbus.write_coil(self._traits.slave, self._traits.coil, on=on)

    def question(self) -> bytes:
        """The contact; without one, the coil is told to stay as it rests, which every relay answers."""
        if self._traits.contact is None:
            return self.switch(on=False)
        return modbus.read_inputs(self._traits.slave, self._traits.contact)

    def receive(self, data: bytes) -> list[Reply | bytes]:
        return [self._understood(item) for item in self._answers.receive(data)]

    def flush(self) -> list[Reply | bytes]:
        return [self._understood(item) for item in self._answers.flush()]

    def _understood(self, item: modbus.Answer | bytes) -> Reply | bytes:
        if isinstance(item, bytes):
            return item
        position = None
        if item.function == Function.READ_INPUTS and not item.refused and len(item.data) > 1:
            is_open = bool(item.data[1] & 1) is self._traits.contact_when_open
            position = Position.OPEN if is_open else Position.CLOSED
        return Reply(item.slave, not item.refused, position, item.raw)


class PlainTongue:
    """Fixed bytes; whatever comes back is noise."""

    def __init__(self, traits: PlainRelay) -> None:
        self._frames = {True: bytes.fromhex(traits.on), False: bytes.fromhex(traits.off)}

    def switch(self, *, on: bool) -> bytes:
        return self._frames[on]

    def question(self) -> bytes:
        return b""

    def receive(self, data: bytes) -> list[Reply | bytes]:
        return [data] if data else []

    def flush(self) -> list[Reply | bytes]:
        return []
