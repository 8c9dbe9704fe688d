"""A USB bus of our own for pyusb: devices with bulk pipes that take and give bytes as their test says.

It is a backend, as libusb is one, so pyusb's own enumeration, descriptors, claiming and time-outs are really run.
"""

import asyncio
import errno
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import usb.backend
import usb.core

BULK = 2
GET_PORT_STATUS = (0xA1, 1)
ENDPOINT_IN = 0x80


@dataclass
class FakeUsb:
    """One device. `room` bytes are taken before a write stalls; None takes everything."""

    vendor: int
    product: int
    serial: str = "A1"
    ports: tuple[int, ...] = (1, 2)
    endpoints: tuple[int, ...] = (0x02, 0x81)
    room: int | None = None
    written: list[tuple[int, bytes]] = field(default_factory=list)
    waiting: dict[int, deque[bytes]] = field(default_factory=dict)
    interface_class: int = 0xFF
    lines: int | None = None
    """What it answers to GET_PORT_STATUS; None: it stalls the question."""
    kernel_driver: bool = True
    gone: bool = False
    full: asyncio.Event = field(default_factory=asyncio.Event)
    """No room is left, and somebody has tried."""

    def __post_init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    def tell(self, endpoint: int, content: bytes) -> None:
        self.waiting.setdefault(endpoint, deque()).append(content)

    def port_lines(self) -> int | None:
        return self.lines

    def take(self, endpoint: int, content: bytes) -> int:
        """Bytes taken. As libusb: a time-out when none went through, a count when some did."""
        taken = len(content) if self.room is None else min(self.room, len(content))
        if self.room is not None:
            self.room -= taken
        if not taken:
            self.loop.call_soon_threadsafe(self.full.set)
            raise usb.core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)
        self.written.append((endpoint, content[:taken]))
        return taken


class Record:
    """A descriptor: whatever fields it is made with."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class FakeBus(usb.backend.IBackend):  # type: ignore[misc] # pyusb has no types
    def __init__(self, *devices: FakeUsb) -> None:
        self.devices = list(devices)
        self.configured: list[int] = []

    def enumerate_devices(self) -> Iterator[FakeUsb]:
        return iter([device for device in self.devices if not device.gone])

    def get_device_descriptor(self, dev: FakeUsb) -> Record:
        return Record(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0200,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=64,
            idVendor=dev.vendor,
            idProduct=dev.product,
            bcdDevice=0x0100,
            iManufacturer=0,
            iProduct=0,
            iSerialNumber=3,
            bNumConfigurations=1,
            address=5,
            bus=1,
            port_number=dev.ports[-1],
            port_numbers=dev.ports,
            speed=3,
        )

    def get_configuration_descriptor(self, dev: FakeUsb, config: int) -> Record:
        if config:
            raise IndexError(config)
        return Record(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=32,
            bNumInterfaces=1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=50,
            extra_descriptors=b"",
        )

    def get_interface_descriptor(self, dev: FakeUsb, intf: int, alt: int, config: int) -> Record:
        if intf or alt or config:
            raise IndexError(intf)
        return Record(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=0,
            bAlternateSetting=0,
            bNumEndpoints=len(dev.endpoints),
            bInterfaceClass=dev.interface_class,
            bInterfaceSubClass=0,
            bInterfaceProtocol=0,
            iInterface=0,
            extra_descriptors=b"",
        )

    def get_endpoint_descriptor(self, dev: FakeUsb, ep: int, intf: int, alt: int, config: int) -> Record:
        return Record(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=dev.endpoints[ep],
            bmAttributes=BULK,
            wMaxPacketSize=64,
            bInterval=0,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=b"",
        )

    def open_device(self, dev: FakeUsb) -> FakeUsb:
        return dev

    def close_device(self, dev_handle: FakeUsb) -> None:
        """Nothing is held open."""

    def get_configuration(self, dev_handle: FakeUsb) -> int:
        return 1

    def set_configuration(self, dev_handle: FakeUsb, config_value: int) -> None:
        self.configured.append(config_value)

    def claim_interface(self, dev_handle: FakeUsb, intf: int) -> None:
        if dev_handle.kernel_driver:
            raise usb.core.USBError("busy", errno=errno.EBUSY)

    def release_interface(self, dev_handle: FakeUsb, intf: int) -> None:
        """Nobody else wants it."""

    def is_kernel_driver_active(self, dev_handle: FakeUsb, intf: int) -> bool:
        return dev_handle.kernel_driver

    def detach_kernel_driver(self, dev_handle: FakeUsb, intf: int) -> None:
        dev_handle.kernel_driver = False

    def bulk_write(self, dev_handle: FakeUsb, ep: int, intf: int, data: Any, timeout: int) -> int:
        self._present(dev_handle)
        return dev_handle.take(ep, data.tobytes())

    def bulk_read(self, dev_handle: FakeUsb, ep: int, intf: int, buff: Any, timeout: int) -> int:
        self._present(dev_handle)
        waiting = dev_handle.waiting.get(ep)
        if not waiting:
            raise usb.core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)
        content = waiting.popleft()
        for at, byte in enumerate(content):
            buff[at] = byte
        return len(content)

    def ctrl_transfer(self, dev_handle: FakeUsb, *request: Any) -> int:
        """The lines of a printer's port, and strings: the table of languages, and the serial number."""
        self._present(dev_handle)
        kind, question, value, _, buff, _ = request
        if (kind, question) == GET_PORT_STATUS:
            content = self._lines(dev_handle)
        elif value & 0xFF == 0:
            content = b"\x04\x03\x09\x04"
        else:
            content = bytes([2 + 2 * len(dev_handle.serial), 3]) + dev_handle.serial.encode("utf-16-le")
        for at, byte in enumerate(content):
            buff[at] = byte
        return len(content)

    def _lines(self, device: FakeUsb) -> bytes:
        lines = device.port_lines()
        if lines is None:
            raise usb.core.USBError("pipe error", errno=errno.EPIPE)
        return bytes((lines,))

    def _present(self, device: FakeUsb) -> None:
        if device.gone:
            raise usb.core.USBError("no such device", errno=errno.ENODEV)
