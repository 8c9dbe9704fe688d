"""排队机明细 ticket detail: one row per ticket, the ground on which every other report stands (R080)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from edge.follow_ups.model import BAD_MAX
from edge.queue.call_rules import class_of
from edge.reports import words
from edge.reports.ask import band_number
from edge.reports.facts import NOTHING, Day, Ticket
from edge.reports.histogram import minute_of
from edge.reports.period import Period
from edge.reports.report import Ask, Grid, Report, asked, branch_column, teller_columns
from edge.reports.table import Column, Kind, Row
from edge.reports.tally import overtakes, promise_of
from edge.reports.words import Term

Test = Callable[[Day, Ticket, Any], bool]


def _over(_day: Day, ticket: Ticket, minutes: int) -> bool:
    return ticket.wait_s is not None and minute_of(ticket.wait_s) > minutes


def _within(_day: Day, ticket: Ticket, minutes: int) -> bool:
    return ticket.wait_s is not None and minute_of(ticket.wait_s) <= minutes


def _promise(_day: Day, ticket: Ticket, kind: str) -> bool:
    return ticket.wait_s is not None and promise_of(ticket, ticket.wait_s) == kind


TESTS: Final[Mapping[str, Test]] = {
    "band": lambda day, ticket, band: day.band(ticket.taken_ms) == band_number(band),
    "result": lambda _day, ticket, result: ticket.state == result,
    "over": _over,
    "within": _within,
    "called": lambda _day, ticket, wanted: (ticket.first_call_ms is not None) is wanted,
    "rated": lambda _day, ticket, wanted: (ticket.score is not None) is wanted,
    "score": lambda _day, ticket, score: ticket.score == score,
    "bad": lambda _day, ticket, wanted: (ticket.score is not None and ticket.score <= BAD_MAX) is wanted,
    "followed_up": lambda _day, ticket, wanted: (ticket.follow_up is not None) is wanted,
    "promise": _promise,
    "later": lambda _day, ticket, wanted: (ticket.later_shown > 0) is wanted,
    "recognised": lambda _day, ticket, wanted: bool(ticket.recognised) is wanted,
    "activated": lambda _day, ticket, wanted: (ticket.activated_ms is not None) is wanted,
    "reason": lambda _day, ticket, reason: ticket.reason == reason,
    "rule": lambda _day, ticket, rule: ticket.rule == rule,
    "trigger": lambda _day, ticket, trigger: ticket.triggered_by == trigger,
    "means": lambda _day, ticket, means: ticket.means == means,
    "sms": lambda _day, ticket, state: (ticket.sms or NOTHING) == state,
    "channel": lambda _day, ticket, channel: ticket.channel == channel,
    "appointed": lambda _day, ticket, wanted: bool(ticket.appointed) is wanted,
}
"""Which tickets a filter keeps."""


def make(ask: Ask) -> Grid:
    return Grid(_columns(ask), _rows(ask))


def _rows(ask: Ask) -> Iterator[Row]:
    query, calendar = ask.query, ask.calendar
    tests = asked(query, TESTS)
    for day in ask.source.days():
        if query.day_class is not None and class_of(day.day, calendar) != query.day_class:
            continue
        overtaken = overtakes(day.first_calls)
        for ticket in day.tickets:
            times = overtaken.get(ticket.seq)
            kept = query.overtaken is None or bool(times) is query.overtaken
            if kept and all(test(day, ticket, value) for test, value in tests):
                at = ask.at(Period(day.day, day.day), service=ticket.service, tier=ticket.tier)
                yield Row(_values(ask, day, ticket, times), at)


def _values(ask: Ask, day: Day, ticket: Ticket, overtaken: int | None) -> list[Any]:
    return [
        *("", day.day.isoformat(), ticket.seq, ticket.number, ticket.service, ticket.queue, ticket.tier, ticket.channel),
        *(
            ticket.appointed,
            ticket.recognised,
            ticket.means,
            ticket.priority_reason,
            ticket.taken_ms,
            ticket.activated_ms,
            ticket.first_call_ms,
        ),
        *(ticket.calls, ticket.recalls, ticket.served_ms, ticket.ended_ms, ticket.wait_s, day.served_s.get(ticket.seq)),
        *(ticket.staff, None if ticket.staff is None else ask.staff_name(ticket.staff), ticket.counter),
        *(ticket.state, ticket.transfers, ticket.pins, ticket.hand, ticket.triggered_by, ticket.rule, ticket.reason, overtaken),
        *(ticket.ahead, ticket.low_s, ticket.high_s, ticket.later_shown, ticket.later_kept),
        *(ticket.score, _complaints(ticket.complaints), ticket.follow_up, ticket.sms or NOTHING, ticket.device, ticket.printer),
    ]


def _complaints(said: str | None) -> list[tuple[str, None]] | None:
    return None if said is None else [(one, None) for one in said.split(",")]


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        Column("day", "日期", "Day", Kind.DAY),
        Column("seq", "流水号", "Serial", Kind.COUNT),
        Column("number", "票号", "Number", Kind.TEXT),
        Column("service", "业务", "Service", Kind.CODE, ask.services),
        Column("queue", "队列", "Queue", Kind.CODE, ask.queues),
        Column("tier", "等级", "Tier", Kind.CODE, words.TIERS),
        Column("channel", "渠道", "Channel", Kind.CODE, words.CHANNELS),
        Column("appointed", "预约", "With an appointment", Kind.FLAG),
        Column("recognised", "已识别", "Recognised", Kind.FLAG),
        Column("means", "识别方式", "Recognised by", Kind.CODE, words.MEANS),
        Column("priority_reason", "优先原因", "Priority reason", Kind.CODE, words.PRIORITY_REASONS),
        Column("taken", "取号", "Taken", Kind.TIME),
        Column("activated", "激活", "Activated", Kind.TIME),
        Column("called", "首叫", "First call", Kind.TIME),
        Column("calls", "叫号次数", "Calls", Kind.COUNT),
        Column("recalls", "重叫次数", "Repeated calls", Kind.COUNT),
        Column("served", "开始", "Start", Kind.TIME),
        Column("finished", "结束", "End", Kind.TIME),
        Column("wait", "等待（分）", "Wait (min)", Kind.MINUTES),
        Column("service_time", "办理（分）", "Service (min)", Kind.MINUTES),
        *teller_columns(ask),
        Column("result", "结果", "Result", Kind.CODE, words.RESULTS),
        Column("transfers", "转移次数", "Transfers", Kind.COUNT),
        Column("pins", "置顶次数", "Put first", Kind.COUNT),
        Column("hand", "人工调整原因", "Reason of the change by hand", Kind.CODE, words.HANDS),
        Column("trigger", "触发规则", "Triggered by", Kind.CODE, words.TRIGGERS),
        Column("rule", "规则名称", "Rule", Kind.CODE, words.RULES),
        Column("reason", "叫号依据", "Reason", Kind.CODE, words.REASONS),
        Column("overtaken", "被超越", "Overtaken", Kind.COUNT),
        Column("ahead", "告知前方人数", "People ahead, told", Kind.COUNT),
        Column("low", "承诺下限（分）", "Promised from (min)", Kind.MINUTES),
        Column("high", "承诺上限（分）", "Promised to (min)", Kind.MINUTES),
        Column("later_shown", "手机后续显示数", "Shown later on phones", Kind.COUNT),
        Column("later_kept", "后续在承诺内", "Later ones within the range", Kind.COUNT),
        Column("rating", "评价", "Rating", Kind.COUNT),
        Column("complaints", "不满意原因", "Complaints", Kind.CODES, words.COMPLAINTS),
        Column("follow_up", "差评回访", "Followed up", Kind.CODE, words.FOLLOW_UPS),
        Column("sms", "短信状态", "Text message", Kind.CODE, words.REMINDERS),
        Column("device", "设备", "Device", Kind.TEXT),
        Column("printer", "打印机", "Printer", Kind.TEXT),
    ]


PAPER: Final = frozenset(
    {
        *("day", "seq", "number", "service", "tier", "channel"),
        *("taken", "called", "served", "finished", "wait", "service_time"),
        *("teller", "teller_name", "counter", "result", "reason", "rating"),
    }
)
"""What somebody with the list in hand looks for: who came for what, when, to whom, how long it took, how it ended."""


REPORT: Final = Report(
    "ticket-detail",
    Term("排队机明细报表", "Ticket detail"),
    make,
    frozenset({"service", "tier", "teller", "counter", "overtaken", "day_class", *TESTS}),
    lists=True,
    paper=PAPER,
)
