"""An emulated relay and the thing it opens: a barrier that comes down by itself, or a drawer that somebody pushes shut."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from drivers import modbus
from drivers.emulation import Emulator, Hand, OutputKind, hand
from drivers.framing import Frames
from drivers.modbus import COIL_ON, Function
from drivers.profiles import Profile
from drivers.relay.traits import ModbusRelay, RelayTraits

BARRIER_UP_S: Final = 8.0
HEARD_BYTES_MAX: Final = 256


class RelayEmulator(Emulator):
    """One relay."""

    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._traits = profile.section(RelayTraits)
        self._requests = Frames(modbus.read_request)
        self._heard = b""
        self.closed_circuit = False
        """The relay's own contact."""
        self.is_open = False
        self._stuck = False

    def receive(self, data: bytes) -> None:
        if self._traits.echo:
            self.say(data)
        if self._traits.modbus is not None:
            for request in self._requests.receive(data):
                if isinstance(request, modbus.Answer) and request.slave == self._traits.modbus.slave:
                    self._obey(self._traits.modbus, request)
        elif self._traits.plain is not None:
            self._heard = (self._heard + data)[-HEARD_BYTES_MAX:]
            for on, frame in ((True, self._traits.plain.on), (False, self._traits.plain.off)):
                if self._heard.endswith(bytes.fromhex(frame)):
                    self._switch(on=on)
                    self._heard = b""

    def hands(self) -> Mapping[str, Hand]:
        return {
            "open_by_hand": hand(partial(self._move, is_open=True)),
            "shut": hand(partial(self._move, is_open=False)),
            "block": hand(partial(self._block, stuck=True)),
            "unblock": hand(partial(self._block, stuck=False)),
        }

    def lose_power(self) -> None:
        self.closed_circuit = False

    def _obey(self, relay: ModbusRelay, request: modbus.Answer) -> None:
        where, value = int.from_bytes(request.data[:2], "big"), int.from_bytes(request.data[2:4], "big")
        if request.function == Function.WRITE_COIL and where == relay.coil:
            self._switch(on=value == COIL_ON)
            self.reply(request.raw)
        elif request.function == Function.READ_INPUTS and where == relay.contact:
            says = self.is_open is relay.contact_when_open
            self.reply(modbus.frame(relay.slave, Function.READ_INPUTS, bytes([1, int(says)])))
        else:
            self.reply(modbus.frame(relay.slave, request.function | 0x80, b"\x02"))

    def _switch(self, *, on: bool) -> None:
        if on and not self.closed_circuit:
            self.produce(OutputKind.SIGNAL, f"{self._traits.serves}: pulse", complete=not self._stuck)
            if not self._stuck:
                self._move(is_open=True)
                if self._traits.serves == "barrier":
                    asyncio.get_running_loop().call_later(BARRIER_UP_S, partial(self._move, is_open=False))
        self.closed_circuit = on

    def _move(self, *, is_open: bool) -> None:
        self.is_open = is_open

    def _block(self, *, stuck: bool) -> None:
        self._stuck = stuck
