"""Where a device is reached, as one line of configuration: `tcp://192.168.1.50:9100`, `serial:///dev/ttyUSB0`."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from drivers.profiles import SerialLine
from drivers.transport.outlet import Outlet, PtyOutlet, Socket, TcpOutlet
from drivers.transport.serial import dial_serial
from drivers.transport.tcp import dial_tcp
from drivers.transport.wire import Dial

RAW_PRINT_PORT: Final = 9100


class AddressError(Exception):
    """Not an address of any wire we have."""


def dial_for(address: str, line: SerialLine) -> Dial:
    """How to connect to `address`; `line` holds the settings a serial port needs. Raises `AddressError`."""
    parts = urlsplit(address)
    match parts.scheme:
        case "tcp" if parts.hostname:
            return dial_tcp(parts.hostname, parts.port or RAW_PRINT_PORT)
        case "serial" if parts.path:
            return dial_serial(parts.path, line)
        case _:
            raise AddressError(f"{address!r} is neither tcp://host:port nor serial:///path")


def outlet_for(address: str, socket: Socket) -> Outlet:
    """The place where an emulated device is reached at `address`; port 0 takes a free one. Raises `AddressError`."""
    parts = urlsplit(address)
    match parts.scheme:
        case "tcp" if parts.hostname and parts.port is not None:
            return TcpOutlet(socket, parts.hostname, parts.port)
        case "serial" if parts.path:
            return PtyOutlet(socket, Path(parts.path))
        case _:
            raise AddressError(f"{address!r} is neither tcp://host:port nor serial:///path")
