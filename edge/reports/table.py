"""A report as a table: columns with a kind, rows of plain values. Screen, print and workbook are made of the same one.

Values are written once, in one language, by `written`; whoever shows a table writes nothing itself, so what is on the screen
and what is in the workbook are equal cell by cell.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from edge.reports.gather import Edition
from edge.reports.histogram import BEYOND, MINUTE_MAX
from edge.reports.period import Period
from edge.reports.words import Term, in_language

Value = str | int | float | None
Written = list[Value]


class Kind(StrEnum):
    """What a column holds, and so how it is written."""

    TEXT = "text"
    CODE = "code"
    """A stable word in the row; written as people call it."""
    CODES = "codes"
    """Several of them in the row, each with how often it was said, or None; written after one another."""
    COUNT = "count"
    RATIO = "ratio"
    """A plain number with two decimals."""
    SHARE = "share"
    """A part of one, with four decimals; shown in percent."""
    FLAG = "flag"
    DAY = "day"
    """A date, ISO 8601 in the row; a date in the workbook."""
    TIME = "time"
    """Unix milliseconds in the row; written as the branch's local time."""
    MINUTES = "minutes"
    """Seconds in the row; written as minutes with two decimals, shown with one."""
    WHOLE_MINUTES = "whole_minutes"
    """A minute of a histogram: so many minutes at most."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `drill` adds to a row's own query what finds the tickets or calls behind its number."""

    name: str
    zh: str
    en: str
    kind: Kind
    words: Mapping[str, Term] | None = None
    drill: "Drill | None" = None

    @property
    def term(self) -> Term:
        return Term(self.zh, self.en)


class Drill(NamedTuple):
    """The report that lists what a number counts, and what to ask of it besides the row's own query."""

    report: str
    query: Mapping[str, str]


class Row(NamedTuple):
    """One line: its values, and the query that leads to what it is about."""

    values: Sequence[Any]
    at: Mapping[str, str]


class Chart(NamedTuple):
    """A picture of some columns: `x` names the labels' column, `series` those of the values."""

    kind: str
    """`column` or `line`."""
    title: Term
    x: str
    series: tuple[str, ...]


class Condition(NamedTuple):
    """One thing that a report was narrowed to (`conditions.py`), as people call it."""

    name: str
    """As the query string has it."""
    title: Term
    value: Term


@dataclass(frozen=True, slots=True)
class Table:
    """A finished report. `rows` may be made one by one while they are read, while the connection lives."""

    name: str
    title: Term
    branch: Term
    period: Period
    edition: Edition
    columns: Sequence[Column]
    rows: Iterable[Row]
    total: Row | None = None
    charts: Sequence[Chart] = ()
    conditions: Sequence[Condition] = ()
    paper: frozenset[str] = frozenset()
    """The columns that go on paper, where not all of them do."""


# --- writing


def _same(value: Any, _column: Column, _zone: ZoneInfo, _language: str) -> Value:
    return str(value)


def _code(value: Any, column: Column, _zone: ZoneInfo, language: str) -> Value:
    term = (column.words or {}).get(value)
    return str(value) if term is None else in_language(term, language)


def _codes(value: Any, column: Column, zone: ZoneInfo, language: str) -> Value:
    said = (f"{_code(code, column, zone, language)}{'' if times is None else f' {times}'}" for code, times in value)
    return ("; " if language == "en" else "；").join(said) or None


def _count(value: Any, _column: Column, _zone: ZoneInfo, _language: str) -> Value:
    return int(value)


def _ratio(value: Any, _column: Column, _zone: ZoneInfo, _language: str) -> Value:
    return float(round(value, 2))


def _share(value: Any, _column: Column, _zone: ZoneInfo, _language: str) -> Value:
    return float(round(value, 4))


def _flag(value: Any, _column: Column, _zone: ZoneInfo, _language: str) -> Value:
    return "✓" if value else None


def _time(value: Any, _column: Column, zone: ZoneInfo, _language: str) -> Value:
    return datetime.fromtimestamp(value // 1000, zone).isoformat(" ")[:19]


def _minutes(value: Any, _column: Column, _zone: ZoneInfo, _language: str) -> Value:
    return float(round(value / 60, 2))


def _whole_minutes(value: Any, _column: Column, _zone: ZoneInfo, _language: str) -> Value:
    return f">{MINUTE_MAX}" if value >= BEYOND else int(value)


Write = Callable[[Any, Column, ZoneInfo, str], Value]
WRITE: Final[dict[Kind, Write]] = {
    Kind.TEXT: _same,
    Kind.CODE: _code,
    Kind.CODES: _codes,
    Kind.COUNT: _count,
    Kind.RATIO: _ratio,
    Kind.SHARE: _share,
    Kind.FLAG: _flag,
    Kind.DAY: _same,
    Kind.TIME: _time,
    Kind.MINUTES: _minutes,
    Kind.WHOLE_MINUTES: _whole_minutes,
}


def written(
    table: Table, rows: Iterable[Row], zone: ZoneInfo, language: str, write: Mapping[Kind, Write] = WRITE
) -> Iterator[Written]:
    """Rows as people read them; None where there was nothing to count."""
    writers = [(write[column.kind], column) for column in table.columns]
    for row in rows:
        yield [
            None if value is None else write(value, column, zone, language)
            for (write, column), value in zip(writers, row.values, strict=True)
        ]


def edition_text(edition: Edition, language: str) -> str:
    """What stands at the foot of every page."""
    return in_language(Term(_edition_zh(edition), _edition_en(edition)), language)


def _edition_zh(edition: Edition) -> str:
    open_days = "、".join(day.isoformat() for day in edition.open_days)
    mark = f" · 未结：{open_days}" if open_days else ""
    return f"数据版本 {edition.version} · {edition.days} 个营业日 · 截至记录 {edition.through_seq}{mark}"


def _edition_en(edition: Edition) -> str:
    open_days = ", ".join(day.isoformat() for day in edition.open_days)
    mark = f" · OPEN: {open_days}" if open_days else ""
    days = "1 business day" if edition.days == 1 else f"{edition.days} business days"
    return f"Data version {edition.version} · {days} · up to record {edition.through_seq}{mark}"


def conditions_text(table: Table, language: str) -> str:
    """What the report was narrowed to, on one line; empty where it tells of everybody."""
    colon = ": " if language == "en" else "："
    told = (f"{in_language(one.title, language)}{colon}{in_language(one.value, language)}" for one in table.conditions)
    return " · ".join(told)


# --- what reports count with


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def mean(total: float, number: int) -> float | None:
    return total / number if number else None


def day_query(period: Period) -> dict[str, str]:
    """The query for the days of a row."""
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def band_text(band: int) -> str:
    """A half hour as people write it."""
    return f"{band // 2:02d}:{band % 2 * 30:02d}–{(band + 1) // 2:02d}:{(band + 1) % 2 * 30:02d}"


def band_query(band: int) -> str:
    return f"{band // 2:02d}:{band % 2 * 30:02d}"
