"""Emulated HID devices, card readers and wedges, over TCP, a terminal and memory: the same frames everywhere."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from drivers.profiles import SerialLine
from drivers.transport.address import AddressError, dial_for, outlet_for
from drivers.transport.input_events import InputEvent, InputUnpacker, key
from drivers.transport.memory import MemoryOutlet
from drivers.transport.outlet import Outlet, Socket
from drivers.transport.packet_socket import CardSocket, HidSocket, InputSocket, Refused
from drivers.transport.packets import CARD, HID, Card, Hid, Lengths, Packet, Unexplained, Unpacker, pack
from drivers.transport.wire import Wire, WireLost

ATR = bytes.fromhex("3B6500002063CBA000")


class Lamp:
    """A HID device: reports drive its lamp, feature 3 names it, feature 4 can be set, others it does not have."""

    def __init__(self) -> None:
        self.shown: list[bytes] = []
        self.mode = 0

    def output(self, report: bytes) -> None:
        self.shown.append(report)

    def get_feature(self, number: int) -> bytes:
        if number not in (3, 4):
            raise Refused(f"no feature {number}")
        return b"\x03LAMP" if number == 3 else bytes((4, self.mode))

    def set_feature(self, report: bytes) -> None:
        if report[0] != 4:
            raise Refused("read only")
        self.mode = report[1]


class Wallet:
    """A reader with at most one card, which knows one command."""

    def __init__(self) -> None:
        self.inside = False
        self.resets = 0

    def atr(self) -> bytes:
        return ATR if self.inside else b""

    def reset(self) -> None:
        self.resets += 1

    def transmit(self, command: bytes) -> bytes:
        if not self.inside:
            return b""
        return b"\x6f\x00\x90\x00" if command[1] == 0xA4 else b"\x6d\x00"


Plugged = Callable[[Socket], Awaitable[Wire]]


@pytest.fixture(params=["tcp", "pty", "memory"])
async def plugged(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Plugged]:
    outlets: list[Outlet] = []

    async def plug(socket: Socket) -> Wire:
        if request.param == "memory":
            return await MemoryOutlet(socket).dial()
        outlet = outlet_for("tcp://127.0.0.1:0" if request.param == "tcp" else f"serial://{tmp_path}/port", socket)
        outlets.append(outlet)
        await outlet.start()
        return await dial_for(outlet.address, SerialLine())()

    yield plug
    for outlet in outlets:
        await outlet.stop()


async def heard(wire: Wire, lengths: Lengths, count: int) -> list[Packet]:
    unpacker = Unpacker(lengths)
    found: list[Packet] = []
    while len(found) < count:
        found += [one for one in unpacker.receive(await asyncio.wait_for(wire.read(), 5)) if isinstance(one, Packet)]
    return found


async def test_a_hid_device_reports_shows_and_answers(plugged: Plugged) -> None:
    lamp = Lamp()
    socket = HidSocket(lamp)
    wire = await plugged(socket)
    await wire.write(pack(Hid.OUTPUT, b"\x02\x01"))
    await wire.write(pack(Hid.GET_FEATURE, b"\x03") + pack(Hid.SET_FEATURE, b"\x04\x07") + pack(Hid.GET_FEATURE, b"\x09"))
    assert await heard(wire, HID, 3) == [
        Packet(Hid.FEATURE, b"\x03LAMP"),
        Packet(Hid.DONE),
        Packet(Hid.REFUSED, b"no feature 9"),
    ]
    assert (lamp.shown, lamp.mode) == ([b"\x02\x01"], 7)
    socket.input(b"\x01\x55")
    assert await heard(wire, HID, 1) == [Packet(Hid.INPUT, b"\x01\x55")]
    await wire.close()


async def test_cards_come_answer_and_go(plugged: Plugged) -> None:
    wallet = Wallet()
    socket = CardSocket(wallet)
    wire = await plugged(socket)
    await wire.write(pack(Card.RESET))
    assert await heard(wire, CARD, 1) == [Packet(Card.PRESENT)], "asked, it says that there is none"
    wallet.inside = True
    socket.changed()
    await wire.write(pack(Card.COMMAND, bytes.fromhex("00A4040000")) + pack(Card.COMMAND, bytes.fromhex("00CA9F7F00")))
    assert await heard(wire, CARD, 3) == [
        Packet(Card.PRESENT, ATR),
        Packet(Card.RESPONSE, b"\x6f\x00\x90\x00"),
        Packet(Card.RESPONSE, b"\x6d\x00"),
    ]
    await wire.write(pack(Card.RESET))
    assert await heard(wire, CARD, 1) == [Packet(Card.PRESENT, ATR)]
    assert wallet.resets == 2
    wallet.inside = False
    socket.changed()
    await wire.write(pack(Card.COMMAND, bytes.fromhex("00A4040000")))
    assert await heard(wire, CARD, 2) == [Packet(Card.PRESENT), Packet(Card.PRESENT)], "gone, and still gone"
    await wire.close()


async def test_a_wedge_types(plugged: Plugged) -> None:
    socket = InputSocket()
    wire = await plugged(socket)
    await asyncio.sleep(0)  # a TCP server hears of its guest one turn later
    socket.tell(key(30) + key(28))
    unpacker = InputUnpacker()
    events: list[InputEvent | Unexplained] = []
    while len(events) < 8:
        events += unpacker.receive(await asyncio.wait_for(wire.read(), 5))
    assert b"".join(event.pack() for event in events if isinstance(event, InputEvent)) == key(30) + key(28)
    await wire.close()


@pytest.mark.parametrize(
    "address",
    [
        "hid:///dev/hidraw3",
        "evdev:///dev/input/by-path/pci-0000:00:14.0-usb-0:1:1.0-event-kbd",
        "usblp:///dev/usb/lp0",
        "pcsc://ACS ACR122U PICC Interface",
        "pcsc://Virtual%20PCD%2000%2000",
        "usb://0400:c35a",
        "usb://0400:c35a/A17?port=1-1.2&pipes=sdt",
        "serial:///dev/ttyUSB0",
        "tcp://192.168.1.50",
    ],
)
def test_every_kind_of_address_is_understood(address: str) -> None:
    assert callable(dial_for(address, SerialLine()))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "lp0",
        "tcp://host:port",
        "pcsc://",
        "usblp:",
        "ftp://printer",
        "hid://hidraw3",
        "usb://400:c35a",
        "usb://0400:c35a?pipes=three",
        "usb://0400:c35a?colour=red",
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(AddressError):
        dial_for(address, SerialLine())


@pytest.mark.parametrize("address", ["hid:///{}/none", "evdev:///{}/none", "usblp:///{}/none", "pcsc://No such reader"])
async def test_what_is_not_there_is_a_lost_wire(address: str, tmp_path: Path) -> None:
    with pytest.raises(WireLost):
        await asyncio.wait_for(dial_for(address.format(tmp_path), SerialLine())(), 10)
