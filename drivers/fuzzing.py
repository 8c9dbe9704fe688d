"""Any bytes from the other side: no driver breaks, hangs or grows of them, and no emulator does.

One input is put to a family three ways: to the emulator as if a host had sent it, to the driver while it greets, and to the
driver when it is at work. What a driver may do about rubbish is say so, and give the connection up by `DeviceError`. Anything
else that is raised is a bug. Time is virtual, so a hang shows as `NothingWillHappen` or as a time-out.

Run with hypothesis in `tests/drivers/test_fuzz.py`, and with coverage as a guide by `make fuzz`.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from drivers import virtualtime
from drivers.api import Device, DeviceError
from drivers.conformance import OPEN_TRIES_MAX, PATIENCE_S, NonConformance
from drivers.profiles import Profile
from drivers.registry import Family
from drivers.transport.memory import MemoryOutlet
from drivers.transport.outlet import HostEnd

WORK_S: Final = 10.0


@dataclass
class Babbler:
    """A device that answers everything with the same rubbish, once for each thing it hears, for a while."""

    rubbish: bytes
    left: int = 20
    host: HostEnd | None = field(default=None, repr=False)

    def plug_in(self, host: HostEnd) -> "Babbler":
        self.host = host
        return self

    def receive(self, _data: bytes) -> None:
        if self.host is not None and self.left > 0:
            self.left -= 1
            self.host.reply(self.rubbish)

    def pull_out(self) -> None:
        self.host = None


def try_all(family: Family, profile: Profile, data: bytes) -> None:
    """Put `data` to the family every way. Raises whatever it broke by, and `NonConformance`."""
    for attempt in (_emulator_hears, _greeted_with, _at_work):
        virtualtime.run(_in_time(attempt(family, profile, data)))


async def _in_time(attempt: Coroutine[Any, Any, None]) -> None:
    await asyncio.wait_for(attempt, 10 * PATIENCE_S)


async def _emulator_hears(family: Family, profile: Profile, data: bytes) -> None:
    emulator = family.emulator(profile)
    wire = await emulator.in_memory().dial()
    await asyncio.wait([asyncio.ensure_future(wire.write(data))], timeout=PATIENCE_S)
    await wire.close()
    await emulator.stop()


async def _greeted_with(family: Family, profile: Profile, data: bytes) -> None:
    device = family.driver("device-1", profile, MemoryOutlet(Babbler(data)).dial)
    try:
        await asyncio.wait_for(device.open(), PATIENCE_S)
    except DeviceError:
        return
    await _work_and_close(device)


async def _at_work(family: Family, profile: Profile, data: bytes) -> None:
    emulator = family.emulator(profile)
    device = family.driver("device-1", profile, emulator.in_memory().dial)
    await device.open()
    emulator.say(data)
    await asyncio.sleep(WORK_S)
    await _work_and_close(device)
    for _ in range(OPEN_TRIES_MAX):
        try:
            await device.open()
        except DeviceError:
            continue
        await device.close()
        return
    raise NonConformance("rubbish keeps it from ever coming back")


async def _work_and_close(device: Device) -> None:
    """A driver that broke raises here what it broke by."""
    await asyncio.sleep(WORK_S)
    await device.close()
    await device.wait_lost()
