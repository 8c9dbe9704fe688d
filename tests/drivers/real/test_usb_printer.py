"""A receipt printer on raw USB: the driver, pyusb, and an emulated printer behind a bus of our own."""

from drivers.api import Outcome, Proof
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.interfaces.printer import PrintForm
from drivers.transport.usb import dial_usb
from tests.drivers.printers import STRONG, noon
from tests.drivers.real.usb_backend import FakeBus
from tests.drivers.real.usb_printers import PLACE, UsbPrinter
from tests.drivers.slips import ticket


async def test_proves_a_slip_over_usb() -> None:
    emulator = EscposEmulator(STRONG, clock=noon)
    bus = FakeBus(UsbPrinter(emulator))
    printer = EscposPrinter("printer-1", STRONG, dial_usb(PLACE, backend=bus))
    await printer.open()
    for n in (1, 2):
        done = await printer.execute(PrintForm(document=ticket(), process_id=f"{n:04d}"), timeout_s=10)
        assert (done.outcome, done.proof) == (Outcome.DONE, Proof.PROCESS_ID)
    assert [slip.complete for slip in emulator.slips()] == [True, True]
    await printer.close()
