"""What a report is, and what its maker gets. A new report is one module with a `REPORT`, and one line in `catalogue.py`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from edge.kernel.db import Connection
from edge.policy import tables as policy
from edge.queue import ruling
from edge.queue.call_rules import Calendar, DayClass
from edge.queue.model import Tier
from edge.queue.policy import OPENING_HOURS, TARGET_S, Hours
from edge.reports import words
from edge.reports.ask import SCOPE, ReportQuery
from edge.reports.conditions import conditions
from edge.reports.gather import Source
from edge.reports.period import Period
from edge.reports.table import Chart, Column, Drill, Kind, Row, Table, day_query
from edge.reports.words import Term

TICKETS: Final = "ticket-detail"
CALLS: Final = "call-detail"
BOOKINGS: Final = "appointment-detail"
WHO: Final = frozenset({"teller", "counter"})


@dataclass(frozen=True)
class Ask:
    """One request for one report."""

    source: Source
    query: ReportQuery

    @property
    def connection(self) -> Connection:
        return self.source.connection

    @cached_property
    def target(self) -> int:
        """Minutes."""
        asked = self.query.target
        return policy.read(self.connection, TARGET_S[Tier.NORMAL]) // 60 if asked is None else asked

    def part(self, day: date) -> Period:
        """The line of the report that a day belongs to."""
        return self.source.part_of(day)

    def at(self, part: Period, **keys: str) -> dict[str, str]:
        """The query that leads from a row to what it is about."""
        scope = self.source.scope
        asked = {name: str(getattr(scope, name)) for name in sorted(scope.named)}
        return {**day_query(part), **asked, **keys}

    @cached_property
    def branch(self) -> Term:
        return words.branch(self.connection)

    @cached_property
    def services(self) -> words.Words:
        return {**words.services(self.connection), words.TOTAL_CODE: words.TOTAL}

    @cached_property
    def queues(self) -> words.Words:
        return words.queues(self.connection)

    @cached_property
    def calendar(self) -> Calendar:
        """The days that are not what their weekday says."""
        return ruling.calendar(self.connection)

    @cached_property
    def opening_hours(self) -> Mapping[DayClass, Hours]:
        """As set today, whatever they were on the days of the report."""
        return policy.read(self.connection, OPENING_HOURS)

    @cached_property
    def counters(self) -> words.Words:
        return words.counters(self.connection)

    @cached_property
    def _names(self) -> dict[str, str | None]:
        return {}

    def staff_name(self, staff_no: str) -> str | None:
        """None for somebody who is no longer in the directory."""
        if staff_no not in self._names:
            self._names[staff_no] = words.staff_name(self.connection, staff_no)
        return self._names[staff_no]


@dataclass(frozen=True, slots=True)
class Grid:
    """What a report's maker makes: the table but for what all tables have."""

    columns: Sequence[Column]
    rows: Iterable[Row]
    total: Row | None = None
    charts: Sequence[Chart] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One report of the catalogue."""

    name: str
    title: Term
    make: Callable[[Ask], Grid]
    filters: frozenset[str] = SCOPE
    """Fields of the query that it understands, besides those that all do."""
    looks_back: bool = False
    """Whether it compares with the period before."""
    lists: bool = False
    """Whether its rows are as many as tickets or calls."""
    paper: frozenset[str] = frozenset()
    """The columns that go on paper, where all of them would be too small to read; the workbook has every one."""

    def table(self, ask: Ask) -> Table:
        """The finished table; the branch stands in every row, as reports from many branches are laid on one another."""
        grid, source = self.make(ask), ask.source
        return Table(
            self.name,
            self.title,
            ask.branch,
            source.period,
            source.edition,
            columns=grid.columns,
            rows=grid.rows,
            total=grid.total,
            charts=grid.charts,
            conditions=conditions(ask.connection, ask.query),
            paper=self.paper,
        )


def asked(query: ReportQuery, tests: Mapping[str, Callable[..., bool]]) -> list[tuple[Callable[..., bool], Any]]:
    """The tests that a query asks for, with their values."""
    return [(test, getattr(query, name)) for name, test in tests.items() if getattr(query, name) is not None]


# --- columns that many reports have


def branch_column(ask: Ask) -> Column:
    return Column("branch", "机构", "Branch", Kind.CODE, {"": ask.branch})


PERIOD: Final = Column("period", "期间", "Period", Kind.TEXT)
TIER: Final = Column("tier", "客户等级", "Tier", Kind.CODE, words.TIERS)


def service_column(ask: Ask) -> Column:
    return Column("service", "队列", "Queue", Kind.CODE, ask.services)


def teller_columns(ask: Ask) -> tuple[Column, ...]:
    return (
        Column("teller", "柜员工号", "Teller", Kind.TEXT),
        Column("teller_name", "姓名", "Name", Kind.TEXT),
        Column("counter", "窗口", "Counter", Kind.CODE, ask.counters),
    )


def tickets(**query: str) -> Drill:
    """The tickets behind a number."""
    return Drill(TICKETS, query)


def calls(**query: str) -> Drill:
    """The calls behind a number."""
    return Drill(CALLS, query)
