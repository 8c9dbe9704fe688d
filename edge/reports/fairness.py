"""公平: who was overtaken, and how far the longest wait went beyond what it should be."""

from typing import Any, Final

from edge.reports import histogram as h
from edge.reports.cells import Flow, Grounds, Order
from edge.reports.gather import total
from edge.reports.report import PERIOD, TIER, Ask, Grid, Report, branch_column, calls, service_column, tickets
from edge.reports.table import Chart, Column, Kind, Row, mean, share
from edge.reports.tally import FLOW, GROUNDS, ORDER
from edge.reports.triggers import PICKED
from edge.reports.words import TOTAL_CODE, Term


def make(ask: Ask) -> Grid:
    flows = ask.source.sums(FLOW, Flow, lambda day, cell: (ask.part(day), cell.service, cell.tier))
    orders = ask.source.sums(ORDER, Order, lambda day, cell: (ask.part(day), cell.service, cell.tier))
    grounds = ask.source.sums(GROUNDS, Grounds, lambda day, cell: (ask.part(day), cell.service, cell.tier, cell.rule))
    picked = {(part, service, tier): cell.calls for (part, service, tier, rule), cell in grounds.items() if rule == PICKED}
    rows = []
    for (part, service, tier), order in orders.items():
        flow = flows.get((part, service, tier), Flow(service, tier, "", ""))
        values = ["", part.label, service, tier, *_values(order, flow, ask.target), picked.get((part, service, tier), 0)]
        rows.append(Row(values, ask.at(part, service=service, tier=tier)))
    period = ask.source.period
    sums = total(Order, list(orders.values())), total(Flow, list(flows.values()))
    whole = Row(["", period.label, TOTAL_CODE, None, *_values(*sums, ask.target), sum(picked.values())], ask.at(period))
    chart = Chart("column", Term("每号被超越次数", "Overtakes a ticket"), "service", ("mean_overtakes",))
    return Grid(_columns(ask), rows, whole if rows else None, (chart,))


def _values(order: Order, flow: Flow, target: int) -> list[Any]:
    worst_s = max(flow.worst_max[0], 0)
    return [
        *(order.called, order.overtaken, share(order.overtaken, order.called)),
        *(mean(order.overtakes, order.called), order.overtakes_max),
        *(worst_s, flow.worst_max[1] or None, worst_s / 60 / target, h.between(flow.waits, target)),
    ]


def _columns(ask: Ask) -> list[Column]:
    overtaken = tickets(overtaken="true")
    return [
        branch_column(ask),
        PERIOD,
        service_column(ask),
        TIER,
        Column("called", "已叫数", "Called", Kind.COUNT, drill=tickets(called="true")),
        Column("overtaken", "被超越号数", "Overtaken tickets", Kind.COUNT, drill=overtaken),
        Column("overtaken_share", "被超越占比", "Overtaken, share", Kind.SHARE, drill=overtaken),
        Column("mean_overtakes", "每号被超越次数", "Overtakes a ticket", Kind.RATIO, drill=overtaken),
        Column("most_overtakes", "最多被超越次数", "Most overtakes", Kind.COUNT, drill=overtaken),
        Column("longest", "最长等待（分）", "Longest wait (min)", Kind.MINUTES, drill=tickets(called="true")),
        Column("longest_number", "最长等待号码", "Longest: number", Kind.TEXT),
        Column("worst_ratio", f"最长等待÷目标（{ask.target}分）", f"Longest ÷ target ({ask.target} min)", Kind.RATIO),
        Column("late", "超目标数", "Over target", Kind.COUNT, drill=tickets(over=str(ask.target))),
        Column("picked", "人工点选次数", "Picked out of turn", Kind.COUNT, drill=calls(rule=PICKED)),
    ]


REPORT: Final = Report(
    "fairness", Term("叫号公平报表", "Fairness"), make, frozenset({"service", "tier", "teller", "counter", "by", "target"})
)
