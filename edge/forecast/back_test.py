"""How past days would have gone under other rules: the same people, the same services, the same open counters.

Each day is played twice, under the rules that were in force then and under the new ones, and what was really waited stands
beside both: how far it is from the first playing shows how well the playing knows the branch. Whom a playing never calls is
counted with a wait until the end of that day, so that nobody starves unseen.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import fmean
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from edge.forecast import past, regime
from edge.forecast.letters import BackTest, BackTested, ClassPast, Progress
from edge.forecast.past import PastDay
from edge.forecast.play import Post, Reign, waits_ms
from edge.kernel import journal
from edge.kernel.db import Connection
from edge.org import tables as org
from edge.queue.call_rules import Calendar, CallRules, preview
from edge.queue.model import Tier
from sync.chain import Record

DAYS_MAX: Final = 20
P90: Final = 0.9


@dataclass(slots=True)
class _Waits:
    """Of one class, in seconds."""

    was: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)


class _House(NamedTuple):
    """The branch's counters of today, and every fact about their rules."""

    skills: Mapping[str, frozenset[str]]
    said: list[Record]
    zone: ZoneInfo


def run(connection: Connection, wish: BackTest, zone: ZoneInfo) -> Iterator[Progress | BackTested]:
    """Day after day: how far it is, and at last the answer. Whoever drives this may do other things in between."""
    today = datetime.fromtimestamp(wish.now_ms / 1_000, zone).date().isoformat()
    days = past.beginnings(connection, min(wish.days, DAYS_MAX), before=today)
    house = _house(connection, zone) if days else _House({}, [], zone)
    chosen = frozenset(wish.counters) or frozenset(house.skills)
    found: dict[tuple[str, Tier], _Waits] = defaultdict(_Waits)
    for done, beginning in enumerate(days):
        yield Progress(wish.id, done, len(days))
        lived = past.read_day(connection, beginning)
        yield Progress(wish.id, done, len(days))
        _play(lived, house, wish.rules, chosen, found)
    classes = [_class(key, waits, wish.target_s) for key, waits in sorted(found.items()) if waits.before]
    yield BackTested(wish.id, [one.day for one in days], classes)


def _house(connection: Connection, zone: ZoneInfo) -> _House:
    skills = {counter.id: frozenset(counter.services) for counter in org.counters(connection)}
    return _House(skills, regime.facts(connection, until=journal.head(connection).seq), zone)


def _play(
    lived: PastDay, house: _House, rules: CallRules, chosen: frozenset[str], found: dict[tuple[str, Tier], _Waits]
) -> None:
    people, visits = lived.people(), lived.in_order()
    reigns = _lived_reigns(lived, house)
    calendar = regime.after(house.said, lived.seq).calendar
    instead = _reigns(rules, date.fromisoformat(lived.day), calendar, house.zone)
    before = waits_ms(people, _posts(lived, house, reigns))
    after = waits_ms(people, _posts(lived, house, reigns | dict.fromkeys(chosen, instead)))
    for one, before_ms, after_ms in zip(visits, before, after, strict=True):
        if one.called_ms is not None and one.came:
            waits, whole_ms = found[one.service, one.tier], lived.ended_ms - one.at_ms
            waits.was.append((one.called_ms - one.at_ms) / 1_000)
            waits.before.append((whole_ms if before_ms is None else before_ms) / 1_000)
            waits.after.append((whole_ms if after_ms is None else after_ms) / 1_000)


def _posts(lived: PastDay, house: _House, reigns: Mapping[str, tuple[Reign, ...]]) -> list[Post]:
    return [
        Post(counter, house.skills[counter], tuple(spans), reigns[counter], gap_s=lived.gap_s)
        for counter, spans in sorted(lived.spans.items())
        if counter in house.skills
    ]


def _lived_reigns(lived: PastDay, house: _House) -> dict[str, tuple[Reign, ...]]:
    """What each counter followed through the day: as it began, and from every change on as that left it."""
    day, now = date.fromisoformat(lived.day), regime.after(house.said, lived.seq)

    def through_the_day() -> dict[str, tuple[Reign, ...]]:
        return {counter: _reigns(now.rules_of(counter), day, now.calendar, house.zone) for counter in house.skills}

    reigns = through_the_day()
    for record in house.said:
        if record.seq > lived.seq and record.at_ms <= lived.ended_ms and now.read(record):
            then = through_the_day()
            reigns = {counter: _changed(was, then[counter], record.at_ms) for counter, was in reigns.items()}
    return reigns


def _changed(was: Sequence[Reign], then: Sequence[Reign], at_ms: int) -> tuple[Reign, ...]:
    """Until `at_ms` as it was, from there on as it is then."""
    begun = [one for one in then if one.from_ms <= at_ms]
    return (
        *(one for one in was if one.from_ms < at_ms),
        *(one._replace(from_ms=at_ms) for one in begun[-1:]),
        *(one for one in then if one.from_ms > at_ms),
    )


def _reigns(rules: CallRules, day: date, calendar: Calendar, zone: ZoneInfo) -> tuple[Reign, ...]:
    spans = preview(rules, day, calendar)
    midnight = datetime.combine(day, time(), zone)
    starts = [timedelta(hours=span.starts.hour, minutes=span.starts.minute) for span in spans]
    return tuple(
        Reign(int((midnight + start).timestamp() * 1_000), span.rule) for start, span in zip(starts, spans, strict=True)
    )


def _class(key: tuple[str, Tier], waits: _Waits, target_s: Mapping[Tier, int]) -> ClassPast:
    service, tier = key
    return ClassPast(
        service=service,
        tier=tier,
        people=len(waits.before),
        was_s=fmean(waits.was),
        before_s=fmean(waits.before),
        after_s=fmean(waits.after),
        before_p90_s=_p90(waits.before),
        after_p90_s=_p90(waits.after),
        before_share=_within(waits.before, target_s[tier]),
        after_share=_within(waits.after, target_s[tier]),
    )


def _p90(waits_s: Sequence[float]) -> float:
    return sorted(waits_s)[min(len(waits_s) - 1, int(P90 * len(waits_s)))]


def _within(waits_s: Sequence[float], target_s: int) -> float:
    return fmean(wait_s <= target_s for wait_s in waits_s)
