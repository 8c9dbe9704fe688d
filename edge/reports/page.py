"""A report as a page to print: HTML on A4 without scripts, upright where its columns fit; the same cells as on the screen."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from edge.reports.table import Column, Kind, Table, Value, edition_text
from edge.reports.words import in_language

MEDIA_TYPE: Final = "text/html; charset=utf-8"
STYLE_TYPE: Final = "text/css; charset=utf-8"
STYLE_PATH: Final = "/api/reports/print.css"

STYLE: Final = """
@page { size: A4 landscape; margin: 12mm 10mm 14mm; }
@page { @bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt; } }
@page upright { size: A4 portrait; }
.upright { page: upright; }
body { font: 9pt/1.35 "Noto Sans CJK SC", "Noto Sans SC", sans-serif; color: #17202a; margin: 0; }
h1 { font-size: 15pt; margin: 0 0 1mm; }
p { margin: 0 0 2mm; color: #44515e; }
.open { color: #a3241c; font-weight: 700; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { text-align: left; vertical-align: bottom; background: #e8eef4; border-bottom: .4mm solid #44515e; padding: .8mm 1mm; }
td { border-bottom: .1mm solid #c9d2da; padding: .6mm 1mm; }
td.number, th.number { text-align: right; }
td { white-space: nowrap; }
td.long { white-space: normal; }
th { min-width: 2.2em; }
.wide { font-size: 6.5pt; }
.widest { font-size: 5pt; }
tfoot td { font-weight: 700; border-top: .4mm solid #44515e; }
"""

NUMBERS: Final = frozenset({Kind.COUNT, Kind.RATIO, Kind.SHARE, Kind.MINUTES, Kind.WHOLE_MINUTES})
HEADERS: Final = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
"""Its style, and nothing else; the console that opened it may ask it to print."""
UPRIGHT_MAX: Final = 8
"""Columns that fit a page held upright."""
WIDE: Final = 16
"""Columns above which the type is smaller, so that they fit the page; above twice as many, smaller still."""
LONG_CHARS: Final = 30
"""A text above this may take several lines."""
OPEN: Final = {"zh-CN": "未结", "en": "OPEN"}


def page(table: Table, rows: Iterable[Sequence[Value]], total: Sequence[Value] | None, language: str) -> str:
    """The whole page; `rows` and `total` are written already."""
    title = escape(in_language(table.title, language))
    head = "".join(f"<th{_class(column)}>{escape(in_language(column.term, language))}</th>" for column in table.columns)
    body = "".join(_line(table.columns, row) for row in rows)
    foot = "" if total is None else f"<tfoot>{_line(table.columns, total)}</tfoot>"
    mark = f' <span class="open">{OPEN[language]}</span>' if table.edition.open_days else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<link rel="stylesheet" href="{STYLE_PATH}"></head><body{_way(table.columns)}><h1>{title}{mark}</h1>'
        f"<p>{escape(in_language(table.branch, language))} · {table.period.first} – {table.period.last}<br>"
        f"{escape(edition_text(table.edition, language))}</p>"
        f"<table{_size(table.columns)}><thead><tr>{head}</tr></thead><tbody>{body}</tbody>{foot}</table></body></html>"
    )


def _line(columns: Sequence[Column], row: Sequence[Value]) -> str:
    cells = ((column, _shown(column, value)) for column, value in zip(columns, row, strict=True))
    return f"<tr>{''.join(f'<td{_class(column, text)}>{escape(text)}</td>' for column, text in cells)}</tr>"


def _way(columns: Sequence[Column]) -> str:
    return ' class="upright"' if len(columns) <= UPRIGHT_MAX else ""


def _size(columns: Sequence[Column]) -> str:
    if len(columns) <= WIDE:
        return ""
    return ' class="wide"' if len(columns) < 2 * WIDE else ' class="widest"'


def _class(column: Column, text: str = "") -> str:
    if column.kind in NUMBERS:
        return ' class="number"'
    return ' class="long"' if len(text) > LONG_CHARS else ""


def _shown(column: Column, value: Value) -> str:
    """As the formats of the workbook show it."""
    if value is None:
        return ""
    match column.kind, value:
        case Kind.SHARE, float():
            return f"{value:.1%}"
        case Kind.MINUTES, float():
            return f"{value:.1f}"
        case Kind.RATIO, float():
            return f"{value:.2f}"
    return str(value)
