"""客户等待时间 (R077): how long people waited, by queue and tier."""

from typing import Any, Final

from edge.reports import histogram as h
from edge.reports.cells import Flow
from edge.reports.gather import total
from edge.reports.report import PERIOD, TIER, Ask, Grid, Report, branch_column, service_column, tickets
from edge.reports.table import Chart, Column, Kind, Row, mean, share
from edge.reports.tally import FLOW
from edge.reports.words import TOTAL_CODE, Term

RANGES: Final = ((-1, 10), (10, 20), (20, 30), (30, h.BEYOND))
"""Longer than … and at most … minutes."""


def make(ask: Ask) -> Grid:
    sums = ask.source.sums(FLOW, Flow, lambda day, cell: (ask.part(day), cell.service, cell.tier))
    rows = [
        Row(_values(part.label, service, tier, cell, ask.target), ask.at(part, service=service, tier=tier))
        for (part, service, tier), cell in sums.items()
    ]
    period = ask.source.period
    whole = Row(_values(period.label, TOTAL_CODE, None, total(Flow, list(sums.values())), ask.target), ask.at(period))
    chart = Chart("column", Term("等待时间（分）", "Waiting time (min)"), "service", ("mean_wait", "p90"))
    return Grid(_columns(ask), rows, whole if rows else None, (chart,))


def _values(label: str, service: str, tier: str | None, cell: Flow, target: int) -> list[Any]:
    waits = cell.waits
    called = h.size(waits)
    ranges = [h.between(waits, over, up_to) for over, up_to in RANGES]
    late = h.between(waits, target)
    return [
        *("", label, service, tier, cell.taken, cell.finished, cell.no_show, cell.cancelled, cell.expired, called),
        *(mean(cell.wait_s, called), h.percentile(waits, 50), h.percentile(waits, 90)),
        cell.worst_max[0] if called else None,
        *[value for number in ranges for value in (number, share(number, called))],
        *(late, share(late, called)),
        cell.worst_max[1] or None,
        *(cell.remote, mean(cell.remote_s, cell.remote)),
    ]


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        PERIOD,
        service_column(ask),
        TIER,
        Column("taken", "取号数", "Taken", Kind.COUNT, drill=tickets()),
        Column("finished", "办理数", "Served", Kind.COUNT, drill=tickets(result="finished")),
        Column("no_show", "弃号数", "No-shows", Kind.COUNT, drill=tickets(result="no_show")),
        Column("cancelled", "取消数", "Cancelled", Kind.COUNT, drill=tickets(result="cancelled")),
        Column("expired", "未叫作废数", "Expired", Kind.COUNT, drill=tickets(result="expired")),
        Column("called", "已叫数", "Called", Kind.COUNT, drill=tickets(called="true")),
        Column("mean_wait", "平均等待（分）", "Mean wait (min)", Kind.MINUTES, drill=tickets(called="true")),
        Column("p50", "P50（分）", "P50 (min)", Kind.WHOLE_MINUTES, drill=tickets(called="true")),
        Column("p90", "P90（分）", "P90 (min)", Kind.WHOLE_MINUTES, drill=tickets(called="true")),
        Column("longest", "最长等待（分）", "Longest wait (min)", Kind.MINUTES, drill=tickets(called="true")),
        *(column for over, up_to in RANGES for column in _range_columns(over, up_to)),
        Column("late", f"超时数（>{ask.target}分）", f"Over {ask.target} min", Kind.COUNT, drill=tickets(over=str(ask.target))),
        Column("late_share", "超时率", "Share over", Kind.SHARE, drill=tickets(over=str(ask.target))),
        Column("longest_number", "最长等待号码", "Longest: number", Kind.TEXT),
        Column("remote", "远程号已叫数", "Remote, called", Kind.COUNT, drill=tickets(called="true", activated="true")),
        Column(
            *("mean_remote_wait", "远程号平均到店等待（分）", "Remote: mean wait in the branch (min)", Kind.MINUTES),
            drill=tickets(called="true", activated="true"),
        ),
    ]


def _range_columns(over: int, up_to: int) -> tuple[Column, Column]:
    beyond = up_to == h.BEYOND
    zh = f">{over}分" if beyond else f"≤{up_to}分" if over < 0 else f"{over}–{up_to}分"
    en = zh.replace("分", " min")
    query = {} if over < 0 else {"over": str(over)}
    drill = tickets(**query) if beyond else tickets(**query, within=str(up_to))
    name = f"over_{over}" if beyond else f"within_{up_to}"
    return (
        Column(name, f"{zh}人数", f"{en}", Kind.COUNT, drill=drill),
        Column(f"{name}_share", f"{zh}占比", f"{en}, share", Kind.SHARE, drill=drill),
    )


REPORT: Final = Report(
    "wait-times",
    Term("客户等待时间报表", "Waiting times"),
    make,
    frozenset({"service", "tier", "teller", "counter", "by", "target"}),
)
