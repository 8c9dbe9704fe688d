"""Recordings of what a device and its host say, for devices whose protocol nobody has published.

A recording is lines of JSON: a head, then one line a frame, as `drivers.trace` has them.

    {"format": "branchbox-capture", "version": 1, "address": "serial:///dev/ttyUSB0", "redacted": false}
    {"n": 1, "at_s": 0.0, "way": "toDevice", "size_bytes": 8, "data": "qqqqlmkAAw=="}

A tap stands between a vendor's own program and the device and passes everything on; without a program it only listens. What
is recorded may be a customer's: a redacted recording keeps moments, ways and sizes, and no content at all, because in an
unknown protocol nobody can say which byte is whose.

`replay` gives a recording to a family's own driver, in virtual time, and tells what it made of it.
"""

import asyncio
import itertools
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import msgspec

from drivers import virtualtime
from drivers.api import DeviceError, Event, Noise, StaleReply
from drivers.profiles import Profile
from drivers.registry import Family
from drivers.trace import Way
from drivers.transport.memory import MemoryOutlet
from drivers.transport.outlet import HostEnd, Outlet, Plug
from drivers.transport.wire import Dial, Wire, WireLost

FORMAT: Final = "branchbox-capture"
FRAMES_MAX: Final = 100_000
BYTES_MAX: Final = 64 * 1024 * 1024
LINE_BYTES_MAX: Final = 128 * 1024
UNSENT_BYTES_MAX: Final = 1024 * 1024
"""What a program may send ahead of the device."""
GAP_S_MAX: Final = 5.0
"""In a replay, a pause longer than this is shortened to it."""


class CaptureBroken(Exception):
    """Not a recording, or one that is too large; the text says where."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    format: Literal["branchbox-capture"] = FORMAT
    version: Literal[1] = 1
    address: str
    redacted: bool


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One read or write."""

    n: int
    at_s: float
    """Since the recording began."""
    way: Way
    size_bytes: int
    data: bytes | None = None


class Recorder:
    """Writes a recording; past its limits it says so once, and is full."""

    def __init__(self, file: BinaryIO, address: str, *, redacted: bool) -> None:
        self._file = file
        self._redacted = redacted
        self._began_s = asyncio.get_running_loop().time()
        self.frames = 0
        self._bytes = 0
        self._write(Head(address=address, redacted=redacted))

    @property
    def full(self) -> bool:
        return self.frames >= FRAMES_MAX or self._bytes >= BYTES_MAX

    def note(self, way: Way, data: bytes) -> None:
        if not self.full:
            self.frames += 1
            at_s = round(asyncio.get_running_loop().time() - self._began_s, 6)
            content = None if self._redacted else data
            self._write(Recorded(n=self.frames, at_s=at_s, way=way, size_bytes=len(data), data=content))

    def _write(self, line: msgspec.Struct) -> None:
        written = msgspec.json.encode(line) + b"\n"
        self._bytes += len(written)
        self._file.write(written)


def read(path: Path) -> tuple[Head, list[Recorded]]:
    """Raises `CaptureBroken`, and OSError where the file cannot be read."""
    if path.stat().st_size > BYTES_MAX + LINE_BYTES_MAX:
        raise CaptureBroken(f"{path.name}: larger than {BYTES_MAX} bytes")
    with path.open("rb") as file:
        lines = _lines(file, path.name)
        head = _decoded(next(lines, (1, b"")), Head, path.name)
        return head, [_decoded(line, Recorded, path.name) for line in lines]


def _lines(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    for n in itertools.count(1):
        line = file.readline(LINE_BYTES_MAX)
        if not line:
            return
        if not line.endswith(b"\n"):
            raise CaptureBroken(f"{name}: line {n} does not end")
        if n > FRAMES_MAX + 1:
            raise CaptureBroken(f"{name}: more than {FRAMES_MAX} frames")
        yield n, line


def _decoded(line: tuple[int, bytes], kind: type[Any], name: str) -> Any:
    n, text = line
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CaptureBroken(f"{name}: line {n}: {error}") from None


class Tap:
    """Between a program and a device. A program plugs in as into any emulated device; the last one is the one heard."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._unsent = bytearray()
        self._news = asyncio.Event()
        self._host: HostEnd | None = None

    def plug_in(self, host: HostEnd) -> Plug:
        self._host = host
        return self

    def receive(self, data: bytes) -> None:
        """From the program."""
        self._unsent += data
        self._news.set()
        if len(self._unsent) > UNSENT_BYTES_MAX and self._host is not None:
            self._host.pause()

    def pull_out(self) -> None:
        self._host = None

    async def run(self, wire: Wire) -> None:
        """Pass on and record until the recording is full. Raises `WireLost`."""
        both = [asyncio.create_task(self._from_device(wire)), asyncio.create_task(self._to_device(wire))]
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _from_device(self, wire: Wire) -> None:
        while not self._recorder.full:
            data = await wire.read()
            self._recorder.note(Way.FROM_DEVICE, data)
            if self._host is not None:
                self._host.reply(data)

    async def _to_device(self, wire: Wire) -> None:
        while not self._recorder.full:
            await self._news.wait()
            self._news.clear()
            data, self._unsent = bytes(self._unsent), bytearray()
            if data:
                self._recorder.note(Way.TO_DEVICE, data)
                await wire.write(data)
            if self._host is not None:
                self._host.resume()


async def record(dial: Dial, tap: Tap, outlet: Outlet | None) -> str:
    """Record until the device goes or the recording is full; says which. Cancelled, it leaves the wire closed."""
    wire = await dial()
    try:
        if outlet is not None:
            await outlet.start()
        await tap.run(wire)
    except WireLost as lost:
        return str(lost)
    finally:
        if outlet is not None:
            await outlet.stop()
        await wire.close()
    return "the recording is full"


@dataclass
class Understood:
    """What a driver made of a recording."""

    opened: bool = False
    refused: str = ""
    """Why it could not be opened, or gave the connection up."""
    events: list[Event] = field(default_factory=list)

    @property
    def unexplained(self) -> int:
        """Bytes that no message of the protocol explains."""
        return sum(len(event.data) for event in self.events if isinstance(event, Noise | StaleReply))


def replay(family: Family, profile: Profile, frames: Iterable[Recorded]) -> Understood:
    """Give the device's side to the family's driver. Raises whatever breaks the driver."""
    return virtualtime.run(_replay(family, profile, _Player(list(frames))))


class _Player:
    """A device that says what was recorded: each answer after the host has said something where it had then."""

    def __init__(self, frames: list[Recorded]) -> None:
        self._frames = frames
        self._host: HostEnd | None = None
        self._heard = asyncio.Semaphore(0)
        self.plugged = asyncio.Event()

    def plug_in(self, host: HostEnd) -> Plug:
        self._host = host
        self.plugged.set()
        return self

    def receive(self, data: bytes) -> None:
        del data  # whatever was asked, the recording answers
        self._heard.release()

    def pull_out(self) -> None:
        self._host = None

    async def play(self) -> None:
        await self.plugged.wait()
        before_s = 0.0
        for frame in self._frames:
            gap_s, before_s = min(max(frame.at_s - before_s, 0.0), GAP_S_MAX), frame.at_s
            if frame.way is Way.TO_DEVICE:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._heard.acquire(), GAP_S_MAX)
            elif frame.way is Way.FROM_DEVICE and frame.data is not None:
                await asyncio.sleep(gap_s)
                if self._host is not None:
                    self._host.reply(frame.data)


async def _replay(family: Family, profile: Profile, player: _Player) -> Understood:
    understood = Understood()
    device = family.driver("recorded", profile, MemoryOutlet(player).dial)
    device.subscribe(understood.events.append)
    playing = asyncio.create_task(player.play())
    try:
        await device.open()
        understood.opened = True
        await playing
        await asyncio.sleep(GAP_S_MAX)
        await device.close()
    except DeviceError as error:
        understood.refused = str(error)
    finally:
        playing.cancel()
    return understood
