"""What is plugged into the machine, as udev knows it, and a bell that rings when that changes.

Only what can be called by a name that stays is a place: udev's links by physical path, and those of our own rules
(`systemd/70-branchbox.rules`). A kernel name like `ttyUSB0` is given anew with each plugging.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import pyudev

from drivers.profiles import Transport

PLACES_MAX: Final = 200
LINKS: Final = ("/dev/branchbox/", "/dev/input/by-path/", "/dev/serial/by-path/")
"""Folders whose names stay, best first."""
WIRES: Final[dict[str, tuple[str, Transport, str]]] = {
    "usbmisc": ("lp", "usb-lp", "usblp"),
    "tty": ("tty", "serial", "serial"),
    "hidraw": ("hidraw", "hid", "hid"),
    "input": ("event", "evdev", "evdev"),
}
"""Subsystem → how its devices' names begin, the wire, the scheme of its addresses."""


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that is plugged in, and where."""

    address: str
    """What a device there is dialled by; it stays over replugging and restarts."""
    wire: Transport
    path: str
    """udev's ID_PATH: the physical socket."""
    node: str
    """What the kernel calls it today."""
    usb: str | None = None
    """vendor:product."""
    serial: str | None = None
    name: str = ""
    """What it calls itself, for people."""


class UdevMissing(Exception):
    """This machine has no udev to ask."""


class Udev:
    """One view of the machine; used from one thread at a time."""

    def __init__(self) -> None:
        try:
            self._context = pyudev.Context()
            self._monitor = pyudev.Monitor.from_netlink(self._context)
        except (ImportError, OSError) as error:  # pyudev loads libudev when it is first asked
            raise UdevMissing(str(error)) from error
        self._watching: asyncio.AbstractEventLoop | None = None

    def places(self) -> list[Place]:
        """What is there now, by address; past `PLACES_MAX` nothing more is counted."""
        found = {place.address: place for place in self._all()}
        return [found[address] for address in sorted(found)][:PLACES_MAX]

    def _all(self) -> Iterator[Place]:
        for subsystem in WIRES:
            for device in self._context.list_devices(subsystem=subsystem):
                if (place := _place(device)) is not None:
                    yield place
        for device in self._context.list_devices(subsystem="usb", DEVTYPE="usb_device"):
            if (place := _raw_usb(device)) is not None:
                yield place

    def watch(self, changed: Callable[[], None]) -> None:
        """Ring on the running loop whenever something was plugged in or pulled out. Raises `UdevMissing`."""
        try:
            self._monitor.start()
        except OSError as error:
            raise UdevMissing(str(error)) from error
        self._watching = asyncio.get_running_loop()
        self._watching.add_reader(self._monitor.fileno(), self._heard, changed)

    def close(self) -> None:
        if self._watching is not None:
            self._watching.remove_reader(self._monitor.fileno())
            self._watching = None

    def _heard(self, changed: Callable[[], None]) -> None:
        """All that has come is one ring: whoever listens looks at the whole anew."""
        rung = False
        while (device := self._monitor.poll(timeout=0)) is not None:
            rung = rung or device.subsystem in WIRES or device.subsystem == "usb"
        if rung:
            changed()


def _place(device: Any) -> Place | None:
    begins, wire, scheme = WIRES[device.subsystem]
    node, path = device.device_node, device.properties.get("ID_PATH")
    if node is None or path is None or not device.sys_name.startswith(begins):
        return None
    links = sorted(link for link in (device.properties.get("DEVLINKS") or "").split() if link.startswith(LINKS))
    if not links:
        return None
    link = min(links, key=lambda one: next(at for at, folder in enumerate(LINKS) if one.startswith(folder)))
    return _described(device, Place(address=f"{scheme}://{link}", wire=wire, path=path, node=node))


def _raw_usb(device: Any) -> Place | None:
    node, path = device.device_node, device.properties.get("ID_PATH")
    vendor, product = device.properties.get("ID_VENDOR_ID"), device.properties.get("ID_MODEL_ID")
    if None in (node, path, vendor, product):
        return None
    address = f"usb://{vendor}:{product}?port={device.sys_name}"
    return _described(device, Place(address=address, wire="usb", path=path, node=node))


def _described(device: Any, place: Place) -> Place:
    vendor, product = device.properties.get("ID_VENDOR_ID"), device.properties.get("ID_MODEL_ID")
    names = (
        device.properties.get("ID_VENDOR_FROM_DATABASE") or device.properties.get("ID_VENDOR"),
        device.properties.get("ID_MODEL"),
    )
    return msgspec.structs.replace(
        place,
        usb=f"{vendor}:{product}" if vendor and product else None,
        serial=device.properties.get("ID_SERIAL_SHORT"),
        name=" ".join(name.replace("_", " ") for name in names if name),
    )
