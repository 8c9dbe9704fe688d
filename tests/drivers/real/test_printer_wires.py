"""The receipt printer's whole conformance suite over the two USB wires: pyusb on a bus of ours, and a file like usblp's."""

from collections.abc import Iterator

import pytest
from _pytest.mark.structures import ParameterSet

from drivers import registry, virtualtime
from drivers.conformance import STORIES, Story, run
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.escpos_printer.stories import PrinterBench
from drivers.transport.memory import Temper
from tests.drivers.printers import noon
from tests.drivers.real.usb_printers import LpOutlet, UsbOutlet

KNOWN = registry.load_profiles()


def trials() -> Iterator[ParameterSet]:
    for profile_id in PrinterBench.PROFILES:
        for wire in ("usb", "usblp"):
            for story in (*STORIES, *PrinterBench.STORIES):
                yield pytest.param(profile_id, wire, story, id=f"{profile_id}-{wire}-{story.__name__}")


@pytest.mark.parametrize(("profile_id", "wire", "story"), list(trials()))
def test_story(profile_id: str, wire: str, story: Story) -> None:
    async def tell() -> None:
        profile = KNOWN[profile_id]
        emulator = EscposEmulator(profile, clock=noon)
        outlet = UsbOutlet(emulator) if wire == "usb" else LpOutlet(emulator)
        emulator._outlets.append(outlet)
        await emulator.start()
        bench = PrinterBench(EscposPrinter("printer-1", profile, outlet.dial), emulator, profile, Temper.WHOLE)
        await run(story, bench)
        await emulator.stop()

    virtualtime.run(tell())
