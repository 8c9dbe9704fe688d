"""Drawing text as dots: for characters a machine cannot print itself, and for the emulators' paper.

The font is a Noto CJK "Mono" face, because its Latin letters are exactly half as wide as its Chinese ones: the grid that
receipt printers have. It is looked for in the places where distributions put it; `BRANCHBOX_FONT` or an argument names
another. Nothing here guesses: without a font, drawing raises `FontMissing` that says what to install.
"""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from drivers.document import columns

FONT_VARIABLE: Final = "BRANCHBOX_FONT"
FACE: Final = "Noto Sans Mono CJK SC"
PLACES: Final[Sequence[str]] = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",  # Debian, Ubuntu: fonts-noto-cjk
    "/usr/share/fonts/google-noto-sans-mono-cjk-vf-fonts/NotoSansMonoCJK-VF.ttc",  # Fedora
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",  # openEuler, Anolis, older Fedora
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",  # Arch, Deepin
)
_PROBE_DOTS: Final = 24
FACES_MAX: Final = 64
BASELINE: Final = 0.88
"""Where the baseline of a square Chinese character stands, from its top."""
LEADING: Final = 1.25
"""Line height to character height: room for the tails of g, p and y, which hang below the square."""
_MISSING: Final = "〓"
"""The geta mark: what printers have always set for a character they do not have."""


class FontMissing(Exception):
    """No Chinese font was found."""

    def __init__(self) -> None:
        super().__init__(
            f"no Chinese font found 没有找到中文字体: install fonts-noto-cjk, or name a font file in ${FONT_VARIABLE}"
        )


@dataclass(frozen=True, slots=True)
class Dots:
    """A picture in the form printers want: row by row, eight dots to a byte, 1 = black."""

    width_dots: int
    height_dots: int
    bits: bytes


@dataclass(frozen=True)
class Lettering:
    """A font to draw with; the same object serves every size."""

    path: Path | None = None
    """None: the first of `PLACES` that exists."""

    def draw(self, text: str, *, height_dots: int, bold: bool = False) -> Dots:
        """One line of text in characters `height_dots` high, each column half as wide. Raises `FontMissing`."""
        width_dots = columns(text) * height_dots // 2
        image = Image.new("1", (max(width_dots, 8), int(height_dots * LEADING)), 0)
        pen = ImageDraw.Draw(image)
        x = 0
        for character in text:
            face = self.font(height_dots, bold=bold)
            pen.text((x, height_dots * BASELINE), self.known(character), 1, face, "ls")
            x += columns(character) * height_dots // 2
        return Dots(image.width, image.height, image.tobytes())

    def font(self, height_dots: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
        """The face whose Chinese characters are `height_dots` square. Raises `FontMissing`."""
        return _face(self._file(bold=bold), height_dots)

    def known(self, character: str) -> str:
        """The character itself, or the geta mark where the font has none for it."""
        return character if character.isascii() or _has(self._file(bold=False), character) else _MISSING

    def _file(self, *, bold: bool) -> Path:
        regular = self.path or _find()
        heavy = regular.with_name(regular.name.replace("-Regular", "-Bold"))
        return heavy if bold and heavy.exists() else regular


@functools.cache
def _find() -> Path:
    named = os.environ.get(FONT_VARIABLE)
    for place in (named,) if named else PLACES:
        if Path(place).is_file():
            return Path(place)
    raise FontMissing


@functools.lru_cache(maxsize=4096)
def _has(file: Path, character: str) -> bool:
    """Whether the font draws it otherwise than what it cannot draw."""
    face = _face(file, _PROBE_DOTS)
    mask, absent = face.getmask(character), face.getmask("\U0010ffff")
    return bool(mask.size != absent.size or bytes(mask) != bytes(absent))


@functools.lru_cache(maxsize=64)
def _face(file: Path, height_dots: int) -> ImageFont.FreeTypeFont:
    """The face called `FACE` of a collection, or the file's first."""
    for index in range(FACES_MAX if file.suffix == ".ttc" else 1):
        try:
            face = ImageFont.truetype(str(file), height_dots, index=index)
        except OSError:  # past the last face of the collection
            break
        if face.getname()[0] == FACE:
            return face
    try:
        return ImageFont.truetype(str(file), height_dots)
    except OSError as error:
        raise FontMissing from error
