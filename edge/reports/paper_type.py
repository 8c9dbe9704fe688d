"""How large the type of a printed table can be, so that its columns fit the width of a sheet: by counting letters.

Widths are told in em, of Noto Sans: a Chinese character is one, a Latin letter or figure somewhat more than a half. A long text
needs no more than a short line, as it wraps; figures and times never do. So the estimate is the narrowest that the browser's
own layout can make of the table, and nothing is cut off. What the layout has left over goes to the texts.
"""

from collections.abc import Iterable, Sequence
from typing import Final

TYPES_PT: Final = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
"""The largest that fits is taken."""
WIDTH_PT: Final = 277 / 25.4 * 72
"""Of A4 landscape, without the margins."""
PADDING_PT: Final = 2 / 25.4 * 72
"""Left and right of a cell."""
LATIN_EM: Final = 0.57
CHINESE_EM: Final = 1.0
FIRST_CHINESE: Final = "\u2e80"
HEAD_EM: Final = 3.2
"""A Chinese head breaks anywhere but around a unit in brackets."""
LINE_EM: Final = 10
"""The short line that a long text wraps to."""

TYPE_STYLE: Final = "".join(f".type-{size * 10:.0f} {{ font-size: {size}pt; }}\n" for size in TYPES_PT)


def type_class(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The class of the largest type that fits, of those in `TYPE_STYLE`; of the smallest where none does."""
    return f"type-{type_pt(heads, rows) * 10:.0f}"


def type_pt(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> float:
    """Points."""
    cells = zip(*rows, strict=True) if rows else [()] * len(heads)
    width_em = sum(max(_head_em(head), _cells_em(texts)) for head, texts in zip(heads, cells, strict=True))
    room_pt = WIDTH_PT - PADDING_PT * len(heads)
    return next((size for size in TYPES_PT if width_em * size <= room_pt), TYPES_PT[-1])


def wraps(text: str) -> bool:
    """Whether it may take several lines."""
    return _em(text) > LINE_EM


def _cells_em(texts: Iterable[str]) -> float:
    return max((min(_em(text), LINE_EM) for text in set(texts)), default=0)


def _head_em(head: str) -> float:
    return max(_em(word) if word.isascii() else min(_em(word), HEAD_EM) for word in head.split() or [""])


def _em(text: str) -> float:
    if text.isascii():
        return LATIN_EM * len(text)
    return sum(LATIN_EM if letter < FIRST_CHINESE else CHINESE_EM for letter in text)
