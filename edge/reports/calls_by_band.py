"""网点时段叫号 (R082): calls by half hour, against the counters that were open."""

from collections import Counter
from typing import Any, Final

from edge.reports.cells import BandCalls, Hall, OpenTime
from edge.reports.facts import BAND_S
from edge.reports.gather import total
from edge.reports.report import PERIOD, WHO, Ask, Grid, Report, branch_column, calls
from edge.reports.table import Chart, Column, Kind, Row, band_query, band_text, mean, share
from edge.reports.tally import BAND_CALLS, HALL, OPEN_TIME
from edge.reports.triggers import THRESHOLD_COUNT, THRESHOLD_TIME
from edge.reports.words import TOTAL, TOTAL_CODE, Term


def make(ask: Ask) -> Grid:
    """Those who wait are nobody's yet, so a teller or a counter in the scope tells nothing of the backlog."""
    work = ask.source.sums(BAND_CALLS, BandCalls, lambda day, cell: (ask.part(day), cell.band))
    opened = ask.source.sums(OPEN_TIME, OpenTime, lambda day, cell: (ask.part(day), cell.band))
    halls = ask.source.sums(HALL, Hall, lambda day, cell: (ask.part(day), cell.band))
    waits = {key: cell.backlog for key, cell in halls.items() if cell.backlog and not ask.source.scope.named & WHO}
    days = Counter(ask.part(state.day) for state in ask.source.states)
    rows = []
    for key in sorted({*work, *opened, *waits}):
        part, band = key
        open_s = opened[key].open_s if key in opened else 0
        open_counters = open_s / (BAND_S * days[part])
        values = _values(work.get(key, BandCalls(band, "", "")), open_counters, days[part])
        backlog = None if ask.source.scope.named & WHO else waits.get(key, 0) / days[part]
        at = ask.at(part, band=band_query(band))
        rows.append(Row(["", part.label, band_text(band), open_counters, *values, backlog], at))
    period = ask.source.period
    whole = ["", period.label, TOTAL_CODE, None, *_values(total(BandCalls, list(work.values())), 0, 1), None]
    chart = Chart(
        "line", Term("每窗叫号与开窗数", "Calls a counter and open counters"), "band", ("calls_a_counter", "open_counters")
    )
    return Grid(_columns(ask), rows, Row(whole, ask.at(period)) if rows else None, (chart,))


def _values(cell: BandCalls, open_counters: float, days: int) -> list[Any]:
    return [
        *(cell.calls, cell.recalls, cell.finished, cell.no_show, share(cell.no_show, cell.calls)),
        share(cell.calls / days, open_counters),
        *(cell.promoted, cell.promoted_time, cell.promoted_count, cell.scheduled, mean(cell.response_s, cell.calls)),
    ]


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        PERIOD,
        Column("band", "时段", "Half hour", Kind.CODE, {TOTAL_CODE: TOTAL}),
        Column("open_counters", "平均开窗数", "Open counters", Kind.RATIO),
        Column("calls", "叫号数", "Calls", Kind.COUNT, drill=calls()),
        Column("recalls", "重叫次数", "Repeated calls", Kind.COUNT),
        Column("finished", "办理数", "Served", Kind.COUNT, drill=calls(result="finished")),
        Column("no_show", "弃号数", "No-shows", Kind.COUNT, drill=calls(result="no_show")),
        Column("no_show_share", "弃号率", "No-shows, share", Kind.SHARE, drill=calls(result="no_show")),
        Column("calls_a_counter", "每窗叫号", "Calls a counter", Kind.RATIO),
        Column("promoted", "阀值触发次数", "By threshold", Kind.COUNT, drill=calls(reason="past_its_threshold")),
        Column("promoted_time", "其中按时间", "… by time", Kind.COUNT, drill=calls(trigger=THRESHOLD_TIME)),
        Column("promoted_count", "其中按人数", "… by head-count", Kind.COUNT, drill=calls(trigger=THRESHOLD_COUNT)),
        Column("scheduled", "时段规则命中", "By a schedule's rule", Kind.COUNT, drill=calls(scheduled="true")),
        Column("response", "平均响应（分）", "Mean response (min)", Kind.MINUTES, drill=calls()),
        Column("backlog", "积压末值", "Waiting at its end", Kind.RATIO),
    ]


REPORT: Final = Report(
    "calls-by-band",
    Term("网点时段叫号报表", "Calls by half hour"),
    make,
    frozenset({"service", "tier", "teller", "counter", "by"}),
)
