"""The rows of a worksheet, written as its XML and put into a workbook that a library has made without them.

A quarter's detail is two million cells. XlsxWriter makes everything else of a workbook (styles, print set-up, charts), but
takes some ten microseconds for a cell; here each is one formatted string. Strings stand in their cells (ECMA-376 Part 1
§18.18.11, `inlineStr`), so nothing is held in memory but the row under way, and no text is ever taken for a formula or a link.
"""

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from typing import IO, Final
from xml.sax.saxutils import escape

from xlsxwriter.utility import xl_col_to_name

SHEET: Final = "xl/worksheets/sheet1.xml"
COPY_BYTES: Final = 1024 * 1024
_STYLE: Final = re.compile(r'<c r="([A-Z]+)(\d+)" s="(\d+)"')
_ROW: Final = re.compile(r'<row r="(\d+)"')
_DIMENSION: Final = re.compile(r'<dimension ref="A1:([A-Z]+)\d+"/>')
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")

Cell = str | float | None


class Rows:
    """Writes rows, one below the other, to a stream."""

    def __init__(self, out: IO[bytes], first_row: int) -> None:
        self._out = out
        self.next_row = first_row
        """The row that comes next, counted from 0."""

    def write(self, values: Sequence[Cell], styles: Sequence[str]) -> None:
        """`styles` holds what `styles_of` found for each column."""
        number = self.next_row + 1
        cells = [
            f'<c r="{letters}{number}"{style}{_content(value)}</c>'
            for letters, style, value in zip(_letters(len(styles)), styles, values, strict=True)
            if value is not None
        ]
        self._out.write(f'<row r="{number}">{"".join(cells)}</row>'.encode())
        self.next_row += 1


def _letters(columns: int) -> Sequence[str]:
    while len(_LETTERS) < columns:
        _LETTERS.append(xl_col_to_name(len(_LETTERS)))
    return _LETTERS[:columns]


_LETTERS: Final[list[str]] = []


def _content(value: str | float) -> str:
    if not isinstance(value, str):
        return f"><v>{value!r}</v>"
    text = escape(_NOT_IN_XML.sub(_escaped, value))
    return f' t="inlineStr"><is><t xml:space="preserve">{text}</t></is>'


def _escaped(found: re.Match[str]) -> str:
    """What XML cannot hold, as Excel writes it; and what would be read as such."""
    text = found[0]
    return f"_x{ord(text):04X}_" if len(text) == 1 else f"_x005F{text}"


def styles_of(frame: BytesIO, row: int, columns: int) -> list[str]:
    """The style attribute of each cell of a row of models, counted from 0; empty for a cell without one."""
    with zipfile.ZipFile(frame) as book:
        found = _STYLE.findall(book.read(SHEET).decode())
    styles = {letters: f' s="{style}"' for letters, number, style in found if int(number) == row + 1}
    return [styles.get(letters, "") for letters in _letters(columns)]


def put_in(frame: BytesIO, rows: IO[bytes], target: IO[bytes], first_row: int, last_row: int) -> None:
    """Write the workbook `frame` with `rows` in the place of everything from `first_row` on; both counted from 0."""
    rows.seek(0)
    with zipfile.ZipFile(frame) as book, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as whole:
        for entry in book.infolist():
            if entry.filename != SHEET:
                whole.writestr(entry, book.read(entry))
                continue
            before, after = _around(book.read(entry).decode(), first_row, last_row)
            with whole.open(_compressed(entry), "w") as sheet:
                sheet.write(before)
                while part := rows.read(COPY_BYTES):
                    sheet.write(part)
                sheet.write(after)


def _compressed(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """The same entry of another size; `ZipInfo` alone would store it as it is."""
    made = zipfile.ZipInfo(entry.filename, entry.date_time)
    made.compress_type = zipfile.ZIP_DEFLATED
    return made


def _around(sheet: str, first_row: int, last_row: int) -> tuple[bytes, bytes]:
    sheet = _DIMENSION.sub(lambda found: f'<dimension ref="A1:{found[1]}{max(first_row, last_row + 1)}"/>', sheet)
    end = sheet.index("</sheetData>")
    models = next((found.start() for found in _ROW.finditer(sheet) if int(found[1]) > first_row), end)
    return sheet[:models].encode(), sheet[end:].encode()
