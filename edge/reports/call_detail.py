"""叫号明细: one row per call, what reports about calls and tellers count."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from edge.reports import words
from edge.reports.ask import band_number
from edge.reports.facts import Call, Day
from edge.reports.period import Period
from edge.reports.report import Ask, Grid, Report, asked, branch_column, teller_columns
from edge.reports.table import Column, Kind, Row
from edge.reports.words import Term

TESTS: Final[Mapping[str, Callable[[Day, Call, Any], bool]]] = {
    "band": lambda day, call, band: day.band(call.called_ms) == band_number(band),
    "result": lambda _day, call, result: call.result == result,
    "rule": lambda _day, call, rule: call.rule == rule,
    "scheduled": lambda _day, call, wanted: bool(call.scheduled) is wanted,
    "trigger": lambda _day, call, trigger: call.triggered_by == trigger,
    "reason": lambda _day, call, reason: call.reason == reason,
    "served": lambda day, call, wanted: (day.service_s(call) is not None) is wanted,
}
"""Which calls a filter keeps."""


def make(ask: Ask) -> Grid:
    return Grid(_columns(ask), _rows(ask))


def _rows(ask: Ask) -> Iterator[Row]:
    tests = asked(ask.query, TESTS)
    for day in ask.source.days():
        for call in day.calls:
            if all(test(day, call, value) for test, value in tests):
                at = ask.at(Period(day.day, day.day), teller=call.staff, counter=call.counter)
                yield Row(_values(ask, day, call), at)


def _values(ask: Ask, day: Day, call: Call) -> list[Any]:
    return [
        *("", day.day.isoformat(), call.seq, call.number, call.service, call.tier),
        *(call.staff, ask.staff_name(call.staff), call.counter, call.called_ms, call.recalls, call.served_ms, call.ended_ms),
        *(day.service_s(call), call.response_s, call.result, call.triggered_by, call.rule, call.reason, call.note or None),
    ]


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        Column("day", "日期", "Day", Kind.DAY),
        Column("seq", "流水号", "Serial", Kind.COUNT),
        Column("number", "票号", "Number", Kind.TEXT),
        Column("service", "业务", "Service", Kind.CODE, ask.services),
        Column("tier", "等级", "Tier", Kind.CODE, words.TIERS),
        *teller_columns(ask),
        Column("called", "叫号", "Called", Kind.TIME),
        Column("recalls", "重叫次数", "Repeated calls", Kind.COUNT),
        Column("served", "开始", "Start", Kind.TIME),
        Column("ended", "结束", "End", Kind.TIME),
        Column("service_time", "办理（分）", "Service (min)", Kind.MINUTES),
        Column("response", "响应（分）", "Response (min)", Kind.MINUTES),
        Column("result", "结果", "Result", Kind.CODE, words.RESULTS),
        Column("trigger", "触发规则", "Triggered by", Kind.CODE, words.TRIGGERS),
        Column("rule", "规则名称", "Rule", Kind.CODE, words.RULES),
        Column("reason", "叫号依据", "Reason", Kind.CODE, words.REASONS),
        Column("note", "点选原因", "Why out of turn", Kind.CODE, words.HANDS),
    ]


PAPER: Final = frozenset(
    {
        *("day", "seq", "number", "service", "tier", "teller", "teller_name", "counter"),
        *("called", "served", "ended", "service_time", "response", "result", "reason", "note"),
    }
)
"""What somebody with the list in hand looks for: who called whom, when, how long it took, how it ended, and why out of turn."""


REPORT: Final = Report(
    "call-detail",
    Term("叫号明细报表", "Call detail"),
    make,
    frozenset({"service", "tier", "teller", "counter", *TESTS}),
    lists=True,
    paper=PAPER,
)
