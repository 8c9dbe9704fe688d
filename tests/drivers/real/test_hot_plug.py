"""What udev tells: a printer is plugged in, pulled out, comes back under another name or at another socket."""

import json
from collections.abc import AsyncIterator

import pytest

from drivers import registry
from drivers.bindings import bind, candidates, offers
from drivers.transport.udev import Place
from tests.drivers.real.machine import Machine, Program, machine

SOCKETS = {"2": "pci-0000:00:14.0-usb-0:2:1.0", "3": "pci-0000:00:14.0-usb-0:3:1.0"}


def printer(socket: str, number: int) -> str:
    path = SOCKETS[socket]
    return f"""P: /devices/pci0/usb1/1-{socket}/1-{socket}:1.0/usbmisc/lp{number}
N: usb/lp{number}
S: branchbox/printer-{path}
E: DEVNAME=/dev/usb/lp{number}
E: DEVLINKS=/dev/branchbox/printer-{path}
E: SUBSYSTEM=usbmisc
E: ID_PATH={path}
E: ID_VENDOR_ID=04b8
E: ID_MODEL_ID=0202
E: ID_SERIAL_SHORT=X5QK
E: MAJOR=180
E: MINOR={number}
A: dev=180:{number}
"""


def address(socket: str) -> str:
    return f"usblp:///dev/branchbox/printer-{SOCKETS[socket]}"


@pytest.fixture
async def pretended() -> AsyncIterator[Machine]:
    async with machine() as one:
        yield one


async def told(discovering: Program) -> list[str]:
    return list(json.loads(await discovering.line()))


async def test_plugging_in_and_pulling_out_are_noticed(pretended: Machine) -> None:
    await pretended.wish("add", text=printer("2", 0))
    async with pretended.program("-m", "tests.drivers.real.discovering") as discovering:
        assert await told(discovering) == ["appeared", address("2"), "04b8:0202", "X5QK"], "what was there before us"
        await pretended.wish("add", text=printer("3", 1))
        assert (await told(discovering))[:2] == ["appeared", address("3")]
        await pretended.wish("remove", path="/devices/pci0/usb1/1-2/1-2:1.0/usbmisc/lp0")
        assert (await told(discovering))[:2] == ["vanished", address("2")]
        await pretended.wish("add", text=printer("2", 2))
        assert (await told(discovering))[:2] == ["appeared", address("2")], "another name of the kernel's, the same place"


async def test_what_has_no_lasting_name_is_no_place(pretended: Machine) -> None:
    nameless = "\n".join(line for line in printer("2", 0).splitlines() if "DEVLINKS" not in line and line[:2] != "S:") + "\n"
    await pretended.wish("add", text=nameless)
    await pretended.wish("add", text=printer("3", 1))
    async with pretended.program("-m", "tests.drivers.real.discovering") as discovering:
        assert (await told(discovering))[1] == address("3")


ADAPTER = """P: /devices/pci0/usb1/1-4/1-4:1.0/ttyUSB7/tty/ttyUSB7
N: ttyUSB7
S: branchbox/serial-pci-0000:00:14.0-usb-0:4:1.0
E: DEVNAME=/dev/ttyUSB7
E: DEVLINKS=/dev/serial/by-path/pci-0000:00:14.0-usb-0:4:1.0 /dev/branchbox/serial-pci-0000:00:14.0-usb-0:4:1.0
E: SUBSYSTEM=tty
E: ID_PATH=pci-0000:00:14.0-usb-0:4:1.0
E: ID_VENDOR_ID=1a86
E: ID_MODEL_ID=7523
E: MAJOR=188
E: MINOR=7
A: dev=188:7
"""


async def test_the_wire_of_a_place_opens_whatever_the_kernel_calls_it_today(pretended: Machine) -> None:
    await pretended.wish("add", text=ADAPTER)
    async with pretended.program("-m", "tests.drivers.real.discovering") as discovering:
        _, place, *_ = await told(discovering)
    assert place == "serial:///dev/branchbox/serial-pci-0000:00:14.0-usb-0:4:1.0", "our own name comes before udev's"
    async with pretended.wire(place) as wire:
        await pretended.wish("send", node="/dev/ttyUSB7", content="12")
        assert await wire.line() == "12"


def seen(socket: str, serial: str | None = "X5QK", usb: str = "04b8:0202") -> Place:
    return Place(address=address(socket), wire="usb-lp", path=SOCKETS[socket], node="/dev/usb/lp0", usb=usb, serial=serial)


def test_a_printer_at_another_socket_is_offered_and_not_moved() -> None:
    binding = bind("printer-3", seen("2"))
    assert offers([binding], [seen("2")]) == [], "it is where it belongs"
    (offer,) = offers([binding], [seen("3")])
    assert (offer.device, offer.place.address, offer.same_serial) == ("printer-3", address("3"), True)
    (other,) = offers([binding], [seen("3", serial="OTHER")])
    assert not other.same_serial
    assert offers([binding], [seen("3", usb="0fe6:811e")]) == [], "another kind of thing"
    assert offers([binding, bind("printer-4", seen("3"))], [seen("3")]) == [], "somebody else's place"


def test_profiles_that_fit_a_place_are_named() -> None:
    profiles = registry.load_profiles()
    for profile in profiles.values():
        for usb in profile.match.usb:
            for wire in profile.match.transport:
                place = Place(address="usblp:///dev/x", wire=wire, path="p", node="/dev/x", usb=usb)
                assert profile.id in candidates(place, profiles)
    assert candidates(seen("2", usb="ffff:ffff"), profiles) == []
