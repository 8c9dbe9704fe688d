"""客户满意度 (R079): what customers said, of those who said anything (S22)."""

from typing import Any, Final

from edge.follow_ups.model import BAD_MAX
from edge.reports import words
from edge.reports.cells import Opinion
from edge.reports.gather import total
from edge.reports.report import PERIOD, Ask, Grid, Report, branch_column, service_column, teller_columns, tickets
from edge.reports.table import Chart, Column, Kind, Row, mean, share
from edge.reports.tally import OPINION
from edge.reports.words import TOTAL_CODE, Term

SCORES: Final = (
    (5, "非常满意", "Very satisfied"),
    (4, "满意", "Satisfied"),
    (3, "一般", "Fair"),
    (2, "不满意", "Not satisfied"),
    (1, "非常不满意", "Very dissatisfied"),
)
SATISFIED: Final = (5, 4)


def make(ask: Ask) -> Grid:
    sums = ask.source.sums(OPINION, Opinion, lambda day, cell: (ask.part(day), cell.staff, cell.counter, cell.service))
    rows = [
        Row(
            ["", part.label, staff, ask.staff_name(staff), counter, service, *_values(cell)],
            ask.at(part, teller=staff, counter=counter, service=service),
        )
        for (part, staff, counter, service), cell in sums.items()
    ]
    period = ask.source.period
    whole = ["", period.label, None, None, None, TOTAL_CODE, *_values(total(Opinion, list(sums.values())))]
    chart = Chart("column", Term("满意率", "Satisfied, share"), "teller", ("satisfied_share",))
    return Grid(_columns(ask), rows, Row(whole, ask.at(period)) if rows else None, (chart,))


def _values(cell: Opinion) -> list[Any]:
    rated = sum(cell.scores.values())
    bad = sum(number for score, number in cell.scores.items() if score <= BAD_MAX)
    satisfied = sum(cell.scores.get(score, 0) for score in SATISFIED)
    complaints = sorted(cell.complaints.items(), key=lambda one: (-one[1], one[0])) or None
    return [
        *(cell.finished, rated, share(rated, cell.finished)),
        *(cell.scores.get(score, 0) for score, _, _ in SCORES),
        share(satisfied, rated),
        mean(sum(score * number for score, number in cell.scores.items()), rated),
        complaints,
        *(bad, cell.followed_up, share(cell.followed_up, bad)),
    ]


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        PERIOD,
        *teller_columns(ask),
        service_column(ask),
        Column("finished", "办理数", "Served", Kind.COUNT, drill=tickets(result="finished")),
        Column("rated", "评价数", "Rated", Kind.COUNT, drill=tickets(rated="true")),
        Column("rated_share", "评价率", "Rated, share", Kind.SHARE, drill=tickets(rated="true")),
        *(Column(f"score_{score}", zh, en, Kind.COUNT, drill=tickets(score=str(score))) for score, zh, en in SCORES),
        Column("satisfied_share", "满意率", "Satisfied, share", Kind.SHARE, drill=tickets(rated="true")),
        Column("mean_score", "平均分", "Mean score", Kind.RATIO, drill=tickets(rated="true")),
        Column("complaints", "不满意原因", "Complaints", Kind.CODES, words.COMPLAINTS),
        Column("bad", "差评数", "Bad ratings", Kind.COUNT, drill=tickets(bad="true")),
        Column("followed_up", "差评回访数", "Followed up", Kind.COUNT, drill=tickets(followed_up="true")),
        Column("followed_up_share", "回访率", "Followed up, share", Kind.SHARE, drill=tickets(followed_up="true")),
    ]


REPORT: Final = Report(
    "satisfaction",
    Term("客户满意度报表", "Satisfaction"),
    make,
    frozenset({"service", "tier", "teller", "counter", "by"}),
)
