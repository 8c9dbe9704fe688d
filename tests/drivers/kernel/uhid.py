"""A HID device made in user space: an emulator behind `/dev/uhid`, whose host end is the kernel's hidraw.

Source: Documentation/hid/uhid.rst and include/uapi/linux/uhid.h.
"""

import asyncio
import os
import struct
from collections.abc import Mapping
from typing import Final

from drivers.emulation import Emulator
from drivers.transport.outlet import Plug
from drivers.transport.packets import HID, Hid, Packet, Unpacker, pack

OUTPUT, GET_REPORT, GET_REPORT_REPLY, CREATE2, INPUT2, SET_REPORT, SET_REPORT_REPLY = 6, 9, 10, 11, 12, 13, 14
EVENT_BYTES: Final = 4380
EIO: Final = 5
BUS_USB: Final = 3


def descriptor(inputs: Mapping[int, int], features: Mapping[int, int]) -> bytes:
    """A vendor's device with these reports, by number and length."""
    head = bytes.fromhex("0600FF 0901 A101 150026FF00 7508")
    reports = b"".join(
        bytes((0x85, number, 0x95, length, 0x09, 0x01, kind, 0x02))
        for kind, known in ((0x81, inputs), (0xB1, features))
        for number, length in known.items()
    )
    return head + reports + b"\xc0"


class UhidDevice:
    """One device; it answers the kernel's questions with the emulator's words."""

    def __init__(self, emulator: Emulator, reports: bytes, usb: tuple[int, int]) -> None:
        self._fd = os.open("/dev/uhid", os.O_RDWR | os.O_NONBLOCK)
        self._unpacker = Unpacker(HID)
        self._asked: tuple[int, int] | None = None
        """Which reply the kernel waits for, and the question's number."""
        name = b"Branchbox lab".ljust(128, b"\0") + bytes(64) + bytes(64)
        numbers = struct.pack("<HHIIII", len(reports), BUS_USB, *usb, 0, 0)
        os.write(self._fd, struct.pack("<I", CREATE2) + name + numbers + reports.ljust(4096, b"\0"))
        self._plug: Plug = emulator.plug_in(self)
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        self._plug.pull_out()
        os.close(self._fd)

    def pause(self) -> None:
        """HID devices do not."""

    def resume(self) -> None:
        """It never paused."""

    def reply(self, data: bytes) -> None:
        """In the framing of packets, from the emulator."""
        for packet in self._unpacker.receive(data):
            if not isinstance(packet, Packet):
                continue
            if packet.kind is Hid.INPUT:
                os.write(self._fd, struct.pack("<IH", INPUT2, len(packet.payload)) + packet.payload)
            elif self._asked is not None:
                (kind, number), self._asked = self._asked, None
                error = EIO if packet.kind is Hid.REFUSED else 0
                answer = struct.pack("<IIH", kind, number, error)
                if kind == GET_REPORT_REPLY:
                    answer += struct.pack("<H", len(packet.payload)) + packet.payload
                os.write(self._fd, answer)

    def _readable(self) -> None:
        event = os.read(self._fd, EVENT_BYTES)
        (kind,) = struct.unpack_from("<I", event)
        if kind == GET_REPORT:
            number, report = struct.unpack_from("<IB", event, 4)
            self._asked = GET_REPORT_REPLY, number
            self._plug.receive(pack(Hid.GET_FEATURE, bytes((report,))))
        elif kind == SET_REPORT:
            number, _report, _type, size = struct.unpack_from("<IBBH", event, 4)
            self._asked = SET_REPORT_REPLY, number
            self._plug.receive(pack(Hid.SET_FEATURE, event[12 : 12 + size]))
        elif kind == OUTPUT:
            (size,) = struct.unpack_from("<H", event, 4 + 4096)
            self._plug.receive(pack(Hid.OUTPUT, event[4 : 4 + size]))
