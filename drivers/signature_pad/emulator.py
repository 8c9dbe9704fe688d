"""An emulated signature pad: somebody signs on it (`sign`), and what its screen shows is a picture.

Strokes are given as points in per mille of the pad; between them the pen moves evenly at the pad's own rate, pressing harder in
the middle of a stroke, and travels in the air from one stroke to the next. The pad speaks in real time, as the hand does.
"""

import asyncio
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import msgspec

from drivers.emulation import Emulator, Hand, OutputKind, hand
from drivers.interfaces.signature import Sample
from drivers.profiles import Profile
from drivers.signature_pad import codec
from drivers.signature_pad.codec import PadState, Report
from drivers.signature_pad.picture import draw_ink, png_of, unpacked
from drivers.signature_pad.sealing_pad import SealingPad
from drivers.signature_pad.traits import ScreenTraits, SignatureTraits
from drivers.transport.input_events import EV_ABS, EV_KEY, EV_SYN, SYN_REPORT, InputEvent
from drivers.transport.packets import HID, Hid, Packet, Unpacker, pack, reason

PER_MILLE: Final = 1000
SPEED_PER_MILLE_S: Final = 900
"""How fast a hand writes: across the whole pad in about a second."""
TICK_S: Final = 0.02
AIR_SAMPLES: Final = 4
"""Between two strokes the pen is near for so many samples."""
POINTS_MAX: Final = 20_000
IMAGE_BYTES_MAX: Final = 4 * 1024 * 1024
_SPECIMEN: Final = (
    ((120, 300), (330, 290), (250, 700)),
    ((420, 250), (640, 240)),
    ((530, 200), (520, 760), (450, 690)),
    ((700, 350), (880, 640)),
)

Coordinate = Annotated[int, msgspec.Meta(ge=0, le=PER_MILLE)]
Stroke = Annotated[tuple[tuple[Coordinate, Coordinate], ...], msgspec.Meta(min_length=1, max_length=200)]


class Signing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature: strokes of points, each in per mille of the pad's width and height."""

    strokes: Annotated[tuple[Stroke, ...], msgspec.Meta(min_length=1, max_length=50)] = _SPECIMEN


@dataclass(frozen=True, slots=True)
class Screen:
    """What the pad's screen showed at one moment."""

    n: int
    at: datetime
    text: str
    traits: ScreenTraits
    image: bytes
    ink: tuple[Sample, ...]
    scale: tuple[float, float]
    pressure_max: int
    kind: OutputKind = OutputKind.PROMPT
    complete: bool = True

    def png(self) -> bytes:
        picture = unpacked(self.image, self.traits)
        draw_ink(picture, self.ink, self.scale, self.pressure_max)
        return png_of(picture)


class SignatureEmulator(Emulator):
    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self.traits = profile.section(SignatureTraits)
        self._packets = Unpacker(HID)
        self._image = b""
        self._coming: bytearray | None = None
        """A picture on its way."""
        self._busy_for = 0
        """How many questions will still be answered with "busy"."""
        self._timed = False
        self._sequence = 0
        self.inking = False
        self.backlight = 3
        self._ink: list[Sample] = []
        self._signed = 0
        self._sealing = SealingPad()
        self._unpaired: bytes | None = None
        """An untimed pen report that waits for its pair."""

    def attached(self) -> None:
        self._packets = Unpacker(HID)

    def lose_power(self) -> None:
        self._image, self._coming, self._timed, self.inking = b"", None, False, False
        self._ink.clear()
        self._sealing, self._unpaired = SealingPad(), None

    def receive(self, data: bytes) -> None:
        if self.traits.dialect == "evdev":
            return
        for packet in self._packets.receive(data):
            if isinstance(packet, Packet) and packet.kind is Hid.GET_FEATURE:
                self.reply(self._told(packet.payload[0]))
            elif isinstance(packet, Packet) and packet.kind is Hid.SET_FEATURE:
                self.reply(self._set(packet.payload))

    def hands(self) -> Mapping[str, Hand]:
        return {
            "sign": Hand(self._sign, Signing),
            "wipe": hand(self._wipe),
            "break_seal": hand(self._break_seal),
        }

    # What the host asks.

    def _told(self, number: int) -> bytes:
        traits, screen = self.traits, self.traits.screen
        match number:
            case Report.STATUS:
                return pack(Hid.FEATURE, bytes([number, self._state(), 0, 0]))
            case Report.INFO:
                model = self.profile.model.replace("Wacom ", "").encode("ascii", errors="replace")[:7].ljust(7, b"\0")
                return pack(Hid.FEATURE, bytes([number]) + model + bytes([1, 0, 4, 2]))
            case Report.CAPABILITY:
                size = (screen.width_px, screen.height_px) if screen else (0, 0)
                words = (traits.x_max, traits.y_max, traits.pressure_max, *size)
                body = b"".join(word.to_bytes(2, "big") for word in words)
                return pack(Hid.FEATURE, bytes([number]) + body + bytes([min(traits.rate_hz, 255)]))
            case Report.ENCRYPTION_STATUS if traits.encryption == "rsa":
                return pack(Hid.FEATURE, self._sealing.status())
            case Report.ENCRYPTION if traits.encryption == "rsa":
                return pack(Hid.FEATURE, self._sealing.block())
            case _:
                return pack(Hid.REFUSED, reason(f"no report {number:02X}"))

    def _state(self) -> PadState:
        if self._busy_for:
            self._busy_for -= 1
            return PadState.BUSY
        return PadState.READY if self._coming is None else PadState.IMAGE

    def _set(self, report: bytes) -> bytes:
        number, value = report[0], report[1] if len(report) > 1 else 0
        match number:
            case Report.START_IMAGE | Report.IMAGE_BLOCK | Report.END_IMAGE:
                return self._set_image(report)
            case Report.ENCRYPTION | Report.START_CAPTURE | Report.END_CAPTURE:
                return self._set_sealing(report)
            case Report.PEN_MODE:
                self._timed = value == codec.TIMED_MODE
            case Report.INKING:
                self._set_inking(on=value == 1)
            case Report.CLEAR:
                self._wipe()
            case Report.BACKLIGHT:
                self.backlight = value
        known = (Report.PEN_MODE, Report.INKING, Report.CLEAR, Report.BACKLIGHT, Report.WRITING_AREA, Report.RESET)
        return pack(Hid.DONE) if number in known else pack(Hid.REFUSED, reason(f"report {number:02X} cannot be set"))

    def _set_sealing(self, report: bytes) -> bytes:
        able = self.traits.encryption == "rsa"
        match report[0]:
            case Report.ENCRYPTION if able and len(report) > 3:
                self._sealing.obey(report)  # a step that fails is told by the status
            case Report.START_CAPTURE if able and self._sealing.begin(report[1:]):
                self._unpaired = None
            case Report.END_CAPTURE if able:
                self._sealing.end()
            case _:
                return pack(Hid.REFUSED, reason("no key for that"))
        return pack(Hid.DONE)

    def _break_seal(self) -> None:
        """From now on it makes no key: a fault of its own."""
        self._sealing.deaf_to_keys = True

    def _set_image(self, report: bytes) -> bytes:
        match report[0]:
            case Report.START_IMAGE if report[1:2] == bytes([self._mode()]):
                self._coming, self._busy_for = bytearray(), 1
            case Report.IMAGE_BLOCK if self._coming is not None and self._block(report, self._coming):
                pass
            case Report.END_IMAGE:
                self._end_image(commit=report[1:2] == bytes([codec.COMMIT]))
            case _:
                return pack(Hid.REFUSED, reason("no such picture, or no such block of it"))
        return pack(Hid.DONE)

    def _mode(self) -> int:
        return codec.IMAGE_MODES[self.traits.screen.colours] if self.traits.screen else 0xFF

    def _block(self, report: bytes, coming: bytearray) -> bool:
        count = int.from_bytes(report[1:3], "little")
        if count != len(report) - 3 or len(coming) + count > IMAGE_BYTES_MAX:
            return False
        coming += report[3:]
        return True

    def _end_image(self, *, commit: bool) -> None:
        if commit and self._coming is not None:
            self._image, self._busy_for = bytes(self._coming), 2
            self._ink.clear()
            self._show("picture")
        self._coming = None

    def _set_inking(self, *, on: bool) -> None:
        if on and not self.inking:
            self._ink.clear()
        self.inking = on

    def _wipe(self) -> None:
        self._image = b""
        self._ink.clear()
        self._show("blank")

    def _show(self, text: str) -> None:
        screen, traits = self.traits.screen, self.traits
        if screen is None:
            self.produce(OutputKind.PROMPT, text)
            return
        scale = screen.width_px / traits.x_max, screen.height_px / traits.y_max
        ink = tuple(self._ink)
        shown = Screen(self.next_n(), self.clock(), text, screen, self._image, ink, scale, traits.pressure_max)
        self.put_out(shown)

    # What a hand does.

    def _sign(self, wish: Signing) -> None:
        points = list(itertools.islice(self._path(wish), POINTS_MAX))
        self._signed += 1
        x, y = wish.strokes[0][0]
        loop = asyncio.get_running_loop()
        began_s, began_us = loop.time(), round(loop.time() * 1_000_000)
        each = max(1, round(self.traits.rate_hz * TICK_S))
        for n in range(0, len(points), each):
            batch = points[n : n + each]
            loop.call_at(began_s + n / self.traits.rate_hz, self._move, batch, began_us + n * self._step_us)
        end_s = began_s + len(points) / self.traits.rate_hz
        loop.call_at(end_s + TICK_S, self._show, f"signed: {len(wish.strokes)} strokes from {x},{y}")

    @property
    def _step_us(self) -> int:
        return 1_000_000 // self.traits.rate_hz

    def _path(self, wish: Signing) -> Iterator[Sample]:
        """Every place of the pen, one a period of the pad; times are put in when they are sent."""
        step = SPEED_PER_MILLE_S / self.traits.rate_hz
        for stroke in wish.strokes:
            legs = list(itertools.pairwise(stroke)) or [(stroke[0], stroke[0])]
            places = [place for leg in legs for place in _along(*leg, step)]
            for n, (x, y) in enumerate(places):
                share = 0.35 + 0.4 * math.sin(math.pi * n / len(places))
                yield self._sample(x, y, max(1, round(self.traits.pressure_max * share)))
            for _ in range(AIR_SAMPLES):
                yield self._sample(*stroke[-1], 0)

    def _sample(self, x: float, y: float, pressure: int) -> Sample:
        traits = self.traits
        return Sample(0, round(x * traits.x_max / PER_MILLE), round(y * traits.y_max / PER_MILLE), pressure)

    def _move(self, batch: list[Sample], at_us: int) -> None:
        for n, sample in enumerate(batch):
            self._ink.append(sample)
            self.reply(self._report(sample, at_us + n * self._step_us))
        del self._ink[:-POINTS_MAX]

    def _report(self, sample: Sample, at_us: int) -> bytes:
        if self.traits.dialect == "evdev":
            return _events(sample, at_us)
        flags = codec.NEAR | (codec.TOUCHES if sample.down else 0)
        head = flags << 8 | sample.pressure
        body = b"".join(word.to_bytes(2, "big") for word in (head, sample.x, sample.y))
        if not self._timed:
            return self._untimed(bytes([Report.PEN]) + body)
        self._sequence = (self._sequence + 1) % (1 << 16)
        time = at_us // 1000 % (1 << 16)
        timed = bytes([Report.PEN_TIMED]) + body + time.to_bytes(2, "big") + self._sequence.to_bytes(2, "big")
        session = self._sealing.session
        return pack(Hid.INPUT, timed if session is None else session.timed(timed))

    def _untimed(self, pen: bytes) -> bytes:
        """Enciphered they go in pairs."""
        session = self._sealing.session
        if session is None:
            return pack(Hid.INPUT, pen)
        first, self._unpaired = self._unpaired, pen if self._unpaired is None else None
        return b"" if first is None else pack(Hid.INPUT, session.untimed((first, pen)))


def _along(start: tuple[int, int], end: tuple[int, int], step: float) -> list[tuple[float, float]]:
    parts = max(1, math.ceil(math.dist(start, end) / step))
    (x1, y1), (x2, y2) = start, end
    return [(x1 + (x2 - x1) * part / parts, y1 + (y2 - y1) * part / parts) for part in range(parts)]


def _events(sample: Sample, at_us: int) -> bytes:
    """One report of a pen, as the kernel tells it."""
    told = (
        InputEvent(EV_KEY, codec.BTN_TOOL_PEN, 1, at_us),
        InputEvent(EV_KEY, codec.BTN_TOUCH, int(sample.down), at_us),
        InputEvent(EV_ABS, codec.ABS_X, sample.x, at_us),
        InputEvent(EV_ABS, codec.ABS_Y, sample.y, at_us),
        InputEvent(EV_ABS, codec.ABS_PRESSURE, sample.pressure, at_us),
        InputEvent(EV_SYN, SYN_REPORT, 0, at_us),
    )
    return b"".join(event.pack() for event in told)
