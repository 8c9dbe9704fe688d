"""A slip's document to ESC/POS bytes, for one model of printer. Pure: what must be drawn is drawn by an argument.

Chinese is sent as GB18030 behind `FS &`. Only its one- and two-byte characters are trusted to a machine: four-byte ones
come out as two wrong characters on most heads, so a line with one of them, or with anything else the profile's charset
lacks, is drawn as a picture. `¥` is such a character in GB18030 (81 30 84 36 prints "0 6"), so it becomes `￥` first.

A picture may hold the bytes of a real-time command by chance, and a printer obeys those wherever they stand. `_harmless`
adds a dot to such a byte: one grey speck is better than a buffer cleared in the middle of a slip.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import segno

from drivers.document import Align, AnyPart, Document, Feed, Pair, Picture, Qr, Rule, RuleStyle, Text, columns, lines
from drivers.escpos_printer import codec
from drivers.escpos_printer.traits import PrinterTraits
from drivers.lettering import Dots

Draw = Callable[[str, int, bool], Dots]
"""Text, height in dots, bold → the line as dots. May raise `FontMissing`."""

_ALIGN = {Align.LEFT: 0, Align.CENTRE: 1, Align.RIGHT: 2}
_REPLACED = str.maketrans({"¥": "￥", "\t": " ", "\u00a0": " ", "–": "-", "\u2011": "-"})
_CONTROL = dict.fromkeys((*range(10), *range(11, 32), 127))
_CHANGED_MEANING = b"\xfe\x50"
"""Codes from here on stood for other characters before GB18030-2005; a head of an older make prints those."""
_MARK_FEED = Feed(dots=16)


@dataclass(frozen=True, slots=True)
class FormEncoder:
    """Encodes documents for one model."""

    traits: PrinterTraits
    draw: Draw

    def encode(self, document: Document, mark: str | None = None) -> bytes:
        """The whole slip from a clean start to the cut. Raises `FontMissing` where a font is needed and there is none."""
        parts = (*_mark(mark), *document.parts)
        body = b"".join(piece for part in parts for piece in self._part(part))
        return b"".join((self._opening(), body, self._closing() if document.cut else b""))

    def _opening(self) -> bytes:
        return codec.INITIALISE + codec.CHINESE_ON + (codec.SMOOTH if self.traits.smoothing else b"")

    def _closing(self) -> bytes:
        if self.traits.cut == "none":
            return bytes((codec.ESC, 0x4A, max(self.traits.feed_to_cut_dots, 1)))
        return codec.cut(full=self.traits.cut == "full", feed_dots=self.traits.feed_to_cut_dots)

    def _part(self, part: AnyPart) -> Iterator[bytes]:
        match part:
            case Text():
                yield from self._text(part)
            case Pair():
                yield from self._pair(part)
            case Rule(style=style):
                yield _align(Align.LEFT) + self._raster(_rule(style, self.traits.width_dots))
            case Feed(dots=dots):
                yield bytes((codec.ESC, 0x4A, dots))
            case Qr():
                yield _align(part.align) + self._qr(part)
            case Picture():
                yield _align(part.align) + self._raster(Dots(part.width_dots, part.height_dots, part.bits))

    def _text(self, part: Text) -> Iterator[bytes]:
        yield _align(part.align) + _style(part.scale, tall=part.tall, bold=part.bold, inverse=part.inverse)
        for line in lines(part.text.translate(_REPLACED).translate(_CONTROL), self._columns(part.scale)):
            yield self._line(line, part.scale, bold=part.bold)
        yield _style(1)

    def _pair(self, part: Pair) -> Iterator[bytes]:
        label, value = (text.translate(_REPLACED).translate(_CONTROL) for text in (part.label, part.value))
        gap = self._columns(part.scale) - columns(label) - columns(value)
        if gap >= 1:
            yield from self._text(Text(label + " " * gap + value, scale=part.scale, bold=part.bold))
        else:
            yield from self._text(Text(label, scale=part.scale, bold=part.bold))
            yield from self._text(Text(value, align=Align.RIGHT, scale=part.scale, bold=part.bold))

    def _columns(self, scale: int) -> int:
        return max(self.traits.columns // scale, 2)

    def _line(self, line: str, scale: int, *, bold: bool) -> bytes:
        native = _native(line, self.traits.charset)
        if native is not None:
            return native + b"\n"
        return self._raster(self.draw(line, self.traits.cell_dots[1] * scale, bold))

    def _qr(self, part: Qr) -> bytes:
        if not self.traits.qr_native:
            return self._raster(_qr_dots(part))
        content = part.text.encode("utf-8")
        size = (len(content) + 3).to_bytes(2, "little")
        return b"".join(
            (
                b"\x1d(k\x04\x001A2\x00",  # model 2
                b"\x1d(k\x03\x001C" + bytes((part.module_dots,)),
                b"\x1d(k\x03\x001E1",  # error correction M
                b"\x1d(k" + size + b"1P0" + content,
                b"\x1d(k\x03\x001Q0",
            )
        )

    def _raster(self, dots: Dots) -> bytes:
        """`GS v 0` in slices, because small buffers take no more rows at once."""
        row_bytes = (dots.width_dots + 7) // 8
        step = self.traits.raster_slice_rows
        slices = []
        for top in range(0, dots.height_dots, step):
            rows = min(step, dots.height_dots - top)
            bits = dots.bits[top * row_bytes : (top + rows) * row_bytes]
            head = b"\x1dv0\x00" + row_bytes.to_bytes(2, "little") + rows.to_bytes(2, "little")
            slices.append(head + _harmless(bits))
        return b"".join(slices)


def _mark(mark: str | None) -> tuple[AnyPart, ...]:
    if mark is None:
        return ()
    return Text(f" {mark} ", align=Align.CENTRE, scale=2, bold=True, inverse=True), _MARK_FEED


def _align(align: Align) -> bytes:
    return bytes((codec.ESC, 0x61, _ALIGN[align]))


def _style(scale: int, *, tall: bool = False, bold: bool = False, inverse: bool = False) -> bytes:
    high = min(scale * 2, 8) if tall else scale
    size = (scale - 1) << 4 | (high - 1)
    return bytes((codec.GS, 0x21, size, codec.ESC, 0x45, bold, codec.GS, 0x42, inverse))


def _native(line: str, charset: str) -> bytes | None:
    """The line in the printer's own characters, or None where one of them is missing there."""
    pieces = []
    for character in line:
        try:
            encoded = character.encode(charset)
        except UnicodeEncodeError:
            return None
        if len(encoded) > 2 or encoded >= _CHANGED_MEANING:
            return None
        pieces.append(encoded)
    return b"".join(pieces)


def _rule(style: RuleStyle, width_dots: int) -> Dots:
    row = bytes((0xFF if style is RuleStyle.SOLID else 0xFC,)) * (width_dots // 8)
    return Dots(width_dots, 2, row * 2)


def _qr_dots(part: Qr) -> Dots:
    """The code with its quiet zone left to the paper, each module `module_dots` square."""
    matrix = segno.make(part.text, error="m", micro=False, boost_error=False).matrix
    width = len(matrix) * part.module_dots
    rows = []
    for modules in matrix:
        row = "".join("1" * part.module_dots if module else "0" * part.module_dots for module in modules)
        rows.append(int(row.ljust((width + 7) // 8 * 8, "0"), 2).to_bytes((width + 7) // 8, "big") * part.module_dots)
    return Dots(width, width, b"".join(rows))


def _harmless(bits: bytes) -> bytes:
    """The picture without DLE EOT, DLE ENQ and DLE DC4: their DLE gets one black dot more."""
    for second in (0x04, 0x05, 0x14):
        bits = bits.replace(bytes((codec.DLE, second)), bytes((codec.DLE | 0x20, second)))
    return bits
