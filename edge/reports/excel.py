"""A report as an Excel workbook that prints on A4 and can carry no formula: no cell text is ever evaluated."""

import io
from typing import Final
from zoneinfo import ZoneInfo

import xlsxwriter

from edge.reports.table import Kind, Table, written

A4: Final = 9
WIDTHS: Final = {Kind.TEXT: 14, Kind.COUNT: 9, Kind.FLAG: 9, Kind.TIME: 19, Kind.DURATION: 10}
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAD_ROWS: Final = 3


def workbook(table: Table, zone: ZoneInfo, *, chinese: bool) -> bytes:
    """The whole report; equal to the screen cell by cell."""
    target = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    book = xlsxwriter.Workbook(target, options)
    title = table.title if chinese else table.title_en
    sheet = book.add_worksheet(title[:31])
    bold = book.add_format({"bold": True, "font_size": 14})
    head = book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True})
    sheet.write_string(0, 0, title, bold)
    sheet.write_string(1, 0, f"{table.branch}  {table.period.first} – {table.period.last}")
    for index, column in enumerate(table.columns):
        sheet.set_column(index, index, WIDTHS[column.kind])
        sheet.write_string(HEAD_ROWS - 1, index, column.title if chinese else column.title_en, head)
    for number, row in enumerate(written(table, zone), HEAD_ROWS):
        for index, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(number, index, value)
            elif value is not None:
                sheet.write_string(number, index, value)
    _lay_out(sheet, len(table.columns))
    book.close()
    return target.getvalue()


def _lay_out(sheet: xlsxwriter.worksheet.Worksheet, columns: int) -> None:
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEAD_ROWS - 1)
    sheet.freeze_panes(HEAD_ROWS, 2)
    sheet.autofilter(HEAD_ROWS - 1, 0, HEAD_ROWS - 1, columns - 1)
    sheet.set_footer("&L&D &T&R&P / &N")
