"""Where a device is reached, as one line of configuration.

==================================  =======================================================================
``tcp://192.168.1.50:9100``          a network printer, a serial-to-Ethernet box, an emulator
``serial:///dev/ttyUSB0``            a serial port
``usblp:///dev/usb/lp0``             a USB printer
``hid:///dev/hidraw3``               a HID device: reports as packets
``evdev:///dev/input/by-path/…``     an input device, held for us alone
``pcsc://ACS ACR122U``               a card reader of the PC/SC service: cards and APDUs as packets
``listen://10.0.8.1:8090/10.0.8.21``  a port of ours at which the device at the second address, and nobody else, may call
``alsa://default``                   a sound card, by ALSA's name for it
``usb://0400:c35a/SERIAL``           raw USB; the serial number may be left out. ``?port=1-1.2`` names the physical
                                     socket, ``?pipes=sdt`` a device with two pipes each way
``ws://host:5846/xfs4iot/v1.0/Printer`` an XFS4IoT service; ``ws://TOKEN@host…`` shows a token
==================================  =======================================================================

Packets are framed as `drivers.transport.packets` says. Emulators listen at ``tcp`` and ``serial`` addresses.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from drivers.profiles import SerialLine
from drivers.transport.alsa import dial_alsa
from drivers.transport.evdev import dial_evdev
from drivers.transport.hid import dial_hid
from drivers.transport.inbound import dial_inbound
from drivers.transport.outlet import Outlet, PtyOutlet, Socket, TcpOutlet
from drivers.transport.pcsc import dial_pcsc
from drivers.transport.serial import dial_serial
from drivers.transport.tcp import dial_tcp
from drivers.transport.usb import SHAPES, UsbPlace, dial_usb
from drivers.transport.usblp import dial_usblp
from drivers.transport.websocket import dial_websocket
from drivers.transport.wire import Dial

RAW_PRINT_PORT: Final = 9100
ALSA_DEVICE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:,=._-]{0,63}")
USB_ID: Final = re.compile(r"(?P<vendor>[0-9a-f]{4}):(?P<product>[0-9a-f]{4})")


class AddressError(Exception):
    """Not an address of any wire we have."""


def dial_for(address: str, line: SerialLine) -> Dial:
    """How to connect to `address`; `line` holds the settings a serial port needs. Raises `AddressError`."""
    try:
        parts = urlsplit(address)
        dial = _DIALS.get(parts.scheme, _no_dial)(parts, line)
    except ValueError as error:  # a port that is no number
        raise AddressError(f"{address!r}: {error}") from error
    if dial is None:
        raise AddressError(
            f"{address!r} is no address of a device; those begin with {', '.join(f'{one}://' for one in _DIALS)}"
        )
    return dial


def _no_dial(parts: SplitResult, line: SerialLine) -> None:
    del parts, line  # whatever they say


def _tcp(parts: SplitResult, line: SerialLine) -> Dial | None:
    del line
    return dial_tcp(parts.hostname, parts.port or RAW_PRINT_PORT) if parts.hostname else None


def _serial(parts: SplitResult, line: SerialLine) -> Dial | None:
    return dial_serial(parts.path, line) if parts.path and not parts.netloc else None


def _file(dial: Callable[[str], Dial]) -> "_Dialling":
    def to(parts: SplitResult, line: SerialLine) -> Dial | None:
        del line
        return dial(parts.path) if parts.path and not parts.netloc else None

    return to


def _pcsc(parts: SplitResult, line: SerialLine) -> Dial | None:
    del line
    return dial_pcsc(unquote(parts.netloc + parts.path)) if parts.netloc else None


def _listen(parts: SplitResult, line: SerialLine) -> Dial | None:
    del line
    try:
        source = str(ip_address(parts.path.removeprefix("/")))
    except ValueError:
        return None
    return dial_inbound(parts.hostname, parts.port, source) if parts.hostname and parts.port else None


def _alsa(parts: SplitResult, line: SerialLine) -> Dial | None:
    del line
    device = unquote(parts.netloc + parts.path)
    return dial_alsa(device) if ALSA_DEVICE.fullmatch(device) else None


def _usb(parts: SplitResult, line: SerialLine) -> Dial | None:
    del line
    found = USB_ID.fullmatch(parts.netloc)
    options = dict(parse_qsl(parts.query))
    pipes = options.pop("pipes", "bulk")
    port = options.pop("port", None)
    if found is None or options or pipes not in SHAPES:
        return None
    serial = unquote(parts.path.removeprefix("/")) or None
    return dial_usb(UsbPlace(int(found["vendor"], 16), int(found["product"], 16), serial, port), pipes)


def _websocket(parts: SplitResult, line: SerialLine) -> Dial | None:
    del line
    token, _, host = parts.netloc.rpartition("@")
    return dial_websocket(parts._replace(netloc=host).geturl(), unquote(token) or None) if parts.hostname else None


_Dialling = Callable[[SplitResult, SerialLine], Dial | None]
_DIALS: Final[Mapping[str, _Dialling]] = MappingProxyType(
    {
        "tcp": _tcp,
        "serial": _serial,
        "usblp": _file(dial_usblp),
        "hid": _file(dial_hid),
        "evdev": _file(dial_evdev),
        "pcsc": _pcsc,
        "usb": _usb,
        "ws": _websocket,
        "wss": _websocket,
        "alsa": _alsa,
        "listen": _listen,
    }
)


def outlet_for(address: str, socket: Socket) -> Outlet:
    """The place where an emulated device is reached at `address`; port 0 takes a free one. Raises `AddressError`."""
    parts = urlsplit(address)
    match parts.scheme:
        case "tcp" if parts.hostname and parts.port is not None:
            return TcpOutlet(socket, parts.hostname, parts.port)
        case "serial" if parts.path:
            return PtyOutlet(socket, Path(parts.path))
        case _:
            raise AddressError(f"{address!r}: emulators listen at tcp://host:port and serial:///path")
