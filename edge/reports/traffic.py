"""时段客户流量 (R081): who came when, by kind of day and half hour, and how full the hall was."""

from collections import Counter
from datetime import date
from typing import Any, Final

from edge.queue.call_rules import Calendar, class_of
from edge.queue.model import Tier
from edge.reports import words
from edge.reports.cells import ANY, Arrivals, Diverted, Hall
from edge.reports.facts import BAND_S
from edge.reports.gather import Source, total
from edge.reports.report import Ask, Grid, Report, branch_column, tickets
from edge.reports.table import Chart, Column, Kind, Row, band_query, band_text, mean, share
from edge.reports.tally import ARRIVALS, DIVERTED, HALL
from edge.reports.words import TOTAL_CODE, Term

DAY_CLASSES: Final = {**words.DAY_CLASSES, TOTAL_CODE: words.TOTAL}
TIERS: Final = (Tier.PRIORITY, Tier.GOLD, Tier.NORMAL)

Key = tuple[str, int]


def make(ask: Ask) -> Grid:
    source = ask.source
    calendar = ask.calendar
    before = Source(source.connection, source.period.previous, source.zone, source.now_ms, scope=source.scope)
    flow, hall, earlier = by_band(source, calendar), in_hall(source, calendar), by_band(before, calendar)
    tiers = by_tier(source, calendar)
    days = Counter(class_of(state.day, calendar).value for state in source.states)
    away = by_offer(source, calendar)
    rows = []
    for key in sorted({*flow, *hall, *away}, key=lambda key: (list(words.DAY_CLASSES).index(key[0]), key[1])):
        kind, band = key
        at = ask.at(source.period, day_class=kind, band=band_query(band))
        cell = hall.get(key, Hall(band, ANY, ANY))
        present = (mean(cell.present_s, days[kind] * BAND_S), cell.peak_max)
        values = _values(flow.get(key, Arrivals(band, "", "")), tiers.get(key, Counter()), days[kind], earlier.get(key))
        sent = _sent(source, away.get(key, Diverted(band, "")), flow[key].taken if key in flow else 0)
        rows.append(Row(["", kind, band_text(band), days[kind], *values, *sent, *present], at))
    everything, then = total(Arrivals, list(flow.values())), total(Arrivals, list(earlier.values()))
    whole = _values(everything, sum(tiers.values(), Counter()), len(source.states), then)
    peak = max((cell.peak_max for cell in hall.values()), default=0)
    chart = Chart("line", Term("日均取号与峰值人数", "Taken a day and most at once"), "band", ("taken_a_day", "peak"))
    sent = _sent(source, total(Diverted, list(away.values())), everything.taken)
    row = Row(["", TOTAL_CODE, None, len(source.states), *whole, *sent, None, peak], ask.at(source.period))
    return Grid(_columns(ask), rows, row if rows else None, (chart,))


def by_band(source: Source, calendar: Calendar) -> dict[tuple[Any, ...], Arrivals]:
    return source.sums(ARRIVALS, Arrivals, lambda day, cell: (class_of(day, calendar).value, cell.band))


def by_offer(source: Source, calendar: Calendar) -> dict[tuple[Any, ...], Diverted]:
    """Nobody is recognised before the offer, so of a tier nothing is told."""
    if source.scope.tier is not None:
        return {}
    return source.sums(DIVERTED, Diverted, lambda day, cell: (class_of(day, calendar).value, cell.band))


def _sent(source: Source, away: Diverted, taken: int) -> list[Any]:
    """分流率 (S27, by hand S21)."""
    if source.scope.tier is not None:
        return [None, None, None, None]
    return [away.offered, away.accepted, away.by_hand, share(away.accepted + away.by_hand, away.accepted + taken)]


def in_hall(source: Source, calendar: Calendar) -> dict[tuple[Any, ...], Hall]:
    found = source.sums(HALL, Hall, lambda day, cell: (class_of(day, calendar).value, cell.band))
    return {key: cell for key, cell in found.items() if cell.present_s or cell.peak_max}


def by_tier(source: Source, calendar: Calendar) -> dict[Key, Counter[str]]:
    found: dict[Key, Counter[str]] = {}

    def group(day: date, cell: Arrivals) -> tuple[str, int, str]:
        return class_of(day, calendar).value, cell.band, cell.tier

    for (kind, band, tier), cell in source.sums(ARRIVALS, Arrivals, group).items():
        found.setdefault((kind, band), Counter())[tier] += cell.taken
    return found


def _values(came: Arrivals, tiers: Counter[str], days: int, earlier: Arrivals | None) -> list[Any]:
    then = earlier.taken if earlier is not None else 0
    return [
        *(came.taken, mean(came.taken, days), (came.taken - then) / then if then else None),
        *(came.activated, came.appointed, came.recognised, share(came.recognised, came.taken)),
        *(tiers[tier] for tier in TIERS),
    ]


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        Column("day_class", "日期类型", "Kind of day", Kind.CODE, DAY_CLASSES),
        Column("band", "时段", "Half hour", Kind.TEXT),
        Column("days", "天数", "Days", Kind.COUNT),
        Column("taken", "取号数", "Taken", Kind.COUNT, drill=tickets()),
        Column("taken_a_day", "日均取号", "Taken a day", Kind.RATIO, drill=tickets()),
        Column("change", "与上期比", "Against the period before", Kind.SHARE, drill=tickets()),
        Column("activated", "到店激活数", "Activated", Kind.COUNT, drill=tickets(activated="true")),
        Column("appointed", "预约到店数", "With an appointment", Kind.COUNT, drill=tickets(appointed="true")),
        Column("recognised", "识别数", "Recognised", Kind.COUNT, drill=tickets(recognised="true")),
        Column("recognised_share", "识别率", "Recognised, share", Kind.SHARE, drill=tickets(recognised="true")),
        *(Column(f"tier_{tier}", *words.TIERS[tier], Kind.COUNT, drill=tickets(tier=tier)) for tier in TIERS),
        Column("offered", "自助引导数", "Offered a machine", Kind.COUNT),
        Column("diverted", "自助分流数", "Diverted to a machine", Kind.COUNT),
        Column("diverted_by_hand", "人工分流数", "Led to a machine by staff", Kind.COUNT),
        Column("diverted_share", "分流率", "Diverted, share", Kind.SHARE),
        Column("present", "平均在场人数", "Mean people present", Kind.RATIO),
        Column("peak", "峰值人数", "Most at once", Kind.COUNT),
    ]


REPORT: Final = Report(
    "traffic",
    Term("时段客户流量报表", "Customer traffic by half hour"),
    make,
    frozenset({"service", "tier"}),
    True,
)
