"""A slip, said once for every printer: what stands on it, not how a machine draws it.

A document is a tuple of parts from top to bottom. Sizes are multiples of the printer's normal character (1 to 8), as every
receipt printer has them; widths are counted in columns, where a Latin character takes one and a Chinese one two. A family's
form encoder turns parts into bytes; a character the machine cannot print is drawn as a picture there.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import msgspec

PARTS_MAX = 120
TEXT_CHARACTERS_MAX = 400
QR_CHARACTERS_MAX = 300
COPY_MARK = "补打"
"""By this every copy after the first is known."""

Scale = Annotated[int, msgspec.Meta(ge=1, le=8)]
"""A multiple of the printer's normal character."""


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class RuleStyle(StrEnum):
    SOLID = "solid"
    DASHED = "dashed"


class Part(msgspec.Struct, frozen=True, tag_field="part"):
    """Something that takes the full width of the paper."""


class Text(Part, frozen=True, tag="text"):
    """One paragraph; broken into lines where it is too long."""

    text: str
    align: Align = Align.LEFT
    scale: Scale = 1
    tall: bool = False
    """Twice the height of its width."""
    bold: bool = False
    inverse: bool = False
    """White on black."""


class Pair(Part, frozen=True, tag="pair"):
    """A label at the left edge and its value at the right one."""

    label: str
    value: str
    scale: Scale = 1
    bold: bool = False


class Rule(Part, frozen=True, tag="rule"):
    style: RuleStyle = RuleStyle.DASHED


class Feed(Part, frozen=True, tag="feed"):
    """Empty paper: so many dots, an eighth of a millimetre each."""

    dots: Annotated[int, msgspec.Meta(ge=1, le=255)] = 24


class Qr(Part, frozen=True, tag="qr"):
    text: str
    module_dots: Annotated[int, msgspec.Meta(ge=2, le=16)] = 6
    align: Align = Align.CENTRE


class Picture(Part, frozen=True, tag="picture"):
    """Black and white dots, row by row from the top, eight to a byte, the leftmost in the highest bit, 1 = black."""

    width_dots: Annotated[int, msgspec.Meta(ge=1, le=832)]
    height_dots: Annotated[int, msgspec.Meta(ge=1, le=2400)]
    bits: bytes
    align: Align = Align.CENTRE

    def __post_init__(self) -> None:
        if len(self.bits) != self.row_bytes * self.height_dots:
            raise ValueError(f"{len(self.bits)} bytes are not {self.width_dots}×{self.height_dots} dots")

    @property
    def row_bytes(self) -> int:
        return (self.width_dots + 7) // 8


AnyPart = Text | Pair | Rule | Feed | Qr | Picture


class Document(msgspec.Struct, frozen=True):
    """One slip. It ends with a cut unless `cut` says otherwise."""

    parts: tuple[AnyPart, ...]
    cut: bool = True

    def __post_init__(self) -> None:
        if len(self.parts) > PARTS_MAX:
            raise ValueError(f"a slip has at most {PARTS_MAX} parts, not {len(self.parts)}")
        for part in self.parts:
            _check(part)


def columns(text: str) -> int:
    """How wide a text is: a Latin character takes one column, any other two."""
    return sum(1 if character.isascii() else 2 for character in text)


def lines(text: str, width: int) -> Iterator[str]:
    """Break a text into lines of at most `width` columns: at blanks between Latin words, anywhere in Chinese."""
    line = ""
    for word in _WORDS.findall(text):
        if word == "\n":
            yield line.rstrip()
            line = ""
        elif columns(line) + columns(word.rstrip()) <= width:
            line += word
        else:
            if line:
                yield line.rstrip()
            *full, line = _pieces(word, width)
            yield from full
    yield line


# Whole Latin words with the blanks behind them; any other character stands alone and keeps its closing punctuation.
_WORDS = re.compile(r"\n|[!-~]+[ ]*|[ ]+|[^\x00-\x7f][，。、；：！？）】》]*")


def _pieces(word: str, width: int) -> list[str]:
    """A word that is longer than a line, cut hard."""
    pieces = [""]
    for character in word:
        if columns(pieces[-1]) + columns(character) > max(width, 2):
            pieces.append("")
        pieces[-1] += character
    return pieces


def _check(part: AnyPart) -> None:
    match part:
        case Text(text=text) if len(text) > TEXT_CHARACTERS_MAX:
            raise ValueError(f"a text has at most {TEXT_CHARACTERS_MAX} characters, not {len(text)}")
        case Pair(label=label, value=value) if len(label) + len(value) > TEXT_CHARACTERS_MAX:
            raise ValueError(f"a pair has at most {TEXT_CHARACTERS_MAX} characters")
        case Qr(text=text) if not 0 < len(text) <= QR_CHARACTERS_MAX:
            raise ValueError(f"a QR code has 1 to {QR_CHARACTERS_MAX} characters, not {len(text)}")
        case _:
            pass
