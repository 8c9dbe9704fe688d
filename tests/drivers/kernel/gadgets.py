"""USB devices made of the guest's own kernel: what is plugged into `dummy_hcd`, by configfs.

The other end of the bus is the same kernel, which makes `/dev/usb/lp0`, `/dev/ttyACM0` and the like of it, as of any device.
Source: Documentation/usb/gadget_configfs.rst and gadget_printer.rst.
"""

import asyncio
import contextlib
import fcntl
import os
import tty
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from drivers.emulation import Emulator
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.transport.outlet import Plug
from drivers.transport.wire import CHUNK_BYTES_MAX, NO_ERROR, PAPER_EMPTY, SELECTED

GADGETS: Final = Path("/sys/kernel/config/usb_gadget")
UDC: Final = "dummy_udc.0"
SET_PRINTER_STATUS: Final = 0xC001_6722
"""_IOWR('g', 0x22, unsigned char); its argument is the value itself."""
STATUS_EVERY_S: Final = 0.1
APPEARS_S: Final = 20.0


async def appeared(path: str) -> None:
    there = Path(path).exists
    async with asyncio.timeout(APPEARS_S):
        while not there():  # noqa: ASYNC110 -- devtmpfs tells nobody
            await asyncio.sleep(0.1)


class Gadget:
    """One device with one function."""

    def __init__(self, name: str, function: str, usb: tuple[int, int], settings: Mapping[str, str]) -> None:
        self._folder = GADGETS / name
        if self._folder.exists():
            return  # made before; what is linked cannot be set again
        made = self._folder / "functions" / function
        for folder in (self._folder, self._folder / "strings/0x409", self._folder / "configs/c.1", made):
            folder.mkdir()
        values = {"idVendor": f"{usb[0]:#06x}", "idProduct": f"{usb[1]:#06x}", "strings/0x409/serialnumber": "LAB1"}
        for key, value in {**values, **{f"functions/{function}/{key}": value for key, value in settings.items()}}.items():
            (self._folder / key).write_text(value, encoding="ascii")
        (self._folder / "configs/c.1" / function).symlink_to(made)

    def plug(self) -> None:
        (self._folder / "UDC").write_text(UDC, encoding="ascii")

    def unplug(self) -> None:
        (self._folder / "UDC").write_text("\n", encoding="ascii")


class Line:
    """The device's side of a gadget: an emulator on a file of the kernel's."""

    def __init__(self, path: str, emulator: Emulator) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        if os.isatty(self._fd):
            tty.setraw(self._fd)
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._plug: Plug = emulator.plug_in(self)
        self.resume()

    @property
    def fd(self) -> int:
        return self._fd

    def reply(self, data: bytes) -> None:
        self._waiting += data
        self._flush()

    def pause(self) -> None:
        self._loop.remove_reader(self._fd)

    def resume(self) -> None:
        self._loop.add_reader(self._fd, self._readable)

    def close(self) -> None:
        self.pause()
        self._loop.remove_writer(self._fd)
        self._plug.pull_out()
        os.close(self._fd)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if data := os.read(self._fd, CHUNK_BYTES_MAX):
                self._plug.receive(data)

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._waiting:
                del self._waiting[: os.write(self._fd, self._waiting)]
        if self._waiting:
            self._loop.add_writer(self._fd, self._flush)
        else:
            self._loop.remove_writer(self._fd)


async def show_port(fd: int, emulator: EscposEmulator) -> None:
    """Keep the lines of the gadget's port as the emulated printer has them."""
    while True:
        status = emulator.mechanism.port_status()
        lines = PAPER_EMPTY * status.paper_empty | SELECTED * status.selected | NO_ERROR * (not status.error)
        fcntl.ioctl(fd, SET_PRINTER_STATUS, lines)
        await asyncio.sleep(STATUS_EVERY_S)


@contextlib.asynccontextmanager
async def printer(emulator: EscposEmulator, usb: tuple[int, int] = (0x04B8, 0x0202)) -> AsyncIterator[Gadget]:
    """A printer plugged in, at `/dev/usb/lp0`."""
    gadget = Gadget("printer", "printer.lab", usb, {"pnp_string": "MFG:BRANCHBOX;MDL:EMULATOR;CLS:PRINTER;", "q_len": "10"})
    gadget.plug()
    await appeared("/dev/g_printer0")
    await appeared("/dev/usb/lp0")
    line = Line("/dev/g_printer0", emulator)
    lines = asyncio.create_task(show_port(line.fd, emulator))
    try:
        yield gadget
    finally:
        lines.cancel()
        line.close()
        with contextlib.suppress(OSError):
            gadget.unplug()


@contextlib.asynccontextmanager
async def modem_line(emulator: Emulator) -> AsyncIterator[Gadget]:
    """A serial device plugged in, at `/dev/ttyACM0`."""
    gadget = Gadget("serial", "acm.lab", (0x1D6B, 0x0104), {})
    gadget.plug()
    await appeared("/dev/ttyGS0")
    await appeared("/dev/ttyACM0")
    line = Line("/dev/ttyGS0", emulator)
    try:
        yield gadget
    finally:
        line.close()
        gadget.unplug()
