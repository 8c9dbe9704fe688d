"""叫号依据: how often which rule called for which reason, out-of-order picks among them."""

from typing import Final

from edge.reports import words
from edge.reports.cells import Grounds
from edge.reports.report import PERIOD, TIER, Ask, Grid, Report, branch_column, calls
from edge.reports.table import Chart, Column, Kind, Row, share
from edge.reports.tally import GROUNDS
from edge.reports.words import TOTAL, TOTAL_CODE, Term

RULES: Final = {**words.RULES, TOTAL_CODE: TOTAL}


def make(ask: Ask) -> Grid:
    sums = ask.source.sums(GROUNDS, Grounds, lambda day, cell: (ask.part(day), cell.rule, cell.reason, cell.tier))
    by_part: dict[object, int] = {}
    for (part, *_), cell in sums.items():
        by_part[part] = by_part.get(part, 0) + cell.calls
    rows = [
        Row(
            ["", part.label, rule, reason, tier, cell.calls, share(cell.calls, by_part[part])],
            ask.at(part, rule=rule, reason=reason, tier=tier),
        )
        for (part, rule, reason, tier), cell in sums.items()
    ]
    period, all_calls = ask.source.period, sum(by_part.values())
    whole = Row(["", period.label, TOTAL_CODE, None, None, all_calls, share(all_calls, all_calls)], ask.at(period))
    columns = [
        branch_column(ask),
        PERIOD,
        Column("rule", "规则", "Rule", Kind.CODE, RULES),
        Column("reason", "依据", "Reason", Kind.CODE, words.REASONS),
        TIER,
        Column("calls", "叫号数", "Calls", Kind.COUNT, drill=calls()),
        Column("calls_share", "占比", "Share", Kind.SHARE, drill=calls()),
    ]
    chart = Chart("column", Term("叫号数", "Calls"), "reason", ("calls",))
    return Grid(columns, rows, whole if rows else None, (chart,))


REPORT: Final = Report(
    "call-reasons", Term("叫号依据报表", "Reasons of calls"), make, frozenset({"service", "tier", "teller", "counter", "by"})
)
