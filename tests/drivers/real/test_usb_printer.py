"""A receipt printer on raw USB: the driver, pyusb, and an emulated printer behind a bus of our own."""

from drivers.api import Outcome, Proof
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.interfaces.printer import PrintForm
from drivers.transport.outlet import Plug
from drivers.transport.usb import UsbPlace, dial_usb
from tests.drivers.printers import STRONG, noon
from tests.drivers.real.usb_backend import FakeBus, FakeUsb
from tests.drivers.slips import ticket

OUT, IN = 0x02, 0x81
VENDOR, PRODUCT = 0x0416, 0x5011


class UsbPrinter(FakeUsb):
    """Bulk out goes into an emulated printer, its answers wait at bulk in."""

    def plug_into(self, emulator: EscposEmulator) -> None:
        self.line: Plug = emulator.plug_in(self)

    def take(self, endpoint: int, content: bytes) -> int:
        taken = super().take(endpoint, content)
        self.loop.call_soon_threadsafe(self.line.receive, content[:taken])
        return taken

    def reply(self, data: bytes) -> None:
        self.tell(IN, data)

    def pause(self) -> None:
        """Its own buffer is larger than a slip."""

    def resume(self) -> None:
        """It never paused."""


async def test_proves_a_slip_over_usb() -> None:
    device, emulator = UsbPrinter(VENDOR, PRODUCT), EscposEmulator(STRONG, clock=noon)
    device.plug_into(emulator)
    printer = EscposPrinter("printer-1", STRONG, dial_usb(UsbPlace(VENDOR, PRODUCT), backend=FakeBus(device)))
    await printer.open()
    for n in (1, 2):
        done = await printer.execute(PrintForm(document=ticket(), process_id=f"{n:04d}"), timeout_s=10)
        assert (done.outcome, done.proof) == (Outcome.DONE, Proof.PROCESS_ID)
    assert [slip.complete for slip in emulator.slips()] == [True, True]
    await printer.close()
