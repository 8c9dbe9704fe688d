"""Emulated receipt printers at the end of a USB cable: as pyusb finds them, and as the kernel's `usblp` makes files of them."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final, TypeVar

from drivers.escpos_printer.emulator import EscposEmulator
from drivers.transport.lane import Lane, LaneFull
from drivers.transport.outlet import Plug
from drivers.transport.usb import PRINTER_CLASS, UsbPlace, dial_usb
from drivers.transport.usblp import UsblpWire
from drivers.transport.wire import CHUNK_BYTES_MAX, NO_ERROR, PAPER_EMPTY, SELECTED, PortStatus, Wire, WireLost
from tests.drivers.real.usb_backend import FakeBus, FakeUsb

T = TypeVar("T")
IN: Final = 0x81
VENDOR, PRODUCT = 0x0416, 0x5011
PLACE: Final = UsbPlace(VENDOR, PRODUCT)


class UsbPrinter(FakeUsb):
    """Bulk out goes into an emulated printer, its answers wait at bulk in, its port has lines."""

    def __init__(self, emulator: EscposEmulator) -> None:
        super().__init__(VENDOR, PRODUCT, interface_class=PRINTER_CLASS)
        self._mechanism = emulator.mechanism
        self.line: Plug = emulator.plug_in(self)

    def take(self, endpoint: int, content: bytes) -> int:
        taken = super().take(endpoint, content)
        self.loop.call_soon_threadsafe(self.line.receive, content[:taken])
        return taken

    def port_lines(self) -> int:
        status = self._mechanism.port_status()
        return PAPER_EMPTY * status.paper_empty | SELECTED * status.selected | NO_ERROR * (not status.error)

    def reply(self, data: bytes) -> None:
        self.tell(IN, data)

    def pause(self) -> None:
        self.room = 0

    def resume(self) -> None:
        self.room = None

    def vanish(self) -> None:
        self.gone = True
        self.line.pull_out()


class LoopLane(Lane):
    """A lane without a thread, for virtual time: each call takes as long as a transfer that finds nothing."""

    CALL_S: Final = 0.05

    def __init__(self, name: str) -> None:
        del name
        self._shut = False

    async def call(self, work: Callable[[], T]) -> T:
        await asyncio.sleep(self.CALL_S)
        if self._shut:
            raise LaneFull("closed")
        return work()

    def close(self, last: Callable[[], None]) -> None:
        if not self._shut:
            self._shut = True
            last()


class UsbOutlet:
    """A bus with one printer on it. Without power a USB device is gone, and comes back as another."""

    def __init__(self, emulator: EscposEmulator) -> None:
        self._emulator = emulator
        self._bus = FakeBus()
        self._printer: UsbPrinter | None = None
        self.dial = dial_usb(PLACE, backend=self._bus, lane_named=LoopLane)

    @property
    def address(self) -> str:
        return f"usb://{VENDOR:04x}:{PRODUCT:04x}"

    async def start(self) -> None:
        self.plug()

    async def stop(self) -> None:
        self.unplug()

    def plug(self) -> None:
        if self._printer is None:
            self._printer = UsbPrinter(self._emulator)
            self._bus.devices.append(self._printer)

    def unplug(self) -> None:
        if self._printer is not None:
            self._printer.vanish()
            self._printer = None
            self._bus.devices.clear()

    def cut_power(self) -> None:
        self.unplug()
        self.plug()


class _Lp(UsblpWire):
    """`/dev/usb/lp0` as one end of a socket pair; only the answer to its ioctl is put in."""

    def __init__(self, end: socket.socket, emulator: EscposEmulator) -> None:
        super().__init__(end.detach())
        self._emulator = emulator

    async def status(self) -> PortStatus:
        _ = self._line.fd  # a closed file answers no ioctl
        return self._emulator.mechanism.port_status()

    def vanish(self) -> None:
        """The kernel takes the device away: whoever reads or writes is told."""
        self._line.close()


class LpOutlet:
    """A printer that the kernel has made a file of."""

    def __init__(self, emulator: EscposEmulator) -> None:
        self._emulator = emulator
        self._plugged = True
        self._open: tuple[_Lp, socket.socket, Plug] | None = None

    @property
    def address(self) -> str:
        return "usblp:///dev/usb/lp0"

    async def dial(self) -> Wire:
        if not self._plugged:
            raise WireLost("no such device")
        self._close()
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        wire = _Lp(ours, self._emulator)
        self._open = wire, theirs, self._emulator.plug_in(self)
        self.resume()
        return wire

    async def start(self) -> None:
        """It is there."""

    async def stop(self) -> None:
        self._close()

    def plug(self) -> None:
        self._plugged = True

    def unplug(self) -> None:
        self._plugged = False
        self._close()

    def cut_power(self) -> None:
        """Without power a USB device is gone, and comes back as another."""
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            wire, theirs, plug = self._open
            self.pause()
            self._open = None
            plug.pull_out()
            wire.vanish()
            theirs.close()

    # Towards the emulator.

    def reply(self, data: bytes) -> None:
        if self._open is not None:
            self._open[1].send(data)

    def pause(self) -> None:
        if self._open is not None:
            asyncio.get_running_loop().remove_reader(self._open[1])

    def resume(self) -> None:
        if self._open is not None:
            asyncio.get_running_loop().add_reader(self._open[1], self._readable)

    def _readable(self) -> None:
        if self._open is not None:
            _, theirs, plug = self._open
            if data := theirs.recv(CHUNK_BYTES_MAX):
                plug.receive(data)
            else:
                self.pause()  # the driver has closed its file
