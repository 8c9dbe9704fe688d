"""Raw USB through pyusb, on a bus of our own: counts are believed, time-outs are not, and nothing is guessed."""

import asyncio

import pytest

from drivers.transport.usb import UsbPlace, dial_usb, sdt_frame_end
from drivers.transport.wire import PortStatus, PrinterPort, WireLost
from tests.drivers.real.usb_backend import FakeBus, FakeUsb

PRINTER = UsbPlace(0x0FE6, 0x811E)
READER = UsbPlace(0x0400, 0xC35A)
FIND_CARD = bytes.fromhex("AAAAAA96690003200122")
FOUND = bytes.fromhex("AAAAAA9669 0008 00009F 00000000 97")


async def test_a_printers_port_has_lines_and_other_devices_have_none() -> None:
    """USB printer class 1.1, GET_PORT_STATUS: 0x20 paper empty, 0x10 selected, 0x08 no error."""
    printer = FakeUsb(0x0FE6, 0x811E, interface_class=7, lines=0x18)
    wire = await dial_usb(PRINTER, backend=FakeBus(printer))()
    assert isinstance(wire, PrinterPort)
    assert await wire.status() == PortStatus(paper_empty=False, selected=True, error=False)
    printer.lines = 0x28
    assert await wire.status() == PortStatus(paper_empty=True, selected=False, error=False)
    printer.lines = None
    assert await wire.status() is None, "a question that stalls is no unplugging"
    printer.gone = True
    with pytest.raises(WireLost):
        await wire.status()
    await wire.close()
    other = await dial_usb(PRINTER, backend=FakeBus(FakeUsb(0x0FE6, 0x811E, lines=0x18)))()
    assert isinstance(other, PrinterPort)
    assert await other.status() is None, "not of the printer class"
    await other.close()


async def test_a_stalled_printer_loses_nothing() -> None:
    printer = FakeUsb(0x0FE6, 0x811E, room=3000)
    wire = await dial_usb(PRINTER, backend=FakeBus(printer))()
    slip = bytes(range(256)) * 40
    writing = asyncio.create_task(wire.write(slip))
    await asyncio.wait_for(printer.full.wait(), 5)
    assert not writing.done(), "out of paper: the rest waits"
    printer.room = None
    await asyncio.wait_for(writing, 5)
    assert b"".join(content for _, content in printer.written) == slip
    await wire.close()


async def test_answers_are_read_while_nothing_is_written() -> None:
    printer = FakeUsb(0x0FE6, 0x811E)
    wire = await dial_usb(PRINTER, backend=FakeBus(printer))()
    printer.tell(0x81, b"\x16")
    assert await asyncio.wait_for(wire.read(), 5) == b"\x16"
    printer.gone = True
    with pytest.raises(WireLost):
        await asyncio.wait_for(wire.read(), 5)
    with pytest.raises(WireLost):
        await wire.write(b"\x10\x04\x01")
    await wire.close()


async def test_it_neither_resets_nor_configures_anew_and_takes_the_place_of_the_kernel() -> None:
    printer = FakeUsb(0x0FE6, 0x811E)
    bus = FakeBus(printer)
    wire = await dial_usb(PRINTER, backend=bus)()
    assert bus.configured == []
    assert not printer.kernel_driver
    await wire.close()


async def test_an_id_reader_has_its_frames_cut_in_two() -> None:
    reader = FakeUsb(0x0400, 0xC35A, endpoints=(0x02, 0x06, 0x81, 0x85))
    wire = await dial_usb(READER, "sdt", FakeBus(reader))()
    await wire.write(FIND_CARD[:4])
    assert reader.written == [], "a frame goes whole"
    await wire.write(FIND_CARD[4:] + FIND_CARD)
    assert reader.written == [(0x02, FIND_CARD[:7]), (0x06, FIND_CARD[7:])] * 2
    reader.tell(0x81, FOUND[:7])
    reader.tell(0x85, FOUND[7:])
    assert await asyncio.wait_for(wire.read(), 5) + await asyncio.wait_for(wire.read(), 5) == FOUND
    await wire.close()


async def test_a_body_that_stays_away_ends_the_connection() -> None:
    reader = FakeUsb(0x0400, 0xC35A, endpoints=(0x02, 0x06, 0x81, 0x85))
    wire = await dial_usb(READER, "sdt", FakeBus(reader))()
    reader.tell(0x81, FOUND[:7])
    assert await asyncio.wait_for(wire.read(), 5) == FOUND[:7]
    with pytest.raises(WireLost, match="body"):
        await asyncio.wait_for(wire.read(), 10)
    await wire.close()


async def test_of_two_alike_none_is_guessed() -> None:
    bus = FakeBus(FakeUsb(0x0FE6, 0x811E, "A1", (1, 2)), FakeUsb(0x0FE6, 0x811E, "A2", (1, 3)))
    with pytest.raises(WireLost, match="2 devices"):
        await dial_usb(PRINTER, backend=bus)()
    for place in (UsbPlace(0x0FE6, 0x811E, serial="A2"), UsbPlace(0x0FE6, 0x811E, port="1-1.3")):
        wire = await dial_usb(place, backend=bus)()
        await wire.write(b"\x0a")
        await wire.close()
    assert [len(device.written) for device in bus.devices] == [0, 2]
    with pytest.raises(WireLost, match="no such"):
        await dial_usb(READER, backend=bus)()


def test_where_a_frame_ends() -> None:
    assert sdt_frame_end(FIND_CARD[:6]) is None
    assert sdt_frame_end(FIND_CARD[:9]) is None
    assert sdt_frame_end(FIND_CARD + b"\xaa") == len(FIND_CARD)
