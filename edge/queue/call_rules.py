"""When which rule is in force: a counter's default rule and its schedules.

* A schedule names weekdays (`mon` … `sun`), classes of days (`workday`, `weekend`, `holiday`) or dates, and a span of the day,
  half-open: `[09:00, 11:00)` (S03). A date beats a weekday, a weekday a class, and any schedule the default (S05).
* Two schedules of the same rank that could be in force at once are refused when they are saved, with both their names (S05).
* Head office's calendar beats the weekday: a make-up Saturday is a workday, a holiday Monday is none. On such a day a schedule
  by weekday holds only when it means the whole class: all of `mon`–`fri` for a workday, both `sat` and `sun` otherwise.
"""

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from itertools import combinations, pairwise
from typing import Annotated, ClassVar, Final, NamedTuple

import msgspec

from edge.kernel.domain import Command
from edge.queue.rules import DEFAULT, Rule

SCHEDULES_MAX: Final = 50
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Day = Annotated[
    str,
    msgspec.Meta(pattern=r"^(mon|tue|wed|thu|fri|sat|sun|workday|weekend|holiday|[0-9]{4}-[0-9]{2}-[0-9]{2})$"),
]
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKING: Final = frozenset(WEEKDAYS[:5])
RESTING: Final = frozenset(WEEKDAYS[5:])


class DayClass(enum.StrEnum):
    """What kind of day it is, whatever its name."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


Calendar = Mapping[date, DayClass]
"""Only the days that differ from their weekday."""


class Rank(enum.IntEnum):
    """Which kind of day beats which."""

    CLASS = 1
    WEEKDAY = 2
    DATE = 3


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"starts": "from", "ends": "to"}):
    """A rule for some days and hours."""

    days: Annotated[tuple[Day, ...], msgspec.Meta(min_length=1, max_length=60)]
    starts: Clock = "00:00"
    ends: Clock = "24:00"
    rule: Rule
    name: Annotated[str, msgspec.Meta(max_length=40)] = ""

    def __post_init__(self) -> None:
        if self.minutes[0] >= self.minutes[1]:
            raise ValueError("a schedule ends after it begins: in field `to`")
        if len({rank_of(day) for day in self.days}) != 1:
            raise ValueError("a schedule names dates, weekdays or classes of days, not a mixture: in field `days`")
        for day in self.days:
            if rank_of(day) is Rank.DATE and not _is_date(day):
                raise ValueError("there is no such day: in field `days`")

    @property
    def rank(self) -> Rank:
        return rank_of(self.days[0])

    @property
    def minutes(self) -> tuple[int, int]:
        """From and to, in minutes since midnight; the end is not included."""
        return _minutes(self.starts), _minutes(self.ends)

    def label(self, index: int) -> str:
        return self.name or f"schedule {index + 1}"


class CallRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a counter follows."""

    default: Rule = DEFAULT
    schedules: Annotated[tuple[Schedule, ...], msgspec.Meta(max_length=SCHEDULES_MAX)] = ()


NO_RULES: Final = CallRules()


class SetCallRules(Command, frozen=True, kw_only=True):
    """Change what a counter follows, from its next call on."""

    NAME: ClassVar[str] = "queue.set_call_rules"
    counter: str
    rules: CallRules
    temporary: bool = False
    reason: str = ""


class GiveUpCallRules(Command, frozen=True, kw_only=True):
    """Drop what was set here for a counter, also for today only: it follows the levels above again, or else the default."""

    NAME: ClassVar[str] = "queue.give_up_call_rules"
    counter: str


class SetCalendar(Command, frozen=True, kw_only=True):
    """Replace the days that are not what their weekday says."""

    NAME: ClassVar[str] = "queue.set_calendar"
    days: dict[str, DayClass]


class Span(NamedTuple):
    """A stretch of one day under one rule, for a preview."""

    starts: time
    ends_minute: int
    rule: Rule
    schedule: str
    """Empty where the default is in force."""


def rank_of(day: str) -> Rank:
    if day[0].isdecimal():
        return Rank.DATE
    return Rank.WEEKDAY if day in WEEKDAYS else Rank.CLASS


def _is_date(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def clock(minute: int) -> str:
    """Minutes since midnight as people write them; the end of the day is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def natural(day: date) -> DayClass:
    """What its weekday says."""
    return DayClass.WEEKEND if WEEKDAYS[day.weekday()] in RESTING else DayClass.WORKDAY


def class_of(day: date, calendar: Calendar) -> DayClass:
    return calendar.get(day, natural(day))


def holds_on(schedule: Schedule, day: date, calendar: Calendar) -> bool:
    """Whether `schedule` is meant for `day`."""
    match schedule.rank:
        case Rank.DATE:
            return day.isoformat() in schedule.days
        case Rank.CLASS:
            return class_of(day, calendar).value in schedule.days
        case Rank.WEEKDAY:
            return _weekday_holds(frozenset(schedule.days), day, calendar)


def _weekday_holds(days: frozenset[str], day: date, calendar: Calendar) -> bool:
    moved = calendar.get(day)
    if moved is None:
        return WEEKDAYS[day.weekday()] in days
    return (WORKING if moved is DayClass.WORKDAY else RESTING) <= days


def scheduled(rules: CallRules, now: datetime, calendar: Calendar) -> Schedule | None:
    """The schedule in force at the branch's local time `now`; None where the default is."""
    minute = now.hour * 60 + now.minute
    found = [
        schedule
        for schedule in rules.schedules
        if schedule.minutes[0] <= minute < schedule.minutes[1] and holds_on(schedule, now.date(), calendar)
    ]
    return max(found, key=lambda schedule: schedule.rank, default=None)


def in_force(rules: CallRules, now: datetime, calendar: Calendar) -> Rule:
    """The rule for a call at `now`."""
    return rule_of(rules, scheduled(rules, now, calendar))


def rule_of(rules: CallRules, schedule: Schedule | None) -> Rule:
    """The schedule's rule, under its name; the default one where there is none."""
    if schedule is None:
        return rules.default
    return schedule.rule if schedule.rule.name or not schedule.name else _named(schedule)


def _named(schedule: Schedule) -> Rule:
    return msgspec.structs.replace(schedule.rule, name=schedule.name)


def conflicts(schedules: Sequence[Schedule]) -> list[tuple[str, str]]:
    """Pairs of schedules that claim the same moment with the same rank."""
    return [
        (one.label(left), other.label(right))
        for (left, one), (right, other) in combinations(enumerate(schedules), 2)
        if one.rank is other.rank and set(one.days) & set(other.days) and _overlap(one, other)
    ]


def _overlap(one: Schedule, other: Schedule) -> bool:
    return one.minutes[0] < other.minutes[1] and other.minutes[0] < one.minutes[1]


def preview(rules: CallRules, day: date, calendar: Calendar) -> list[Span]:
    """The whole of `day` in stretches of one rule each."""
    marks = {0, 24 * 60}
    for schedule in rules.schedules:
        marks.update(schedule.minutes)
    spans: list[Span] = []
    edges = sorted(marks)
    for start, end in pairwise(edges):
        moment = datetime.combine(day, time(start // 60, start % 60))
        found = scheduled(rules, moment, calendar)
        rule = rules.default if found is None else found.rule
        label = "" if found is None else found.label(rules.schedules.index(found))
        if spans and (spans[-1].rule, spans[-1].schedule) == (rule, label):
            spans[-1] = spans[-1]._replace(ends_minute=end)
        else:
            spans.append(Span(moment.time(), end, rule, label))
    return spans
