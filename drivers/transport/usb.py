"""A wire over raw USB, by pyusb: the last resort, for devices that no kernel driver turns into a file.

Two shapes of device are known. Most have one bulk pipe out and one in. The SDT modules of Chinese ID card readers have two
of each and cut every frame in two: preamble and length through the first, the rest through the second (`pipes=sdt`).

pyusb hides a timeout when part of the transfer went through, so its count is the only thing believed: what it does not
count is sent again, and a transfer that moves nothing is tried until somebody closes the wire. libusb blocks; all of it
happens in one lane, where waiting to read gives way to writing every few milliseconds.
"""

import asyncio
import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from drivers.transport.inbox import Inbox
from drivers.transport.lane import Lane, LaneFull
from drivers.transport.wire import CHUNK_BYTES_MAX, Dial, PortStatus, WireLost

if TYPE_CHECKING:
    import usb.core

READ_MS: Final = 10
WRITE_MS: Final = 250
SDT_HEAD_BYTES: Final = 7
"""AA AA AA 96 69 and the length, two bytes big-endian."""
SDT_BODY_MS: Final = 1000
"""A head whose body stays away for so long is the end of the connection."""
ENDPOINT_IN: Final = 0x80
PRINTER_CLASS: Final = 7
GET_PORT_STATUS: Final = (0xA1, 1)
"""USB printer class: to the interface, one byte back."""
CONTROL_MS: Final = 500

Backend = Any
"""pyusb's `IBackend`; None lets pyusb find libusb."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    """The interface that was taken, and its bulk pipes."""

    interface: int
    is_printer: bool
    pipes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class UsbPlace:
    """Which device is meant. Of several that fit, none is taken: a person has to say which."""

    vendor: int
    product: int
    serial: str | None = None
    port: str | None = None
    """The physical socket, `1-1.2`: bus and ports on the way, as the kernel writes it."""

    def fits(self, device: "usb.core.Device") -> bool:
        if (device.idVendor, device.idProduct) != (self.vendor, self.product):
            return False
        if self.port is not None and self.port != socket_of(device):
            return False
        return self.serial is None or self.serial == device.serial_number


def socket_of(device: "usb.core.Device") -> str:
    """Bus and ports on the way, `1-1.2`."""
    return f"{device.bus}-{'.'.join(str(port) for port in device.port_numbers or ())}"


Transfer = tuple[int, bytes]
"""Where to and what."""


class _Pipes(Protocol):
    """The shape of a device; all of it is called in the lane."""

    def transfers(self, data: bytes) -> list[Transfer]:
        """What has to go where for `data`; it may wait for more of a frame."""
        ...

    def fetch(self) -> bytes:
        """What came within `READ_MS`, or nothing. Raises `WireLost`."""
        ...


class _Bulk:
    """One pipe out, one in."""

    def __init__(self, device: "usb.core.Device", endpoints: tuple[int, int]) -> None:
        self._device = device
        self._out, self._in = endpoints

    def transfers(self, data: bytes) -> list[Transfer]:
        return [(self._out, data[at : at + CHUNK_BYTES_MAX]) for at in range(0, len(data), CHUNK_BYTES_MAX)]

    def fetch(self) -> bytes:
        return _read(self._device, self._in, CHUNK_BYTES_MAX)


class _Sdt:
    """Two pipes each way, a frame cut in two; reference of the endpoints: SDT module with 0400:c35a."""

    HEAD_OUT, BODY_OUT, HEAD_IN, BODY_IN = 0x02, 0x06, 0x81, 0x85

    def __init__(self, device: "usb.core.Device", endpoints: tuple[int, int]) -> None:
        del endpoints  # these are fixed
        self._device = device
        self._unsent = b""
        self._owed = 0
        self._waited = 0

    def transfers(self, data: bytes) -> list[Transfer]:
        self._unsent += data
        found: list[Transfer] = []
        while (end := sdt_frame_end(self._unsent)) is not None:
            frame, self._unsent = self._unsent[:end], self._unsent[end:]
            found += [(self.HEAD_OUT, frame[:SDT_HEAD_BYTES]), (self.BODY_OUT, frame[SDT_HEAD_BYTES:])]
        return found

    def fetch(self) -> bytes:
        if not self._owed:
            head = _read(self._device, self.HEAD_IN, SDT_HEAD_BYTES)
            if len(head) == SDT_HEAD_BYTES:
                self._owed, self._waited = int.from_bytes(head[-2:], "big"), 0
            return head
        body = _read(self._device, self.BODY_IN, min(self._owed, CHUNK_BYTES_MAX))
        self._owed -= len(body)
        self._waited = 0 if body else self._waited + READ_MS
        if self._waited > SDT_BODY_MS:
            raise WireLost("the body of a frame never came")
        return body


def sdt_frame_end(data: bytes) -> int | None:
    """Where the first frame ends; None while it is not whole."""
    if len(data) < SDT_HEAD_BYTES:
        return None
    end = SDT_HEAD_BYTES + int.from_bytes(data[SDT_HEAD_BYTES - 2 : SDT_HEAD_BYTES], "big")
    return end if len(data) >= end else None


class UsbWire:
    def __init__(self, device: "usb.core.Device", claimed: _Claimed, pipes: _Pipes, lane: Lane) -> None:
        self._device = device
        self._claimed = claimed
        self._pipes = pipes
        self._lane = lane
        self._inbox = Inbox()
        self._pump = asyncio.create_task(self._fetch(), name="usb")

    async def write(self, data: bytes) -> None:
        try:
            for endpoint, rest in await self._lane.call(partial(self._pipes.transfers, data)):
                unsent = rest
                while unsent:
                    if self._inbox.ended is not None:
                        raise WireLost(self._inbox.ended)
                    unsent = unsent[await self._lane.call(partial(_write, self._device, endpoint, unsent)) :]
        except (OSError, LaneFull) as error:  # pyusb's own exception is an OSError
            self._inbox.end(str(error))
            raise WireLost(str(error)) from error

    async def read(self) -> bytes:
        return await self._inbox.read()

    async def status(self) -> PortStatus | None:
        """Raises `WireLost`."""
        if not self._claimed.is_printer:
            return None
        try:
            return await self._lane.call(partial(_port_status, self._device, self._claimed.interface))
        except (OSError, LaneFull) as error:
            self._inbox.end(str(error))
            raise WireLost(str(error)) from error

    async def close(self) -> None:
        self._inbox.end("closed")
        self._pump.cancel()
        self._lane.close(partial(_dispose, self._device))

    async def _fetch(self) -> None:
        try:
            while self._inbox.ended is None:
                if data := await self._lane.call(self._pipes.fetch):
                    self._inbox.put(data)
        except (OSError, LaneFull, WireLost) as error:
            self._inbox.end(str(error))


def dial_usb(
    place: UsbPlace, pipes: str = "bulk", backend: Backend = None, *, lane_named: Callable[[str], Lane] = Lane
) -> Dial:
    """`pipes` is `bulk` or `sdt`. Each connection has a lane of its own."""
    shape = _SHAPES[pipes]

    async def dial() -> UsbWire:
        lane = lane_named(f"usb {place.vendor:04x}:{place.product:04x}")
        try:
            device, claimed = await lane.call(partial(_open, place, backend))
        except BaseException:
            lane.close(lambda: None)
            raise
        return UsbWire(device, claimed, shape(device, claimed.pipes), lane)

    return dial


_SHAPES: Final[Mapping[str, Callable[["usb.core.Device", tuple[int, int]], _Pipes]]] = MappingProxyType(
    {"bulk": _Bulk, "sdt": _Sdt}
)
SHAPES: Final = tuple(_SHAPES)


def _open(place: UsbPlace, backend: Backend) -> tuple["usb.core.Device", _Claimed]:
    """The device, ready, and its first bulk endpoints out and in. Raises `WireLost`."""
    import usb.core

    try:
        found = usb.core.find(find_all=True, backend=backend, custom_match=place.fits)
        devices = list(found)
    except usb.core.NoBackendError as missing:
        raise WireLost("raw USB needs the system's libusb-1.0") from missing
    except usb.core.USBError as error:
        raise WireLost(str(error)) from error
    if len(devices) != 1:
        raise WireLost("no such device" if not devices else f"{len(devices)} devices fit: say which port")
    try:
        return devices[0], _prepare(devices[0])
    except usb.core.USBError as error:
        _dispose(devices[0])
        raise WireLost(str(error)) from error


def _prepare(device: "usb.core.Device") -> _Claimed:
    """Claim the first interface that has bulk pipes both ways. Neither resets the device nor configures it again: after
    either, printers lose the first bytes."""
    import usb.core
    import usb.util

    try:
        configuration = device.get_active_configuration()
    except usb.core.USBError:
        device.set_configuration()
        configuration = device.get_active_configuration()
    for interface in configuration:
        bulk = [end for end in interface if usb.util.endpoint_type(end.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK]
        out = [end.bEndpointAddress for end in bulk if not end.bEndpointAddress & ENDPOINT_IN]
        back = [end.bEndpointAddress for end in bulk if end.bEndpointAddress & ENDPOINT_IN]
        if out and back:
            number = interface.bInterfaceNumber
            if device.is_kernel_driver_active(number):
                device.detach_kernel_driver(number)
            usb.util.claim_interface(device, number)
            return _Claimed(number, interface.bInterfaceClass == PRINTER_CLASS, (out[0], back[0]))
    raise WireLost("the device has no pair of bulk pipes")


def _write(device: "usb.core.Device", endpoint: int, data: bytes) -> int:
    """Bytes that went through, from the start; 0 after waiting in vain."""
    import usb.core

    try:
        return int(device.write(endpoint, data, WRITE_MS))
    except usb.core.USBTimeoutError:
        return 0


def _port_status(device: "usb.core.Device", interface: int) -> PortStatus | None:
    """None where the printer, against its class, does not know the question."""
    import usb.core

    try:
        answer = device.ctrl_transfer(*GET_PORT_STATUS, 0, interface, 1, CONTROL_MS)
    except usb.core.USBTimeoutError:
        return None
    except usb.core.USBError as error:
        if error.errno == errno.EPIPE:  # a stalled pipe is a refusal
            return None
        raise
    return PortStatus.of(answer[0]) if len(answer) == 1 else None


def _read(device: "usb.core.Device", endpoint: int, size: int) -> bytes:
    import usb.core

    try:
        return bytes(device.read(endpoint, size, READ_MS))
    except usb.core.USBTimeoutError:
        return b""


def _dispose(device: "usb.core.Device") -> None:
    import usb.util

    usb.util.dispose_resources(device)
