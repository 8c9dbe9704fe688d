"""柜员签到签退时间 (R084): every shift at a counter, with its pauses, and what was forgotten (S23)."""

from collections.abc import Iterator
from typing import Any, Final

from edge.queue.call_rules import class_of
from edge.reports.facts import Call, Day, Span
from edge.reports.period import Period
from edge.reports.report import Ask, Grid, Report, branch_column, teller_columns
from edge.reports.report import calls as calls_of
from edge.reports.table import Column, Kind, Row
from edge.reports.words import Term


def make(ask: Ask) -> Grid:
    return Grid(_columns(ask), _rows(ask))


def _rows(ask: Ask) -> Iterator[Row]:
    for day in ask.source.days():
        shifts: dict[int, list[Span]] = {}
        for span in day.spans:
            shifts.setdefault(span.shift, []).append(span)
        calls: dict[str, list[Call]] = {}
        for call in day.calls:
            calls.setdefault(call.counter, []).append(call)
        for spans in shifts.values():
            yield _shift(ask, day, spans, calls.get(spans[0].counter, []))


def _shift(ask: Ask, day: Day, spans: list[Span], calls: list[Call]) -> Row:
    first, last = spans[0], spans[-1]
    pauses = [span for span in spans if span.state == "paused"]
    until_ms = day.now_ms if last.to_ms is None else last.to_ms
    mine = [call for call in calls if first.from_ms <= call.called_ms <= until_ms]
    ends = [call.ended_ms for call in mine if call.result == "finished" and call.ended_ms is not None]
    late_s, early_s = _against_hours(ask, day, spans)
    values: list[Any] = [
        *("", day.day.isoformat(), first.staff, ask.staff_name(first.staff), first.counter),
        *(first.from_ms, last.to_ms, late_s, early_s, sum(day.lasted_s(span.from_ms, span.to_ms) for span in spans)),
        *(len(pauses), sum(day.lasted_s(span.from_ms, span.to_ms) for span in pauses), _told(day, pauses)),
        *(first.automatic, min((call.called_ms for call in mine), default=None), max(ends, default=None)),
    ]
    return Row(values, ask.at(Period(day.day, day.day), teller=first.staff, counter=first.counter))


def _against_hours(ask: Ask, day: Day, spans: list[Span]) -> tuple[int | None, int | None]:
    """迟到 of the teller's first shift of the day and 早退 of their last, in seconds; 0 is in time.

    Whom the system signed out did not leave early, and before closing time nobody has left for good.
    """
    hours = ask.opening_hours.get(class_of(day.day, ask.calendar))
    if hours is None:
        return None, None
    first, last = spans[0], spans[-1]
    first_shift, last_shift = day.shift_edges[first.staff]
    closes_ms = day.at(hours.closes)
    has_left = last.to_ms is not None and not first.automatic and day.now_ms >= closes_ms
    late_s = day.lasted_s(day.at(hours.opens), first.from_ms) if first.shift == first_shift else None
    early_s = day.lasted_s(last.to_ms, closes_ms) if last.to_ms and has_left and first.shift == last_shift else None
    return late_s, early_s


def _told(day: Day, pauses: list[Span]) -> str | None:
    """From, to and reason of each pause."""
    told = [f"{_clock(day, span.from_ms)}–{_clock(day, span.to_ms)} {span.reason}".strip() for span in pauses]
    return "; ".join(told) or None


def _clock(day: Day, at_ms: int | None) -> str:
    if at_ms is None:
        return ""
    minute = max(0, at_ms - day.start_ms) // 60_000 % (24 * 60)
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        Column("day", "日期", "Day", Kind.DAY),
        *teller_columns(ask),
        Column("signed_in", "签到", "Signed in", Kind.TIME),
        Column("signed_out", "签退", "Signed out", Kind.TIME),
        Column("late", "迟到（分）", "Late by (min)", Kind.MINUTES),
        Column("early", "早退（分）", "Left early by (min)", Kind.MINUTES),
        Column("present", "在岗时长（分）", "Present (min)", Kind.MINUTES),
        Column("pauses", "暂停次数", "Pauses", Kind.COUNT),
        Column("paused", "暂停时长（分）", "Paused (min)", Kind.MINUTES),
        Column("pauses_told", "暂停明细", "Pauses in detail", Kind.TEXT),
        Column("automatic", "自动签退", "Signed out by the system", Kind.FLAG),
        Column("first_call", "首次叫号", "First call", Kind.TIME, drill=calls_of()),
        Column("last_end", "末次办结", "Last service ended", Kind.TIME, drill=calls_of(result="finished")),
    ]


REPORT: Final = Report(
    "attendance", Term("柜员签到签退时间报表", "Sign-in and sign-out"), make, frozenset({"teller", "counter"}), lists=True
)
