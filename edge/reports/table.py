"""A report as data: columns with a kind, rows of plain values. Screen, print and export are made of the same table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from edge.reports.period import Period


class Kind(StrEnum):
    """What a column holds, and so how it is written."""

    TEXT = "text"
    COUNT = "count"
    FLAG = "flag"
    TIME = "time"
    """Unix milliseconds in the row; written as the branch's local time."""
    DURATION = "duration"
    """Seconds in the row; written as minutes and seconds."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    title: str
    title_en: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """A finished report."""

    name: str
    title: str
    title_en: str
    branch: str
    period: Period
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    truncated: bool


def _text(value: Any, _zone: ZoneInfo) -> str:
    return str(value)


def _flag(value: Any, _zone: ZoneInfo) -> str:
    return "✓" if value else ""


def _time(value: Any, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(value // 1000, zone):%Y-%m-%d %H:%M:%S}"


def _duration(value: Any, _zone: ZoneInfo) -> str:
    return f"{value // 60}:{value % 60:02d}"


def _count(value: Any, _zone: ZoneInfo) -> int:
    return int(value)


WRITE: Final[dict[Kind, Callable[[Any, ZoneInfo], str | int]]] = {
    Kind.TEXT: _text,
    Kind.COUNT: _count,
    Kind.FLAG: _flag,
    Kind.TIME: _time,
    Kind.DURATION: _duration,
}


def written(table: Table, zone: ZoneInfo) -> list[list[str | int | None]]:
    """The rows as people read them: what the screen shows and what the export holds, cell by cell."""
    kinds = [WRITE[column.kind] for column in table.columns]
    return [
        [None if value is None else write(value, zone) for write, value in zip(kinds, row, strict=True)] for row in table.rows
    ]
