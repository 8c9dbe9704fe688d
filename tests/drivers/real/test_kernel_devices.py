"""The kernel's own interfaces, as umockdev pretends them: input events, hidraw, USB printers, serial ports."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.keyboard import strokes
from drivers.specimens import CARDS
from drivers.tracks import write
from drivers.transport.input_events import key
from drivers.transport.packets import Hid, pack
from drivers.transport.wire import PortStatus
from tests.drivers.real.machine import Machine, machine

HIDRAW = """P: /devices/pci0/usb1/1-2/1-2:1.0/hidraw/hidraw9
N: hidraw9
E: DEVNAME=/dev/hidraw9
E: SUBSYSTEM=hidraw
A: dev=240:9
"""
PRINTER = """P: /devices/pci0/usb1/1-3/1-3:1.0/usbmisc/lp0
N: usb/lp0
E: DEVNAME=/dev/usb/lp0
E: SUBSYSTEM=usbmisc
A: dev=180:0
"""
TTY = """P: /devices/pci0/usb1/1-4/1-4:1.0/ttyUSB7/tty/ttyUSB7
N: ttyUSB7
E: DEVNAME=/dev/ttyUSB7
E: SUBSYSTEM=tty
E: MAJOR=188
E: MINOR=7
A: dev=188:7
"""
WEDGE = """P: /devices/pci0/usb1/1-5/1-5:1.0/input/input5/event5
N: input/event5
E: DEVNAME=/dev/input/event5
E: SUBSYSTEM=input
E: ID_INPUT=1
E: MAJOR=13
E: MINOR=69
A: dev=13:69
"""


def wedge_ioctls() -> str:
    """What a card swipe answers when python-evdev asks what it is; the sizes are those that evdev asks with."""
    lines = [
        "EVIOCGVERSION 0 01000100",
        "EVIOCGID 0 0300C05D12340100",
        f"EVIOCGNAME(0) 6 {b'Swipe'.ljust(256, bytes(1)).hex().upper()}",
        f"EVIOCGPHYS(0) 1 {bytes(256).hex()}",
        f"EVIOCGUNIQ(0) 1 {bytes(256).hex()}",
        f"EVIOCGPROP(0) 8 {bytes(64).hex()}",
        "EVIOCGBIT(0) 4 03001000",
        f"EVIOCGBIT(1) 96 {('FE' * 16).ljust(192, '0')}",
        f"EVIOCGBIT(20) 96 {'03'.ljust(192, '0')}",
        "EVIOCGREP 0 FA00000021000000",
        "EVIOCGEFFECTS 0 00000000",
    ]
    return "@DEV /dev/input/event5\n" + "\n".join(lines) + "\n"


@pytest.fixture
async def pretended() -> AsyncIterator[Machine]:
    async with machine() as one:
        yield one


async def test_a_hid_device_reports_and_answers(pretended: Machine) -> None:
    await pretended.wish("add", text=HIDRAW)
    await pretended.wish("hid", node="/dev/hidraw9", features={"3": "034C414D50", "4": "0400"})
    async with pretended.wire("hid:///dev/hidraw9") as wire:
        await pretended.wish("send", node="/dev/hidraw9", content="01020304")
        assert await wire.line() == pack(Hid.INPUT, b"\x01\x02\x03\x04").hex()
        await wire.say(pack(Hid.GET_FEATURE, b"\x03").hex())
        assert await wire.line() == pack(Hid.FEATURE, b"\x03LAMP").hex()
        await wire.say(pack(Hid.SET_FEATURE, b"\x04\x07").hex())
        assert await wire.line() == pack(Hid.DONE).hex()
        await wire.say(pack(Hid.GET_FEATURE, b"\x04").hex())
        assert await wire.line() == pack(Hid.FEATURE, b"\x04\x07").hex()
        await wire.say(pack(Hid.GET_FEATURE, b"\x09").hex())
        assert bytes.fromhex(await wire.line()).startswith(b"E")
        await wire.say(pack(Hid.OUTPUT, b"\x02\xff").hex() + pack(Hid.GET_FEATURE, b"\x03").hex())
        assert await wire.line() == pack(Hid.FEATURE, b"\x03LAMP").hex()
        assert await pretended.written("/dev/hidraw9", 2) == b"\x02\xff"
        await pretended.wish("cut", node="/dev/hidraw9")
        assert (await wire.line()).startswith("lost: ")


async def test_a_wedge_is_held_and_heard(pretended: Machine, tmp_path: Path) -> None:
    await pretended.wish("add", text=WEDGE)
    (tmp_path / "ioctls").write_text(wedge_ioctls(), encoding="ascii")
    await pretended.wish("ioctls", node="/dev/input/event5", file=str(tmp_path / "ioctls"))
    async with pretended.wire("evdev:///dev/input/event5") as wire:
        await pretended.wish("send", node="/dev/input/event5", content=key(30).hex())
        heard = ""
        while len(heard) < len(key(30).hex()):
            heard += await wire.line()
        assert heard == key(30).hex()


async def test_what_wedges_type_is_a_card_and_a_code(pretended: Machine, tmp_path: Path) -> None:
    (tmp_path / "wedge.ioctl").write_text(wedge_ioctls(), encoding="ascii")
    await pretended.wish("add", text=WEDGE)
    await pretended.wish("ioctls", node="/dev/input/event5", file=str(tmp_path / "wedge.ioctl"))
    card, code = CARDS[0], "https://branch.example/t/Ab_12"
    masked = card.pan[:6] + "*" * (len(card.pan) - 10) + card.pan[-4:]
    told = {
        "generic.stripe-wedge": ("".join(write(card.pan, card.expiry, card.service_code, card.holder)[:2]), card.pan),
        "generic.scanner-wedge": (code, code),
    }
    for profile_id, (typed, secret) in told.items():
        async with pretended.program("-m", "tests.drivers.real.watching", profile_id, "evdev:///dev/input/event5") as driver:
            assert await driver.line() == "open"
            for stroke in strokes(typed, 1_772_444_460_000_000):
                await pretended.wish("send", node="/dev/input/event5", content=stroke.hex())
            line = await driver.line()
            assert line.endswith(hashlib.sha256(secret.encode()).hexdigest())
            assert line.startswith(f"seen {masked} {card.expiry}" if profile_id == "generic.stripe-wedge" else "scanned")


async def test_a_usb_printer_takes_bytes_answers_and_shows_its_lines(pretended: Machine) -> None:
    await pretended.wish("add", text=PRINTER)
    await pretended.wish("port_status", node="/dev/usb/lp0", lines=0x38)
    async with pretended.wire("usblp:///dev/usb/lp0") as wire:
        assert await wire.line() == str(PortStatus(paper_empty=True, selected=True, error=False))
        await wire.say("100401")
        await pretended.wish("send", node="/dev/usb/lp0", content="16")
        assert await wire.line() == "16"
        assert await pretended.written("/dev/usb/lp0", 3) == b"\x10\x04\x01"


async def test_a_serial_port_by_its_kernel_name(pretended: Machine) -> None:
    await pretended.wish("add", text=TTY)
    async with pretended.wire("serial:///dev/ttyUSB7") as wire:
        await pretended.wish("send", node="/dev/ttyUSB7", content="aaaaaa9669")
        assert await wire.line() == "aaaaaa9669"
        await wire.say("2001")
        assert await pretended.written("/dev/ttyUSB7", 2) == b"\x20\x01"
