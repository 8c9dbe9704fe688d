"""A wire over hidraw: reports and feature reports as frames of `drivers.transport.packets`.

Input reports come through the event loop. What goes to the device is a control or interrupt transfer that blocks for up to
five seconds in the kernel whatever the descriptor's flags say, so it goes through a lane. Answers to features keep the order
of the questions.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from drivers.transport.inbox import Inbox
from drivers.transport.lane import Lane, LaneFull
from drivers.transport.packets import HID, REPORT_BYTES_MAX, Hid, Packet, Unpacker, pack, reason
from drivers.transport.wire import Dial, WireLost

FEATURE_BYTES_MAX: Final = 1024
"""Room that a feature report is read into. With more, Python makes the ioctl without letting other threads run, and the whole
process would wait for the device."""
_READ_AND_WRITE: Final = 3
_SET_FEATURE: Final = 6
_GET_FEATURE: Final = 7


def request(number: int, size: int) -> int:
    """An ioctl of hidraw whose argument is a buffer of `size` bytes, as `linux/hidraw.h` composes it."""
    return _READ_AND_WRITE << 30 | size << 16 | ord("H") << 8 | number


class HidWire:
    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lane = Lane("hidraw")
        self._loop = asyncio.get_running_loop()
        self._asked = Unpacker(HID)
        self._inbox = Inbox()
        self._loop.add_reader(fd, self._readable)

    async def write(self, data: bytes) -> None:
        """Raises `ValueError` for anything but frames that a host may send: the driver's bug."""
        for packet in self._asked.receive(data):
            if not isinstance(packet, Packet) or packet.kind not in _TRANSFERS:
                raise ValueError("not what a host sends to a HID device")
            try:
                answer = await self._lane.call(partial(_TRANSFERS[packet.kind], self._fd, packet.payload))
            except (OSError, LaneFull) as error:
                self._end(str(error))
                raise WireLost(str(error)) from error
            if answer:
                self._inbox.put(answer)

    async def read(self) -> bytes:
        return await self._inbox.read()

    async def close(self) -> None:
        self._end("closed")
        # The descriptor's number is given back only behind the last transfer that uses it.
        self._lane.close(partial(os.close, self._fd))

    def _readable(self) -> None:
        try:
            report = os.read(self._fd, REPORT_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(str(error))
            return
        if report:
            self._inbox.put(pack(Hid.INPUT, report))
        else:
            self._end("the device is gone")

    def _end(self, why: str) -> None:
        if self._inbox.ended is None:
            self._loop.remove_reader(self._fd)
            self._inbox.end(why)


def _output(fd: int, report: bytes) -> bytes:
    os.write(fd, report)
    return b""


def _get_feature(fd: int, number: bytes) -> bytes:
    report = bytearray(number.ljust(FEATURE_BYTES_MAX, b"\x00"))
    try:
        length = fcntl.ioctl(fd, request(_GET_FEATURE, len(report)), report)
    except OSError as error:
        return pack(Hid.REFUSED, reason(str(error)))
    return pack(Hid.FEATURE, bytes(report[:length])) if length else pack(Hid.REFUSED, reason("an empty report"))


def _set_feature(fd: int, report: bytes) -> bytes:
    try:
        fcntl.ioctl(fd, request(_SET_FEATURE, len(report)), report)
    except OSError as error:
        return pack(Hid.REFUSED, reason(str(error)))
    return pack(Hid.DONE)


_TRANSFERS: Final[Mapping[str, Callable[[int, bytes], bytes]]] = MappingProxyType(
    {Hid.OUTPUT: _output, Hid.GET_FEATURE: _get_feature, Hid.SET_FEATURE: _set_feature}
)


def dial_hid(path: str) -> Dial:
    async def dial() -> HidWire:
        try:
            return HidWire(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            raise WireLost(f"{path}: {error.strerror}") from error

    return dial
