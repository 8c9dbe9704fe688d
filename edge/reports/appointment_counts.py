"""客户预约统计 (R083): what became of the appointments for a period's days, by channel and service."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from edge.reports import words
from edge.reports.booking_detail import kept
from edge.reports.bookings import Booking
from edge.reports.report import BOOKINGS, PERIOD, Ask, Grid, Report, branch_column, service_column
from edge.reports.table import Chart, Column, Drill, Kind, Row, mean, share
from edge.reports.words import TOTAL, TOTAL_CODE, Term

CHANNELS: Final = {**words.CHANNELS, TOTAL_CODE: TOTAL}


def make(ask: Ask) -> Grid:
    groups: dict[tuple[Any, ...], list[Booking]] = {}
    for one in kept(ask):
        groups.setdefault((ask.part(date.fromisoformat(one.day)), one.channel, one.service), []).append(one)
    rows = [
        Row(
            ["", part.label, channel, service, *_values(groups[part, channel, service])],
            ask.at(part, channel=channel, service=service),
        )
        for part, channel, service in sorted(groups)
    ]
    period = ask.source.period
    everything = [one for group in groups.values() for one in group]
    whole = Row(["", period.label, TOTAL_CODE, None, *_values(everything)], ask.at(period))
    chart = Chart("column", Term("预约数与爽约数", "Appointments and missed ones"), "channel", ("booked", "no_show"))
    return Grid(_columns(ask), rows, whole if rows else None, (chart,))


def _values(group: list[Booking]) -> list[Any]:
    states = [one.state for one in group]
    came = sum(one.came_ms is not None for one in group)
    return [
        *(len(group), came, share(came, len(group)), states.count("served")),
        *(states.count("released"), states.count("no_show"), share(states.count("no_show"), len(group))),
        states.count("cancelled"),
        *(_mean(one.early_s for one in group), _mean(one.late_s for one in group), _mean(one.wait_s for one in group)),
        *(sum(one.expert for one in group), sum(one.cash for one in group)),
        *(sum(one.parking for one in group), sum(one.parked for one in group)),
    ]


def _mean(durations_s: Iterable[int | None]) -> float | None:
    known = [one for one in durations_s if one is not None]
    return mean(sum(known), len(known))


def _columns(ask: Ask) -> list[Column]:
    came, missed = _listed(came="true"), _listed(booking="no_show")
    return [
        branch_column(ask),
        PERIOD,
        Column("channel", "渠道", "Channel", Kind.CODE, CHANNELS),
        service_column(ask),
        Column("booked", "预约数", "Appointments", Kind.COUNT, drill=_listed()),
        Column("came", "到店签到数", "Came", Kind.COUNT, drill=came),
        Column("came_share", "签到率", "Came, share", Kind.SHARE, drill=came),
        Column("served", "办理数", "Served", Kind.COUNT, drill=_listed(booking="served")),
        Column("released", "迟到失效数", "Came too late", Kind.COUNT, drill=_listed(booking="released")),
        Column("no_show", "爽约数", "Missed", Kind.COUNT, drill=missed),
        Column("no_show_share", "爽约率", "Missed, share", Kind.SHARE, drill=missed),
        Column("cancelled", "取消数", "Cancelled", Kind.COUNT, drill=_listed(booking="cancelled")),
        Column("early", "平均提前（分）", "Mean earliness (min)", Kind.MINUTES, drill=came),
        Column("late", "平均迟到（分）", "Mean lateness (min)", Kind.MINUTES, drill=came),
        Column("wait", "预约到叫号等待（分）", "Mean wait from the slot (min)", Kind.MINUTES, drill=came),
        Column("expert", "专家预约数", "With an expert", Kind.COUNT, drill=_listed(expert="true")),
        Column("cash", "备款数", "Cash ordered", Kind.COUNT, drill=_listed(cash="true")),
        Column("parking", "停车预订数", "Bay asked for", Kind.COUNT, drill=_listed(parking="true")),
        Column("parked", "停车使用数", "Came by car", Kind.COUNT, drill=_listed(parked="true")),
    ]


def _listed(**query: str) -> Drill:
    return Drill(BOOKINGS, query)


REPORT: Final = Report(
    "appointments",
    Term("客户预约统计报表", "Appointments"),
    make,
    frozenset({"service", "channel", "by"}),
)
