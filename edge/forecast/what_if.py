"""What a change would save: the same people, the same luck, the counters or the rule otherwise.

Both futures are played with the same seed, so that what differs is the change and not chance. Minutes are counted for
those who wait now, class by class; who comes later profits too, but is not counted. Whoever nobody calls within the hours that
are thought through has no wait to be averaged: they are counted apart.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean, median
from typing import Final, NamedTuple

from edge.forecast.knowledge import Knowledge
from edge.forecast.plan import HORIZON_S, Plan
from edge.forecast.simulate import paired_waits_ms
from edge.forecast.situation import Desk, Situation
from edge.queue.model import Tier
from edge.queue.rules import Rule

RUNS: Final = 40
"""Enough for minutes; half the answer is the same luck on both sides."""


class Effect(NamedTuple):
    """What a change does for one class: the mean over its people of their median wait from now, of those who are called in both
    futures."""

    service: str
    tier: Tier
    people: int
    before_s: float
    after_s: float
    stuck_before: int = 0
    """How many of them nobody would call within the horizon, as things are."""
    stuck_after: int = 0

    @property
    def saved_s(self) -> float:
        return self.before_s - self.after_s


def effects(now: Situation, changed: Situation, knowledge: Knowledge, *, seed: int = 0, runs: int = RUNS) -> list[Effect]:
    """The effect of `changed`, which has the same people waiting, on each class of them."""
    if [one.ticket for one in now.waiting] != [one.ticket for one in changed.waiting]:
        raise ValueError("a what-if changes counters and rules, not who waits")
    before, after = (_medians_s(one, knowledge, seed, runs) for one in (now, changed))
    classes: dict[tuple[str, Tier], list[int]] = defaultdict(list)
    for number, one in enumerate(now.waiting):
        classes[one.service, one.tier].append(number)
    return [
        _effect(service, tier, [(before[number], after[number]) for number in who])
        for (service, tier), who in sorted(classes.items())
    ]


def _effect(service: str, tier: Tier, waits_s: list[tuple[float, float]]) -> Effect:
    stuck_before, stuck_after = (sum(one[side] >= HORIZON_S for one in waits_s) for side in (0, 1))
    called = [one for one in waits_s if max(one) < HORIZON_S] or [(float(HORIZON_S), float(HORIZON_S))]
    before_s, after_s = fmean(one[0] for one in called), fmean(one[1] for one in called)
    return Effect(service, tier, len(waits_s), before_s, after_s, stuck_before, stuck_after)


def with_desk(situation: Situation, desk: Desk) -> Situation:
    """One more counter open, or the one of that name otherwise."""
    others = tuple(one for one in situation.desks if one.id != desk.id)
    place = next((at for at, one in enumerate(situation.desks) if one.id == desk.id), len(others))
    return replace(situation, desks=(*others[:place], desk, *others[place:]))


def without_desk(situation: Situation, desk: str) -> Situation:
    """The counter calls nobody any more. It stays in its place, so that the others keep their luck."""
    closed = (replace(one, closes_ms=situation.now_ms) if one.id == desk else one for one in situation.desks)
    return replace(situation, desks=tuple(closed))


def with_rule(situation: Situation, rule: Rule, desks: Iterable[str] = ()) -> Situation:
    """Some counters (or, without names, all) follow another rule."""
    chosen = set(desks) or {desk.id for desk in situation.desks}
    return replace(situation, desks=tuple(replace(desk, rule=rule) if desk.id in chosen else desk for desk in situation.desks))


def with_service(situation: Situation, service: str, desks: Iterable[str]) -> Situation:
    """A service is taken by exactly these counters."""
    chosen, every = set(desks), frozenset(one.service for one in situation.waiting)
    return replace(situation, desks=tuple(_taking(desk, service, every, takes=desk.id in chosen) for desk in situation.desks))


def _taking(desk: Desk, service: str, every: frozenset[str], *, takes: bool) -> Desk:
    services = desk.services or every
    return replace(desk, services=(services | {service} if takes else services - {service}) or frozenset({_NOTHING}))


_NOTHING: Final = "-"
"""A counter without any service would mean one that takes all."""


def _medians_s(situation: Situation, knowledge: Knowledge, seed: int, runs: int) -> list[float]:
    return [median(waits) / 1_000 for waits in paired_waits_ms(Plan(situation, knowledge), runs, seed)]
