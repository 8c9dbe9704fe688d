"""A receipt printer on a real USB bus: the kernel's usblp, libusb, and a printer gadget at the other end.

Run by `make qemu-devices`.
"""

import asyncio

import pytest

from drivers import registry
from drivers.api import DeviceError, Held, Outcome, PaperStatus, Proof, Resumed
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.interfaces.printer import PrintForm
from drivers.transport.address import dial_for
from tests.drivers.kernel.gadgets import appeared, printer
from tests.drivers.printers import Hearing, noon
from tests.drivers.slips import ticket

KNOWN = registry.load_profiles()
LP = "usblp:///dev/usb/lp0"
RAW = "usb://04b8:0202"


def made(profile_id: str, address: str) -> tuple[EscposPrinter, EscposEmulator]:
    profile = KNOWN[profile_id]
    return EscposPrinter("printer-1", profile, dial_for(address, profile.serial)), EscposEmulator(profile, clock=noon)


@pytest.mark.parametrize("address", [LP, RAW])  # RAW once: libusb hears of a second device from udev, and there is none here
async def test_a_slip_is_proven_over_the_bus(address: str) -> None:
    device, emulator = made("epson.tm-t88vi", address)
    async with printer(emulator):
        await device.open()
        for n in (1, 2):
            done = await device.execute(PrintForm(document=ticket(), process_id=f"{n:04d}"), timeout_s=60)
            assert (done.outcome, done.proof) == (Outcome.DONE, Proof.PROCESS_ID), done
        assert [slip.process_id for slip in emulator.slips()] == ["0001", "0002"]
        await device.close()


async def test_paper_that_ends_in_the_middle_is_waited_for() -> None:
    device, emulator = made("epson.tm-t88vi", LP)
    async with printer(emulator):
        await device.open()
        emulator.act("paper_out", {"after_mm": 20})
        heard = Hearing()
        printing = asyncio.create_task(
            device.execute(PrintForm(document=ticket(), process_id="0001"), timeout_s=60, on_event=heard)
        )
        async with asyncio.timeout(30):
            while not any(isinstance(event, Held) for event in heard.events):  # noqa: ASYNC110 -- events are only kept
                await asyncio.sleep(0.1)
        emulator.act("paper_in")
        done = await printing
        assert (done.outcome, len(emulator.slips())) == (Outcome.DONE, 1), done
        assert any(isinstance(event, Resumed) for event in heard.events)
        await device.close()


async def test_a_mute_printer_is_known_by_its_port() -> None:
    device, emulator = made("generic.escpos-mute", LP)
    async with printer(emulator):
        emulator.act("paper_out")
        await asyncio.sleep(0.5)
        await device.open()
        assert device.status().paper is PaperStatus.OUT
        held = await device.execute(PrintForm(document=ticket(), process_id="0001"), timeout_s=20)
        assert held.outcome is Outcome.HELD, held
        emulator.act("paper_in")
        await asyncio.sleep(0.5)
        done = await device.execute(PrintForm(document=ticket(), process_id="0001"), timeout_s=60)
        assert (done.outcome, done.proof, len(emulator.slips())) == (Outcome.DONE, Proof.WRITTEN, 1), done
        await device.close()


async def test_a_pulled_cable_is_noticed_and_forgiven() -> None:
    device, emulator = made("epson.tm-t88vi", LP)
    async with printer(emulator):
        await device.open()
        lost = asyncio.create_task(device.wait_lost())
    assert isinstance(await asyncio.wait_for(lost, 30), DeviceError)
    async with printer(emulator):
        await appeared("/dev/usb/lp0")
        await device.open()
        done = await device.execute(PrintForm(document=ticket(), process_id="0009"), timeout_s=60)
        assert done.outcome is Outcome.DONE, done
        await device.close()
