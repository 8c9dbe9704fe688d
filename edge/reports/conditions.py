"""What a report was narrowed to, in words: chips on the screen, a line on paper and in the workbook; never a bare code or id.

Whoever drills down from a number gets a query. A list of tickets that does not say which is a wrong list, so wherever a report
is shown, its conditions are too.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from edge.kernel.db import Connection
from edge.reports import words
from edge.reports.ask import ReportQuery, band_number
from edge.reports.table import Condition, band_text
from edge.reports.words import Term, Words

Tell = Callable[[Connection, Any], Term]
"""A value of the query as people call it."""

NOT_CONDITIONS: Final = frozenset({"by"})
"""How a period is cut: the lines of the report say it themselves."""


def _word(known: Words) -> Tell:
    return lambda _connection, value: known.get(value, Term(value, value))


def _listed(read: Callable[[Connection], Words]) -> Tell:
    return lambda connection, value: read(connection).get(value, Term(value, value))


def _teller(connection: Connection, staff_no: str) -> Term:
    """By name and number, as two may share a name."""
    name = words.staff_name(connection, staff_no)
    told = staff_no if name is None else f"{name} {staff_no}"
    return Term(told, told)


def _minutes(_connection: Connection, minutes: int) -> Term:
    return Term(f"{minutes} 分钟", f"{minutes} min")


def _score(_connection: Connection, score: int) -> Term:
    return Term(f"{score} 分", f"{score} of 5")


def _half_hour(_connection: Connection, band: str) -> Term:
    told = band_text(band_number(band))
    return Term(told, told)


def _flag(_connection: Connection, wanted: bool) -> Term:  # noqa: FBT001 -- a value of the query like any other
    return Term("是", "yes") if wanted else Term("否", "no")


_TOLD: Final[Mapping[str, tuple[Term, Tell]]] = {
    "target": (Term("目标", "Target"), _minutes),
    "service": (Term("业务", "Service"), _listed(words.services)),
    "tier": (Term("等级", "Tier"), _word(words.TIERS)),
    "teller": (Term("柜员", "Teller"), _teller),
    "counter": (Term("窗口", "Counter"), _listed(words.counters)),
    "band": (Term("时段", "Half hour"), _half_hour),
    "day_class": (Term("日期类型", "Kind of day"), _word(words.DAY_CLASSES)),
    "result": (Term("结果", "Result"), _word(words.RESULTS)),
    "over": (Term("等候超过", "Waited over"), _minutes),
    "within": (Term("等候不超过", "Waited at most"), _minutes),
    "called": (Term("已叫号", "Called"), _flag),
    "rated": (Term("已评价", "Rated"), _flag),
    "score": (Term("评分", "Score"), _score),
    "bad": (Term("差评", "Bad rating"), _flag),
    "followed_up": (Term("已回访", "Followed up"), _flag),
    "promise": (Term("等待承诺", "Promise"), _word(words.PROMISES)),
    "later": (Term("手机后续有更新", "Later ranges on the phone"), _flag),
    "overtaken": (Term("被超越", "Overtaken"), _flag),
    "recognised": (Term("已识别", "Recognised"), _flag),
    "activated": (Term("到店激活", "Activated"), _flag),
    "appointed": (Term("有预约", "With an appointment"), _flag),
    "channel": (Term("渠道", "Channel"), _word(words.CHANNELS)),
    "booking": (Term("预约状态", "Appointment"), _word(words.BOOKINGS)),
    "came": (Term("已到店", "Came"), _flag),
    "expert": (Term("专家预约", "With an expert"), _flag),
    "cash": (Term("备款", "Cash ordered"), _flag),
    "parking": (Term("停车预订", "Bay asked for"), _flag),
    "parked": (Term("停车使用", "Came by car"), _flag),
    "rule": (Term("规则名称", "Rule"), _word(words.RULES)),
    "scheduled": (Term("时段规则命中", "By a schedule's rule"), _flag),
    "trigger": (Term("触发规则", "Triggered by"), _word(words.TRIGGERS)),
    "means": (Term("识别方式", "Recognised by"), _word(words.MEANS)),
    "sms": (Term("短信状态", "Text message"), _word(words.REMINDERS)),
    "reason": (Term("叫号依据", "Reason"), _word(words.REASONS)),
    "served": (Term("已办理", "Served"), _flag),
}
"""In the order of the query's fields."""


def conditions(connection: Connection, query: ReportQuery) -> list[Condition]:
    """Those of a query, in the order of its fields."""
    found = []
    for name in query.named_fields():
        if name not in NOT_CONDITIONS:
            title, tell = _TOLD[name]
            found.append(Condition(name, title, tell(connection, getattr(query, name))))
    return found
