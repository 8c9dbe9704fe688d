"""Rows of a worksheet: every value comes back as it went in, in the look of its column, and no text is anything but text."""

import zipfile
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from edge.reports.sheet_rows import SHEET, Cell, Rows, put_in, styles_of

FIRST = 1
COLUMNS = 3
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20)
NUMBER = st.one_of(st.integers(-(10**15), 10**15), st.floats(allow_nan=False, allow_infinity=False, width=32))
ROW = st.tuples(st.none() | TEXT, st.none() | NUMBER, st.none() | TEXT | NUMBER)


def frame() -> BytesIO:
    """A head, and models of which the middle one has a look of its own."""
    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Sheet")
        sheet.write_row(0, 0, ["a", "b", "c"])
        sheet.write_blank(FIRST, 1, None, book.add_format({"num_format": "0.0%"}))
        sheet.write_blank(FIRST + 1, 0, None, book.add_format({"bold": True}))
    return out


def made(rows: list[tuple[Cell, ...]], model: int = FIRST) -> BytesIO:
    models, stream, target = frame(), BytesIO(), BytesIO()
    writer = Rows(stream, FIRST)
    for row in rows:
        writer.write(row, styles_of(models, model, COLUMNS))
    put_in(models, stream, target, FIRST, writer.next_row - 1)
    return target


def opened(book: BytesIO) -> Any:
    return openpyxl.load_workbook(book).active


@given(rows=st.lists(ROW, max_size=8))
def test_what_went_in_comes_back(rows: list[tuple[Cell, ...]]) -> None:
    sheet = opened(made(rows))
    below = sheet.iter_rows(min_row=FIRST + 1, max_row=FIRST + len(rows), max_col=COLUMNS)
    assert [tuple(cell.value for cell in row) for row in below] == rows
    assert [cell.value for cell in sheet[1]] == ["a", "b", "c"]
    assert all(
        cell.number_format == ("0.0%" if cell.column == 2 and cell.value is not None else "General")
        for row in sheet.iter_rows(min_row=2)
        for cell in row
    )


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1", "https://example.org", "<b>&amp;", "  both  sides  ", "a\nb"])
def test_text_is_text(text: str) -> None:
    cell = opened(made([(text, None, None)])).cell(FIRST + 1, 1)
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.hyperlink is None


def test_what_xml_cannot_hold_is_escaped_as_excel_does() -> None:
    with zipfile.ZipFile(made([("a\x01b", None, "_x0041_")])) as book:
        sheet = book.read(SHEET).decode()
    assert ">a_x0001_b<" in sheet
    assert ">_x005F_x0041_<" in sheet


def test_models_are_gone_and_the_sheet_says_how_far_it_goes() -> None:
    sheet = opened(made([("x", 0.5, None)], model=FIRST + 1))
    assert sheet.dimensions == "A1:C2"
    assert sheet.cell(2, 1).font.bold
    assert opened(made([])).max_row == 1


def test_many_rows_alike_take_little_room() -> None:
    with zipfile.ZipFile(made([("个人业务", 0.25, "normal")] * 500)) as book:
        sheet = book.getinfo(SHEET)
    assert sheet.compress_size < sheet.file_size / 10
