"""An emulated passbook printer and the book that a customer puts in; each page that comes out is a picture."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

import msgspec
from PIL import Image, ImageDraw

from drivers.document import columns
from drivers.emulation import Emulator, Hand, OutputKind, hand
from drivers.interfaces.passbook_printer import PAGES_MAX
from drivers.lettering import Lettering
from drivers.passbook_printer import codec
from drivers.passbook_printer.traits import BookTraits, PassbookTraits
from drivers.profiles import Profile

ROW_BYTES_MAX: Final = 512
PRINTED_MAX: Final = 2000
"""Lines that a book remembers."""
PAGE_UNITS: Final = (1320, 1080)
"""How wide and high a page is, in 1/240 inch."""
DOTS_A_UNIT: Final = 1
LETTER_DOTS: Final = 26
_ARGUMENTS: Final = {
    codec.RESET: 0,
    codec.IDENTIFY: 0,
    codec.STATUS: 0,
    codec.POSITION: 0,
    codec.CLEAR_ERROR: 0,
    codec.EJECT: 0,
    codec.PASSBOOK: 0,
    codec.READ_STRIPE: 0,
    codec.BOLD_ON: 0,
    codec.BOLD_OFF: 0,
    codec.CHINESE_ON: 0,
    codec.CHINESE_OFF: 0,
    codec.VERTICAL: 3,
    codec.MARGIN: 3,
}
"""How many characters follow each command."""


class Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The book that is put in, open at this page."""

    page: Annotated[int, msgspec.Meta(ge=1, le=PAGES_MAX)] = 1
    stripe: Annotated[str, msgspec.Meta(pattern=r"^[0-9=]{0,40}$")] = "6228480402564890018=0001"


@dataclass(frozen=True, slots=True)
class Printed:
    """One line on paper."""

    page: int
    y: int
    x: int
    text: str
    bold: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it comes out of the printer, with everything that was ever printed on it."""

    n: int
    at: datetime
    page: int
    lines: tuple[Printed, ...]
    book: BookTraits
    kind: OutputKind = OutputKind.PAGE
    complete: bool = True

    @property
    def text(self) -> str:
        return "\n".join([f"[{self.page}]", *(line.text for line in sorted(self.lines, key=lambda line: line.y))])

    def png(self) -> bytes:
        """Raises `FontMissing`."""
        width, height = (units * DOTS_A_UNIT for units in PAGE_UNITS)
        image = Image.new("RGB", (width, height), (250, 246, 232))
        pen = ImageDraw.Draw(image)
        if self.book.fold_after:
            y = codec.line_at(self.book, self.book.fold_after) + self.book.line_pitch + self.book.fold // 2
            pen.line((0, y, width, y), fill=(214, 205, 180), width=3)
        letters = Lettering()
        for line in self.lines:
            x = line.x
            for character in line.text:
                face = letters.font(LETTER_DOTS, bold=line.bold)
                pen.text((x, line.y + LETTER_DOTS), letters.known(character), (30, 30, 70), face, "ls")
                x += columns(character) * LETTER_DOTS // 2
        out = io.BytesIO()
        image.save(out, "PNG")
        return out.getvalue()


@dataclass
class _Head:
    """Where the head is and how it prints; forgotten without power."""

    y: int = 0
    x: int = 0
    bold: bool = False
    row: bytearray = field(default_factory=bytearray)


class PassbookEmulator(Emulator):
    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._traits = profile.section(PassbookTraits)
        self._buffer = b""
        self._head = _Head()
        self._book: Book | None = None
        self._fresh = False
        """Something was printed since the book was put in."""
        self._jammed = False
        self._open = False
        self.printed: list[Printed] = []

    def attached(self) -> None:
        self._buffer = b""

    def lose_power(self) -> None:
        self._buffer, self._head = b"", _Head()

    def receive(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer and (taken := self._take()):
            self._buffer = self._buffer[taken:]

    def hands(self) -> Mapping[str, Hand]:
        return {
            "insert": Hand(self._insert, Book),
            "take": hand(self._taken),
            "jam": hand(self._jam),
            "clear_jam": hand(self._clear_jam),
            "open_cover": hand(lambda: self._cover(opened=True)),
            "close_cover": hand(lambda: self._cover(opened=False)),
        }

    # What the host sends.

    def _take(self) -> int:
        """Obey what stands first; how many bytes it took, 0 while more must come."""
        buffer = self._buffer
        if buffer[:1] not in (codec.ESC, codec.CHINESE_ON[:1]):
            self._letter(buffer[0])
            return 1
        for command, count in _ARGUMENTS.items():
            if buffer.startswith(command):
                size = len(command) + count
                if len(buffer) < size:
                    return 0
                self._obey(command, buffer[len(command) : size])
                return size
        return 0 if any(command.startswith(buffer) for command in _ARGUMENTS) else 1

    def _letter(self, byte: int) -> None:
        if byte == codec.LINE_END[0]:
            self._strike()
        elif len(self._head.row) < ROW_BYTES_MAX:
            self._head.row.append(byte)

    def _obey(self, command: bytes, argument: bytes) -> None:
        told = self._told(command)
        if told:
            self.reply(told)
        elif command in (codec.VERTICAL, codec.MARGIN) and argument.isdigit():
            self._move(command, int(argument))
        elif command == codec.BOLD_ON:
            self._head.bold = True  # until the line is struck
        elif command in (codec.EJECT, codec.RESET):
            self._eject()
        elif command == codec.CLEAR_ERROR:
            self._jammed = False

    def _told(self, question: bytes) -> bytes:
        match question:
            case codec.STATUS:
                return b"\x1b\x72" + bytes([self._state()])
            case codec.IDENTIFY:
                return b"\x1b\x2fPR2 EMULATED\r"
            case codec.POSITION:
                return b"\x1b\x42\x35" + bytes([0x31 if self._book else 0x30]) + b"\x1b\x5a"
            case codec.READ_STRIPE:
                stripe = self._book.stripe if self._book and self._traits.stripe else ""
                return b"\x1b\x73" + stripe.encode("ascii") + b"\x1c"
            case _:
                return b""

    def _move(self, way: bytes, to: int) -> None:
        if way == codec.VERTICAL:
            self._head.y = to
        else:
            self._head.x = to

    def _state(self) -> int:
        codes = self._traits.status
        if self._open:
            return codes.cover
        if self._jammed:
            return codes.jam
        return codes.ready if self._book else codes.no_form

    def _strike(self) -> None:
        head, book = self._head, self._book
        text, bold = head.row.decode("gbk", errors="replace"), head.bold
        head.row.clear()
        head.bold = False
        if text and book is not None and not self._jammed and not self._open:
            self.printed.append(Printed(book.page, head.y, head.x, text, bold))
            del self.printed[:-PRINTED_MAX]
            self._fresh = True

    def _eject(self) -> None:
        self._head = _Head()
        if not self._jammed:
            self._out()

    def _out(self) -> None:
        book, self._book = self._book, None
        if book is not None and self._fresh:
            lines = tuple(line for line in self.printed if line.page == book.page)
            self.put_out(Page(self.next_n(), self.clock(), book.page, lines, self._traits.book))
        self._fresh = False

    # What a person does.

    def _insert(self, book: Book) -> None:
        if self._book is None and not self._jammed:
            self._book, self._fresh = book, False

    def _taken(self) -> None:
        self._jammed = False
        self._out()

    def _jam(self) -> None:
        self._jammed = True

    def _clear_jam(self) -> None:
        self._jammed = False

    def _cover(self, *, opened: bool) -> None:
        self._open = opened
