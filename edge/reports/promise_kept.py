"""承诺兑现: how often the waiting range shown when a number was taken turned out true, and those that phones showed later."""

from typing import Any, Final

from edge.reports import histogram as h
from edge.reports.cells import Flow, Order
from edge.reports.gather import total
from edge.reports.report import PERIOD, TIER, Ask, Grid, Report, branch_column, service_column, tickets
from edge.reports.table import Chart, Column, Kind, Row, mean, share
from edge.reports.tally import FLOW, ORDER
from edge.reports.words import TOTAL_CODE, Term

LATER: Final = (
    ("later_shown", "手机后续显示的区间数", "Later ranges shown on phones", Kind.COUNT),
    ("later_kept", "后续在承诺内", "Later ones within the range", Kind.COUNT),
    ("later_kept_share", "后续在承诺内占比", "Later ones within the range, share", Kind.SHARE),
    ("later_early_share", "后续早到占比", "Later ones, called sooner, share", Kind.SHARE),
    ("later_late_share", "后续晚到占比", "Later ones, called later, share", Kind.SHARE),
    ("later_overrun", "后续晚到平均超出（分）", "Later ones, later by (min)", Kind.MINUTES),
)
"""Of the ranges that phones showed after the number was taken. One customer may have seen many."""


def make(ask: Ask) -> Grid:
    flows = ask.source.sums(FLOW, Flow, lambda day, cell: (ask.part(day), cell.service, cell.tier))
    orders = ask.source.sums(ORDER, Order, lambda day, cell: (ask.part(day), cell.service, cell.tier))
    rows = [
        Row(
            ["", part.label, service, tier, *_values(cell, orders.get((part, service, tier), Order(service, tier, "", "")))],
            ask.at(part, service=service, tier=tier),
        )
        for (part, service, tier), cell in flows.items()
        if cell.waits
    ]
    period = ask.source.period
    sums = total(Flow, list(flows.values())), total(Order, list(orders.values()))
    whole = Row(["", period.label, TOTAL_CODE, None, *_values(*sums)], ask.at(period))
    chart = Chart("column", Term("承诺兑现率", "Promises kept, share"), "service", ("kept_share", "early_share", "late_share"))
    return Grid(_columns(ask), rows, whole if rows else None, (chart,))


def _values(flow: Flow, order: Order) -> list[Any]:
    called = h.size(flow.waits)
    outcomes = (flow.kept, flow.early, flow.late)
    return [
        called,
        *(value for number in outcomes for value in (number, share(number, called))),
        *(mean(flow.late_s, flow.late), mean(order.ahead_told, order.called), mean(order.ahead_met, order.called)),
        *_later(flow),
    ]


def _later(flow: Flow) -> list[Any]:
    shown = flow.later_kept + flow.later_early + flow.later_late
    shares = (share(number, shown) for number in (flow.later_kept, flow.later_early, flow.later_late))
    return [flow.later, shown, flow.later_kept, *shares, mean(flow.later_late_s, flow.later_late)]


def _columns(ask: Ask) -> list[Column]:
    kinds = (
        ("kept", "在承诺内", "Within the range"),
        ("early", "早于承诺（承诺偏长）", "Sooner than promised"),
        ("late", "晚于承诺（承诺偏短）", "Later than promised"),
    )
    return [
        branch_column(ask),
        PERIOD,
        service_column(ask),
        TIER,
        Column("promised", "已叫数", "Called", Kind.COUNT, drill=tickets(called="true")),
        *(column for name, zh, en in kinds for column in _outcome_columns(name, zh, en)),
        Column("overrun", "晚到时平均超出（分）", "Later by (min)", Kind.MINUTES, drill=tickets(promise="late")),
        Column("ahead_told", "告知前方人数（平均）", "People ahead, told", Kind.RATIO, drill=tickets(called="true")),
        Column("ahead_met", "实际前方叫号（平均）", "Calls before, met", Kind.RATIO, drill=tickets(called="true")),
        Column("later", "手机后续有更新的票", "Tickets with later ranges", Kind.COUNT, drill=tickets(later="true")),
        *(Column(name, zh, en, kind) for name, zh, en, kind in LATER),
    ]


def _outcome_columns(name: str, zh: str, en: str) -> tuple[Column, Column]:
    drill = tickets(promise=name)
    return (
        Column(name, zh, en, Kind.COUNT, drill=drill),
        Column(f"{name}_share", f"{zh}占比", f"{en}, share", Kind.SHARE, drill=drill),
    )


REPORT: Final = Report(
    "promise-kept",
    Term("等待承诺兑现报表", "Promises kept"),
    make,
    frozenset({"service", "tier", "teller", "counter", "by"}),
)
