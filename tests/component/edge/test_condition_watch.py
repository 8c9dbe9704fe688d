"""How a device stands gets into the journal, and how each day was; with a real emulated printer and a real journal."""

from pathlib import Path
from typing import TypeVar

import msgspec

from drivers import registry
from drivers.api import DeviceStatus
from drivers.emulation import Emulator
from drivers.registry import DeviceConfig
from edge.devices import tables
from edge.devices.conditions import SETTLED_S
from edge.devices.model import ConditionChanged, DaySummed
from edge.devices.watch import ConditionWatch
from edge.kernel.domain import Event
from tests.scenarios.hall import Hall, open_hall

Fact = TypeVar("Fact", bound=Event)


def facts(hall: Hall, kind: type[Fact]) -> list[Fact]:
    with hall.branch.db.reader() as connection:
        rows = connection.execute("SELECT body FROM journal WHERE type = ? ORDER BY seq", (kind.TYPE,))
        return [msgspec.json.decode(bytes(body), type=kind) for (body,) in rows]


async def printer_of(hall: Hall) -> Emulator:
    known = registry.load_profiles()["generic.escpos-80mm"]
    emulator = registry.family(known.family).emulator(known)
    emulator.listen("tcp://127.0.0.1:0")
    await emulator.start()
    config = DeviceConfig(id="printer-1", profile=known.id, address=emulator.address)
    await hall.branch.connect_devices([config])
    return emulator


async def test_a_printer_that_goes_and_stays_away_is_told_once_and_each_day_once(tmp_path: Path) -> None:
    async with open_hall(tmp_path) as hall:
        emulator = await printer_of(hall)
        branch = hall.branch
        watch = ConditionWatch(branch.pipeline, branch.floor, branch.health_log, branch.place)
        device = branch.floor.device("printer-1")
        while device.status().device is not DeviceStatus.ONLINE:
            await branch.db.write(lambda _: None)
        for at_s in (0.0, 30.0, SETTLED_S, 3 * SETTLED_S):
            await watch.look(at_s)
        emulator.act("unplug")
        while device.status().device is DeviceStatus.ONLINE:
            await branch.db.write(lambda _: None)
        for at_s in (200.0, 230.0, 260.0, 300.0):
            await watch.look(at_s)
        changed = facts(hall, ConditionChanged)
        assert [one.state for one in changed] == ["ready", "away"]
        await branch.health_log.note(600.0)
        await hall.at((branch.place.now()).replace(day=branch.place.now().day + 1))
        await watch.look(330.0)
        await watch.look(360.0)
        (summed,) = facts(hall, DaySummed)
        assert [(one.device, one.away_s) for one in summed.devices] == [("printer-1", 600)]
        with branch.db.reader() as connection:
            assert [row.state for row in tables.conditions(connection)] == ["away"]
        await emulator.stop()
