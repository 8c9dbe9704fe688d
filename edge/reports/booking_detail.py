"""客户预约查询: one row per appointment, what the report of appointments counts. Its code is not shown: it opens the door."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from edge.reports import words
from edge.reports.bookings import Booking, bookings
from edge.reports.period import Period
from edge.reports.report import BOOKINGS, Ask, Grid, Report, asked, branch_column, teller_columns
from edge.reports.table import Column, Kind, Row
from edge.reports.words import Term

TESTS: Final[Mapping[str, Callable[[Booking, Any], bool]]] = {
    "service": lambda one, service: one.service == service,
    "channel": lambda one, channel: one.channel == channel,
    "booking": lambda one, state: one.state == state,
    "came": lambda one, wanted: (one.came_ms is not None) is wanted,
    "expert": lambda one, wanted: bool(one.expert) is wanted,
    "cash": lambda one, wanted: bool(one.cash) is wanted,
    "parking": lambda one, wanted: bool(one.parking) is wanted,
    "parked": lambda one, wanted: bool(one.parked) is wanted,
}
"""Which appointments a filter keeps."""


def kept(ask: Ask) -> Iterator[Booking]:
    """The appointments of the period that the query asks for."""
    tests = asked(ask.query, TESTS)
    for one in bookings(ask.connection, ask.source.period):
        if all(test(one, value) for test, value in tests):
            yield one


def make(ask: Ask) -> Grid:
    return Grid(_columns(ask), _rows(ask))


def _rows(ask: Ask) -> Iterator[Row]:
    for one in kept(ask):
        day = date.fromisoformat(one.day)
        yield Row(_values(ask, one), ask.at(Period(day, day), service=one.service, channel=one.channel))


def _values(ask: Ask, one: Booking) -> list[Any]:
    return [
        *("", one.day, one.seq, one.service, one.channel, one.start_ms, one.state, one.came_ms),
        *(one.early_s, one.late_s, one.number, one.first_call_ms, one.wait_s),
        *(one.staff, None if one.staff is None else ask.staff_name(one.staff), one.counter, one.expert, one.cash),
        *(one.parking, one.parked),
    ]


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        Column("day", "日期", "Day", Kind.DAY),
        Column("seq", "流水号", "Serial", Kind.COUNT),
        Column("service", "业务", "Service", Kind.CODE, ask.services),
        Column("channel", "渠道", "Channel", Kind.CODE, words.CHANNELS),
        Column("slot", "预约时间", "Slot", Kind.TIME),
        Column("booking", "状态", "State", Kind.CODE, words.BOOKINGS),
        Column("came", "到店", "Came", Kind.TIME),
        Column("early", "提前（分）", "Early by (min)", Kind.MINUTES),
        Column("late", "迟到（分）", "Late by (min)", Kind.MINUTES),
        Column("number", "票号", "Number", Kind.TEXT),
        Column("called", "首叫", "First call", Kind.TIME),
        Column("wait", "预约到叫号等待（分）", "Wait from the slot (min)", Kind.MINUTES),
        *teller_columns(ask),
        Column("expert", "专家预约", "With an expert", Kind.FLAG),
        Column("cash", "备款", "Cash ordered", Kind.FLAG),
        Column("parking", "停车预订", "Bay asked for", Kind.FLAG),
        Column("parked", "停车使用", "Came by car", Kind.FLAG),
    ]


REPORT: Final = Report(
    BOOKINGS,
    Term("客户预约明细报表", "Appointment detail"),
    make,
    frozenset(TESTS),
    lists=True,
)
