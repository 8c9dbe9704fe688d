"""The paper in the emulated printer: what has been burnt into it, and the slips that were cut off.

Burning is cheap and only remembers; the picture is drawn when somebody looks. A branch in a test prints two thousand slips
a day, and nobody looks at most of them.
"""

import functools
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import segno
from PIL import Image, ImageDraw

from drivers.document import COPY_MARK, columns
from drivers.emulation import OutputKind
from drivers.lettering import BASELINE, LEADING, Lettering

SLIP_DOTS_MAX: Final = 8000
"""One metre: a longer slip is cut off by the emulator as incomplete, so that garbage cannot grow for ever."""

_PAPER, _INK, _DESK, _STRIPE = (252, 251, 246), (38, 38, 44), (214, 211, 202), (226, 106, 112)
_MARGIN_DOTS = 32
_HEAD_DOTS = 40
"""The cutter sits above the head, so every slip begins with blank paper (more on a real one)."""
_TOOTH_DOTS = 8
_SHADES = 16
"""From paper to ink; a palette of these keeps the pictures small. The desk behind the paper and the stripe come after them."""
_STRIPE_DOTS = 10
"""Rolls are dyed along their edges near the end."""
_CELL_HEIGHT = 24


@dataclass(frozen=True, slots=True)
class Style:
    """How characters are set from now on."""

    wide: int = 1
    high: int = 1
    bold: bool = False
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters of one style in a line."""

    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class LineInk:
    x: int
    y: int
    height: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class RasterInk:
    x: int
    y: int
    width: int
    height: int
    bits: bytes


@dataclass(frozen=True, slots=True)
class QrInk:
    x: int
    y: int
    text: str
    module_dots: int


Ink = LineInk | RasterInk | QrInk


@dataclass(frozen=True)
class Slip:
    """One piece of paper that left the printer."""

    n: int
    """From 1, in order of leaving."""
    at: datetime
    complete: bool
    """Cut by the slip's own command; false where power was lost or the rest was dropped."""
    text: str
    process_id: str | None
    """The job that had itself reported behind this slip."""
    inks: tuple[Ink, ...] = field(repr=False)
    width_dots: int
    height_dots: int
    lettering: Lettering = field(repr=False)
    near_end: bool = False
    """From the dyed end of a roll."""

    @property
    def kind(self) -> OutputKind:
        return OutputKind.SLIP

    @property
    def copy(self) -> bool:
        return COPY_MARK in self.text

    def image(self) -> Image.Image:
        """As a thermal printer leaves it, one dot a pixel, with a margin left and right. Raises `FontMissing`."""
        ink = Image.new("L", (self.width_dots, self.height_dots), 0)
        for mark in self.inks:
            _burn(ink, mark, self.lettering)
        size = self.width_dots + 2 * _MARGIN_DOTS, self.height_dots + _HEAD_DOTS + _TOOTH_DOTS
        sheet = _sheet(*size, striped=self.near_end)
        sheet.paste(ink.point([level * (_SHADES - 1) // 255 for level in range(256)]), (_MARGIN_DOTS, _HEAD_DOTS))
        return sheet

    def png(self) -> bytes:
        target = io.BytesIO()
        self.image().save(target, "PNG")
        return target.getvalue()


@dataclass
class Paper:
    """The strip between the last cut and the head."""

    width_dots: int
    cell_dots: tuple[int, int]
    y: int = 0
    inks: list[Ink] = field(default_factory=list)

    @property
    def inked(self) -> bool:
        return bool(self.inks)

    def line(self, runs: tuple[Run, ...], align: int) -> None:
        """Set a line; the caller advances the paper."""
        width = sum(run_dots(run, self.cell_dots[0]) for run in runs)
        height = max(run.style.high for run in runs) * self.cell_dots[1]
        self.inks.append(LineInk(self._x(width, align), self.y, height, runs))

    def raster(self, width: int, height: int, bits: bytes, align: int) -> None:
        self.inks.append(RasterInk(self._x(width, align), self.y, width, height, bits))

    def qr(self, text: str, module_dots: int, align: int) -> None:
        self.inks.append(QrInk(self._x(qr_modules(text) * module_dots, align), self.y, text, module_dots))

    def text(self) -> str:
        return "\n".join(line for ink in self.inks for line in _words(ink)) + "\n"

    def _x(self, width: int, align: int) -> int:
        return (0, max(self.width_dots - width, 0) // 2, max(self.width_dots - width, 0))[align]


def run_dots(run: Run, cell_width: int) -> int:
    return columns(run.text) * cell_width * run.style.wide


@functools.lru_cache(maxsize=32)
def qr_modules(text: str) -> int:
    """The number of modules along one side."""
    return len(_qr(text).matrix)


def _qr(text: str) -> segno.QRCode:
    return segno.make(text, error="m", micro=False, boost_error=False)


def _words(ink: Ink) -> Iterator[str]:
    match ink:
        case LineInk(runs=runs):
            yield "".join(run.text for run in runs).rstrip()
        case RasterInk(height=height) if height <= 4:
            yield "-" * 24
        case RasterInk(width=width, height=height):
            yield f"[picture {width}x{height}]"
        case QrInk(text=text):
            yield f"[QR {text}]"


def _burn(ink: Image.Image, mark: Ink, lettering: Lettering) -> None:
    match mark:
        case LineInk():
            _burn_line(ink, mark, lettering)
        case RasterInk(x=x, y=y):
            dots = Image.frombytes("1", (mark.width, mark.height), mark.bits)
            ink.paste(255, (x, y), dots.convert("L"))
        case QrInk(x=x, y=y):
            for row, modules in enumerate(_qr(mark.text).matrix):
                for column, module in enumerate(modules):
                    if module:
                        left, top, size = x + column * mark.module_dots, y + row * mark.module_dots, mark.module_dots
                        ink.paste(255, (left, top, left + size, top + size))


def _burn_line(ink: Image.Image, line: LineInk, lettering: Lettering) -> None:
    x = line.x
    for run in line.runs:
        glyphs = _set(run, lettering)
        height = run.style.high * _CELL_HEIGHT
        top = line.y + line.height - height
        if run.style.inverse:
            ink.paste(255, (x, top, x + glyphs.width, top + height))
            ink.paste(0, (x, top), glyphs)
        else:
            ink.paste(255, (x, top), glyphs)
        x += glyphs.width


def _set(run: Run, lettering: Lettering) -> Image.Image:
    """The run's characters as a mask: drawn square at the larger scale, then squeezed where the scales differ."""
    style = run.style
    size = _CELL_HEIGHT * max(style.wide, style.high)
    mask = Image.new("L", (max(columns(run.text) * size // 2, 1), int(size * LEADING)), 0)
    pen, face, x = ImageDraw.Draw(mask), lettering.font(size, bold=style.bold), 0
    for character in run.text:
        pen.text((x, size * BASELINE), lettering.known(character), 255, face, "ls")
        x += columns(character) * size // 2
    if style.wide == style.high:
        return mask
    width = columns(run.text) * _CELL_HEIGHT // 2 * style.wide
    return mask.resize((max(width, 1), int(_CELL_HEIGHT * style.high * LEADING)), Image.Resampling.LANCZOS)


def _sheet(width: int, height: int, *, striped: bool) -> Image.Image:
    """Blank paper with the saw-tooth edges a cutter leaves, and the stripes of a roll that ends soon."""
    sheet = Image.new("P", (width, height), _SHADES)
    sheet.putpalette(_palette())
    half = _TOOTH_DOTS // 2
    top = [(x, (half if x // half % 2 else 0) + 1) for x in range(0, width + half, half)]
    bottom = [(x, height - 1 - (half if x // half % 2 else 0)) for x in range(width, -half, -half)]
    pen = ImageDraw.Draw(sheet)
    pen.polygon([*top, *bottom], fill=0)
    if striped:
        for left in (_STRIPE_DOTS, width - 2 * _STRIPE_DOTS):
            pen.rectangle((left, _TOOTH_DOTS, left + _STRIPE_DOTS, height - _TOOTH_DOTS), fill=_SHADES + 1)
    return sheet


def _palette() -> list[int]:
    """The shades from paper to ink, then the desk and the stripe."""
    last = _SHADES - 1
    shades = [p + (i - p) * n // last for n in range(_SHADES) for p, i in zip(_PAPER, _INK, strict=True)]
    return [*shades, *_DESK, *_STRIPE]
