"""A report as an Excel workbook that prints on A4 and can carry no formula: no cell's text is ever evaluated.

Rows are written one by one, in constant memory, so that a quarter's detail fits a small box. The cells are those of the screen;
only how a number looks (percent, decimals) is a format. Charts point at cells of the same sheet.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter

from edge.reports.table import Chart, Column, Kind, Table, edition_text, written
from edge.reports.words import in_language

A4: Final = 9
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTHS: Final = {Kind.TEXT: 13, Kind.CODE: 13, Kind.TIME: 19, Kind.FLAG: 8}
WIDTH: Final = 10
FORMATS: Final = {Kind.SHARE: "0.0%", Kind.MINUTES: "0.0", Kind.RATIO: "0.00"}
HEAD_ROWS: Final = 4
"""Title, period, data version, column heads."""
CHART_POINTS_MAX: Final = 500
"""A chart of more is a smear."""
SHEET_NAME_CHARS_MAX: Final = 31


class TooManyRows(Exception):
    """More rows than one workbook may hold."""


def write(table: Table, path: Path, zone: ZoneInfo, language: str, *, rows_max: int) -> int:
    """The whole report into a file; returns its rows, the total not counted. Raises TooManyRows."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": str(path.parent)}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet(in_language(table.title, language)[:SHEET_NAME_CHARS_MAX])
        _set_up(sheet, table, language)
        _write_head(book, sheet, table, language)
        rows = _write_rows(book, sheet, table, zone, language, rows_max)
        _draw(book, sheet, table, rows, language)
    return rows


def _set_up(sheet: Any, table: Table, language: str) -> None:
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEAD_ROWS - 1)
    sheet.freeze_panes(HEAD_ROWS, 2)
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.7)
    branch, title = (_plain(in_language(term, language)) for term in (table.branch, table.title))
    sheet.set_header(f"&L{branch}&C&B{title}&R{_plain(table.period.label)}")
    sheet.set_footer(f"&L{_plain(edition_text(table.edition, language))}&R&P / &N")
    for index, column in enumerate(table.columns):
        sheet.set_column(index, index, WIDTHS.get(column.kind, WIDTH))


def _plain(text: str) -> str:
    """Text for a header, where `&` begins a code; at most 255 characters fit there altogether."""
    return text.replace("&", "&&")[:110]


def _write_head(book: Any, sheet: Any, table: Table, language: str) -> None:
    large = book.add_format({"bold": True, "font_size": 14})
    head = book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True, "valign": "top"})
    sheet.write_string(0, 0, in_language(table.title, language), large)
    sheet.write_string(1, 0, f"{in_language(table.branch, language)}  {table.period.first} – {table.period.last}")
    sheet.write_string(2, 0, edition_text(table.edition, language))
    for index, column in enumerate(table.columns):
        sheet.write_string(HEAD_ROWS - 1, index, in_language(column.term, language), head)


def _write_rows(book: Any, sheet: Any, table: Table, zone: ZoneInfo, language: str, rows_max: int) -> int:  # noqa: PLR0917 -- one caller
    plain = _formats(book, table.columns, {})
    number = HEAD_ROWS
    for values in written(table, table.rows, zone, language):
        if number - HEAD_ROWS >= rows_max:
            raise TooManyRows
        _write_row(sheet, number, values, plain)
        number += 1
    rows = number - HEAD_ROWS
    if table.total is not None:
        bold = _formats(book, table.columns, {"bold": True, "top": 1})
        for values in written(table, [table.total], zone, language):
            _write_row(sheet, number, values, bold)
    if rows:
        sheet.autofilter(HEAD_ROWS - 1, 0, number - 1, len(table.columns) - 1)
    return rows


def _formats(book: Any, columns: Sequence[Column], also: dict[str, object]) -> list[Any]:
    made: dict[Kind, Any] = {}
    for column in columns:
        if column.kind not in made:
            shape = {"num_format": FORMATS[column.kind]} if column.kind in FORMATS else {}
            made[column.kind] = book.add_format({**shape, **also}) if shape or also else None
    return [made[column.kind] for column in columns]


def _write_row(sheet: Any, number: int, values: Sequence[object], formats: Sequence[Any]) -> None:
    """`write_string` and `write_number` only: nothing looks at a text to guess what it may be."""
    for index, value in enumerate(values):
        if isinstance(value, str):
            sheet.write_string(number, index, value, formats[index])
        elif value is not None:
            sheet.write_number(number, index, value, formats[index])


def _draw(book: Any, sheet: Any, table: Table, rows: int, language: str) -> None:
    """Native charts below the table, of its own cells."""
    if not 0 < rows <= CHART_POINTS_MAX:
        return
    below = HEAD_ROWS + rows + 2
    for place, chart in enumerate(table.charts):
        sheet.insert_chart(below + place * 20, 1, _chart(book, sheet, table, chart, rows, language))


def _chart(book: Any, sheet: Any, table: Table, chart: Chart, rows: int, language: str) -> Any:  # noqa: PLR0917 -- one caller
    places = {column.name: index for index, column in enumerate(table.columns)}
    drawn = book.add_chart({"type": chart.kind})
    name, last = sheet.get_name(), HEAD_ROWS + rows - 1
    for series in chart.series:
        column = places[series]
        drawn.add_series(
            {
                "name": [name, HEAD_ROWS - 1, column],
                "categories": [name, HEAD_ROWS, places[chart.x], last, places[chart.x]],
                "values": [name, HEAD_ROWS, column, last, column],
            }
        )
    drawn.set_title({"name": in_language(chart.title, language), "name_font": {"size": 11}})
    drawn.set_legend({"position": "bottom"})
    drawn.set_size({"width": 900, "height": 360})
    return drawn
