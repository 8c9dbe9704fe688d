"""A report as an Excel workbook that prints on A4 and can carry no formula: no cell's text is ever evaluated.

Rows are written one by one, in constant memory (`sheet_rows.py`), so that a quarter's detail fits a small box. The cells are
those of the screen; only how a number looks (percent, decimals) is a format, and days and times are Excel's own, so that they
sort and filter. Charts point at cells of the same sheet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter

from edge.reports.sheet_rows import Rows, put_in, styles_of
from edge.reports.table import WRITE, Chart, Column, Kind, Table, Value, Write, conditions_text, edition_text, written
from edge.reports.words import Term, in_language

A4: Final = 9
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTHS: Final = {Kind.TEXT: 13, Kind.CODE: 13, Kind.CODES: 20, Kind.TIME: 19, Kind.DAY: 11, Kind.FLAG: 8}
WIDTH: Final = 10
FORMATS: Final = {
    Kind.SHARE: "0.0%",
    Kind.MINUTES: "0.0",
    Kind.RATIO: "0.00",
    Kind.DAY: "yyyy-mm-dd",
    Kind.TIME: "yyyy-mm-dd hh:mm:ss",
}
EPOCH_DAY: Final = 25_569
"""1 January 1970 as Excel counts days."""
DAY_MS: Final = 24 * 3600 * 1000
OFFSET_STEP_MS: Final = 15 * 60 * 1000
"""No zone changes its clocks but on a quarter of an hour."""
HEAD_ROWS: Final = 4
"""Title, period with what it is narrowed to, data version, column heads."""
MODEL_ROW: Final = HEAD_ROWS
TOTAL_MODEL_ROW: Final = HEAD_ROWS + 1
MODELS: Final[dict[int, dict[str, object]]] = {MODEL_ROW: {}, TOTAL_MODEL_ROW: {"bold": True, "top": 1}}
CHART_ROWS: Final = 20
CHART_POINTS_MAX: Final = 500
"""A chart of more is a smear."""
SHEET_NAME_CHARS_MAX: Final = 31


@lru_cache(maxsize=1024)
def _offset_ms(step: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(step * OFFSET_STEP_MS // 1000, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * 1000


def _moment(at_ms: int, _column: Column, zone: ZoneInfo, _language: str) -> Value:
    """Days since Excel's beginning, by the branch's clock: Excel knows no zones."""
    return EPOCH_DAY + (at_ms // 1000 * 1000 + _offset_ms(at_ms // OFFSET_STEP_MS, zone)) / DAY_MS


def _day(day: str, _column: Column, _zone: ZoneInfo, _language: str) -> Value:
    return EPOCH_DAY + (date.fromisoformat(day) - date(1970, 1, 1)).days


CELLS: Final[dict[Kind, Write]] = {**WRITE, Kind.TIME: _moment, Kind.DAY: _day}


class TooManyRows(Exception):
    """More rows than one workbook may hold."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One report on one sheet."""

    book: Any
    sheet: Any
    table: Table
    zone: ZoneInfo
    language: str

    def set_up(self) -> None:
        """How it looks, and how it prints."""
        sheet, table = self.sheet, self.table
        sheet.set_paper(A4)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEAD_ROWS - 1)
        sheet.freeze_panes(HEAD_ROWS, 2)
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.7)
        branch, title = _plain(self._say(table.branch)), _plain(self._say(table.title))
        sheet.set_header(f"&L{branch}&C&B{title}&R{_plain(table.period.label)}")
        sheet.set_footer(f"&L{_plain(edition_text(table.edition, self.language))}&R&P / &N")
        for index, column in enumerate(table.columns):
            sheet.set_column(index, index, WIDTHS.get(column.kind, WIDTH))

    def write_head(self) -> None:
        sheet, table = self.sheet, self.table
        large = self.book.add_format({"bold": True, "font_size": 14})
        head = self.book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True, "valign": "top"})
        sheet.write_string(0, 0, self._say(table.title), large)
        told = (self._say(table.branch), f"{table.period.first} – {table.period.last}", conditions_text(table, self.language))
        sheet.write_string(1, 0, "  ".join(filter(None, told)))
        sheet.write_string(2, 0, edition_text(table.edition, self.language))
        for index, column in enumerate(table.columns):
            sheet.write_string(HEAD_ROWS - 1, index, self._say(column.term), head)

    def write_models(self) -> None:
        """Two rows of empty cells, from which the rows and the total take their styles; they are not in the finished book."""
        columns = self.table.columns
        for row, also in MODELS.items():
            for index, shape in enumerate(_formats(self.book, columns, also)):
                self.sheet.write_blank(row, index, None, shape)

    def filter_rows(self, rows: int) -> None:
        if rows:
            self.sheet.autofilter(HEAD_ROWS - 1, 0, HEAD_ROWS + rows - 1, len(self.table.columns) - 1)

    def draw(self, rows: int) -> None:
        """Native charts below the table, of its own cells."""
        if 0 < rows <= CHART_POINTS_MAX:
            for place, chart in enumerate(self.table.charts):
                self.sheet.insert_chart(HEAD_ROWS + rows + 2 + place * CHART_ROWS, 1, self._drawn(chart, HEAD_ROWS + rows - 1))

    def _drawn(self, chart: Chart, last: int) -> Any:
        places = {column.name: index for index, column in enumerate(self.table.columns)}
        drawn, name = self.book.add_chart({"type": chart.kind}), self.sheet.get_name()
        for series in chart.series:
            column = places[series]
            drawn.add_series(
                {
                    "name": [name, HEAD_ROWS - 1, column],
                    "categories": [name, HEAD_ROWS, places[chart.x], last, places[chart.x]],
                    "values": [name, HEAD_ROWS, column, last, column],
                }
            )
        drawn.set_title({"name": self._say(chart.title), "name_font": {"size": 11}})
        drawn.set_legend({"position": "bottom"})
        drawn.set_size({"width": 900, "height": 360})
        return drawn

    def _say(self, term: Term) -> str:
        return in_language(term, self.language)


def write(table: Table, path: Path, zone: ZoneInfo, language: str, *, rows_max: int) -> int:
    """The whole report into a file; returns its rows, the total not counted. Raises TooManyRows."""
    models = _frame(table, zone, language, path.parent)
    with TemporaryFile(dir=path.parent) as stream, path.open("wb") as target:
        rows = Rows(stream, HEAD_ROWS)
        styles = styles_of(models, MODEL_ROW, len(table.columns))
        for values in written(table, table.rows, zone, language, CELLS):
            if rows.next_row - HEAD_ROWS >= rows_max:
                raise TooManyRows
            rows.write(values, styles)
        count = rows.next_row - HEAD_ROWS
        if table.total is not None:
            bold = styles_of(models, TOTAL_MODEL_ROW, len(table.columns))
            for values in written(table, [table.total], zone, language, CELLS):
                rows.write(values, bold)
        put_in(_frame(table, zone, language, path.parent, count), stream, target, HEAD_ROWS, rows.next_row - 1)
    return count


def _frame(table: Table, zone: ZoneInfo, language: str, scratch: Path, rows: int = 0) -> BytesIO:
    """The workbook without its rows. Filter and charts point at them, once their number is known."""
    frame = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": str(scratch)}
    with xlsxwriter.Workbook(frame, options) as book:
        sheet = book.add_worksheet(in_language(table.title, language)[:SHEET_NAME_CHARS_MAX])
        report = _Sheet(book, sheet, table, zone, language)
        report.set_up()
        report.write_head()
        report.write_models()
        report.filter_rows(rows)
        report.draw(rows)
    return frame


def _plain(text: str) -> str:
    """Text for a header, where `&` begins a code; at most 255 characters fit there altogether."""
    return text.replace("&", "&&")[:110]


def _formats(book: Any, columns: Sequence[Column], also: dict[str, object]) -> list[Any]:
    made: dict[Kind, Any] = {}
    for column in columns:
        if column.kind not in made:
            shape = {"num_format": FORMATS[column.kind]} if column.kind in FORMATS else {}
            made[column.kind] = book.add_format({**shape, **also}) if shape or also else None
    return [made[column.kind] for column in columns]
