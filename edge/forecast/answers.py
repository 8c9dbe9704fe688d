"""Answers to questions about the live branch, from its situation now."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from edge.forecast import letters, what_if
from edge.forecast.knowledge import Knowledge
from edge.forecast.scene import NEXT_COUNTER
from edge.forecast.situation import Desk, Expected, Free, Opens, Paused, Situation
from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.org import tables as org
from edge.queue import ruling
from edge.queue.call_rules import in_force

PEOPLE_RUNS: Final = 3_000
"""People × runs on each side of a what-if: so that it is answered while somebody waits for it."""
RUNS_MIN: Final = 12


def effects(wish: letters.WhatIf, situation: Situation, knowledge: Knowledge, house: "House") -> letters.Effects:
    """What the changes save. Raises Rejected for a counter or a service that is not there."""
    now = as_it_is(situation)
    changed = now
    for change in wish.changes:
        changed = _CHANGES[type(change)](house, changed, change)
    runs = max(RUNS_MIN, min(what_if.RUNS, PEOPLE_RUNS // max(1, len(now.waiting))))
    found = what_if.effects(now, changed, knowledge, seed=wish.id, runs=runs)
    return letters.Effects(wish.id, [letters.ClassEffect(**one._asdict()) for one in found])


def as_it_is(situation: Situation) -> Situation:
    """Those who are there, without newcomers and without the counter that somebody may open."""
    desks = tuple(desk for desk in situation.desks if desk.id != NEXT_COUNTER)
    return replace(situation, desks=desks, newcomers=())


class House:
    """What the tables say of the branch's counters, for what a change needs to know."""

    def __init__(self, connection: Connection, now_ms: int, zone: ZoneInfo) -> None:
        self._connection = connection
        self._now = datetime.fromtimestamp(now_ms / 1_000, zone)

    def closed(self, situation: Situation) -> list[Desk]:
        """The counters that nobody sits at, and those that are paused, as they would be if they opened."""
        busy = {desk.id for desk in situation.desks if not isinstance(desk.doing, Paused | Expected)}
        return [self.desk(counter.id, 0, situation) for counter in org.counters(self._connection) if counter.id not in busy]

    def desk(self, counter: str, in_s: int, situation: Situation) -> Desk:
        """A counter as it will call from `in_s` on. Raises Rejected("unknown_counter")."""
        config = org.counter(self._connection, counter)
        if config is None:
            raise Rejected("unknown_counter", counter=counter)
        known = next((desk for desk in situation.desks if desk.id == counter), None)
        doing = Opens(situation.now_ms + in_s * 1_000) if in_s else Free()
        rule, memory = ruling.rule_now(self._connection, counter, self._now), ruling.memory(self._connection, counter)
        return Desk(counter, known.staff if known else "", frozenset(config.services), doing, rule, memory)

    def check(self, counters: tuple[str, ...], service: str | None = None) -> None:
        """Raise Rejected unless all of them are there."""
        for counter in counters:
            if org.counter(self._connection, counter) is None:
                raise Rejected("unknown_counter", counter=counter)
        if service is not None and org.service(self._connection, service) is None:
            raise Rejected("unknown_service", service=service)

    def opened(self, situation: Situation, change: letters.OpenCounter) -> Situation:
        """One that is at work already stays as it is."""
        at_work = any(desk.id == change.counter and not isinstance(desk.doing, Paused) for desk in situation.desks)
        desk = self.desk(change.counter, change.in_s, situation)
        return situation if at_work else what_if.with_desk(situation, desk)

    def without(self, situation: Situation, change: letters.CloseCounter) -> Situation:
        self.check((change.counter,))
        return what_if.without_desk(situation, change.counter)

    def ruled(self, situation: Situation, change: letters.ChangeRule) -> Situation:
        self.check(change.counters)
        rule = in_force(change.rules, self._now, ruling.calendar(self._connection))
        return what_if.with_rule(situation, rule, change.counters)

    def moved(self, situation: Situation, change: letters.MoveService) -> Situation:
        self.check(change.counters, change.service)
        return what_if.with_service(situation, change.service, change.counters)


_CHANGES: Final[dict[type[letters.Change], Callable[[House, Situation, Any], Situation]]] = {
    letters.OpenCounter: House.opened,
    letters.CloseCounter: House.without,
    letters.ChangeRule: House.ruled,
    letters.MoveService: House.moved,
}
