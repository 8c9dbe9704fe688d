"""Call rules over HTTP: what a counter follows, when, and what the coming week looks like under it."""

from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec

from edge.kernel.domain import Rejected
from edge.org import tables as org
from edge.org.place import Place
from edge.policy.keys import Level
from edge.queue import ruling
from edge.queue.call_rules import CallRules, DayClass, GiveUpCallRules, SetCalendar, SetCallRules, clock, in_force, preview
from edge.queue.policy import from_above
from edge.queue.rules import Rule
from edge.queue.work_calendar import shown
from edge.queue.written_rules import WrittenRules
from edge.web.routes import Call, Routes

routes: Final = Routes("queue")

Text = Annotated[str, msgspec.Meta(max_length=80)]


class RulesRequest(WrittenRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a counter should follow, for how long, and why."""

    temporary: bool = False
    """In force until the end of the business day."""
    reason: Text = ""


class SpanView(msgspec.Struct, frozen=True, rename={"starts": "from", "ends": "to"}):
    """A stretch of one day under one rule."""

    date: str
    starts: str
    ends: str
    schedule: str
    rule: Rule


class RulesView(msgspec.Struct, frozen=True, kw_only=True):
    """A counter's rules, the one in force now, and the next seven days under them."""

    counter: str
    rules: CallRules
    """As they are written, here or above."""
    level: str
    """Who has written them."""
    own: bool
    """Something was set here that can be given up; under a lock it does not hold."""
    locked_by: str | None
    in_force: Rule
    """Now, within the bounds that any level has set."""
    week: list[SpanView]


@routes.put(
    "/api/call-rules/{counter}",
    body=RulesRequest,
    reply=RulesView,
    permission="queue.set_rules",
    summary="Change what a counter follows, from its next call on",
    problems=("unknown_counter", "schedules_overlap", "held_by_policy"),
)
async def put_rules(call: Call[RulesRequest]) -> RulesView:
    wish, counter = call.body, call.path["counter"]
    await call.submit(SetCallRules(counter=counter, rules=wish.plain(), temporary=wish.temporary, reason=wish.reason))
    return _rules_view(call)


@routes.delete(
    "/api/call-rules/{counter}",
    permission="queue.set_rules",
    status=204,
    summary="Give up what was set here: the counter follows the levels above again, or else the default rule",
    problems=("unknown_counter",),
)
async def give_up_rules(call: Call[None]) -> None:
    await call.submit(GiveUpCallRules(counter=call.path["counter"]))


@routes.get(
    "/api/call-rules/{counter}",
    permission="queue.view",
    reply=RulesView,
    summary="What a counter follows, now and in the next seven days",
    problems=("unknown_counter",),
)
async def get_rules(call: Call[None]) -> RulesView:
    return _rules_view(call)


def _rules_view(call: Call[Any]) -> RulesView:
    counter, now = call.path["counter"], call.app[Place].now()
    with call.app.pipeline.db.reader() as connection:
        if org.counter(connection, counter) is None:
            raise Rejected("unknown_counter")
        written, rules = ruling.written_rules(connection, counter), ruling.call_rules(connection, counter)
        above, calendar = from_above(connection, counter), ruling.calendar(connection)
        own = ruling.own_rules(connection, counter) is not None
        level = Level.OUTLET if own and not above.locked else above.level
    days = [now.date() + timedelta(days=ahead) for ahead in range(7)]
    week = [
        SpanView(day.isoformat(), f"{span.starts:%H:%M}", clock(span.ends_minute), span.schedule, span.rule)
        for day in days
        for span in preview(rules, day, calendar)
    ]
    return RulesView(
        counter=counter,
        rules=written,
        level=level,
        own=own,
        locked_by=above.level if above.locked else None,
        in_force=in_force(rules, now, calendar),
        week=week,
    )


class CalendarRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The days that are not what their weekday says."""

    days: Annotated[dict[str, DayClass], msgspec.Meta(max_length=400)]


class CalendarView(msgspec.Struct, frozen=True):
    """The days that are not what their weekday says, from last year on, whoever has said so."""

    days: dict[str, DayClass]


@routes.get("/api/calendar", permission="queue.view", reply=CalendarView, summary="Make-up workdays and holidays")
async def get_calendar(call: Call[None]) -> CalendarView:
    with call.app.pipeline.db.reader() as connection:
        days = shown(ruling.calendar(connection), call.app[Place].now().date())
    return CalendarView({day.isoformat(): kind for day, kind in days.items()})


@routes.put(
    "/api/calendar",
    body=CalendarRequest,
    permission="queue.set_rules",
    status=204,
    summary="Set make-up workdays and holidays",
    problems=("invalid_calendar", "held_by_policy"),
)
async def put_calendar(call: Call[CalendarRequest]) -> None:
    await call.submit(SetCalendar(days=call.body.days))
