"""A situation and what is known of the branch, worked out once before the many runs of a simulation.

A queue is a service and a tier, or the pool of tickets sent to one counter by name. Of those who will still come only such are
planned for as could be called before somebody who waits now: a later arrival in the same standing never overtakes.
"""

from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from edge.forecast.arrivals import BIN_MINUTES
from edge.forecast.hazard import Hazard
from edge.forecast.knowledge import Knowledge
from edge.forecast.service_times import Table, residual_s
from edge.forecast.situation import Away, Desk, Expected, Opens, Paused, Serving, Situation, Waiting
from edge.queue.model import Tier
from edge.queue.picking import Lane, Picker, Place

HORIZON_S: Final = 4 * 3_600
"""Nobody is forecast to wait longer; who would, is given this."""
FAR_MS: Final = 1 << 60


class Key(NamedTuple):
    """Which queue: the pool of counter `desk`, or everybody's."""

    service: str
    tier: Tier
    desk: str = ""


class Stream(NamedTuple):
    """Those who will still come to one queue and might overtake."""

    queue: int
    per_ms: float
    head_start_ms: int
    until_ms: int


class Teller(NamedTuple):
    """A counter as a run needs it."""

    picker: Picker
    queues: frozenset[int]
    """Those it may call from."""
    pace: float
    """How much longer than usual its teller takes."""
    turnaround: Hazard
    """How soon it calls again after a service."""
    closes_ms: int
    breaks: tuple[tuple[int, int], ...]
    free_ms: Callable[[Random], int]
    """When it calls next; may be never."""


class Plan:
    """Everything that is the same in all runs."""

    def __init__(self, situation: Situation, knowledge: Knowledge) -> None:
        self.now_ms = situation.now_ms
        self.horizon_ms = situation.now_ms + HORIZON_S * 1_000
        self.there = len(situation.waiting)
        """From this number on, people are only imagined."""
        self.waiting = (*situation.waiting, *situation.newcomers)
        self.knowledge = knowledge
        self.keys = _keys(situation, knowledge)
        self.services = [key.service for key in self.keys]
        self.tables: list[Table] = [knowledge.service_times.table(key.service) for key in self.keys]
        self.places = _places(self.waiting, self.keys)
        self.imagined = [sum(place.number >= self.there for place in places) for places in self.places]
        self.tellers = [_teller(desk, situation, self.keys, knowledge) for desk in situation.desks]
        self.streams = _streams(situation, knowledge, self.keys)


def _keys(situation: Situation, knowledge: Knowledge) -> dict[Key, int]:
    keys = [Key(one.service, one.tier, one.desk) for one in (*situation.waiting, *situation.newcomers)]
    keys += [Key(service, Tier(tier)) for service, tier in knowledge.arrivals.queues(situation.day_class)]
    return {key: number for number, key in enumerate(dict.fromkeys(keys))}


def _places(waiting: tuple[Waiting, ...], keys: dict[Key, int]) -> list[list[Place]]:
    places: list[list[Place]] = [[] for _ in keys]
    for number, one in enumerate(waiting):
        waits_from_ms = one.place_ms if one.waits_from_ms is None else one.waits_from_ms
        places[keys[Key(one.service, one.tier, one.desk)]].append(
            Place(one.place_ms, one.seq, waits_from_ms, number, one.appointment)
        )
    for queue in places:
        queue.sort()
    return places


def _teller(desk: Desk, situation: Situation, keys: dict[Key, int], knowledge: Knowledge) -> Teller:
    lanes = [
        Lane(number, key.tier, bool(key.desk))
        for key, number in keys.items()
        if key.desk == desk.id or (not key.desk and desk.serves(key.service))
    ]
    turnaround = knowledge.turnaround.of(desk.staff)
    return Teller(
        Picker(desk.rule, lanes, desk.memory),
        frozenset(lane.queue for lane in lanes),
        knowledge.service_times.factor(desk.staff),
        turnaround,
        FAR_MS if desk.closes_ms is None else desk.closes_ms,
        tuple((one.from_ms, one.to_ms) for one in sorted(desk.breaks, key=lambda one: one.from_ms)),
        _free(desk, situation, knowledge, turnaround),
    )


def _free(desk: Desk, situation: Situation, knowledge: Knowledge, turnaround: Hazard) -> Callable[[Random], int]:
    """How to sample when a counter calls next."""
    now_ms, day_s = situation.now_ms, situation.minute_of_day * 60.0
    match desk.doing:
        case Serving(service, since_ms):
            table, pace = knowledge.service_times.table(service), knowledge.service_times.factor(desk.staff)
            lasted_s = max(0.0, (now_ms - since_ms) / 1_000)
            return lambda random: (
                now_ms + int((residual_s(table, pace, lasted_s, random) + turnaround.sample(0.0, random)) * 1_000)
            )
        case Away() as away:
            return lambda random: now_ms + int(knowledge.turnaround.left_s(desk.staff, away, now_ms, random) * 1_000)
        case Paused(since_ms):
            paused_s = max(0.0, (now_ms - since_ms) / 1_000)
            return lambda random: now_ms + int((knowledge.pauses.sample(paused_s, random) - paused_s) * 1_000)
        case Opens(at_ms):
            return lambda _random: at_ms
        case Expected():
            return lambda random: now_ms + int((knowledge.openings.sample(day_s, random) - day_s) * 1_000)
        case _:
            return lambda _random: now_ms


def _streams(situation: Situation, knowledge: Knowledge, keys: dict[Key, int]) -> list[Stream]:
    arrivals, minute = knowledge.arrivals, situation.minute_of_day
    crowd = arrivals.crowd(situation.day_class, minute)
    streams = []
    for service, tier in arrivals.queues(situation.day_class):
        head_start_ms = int(knowledge.head_start_s.get(service, 0.0) * 1_000)
        last_ms = _overtakes_until_ms(situation, Key(service, Tier(tier)), head_start_ms)
        until_ms = min(last_ms, FAR_MS if situation.issues_until_ms is None else situation.issues_until_ms)
        per_hour = arrivals.per_hour((service, tier), situation.day_class, minute + BIN_MINUTES // 4) * crowd
        if per_hour > 0 and until_ms > situation.now_ms:
            streams.append(Stream(keys[Key(service, Tier(tier))], per_hour / 3_600_000, head_start_ms, until_ms))
    return streams


def _overtakes_until_ms(situation: Situation, key: Key, head_start_ms: int) -> int:
    """Until when somebody who comes to the queue `key` could be called before one of those who wait."""
    last_ms = situation.now_ms
    for desk in situation.desks:
        if not desk.serves(key.service):
            continue
        rule = desk.rule
        if rule.thresholds or rule.target_s or rule.turns:
            return FAR_MS
        rank = rule.ranks[key.tier]
        for one in (*situation.waiting, *situation.newcomers):
            if rule.ranks[one.tier] > rank:
                return FAR_MS
            if rule.ranks[one.tier] == rank:
                last_ms = max(last_ms, one.place_ms + head_start_ms)
    return last_ms
