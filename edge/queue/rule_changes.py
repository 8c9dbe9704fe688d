"""What of a counter's rules, and of the calendar, may be changed here."""

from collections.abc import Mapping, Sequence
from datetime import date

from edge.kernel.db import Connection
from edge.kernel.domain import Context, Event, Rejected
from edge.policy import tables as policy
from edge.policy.keys import Effective
from edge.queue import events as e
from edge.queue.call_rules import CallRules, DayClass, GiveUpCallRules, SetCalendar, SetCallRules, conflicts
from edge.queue.load import RulesState
from edge.queue.model import Tier
from edge.queue.policy import CALENDAR, CALL_RULES, PROMOTE_WAIT_S
from edge.queue.work_calendar import WorkCalendar, own_days


def set_call_rules(state: RulesState, command: SetCallRules, _context: Context) -> Sequence[Event]:
    """Overlapping schedules of one rank are refused with both their names: nobody could say which one holds (S05). So are rules
    that a higher level holds or bounds, with that level's name (S26)."""
    if state.desk is None:
        raise Rejected("unknown_counter")
    config = state.desk.config
    if state.above.locked:
        raise Rejected("held_by_policy", policy=CALL_RULES.name, level=state.above.level)
    within_bounds(command.rules, state.latest_s)
    agreed(command.rules)
    changed = e.CallRulesSet(
        counter=config.id,
        counter_number=config.number,
        rules=command.rules,
        temporary=command.temporary,
        reason=command.reason,
    )
    return [changed]


def give_up_call_rules(state: RulesState, _command: GiveUpCallRules, _context: Context) -> Sequence[Event]:
    """Where nothing of its own is set, nothing happens. A lock does not stand in the way: what is given up did not hold."""
    if state.desk is None:
        raise Rejected("unknown_counter")
    if not state.own:
        return ()
    config = state.desk.config
    return [e.CallRulesGivenUp(counter=config.id, counter_number=config.number)]


def within_bounds(rules: CallRules, latest_s: Mapping[Tier, Effective]) -> None:
    """A rule may promote earlier than any level wants it, never later (S26)."""
    for rule in (rules.default, *(schedule.rule for schedule in rules.schedules)):
        for tier, threshold in rule.thresholds.items():
            latest = latest_s.get(tier)
            if latest and latest.value is not None and (threshold.wait_s or 0) > latest.value:
                held = PROMOTE_WAIT_S[tier].name
                raise Rejected("held_by_policy", policy=held, level=latest.level, wait_s_max=latest.value)


def agreed(rules: CallRules) -> None:
    for one, other in conflicts(rules.schedules):
        raise Rejected("schedules_overlap", one=one, other=other)


def for_calendar(connection: Connection, _command: SetCalendar, _context: Context) -> Effective:
    return policy.in_effect(connection, CALENDAR)


def set_calendar(bank: Effective, command: SetCalendar, context: Context) -> Sequence[Event]:
    """Keep what differs from the calendars above, so that a later word of theirs about another day is heard (S05)."""
    if bank.locked_by is not None:
        raise Rejected("held_by_policy", policy=CALENDAR.name, level=bank.locked_by)
    wished = {_day(day): kind for day, kind in command.days.items()}
    above = WorkCalendar({}, {date.fromisoformat(day): DayClass(kind) for day, kind in bank.value.items()})
    own = own_days(wished, above, context.today)
    return [e.CalendarSet(days={day.isoformat(): kind for day, kind in sorted(own.items())})]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Rejected("invalid_calendar", day=text) from error
