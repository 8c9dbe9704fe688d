"""A report as a page to print: HTML on A4 landscape without scripts; the same cells as on the screen.

Paper has one look for every report. The head says what, where, when and of whom; the heads of the columns and the foot with the
data version stand on every sheet. The type is as large as the width allows. To that end paper leaves out what it says already
(the branch; the period, where every row has the same; the date of a time within the row's day), and a report with more columns
than a person can read on paper declares those that go there (`Report.paper`), which the foot then tells.
"""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from edge.reports.paper_type import LINE_EM, TYPE_STYLE, type_class, wraps
from edge.reports.table import Column, Kind, Table, Value, Written, conditions_text, edition_text
from edge.reports.words import Term, in_language

MEDIA_TYPE: Final = "text/html; charset=utf-8"
STYLE_TYPE: Final = "text/css; charset=utf-8"
STYLE_PATH: Final = "/api/reports/print.css"

STYLE: Final = (
    TYPE_STYLE
    + f"td.long {{ min-width: {LINE_EM}em; }}"
    + """
@page { size: A4 landscape; margin: 12mm 10mm 14mm; }
@page { @bottom-right { content: counter(page) " / " counter(pages); font: 8pt "Noto Sans CJK SC", sans-serif; } }
body { font: 9pt/1.25 "Noto Sans CJK SC", "Noto Sans SC", sans-serif; color: #17202a; margin: 0; }
h1 { font-size: 15pt; margin: 0 0 1mm; }
p { margin: 0 0 2mm; color: #44515e; }
.open { color: #a3241c; font-weight: 700; }
.conditions { color: #17202a; font-weight: 700; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { text-align: left; vertical-align: bottom; background: #e8eef4; border-bottom: .4mm solid #44515e; padding: .8mm 1mm; }
td { border-bottom: .1mm solid #c9d2da; padding: .6mm 1mm; }
td.number, th.number { text-align: right; }
td { white-space: nowrap; }
td.long { white-space: normal; line-height: 1.15; overflow-wrap: anywhere; }
th { min-width: 2.2em; line-height: 1.15; }
.total td { font-weight: 700; border-top: .4mm solid #44515e; }
tfoot { display: table-footer-group; }
tfoot td { border: 0; padding-top: 1.5mm; color: #44515e; font-size: 7.5pt; white-space: normal; }
@media screen { body { margin: 12mm 10mm; } }
"""
)

NUMBERS: Final = frozenset({Kind.COUNT, Kind.RATIO, Kind.SHARE, Kind.MINUTES, Kind.WHOLE_MINUTES})
HEADERS: Final = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
"""Its style, and nothing else; the console that opened it may ask it to print."""
WRAPS: Final = frozenset({Kind.TEXT, Kind.CODE, Kind.CODES})
OPEN: Final = {"zh-CN": "未结", "en": "OPEN"}


class _Sheet(NamedTuple):
    """What of a table goes on paper, written."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] | None


def page(table: Table, rows: Sequence[Written], total: Written | None, language: str) -> str:
    """The whole page; `rows` and `total` are written already."""
    sheet = _sheet(table, rows, total)
    title = escape(in_language(table.title, language))
    heads = [in_language(column.term, language) for column in sheet.columns]
    head = "".join(f"<th{_class(column)}>{escape(said)}</th>" for column, said in zip(sheet.columns, heads, strict=True))
    body = "".join(_line(sheet.columns, row) for row in sheet.rows)
    last = "" if sheet.total is None else f'<tbody class="total">{_line(sheet.columns, sheet.total)}</tbody>'
    mark = f' <span class="open">{OPEN[language]}</span>' if table.edition.open_days else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title} {table.period.label}</title>'
        f'<link rel="stylesheet" href="{STYLE_PATH}"></head><body><h1>{title}{mark}</h1>'
        f"<p>{escape(in_language(table.branch, language))} · {table.period.label}{_narrowed(table, language)}</p>"
        f'<table class="{type_class(heads, sheet.rows)}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody>{last}{_foot(table, len(heads), language)}</table></body></html>"
    )


def _narrowed(table: Table, language: str) -> str:
    told = conditions_text(table, language)
    return f' · <span class="conditions">{escape(told)}</span>' if told else ""


def _foot(table: Table, shown: int, language: str) -> str:
    """Stands on every sheet, so that a single one can still be told from another."""
    told = [in_language(table.title, language), in_language(table.branch, language), table.period.label]
    told.append(edition_text(table.edition, language))
    if table.paper:
        whole = len(table.columns)
        fewer = Term(f"纸上 {shown} 列，全部 {whole} 列见 Excel", f"{shown} of {whole} columns; the workbook has all")
        told.append(in_language(fewer, language))
    return f'<tfoot><tr class="foot"><td colspan="{shown}">{escape(" · ".join(told))}</td></tr></tfoot>'


def _sheet(table: Table, rows: Sequence[Written], total: Written | None) -> _Sheet:
    names = [column.name for column in table.columns]
    left_out = {"branch"}
    if "period" in names and all(row[names.index("period")] == table.period.label for row in rows):
        left_out.add("period")
    places = [place for place, name in enumerate(names) if name not in left_out and (not table.paper or name in table.paper)]
    columns = [table.columns[place] for place in places]
    day = names.index("day") if "day" in names else None

    def shown(row: Written) -> list[str]:
        today = None if day is None else row[day]
        return [_shown(column, row[place], today) for column, place in zip(columns, places, strict=True)]

    return _Sheet(columns, [shown(row) for row in rows], None if total is None else shown(total))


def _line(columns: Sequence[Column], row: Sequence[str]) -> str:
    cells = (f"<td{_class(column, text)}>{escape(text)}</td>" for column, text in zip(columns, row, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _class(column: Column, text: str = "") -> str:
    if column.kind in NUMBERS:
        return ' class="number"'
    return ' class="long"' if column.kind in WRAPS and wraps(text) else ""


def _shown(column: Column, value: Value, today: Value) -> str:
    """As the formats of the workbook show it; a time of the row's own day by the clock."""
    match column.kind, value:
        case _, None:
            return ""
        case Kind.SHARE, float():
            return f"{value:.1%}"
        case Kind.MINUTES, float():
            return f"{value:.1f}"
        case Kind.RATIO, float():
            return f"{value:.2f}"
        case Kind.TIME, str() if value.startswith(f"{today} "):
            return value.removeprefix(f"{today} ")
    return str(value)
