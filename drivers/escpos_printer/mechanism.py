"""An ESC/POS printer without its plug: bytes go in, bytes come out, paper comes down.

What is true of a real printer, and therefore here:

* Real-time commands (DLE EOT, DLE ENQ, DLE DC4) are obeyed the moment they arrive, wherever they stand, even while the
  printer stands still. Everything else waits in the receive buffer and is taken in order.
* While the cover is open, the paper is out or an error is latched, the printer is offline: nothing in the buffer is
  touched, not even questions. When it is put right it goes on where it stopped. That is why a slip must not be sent again.
* The paper end is noticed before a line that would not fit, so no line is burnt twice and none is lost.
* `GS ( H` is answered when its turn comes, which is after everything before it has printed.
* Losing power loses the buffer, the settings and the line in the making; what is burnt stays on the paper.

It knows no clock, socket or loop: time comes from `clock`, answers go to `reply`.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Final

from drivers.emulation import OutputKind, Said
from drivers.escpos_printer import stream
from drivers.escpos_printer.paper import SLIP_DOTS_MAX, Paper, Run, Slip, Style, qr_modules, run_dots
from drivers.escpos_printer.traits import DrawerTraits, PrinterTraits
from drivers.lettering import Lettering
from drivers.transport.wire import PortStatus

BUFFER_BYTES_MAX: Final = 64 * 1024
"""Past this the printer stops taking bytes until it has printed some."""
SLIPS_MAX: Final = 200
"""Finished slips that are remembered; the oldest is forgotten first."""
ROLL_DOTS: Final = 640_000
"""A fresh 80 m roll."""
LOW_DOTS: Final = 40_000
"""The near-end sensor sees a roll of five metres."""


class Till:
    """The drawer in the kick-out socket. Kicked it springs open, unless it is locked; a person pushes it shut."""

    def __init__(self, traits: DrawerTraits | None) -> None:
        self._traits = traits
        self.is_open = False
        self.locked = False

    @property
    def pin_high(self) -> bool:
        """Pin 3. With nothing wired to it, it reads low."""
        if self._traits is None or self._traits.sensor == "none":
            return False
        return self.is_open is (self._traits.sensor == "high_when_open")

    def kicked(self, pin: int) -> bool | None:
        """Whether it sprang open; None where the pulse went to a pin at which nothing hangs."""
        if self._traits is None or pin != self._traits.pin:
            return None
        self.is_open = self.is_open or not self.locked
        return not self.locked


class _Stopped(Exception):
    """The paper moved no further; the command stays in the buffer."""


@dataclass
class _Job:
    """What a reset sets back: everything about the text being set."""

    style: Style = field(default_factory=Style)
    spacing_dots: int = 30
    align: int = 0
    runs: list[Run] = field(default_factory=list)
    qr_text: str = ""
    qr_module_dots: int = 3
    lead: bytes = b""
    """The first byte of a two-byte character whose second has not come."""


class Mechanism:
    """The printer itself."""

    def __init__(self, traits: PrinterTraits, *, clock: Callable[[], datetime], lettering: Lettering) -> None:
        self.reply: Callable[[bytes], None] = lambda _: None
        """Where answers go: whoever is plugged in sets it."""
        self.room: Callable[[], None] = lambda: None
        """Called when a full buffer has room again."""
        self.slips: deque[Slip] = deque(maxlen=SLIPS_MAX)
        self.kicks: deque[Said] = deque(maxlen=SLIPS_MAX)
        """Pulses to the drawer; numbered together with the slips."""
        self.till = Till(traits.drawer)
        self.answers = traits.answers
        self.paper_dots = ROLL_DOTS
        self.cover_open = False
        self.jammed = False
        self._traits = traits
        self._clock = clock
        self._lettering = lettering
        self._error = False
        self._produced_n = 0
        self._forced_low = False
        self._paper_ended = False
        self._stops: tuple[int, Callable[[], None]] | None = None
        self._buffer = bytearray()
        self._split = b""
        self._asb_on = False
        self._asb_last = b""
        self._job = _Job()
        self._paper = self._blank()

    @property
    def offline(self) -> bool:
        return self.cover_open or self._paper_ended or self._error

    @property
    def full(self) -> bool:
        return len(self._buffer) >= BUFFER_BYTES_MAX

    @property
    def held_bytes(self) -> int:
        """What waits in the buffer."""
        return len(self._buffer)

    def receive(self, data: bytes) -> None:
        """Bytes from the host, in any pieces."""
        pieces, self._split = stream.separate(self._split + data)
        for piece in pieces:
            if stream.is_real_time(piece):
                self._obey(piece)
            else:
                self._buffer += piece
                self._run()

    # What hands do to the printer.

    def load_paper(self, dots: int = ROLL_DOTS) -> None:
        self._stops = None
        self.paper_dots = dots
        self._forced_low = False
        self._paper_ended = dots <= 0
        self._changed()

    def set_low(self) -> None:
        self._forced_low = True
        self._changed()

    def set_cover(self, *, is_open: bool) -> None:
        self.cover_open = is_open
        if not is_open:
            self._stops = None
            self._error = self.jammed
        self._changed()

    def set_jam(self, *, jammed: bool) -> None:
        self.jammed = jammed
        if not jammed:
            self._stops = None
        self._error = self._error or jammed
        self._changed()

    def set_drawer(self, *, is_open: bool) -> None:
        """By its key, or by hand."""
        self.till.is_open = is_open
        self._changed()

    def stop_after(self, dots: int, act: Callable[[], None]) -> None:
        """Do something when so much more paper has moved: for trouble in the middle of a slip.

        Loading paper, closing the cover and clearing a jam call it off.
        """
        self._stops = (dots, act)

    def lose_power(self) -> None:
        """Off and on again."""
        self._tear_off()
        self._power_on()
        self._error = self.jammed

    # What bytes do.

    def _power_on(self) -> None:
        self._buffer = bytearray()
        self._split = b""
        self._asb_on = False
        self._asb_last = b""
        self._job = _Job()

    def _obey(self, command: bytes) -> None:
        match command[1], command[2]:
            case 0x04, n:
                self.reply(bytes((self._status(n),)))
            case 0x05, how:
                self._recover(drop=how == 2)
            case _:
                self._drop_buffer()
                if self._traits.buffer_clear:
                    self.reply(b"\x37\x25\x00")

    def _recover(self, *, drop: bool) -> None:
        if drop:
            self._drop_buffer()
        self._error = self.jammed
        self._changed()

    def _drop_buffer(self) -> None:
        self._buffer = bytearray()
        self._job = _Job()
        self._tear_off()

    def _changed(self) -> None:
        self._tell_status()
        self._run()

    def _run(self) -> None:
        """Take commands from the buffer until it is empty, incomplete or the printer stands still."""
        buffer, position, full = self._buffer, 0, self.full
        while not self.offline and buffer is self._buffer:
            command = stream.take(buffer, position)
            if command is None:
                break
            try:
                self._execute(command)
            except _Stopped:
                break
            position += command.length
        del buffer[:position]
        self._tell_status()
        if full and not self.full:
            self.room()

    def _execute(self, command: stream.Taken) -> None:
        handler = self._HANDLERS.get(command.name)
        if handler is not None:
            handler(self, command.body)

    def _put(self, body: bytes) -> None:
        """One byte of text."""
        data = self._job.lead + body
        if not self._job.lead and body[0] >= 0x81:
            self._job.lead = body
            return
        character = data.decode("gb18030", "replace")
        run = Run(character, self._job.style)
        if self._line_dots() + run_dots(run, self._traits.cell_dots[0]) > self._traits.width_dots:
            self._end_line(b"")
        self._job.lead = b""
        if self._job.runs and self._job.runs[-1].style == run.style:
            run = Run(self._job.runs.pop().text + character, run.style)
        self._job.runs.append(run)

    def _line_dots(self) -> int:
        return sum(run_dots(run, self._traits.cell_dots[0]) for run in self._job.runs)

    def _end_line(self, _: bytes) -> None:
        runs = tuple(self._job.runs)
        height = max((run.style.high for run in runs), default=0) * self._traits.cell_dots[1]
        advance = max(height + 6 if height else 0, self._job.spacing_dots)
        self._make_room(advance)
        if runs:
            self._paper.line(runs, self._job.align)
            self._job.runs.clear()
        self._move(advance)

    def _feed(self, body: bytes) -> None:
        if self._job.runs:
            self._end_line(b"")
        self._make_room(body[0])
        self._move(body[0])
        if self._traits.cut == "none" and body[0] >= self._traits.feed_to_cut_dots > 0:
            self._finish(complete=True)  # without a cutter, somebody tears the slip off once it stands out far enough

    def _feed_lines(self, body: bytes) -> None:
        self._feed(bytes((min(body[0] * self._job.spacing_dots, 255),)))

    def _set_spacing(self, body: bytes) -> None:
        self._job.spacing_dots = body[0] if body else _Job.spacing_dots

    def _set_mode(self, body: bytes) -> None:
        bits = body[0]
        style = Style(wide=1 + bool(bits & 0x20), high=1 + bool(bits & 0x10), bold=bool(bits & 0x08))
        self._job.style = replace(style, inverse=self._job.style.inverse)

    def _raster(self, body: bytes) -> None:
        width = int.from_bytes(body[1:3], "little") * 8
        height = int.from_bytes(body[3:5], "little")
        self._make_room(height)
        if width and height:
            self._paper.raster(width, height, body[5:], self._job.align)
        self._move(height)

    def _symbol(self, body: bytes) -> None:
        """`GS ( k`: the QR functions."""
        match body[1:2]:
            case b"C":
                self._job.qr_module_dots = max(body[2], 1)
            case b"P":
                self._job.qr_text = body[3:].decode("utf-8", "replace")
            case b"Q" if self._job.qr_text and self._traits.qr_native:
                height = qr_modules(self._job.qr_text) * self._job.qr_module_dots
                self._make_room(height)
                self._paper.qr(self._job.qr_text, self._job.qr_module_dots, self._job.align)
                self._move(height)
            case _:
                pass

    def _request(self, body: bytes) -> None:
        """`GS ( H`: process id."""
        if self._traits.process_id and body[:2] == b"00" and len(body) == 6:
            name = body[2:].decode("ascii", "replace")
            if self.slips and self.slips[-1].process_id is None:
                self.slips[-1] = replace(self.slips[-1], process_id=name)
            self.reply(b"\x37\x22" + body[2:] + b"\x00")

    def _describe(self, body: bytes) -> None:
        text = {65: "1.00 EMU", 66: "BRANCHBOX", 67: "ESC/POS EMULATOR", 68: "EMU0001"}.get(body[0])
        if self._traits.identify and text:
            self.reply(b"\x5f" + text.encode("ascii") + b"\x00")

    def _ordered_status(self, _: bytes) -> None:
        self.reply(bytes(((0x03 if self._low else 0) | (0x0C if self._paper_ended else 0),)))

    def _automatic(self, body: bytes) -> None:
        if self._traits.status == "asb":
            self._asb_on, self._asb_last = body[0] != 0, b""

    def _initialise(self, _: bytes) -> None:
        self._job = _Job()

    def _cut(self, body: bytes) -> None:
        feed = body[1] if len(body) > 1 else 0
        self._make_room(feed)
        self._move(feed)
        self._finish(complete=True)

    def _kick(self, body: bytes) -> None:
        """`ESC p`: m 0 and 48 are pin 2, 1 and 49 pin 5."""
        sprang = self.till.kicked(5 if body[0] & 1 else 2)
        if sprang is not None:
            self._produced_n += 1
            self.kicks.append(Said(OutputKind.SIGNAL, self._produced_n, self._clock(), "drawer: pulse", complete=sprang))

    def _set_size(self, body: bytes) -> None:
        self._job.style = replace(self._job.style, wide=(body[0] >> 4 & 7) + 1, high=(body[0] & 7) + 1)

    def _set_bold(self, body: bytes) -> None:
        self._job.style = replace(self._job.style, bold=bool(body[0] & 1))

    def _set_inverse(self, body: bytes) -> None:
        self._job.style = replace(self._job.style, inverse=bool(body[0] & 1))

    def _set_align(self, body: bytes) -> None:
        self._job.align = body[0] % 3

    # Paper.

    @property
    def _low(self) -> bool:
        return self._forced_low or self.paper_dots <= LOW_DOTS

    def _make_room(self, dots: int) -> None:
        """Raises `_Stopped` where the paper ends, or where trouble was arranged, before so many dots have moved."""
        if self._stops is not None and self._stops[0] < dots:
            (_, act), self._stops = self._stops, None
            buffer = self._buffer
            act()
            if self.offline or buffer is not self._buffer:
                raise _Stopped
        if self.paper_dots < dots:
            self.paper_dots, self._paper_ended = 0, True
            raise _Stopped

    def _move(self, dots: int) -> None:
        self.paper_dots -= dots
        self._paper.y += dots
        if self._stops is not None:
            self._stops = (self._stops[0] - dots, self._stops[1])
        if self._paper.y > SLIP_DOTS_MAX:
            self._finish(complete=False)

    def _tear_off(self) -> None:
        if self._paper.inked:
            self._finish(complete=False)

    def _finish(self, *, complete: bool) -> None:
        if self._paper.inked:
            self._produced_n += 1
            self.slips.append(self._slip(complete=complete))
        self._paper = self._blank()

    def _slip(self, *, complete: bool) -> Slip:
        return Slip(
            n=self._produced_n,
            at=self._clock(),
            complete=complete,
            text=self._paper.text(),
            process_id=None,
            inks=tuple(self._paper.inks),
            width_dots=self._traits.width_dots,
            height_dots=self._paper.y + 24,
            lettering=self._lettering,
            near_end=self._low,
        )

    def _blank(self) -> Paper:
        return Paper(self._traits.width_dots, self._traits.cell_dots)

    # Status.

    def _status(self, n: int) -> int:
        """The answer to `DLE EOT n`."""
        flags = {
            1: 0x04 * self.till.pin_high | 0x08 * self.offline,
            2: 0x04 * self.cover_open | 0x20 * self._paper_ended | 0x40 * self._error,
            3: 0x08 * self._error,
            4: 0x0C * self._low | 0x60 * self._paper_ended,
        }
        return 0x12 | flags.get(n, 0)

    def _frame(self) -> bytes:
        """The four bytes of an automatic status."""
        first = 0x10 | 0x04 * self.till.pin_high | 0x08 * self.offline | 0x20 * self.cover_open
        return bytes((first, 0x08 * self._error, 0x03 * self._low | 0x0C * self._paper_ended, 0))

    def port_status(self) -> PortStatus:
        """The lines of its port: everything that stops it drops the error line, and paper has one of its own."""
        return PortStatus(paper_empty=self._paper_ended, selected=not self.offline, error=self.offline)

    def _tell_status(self) -> None:
        if self._asb_on and (frame := self._frame()) != self._asb_last:
            self._asb_last = frame
            self.reply(frame)

    _HANDLERS: ClassVar[Mapping[bytes, Callable[["Mechanism", bytes], None]]] = {
        b"": _put,
        b"\n": _end_line,
        b"\x1b@": _initialise,
        b"\x1b!": _set_mode,
        b"\x1b2": _set_spacing,
        b"\x1b3": _set_spacing,
        b"\x1bE": _set_bold,
        b"\x1bJ": _feed,
        b"\x1ba": _set_align,
        b"\x1bd": _feed_lines,
        b"\x1bp": _kick,
        b"\x1d!": _set_size,
        b"\x1dB": _set_inverse,
        b"\x1dI": _describe,
        b"\x1dV": _cut,
        b"\x1da": _automatic,
        b"\x1dr": _ordered_status,
        b"\x1d(H": _request,
        b"\x1d(k": _symbol,
        b"\x1dv0": _raster,
    }
