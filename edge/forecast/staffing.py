"""Which counter to open in the next two hours: the future played some times with and without it.

Everybody counts who waits now or will come within the two hours, each against the target of their tier. All futures share
their luck: the same people come, with the same services, so what differs is the counter.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from statistics import fmean
from typing import Final, NamedTuple

from edge.forecast.arrivals import BIN_MINUTES
from edge.forecast.knowledge import Knowledge
from edge.forecast.letters import Proposal, Proposals, Staffing
from edge.forecast.play import Person, Post, Reign, waits_ms
from edge.forecast.service_times import residual_s
from edge.forecast.situation import Away, Desk, Expected, Free, Opens, Paused, Serving, Situation, Span
from edge.queue.model import Tier

AHEAD_S: Final = 2 * 3_600
AFTER_S: Final = 2 * 3_600
"""Played on for so long, that those who came last are called."""
FUTURES: Final = 12
STARTS_S: Final = (0, 1_800, 3_600)
CANDIDATES_MAX: Final = 6
COMING_MAX: Final = 1_500
GAP_SAMPLES: Final = 40
GAP_S_MAX: Final = 120.0


class _Outcome(NamedTuple):
    share: float
    mean_s: float
    people: float


class _Future(NamedTuple):
    """Who is there and who comes, and when each counter that is at work is free."""

    people: list[Person]
    posts: list[Post]


def propose(wish: Staffing, situation: Situation, knowledge: Knowledge, closed: Sequence[Desk]) -> Iterator[Proposals | None]:
    """None while it is under way; the proposals at last, best first. `closed` are the counters that might open."""
    random = Random(wish.id)  # noqa: S311 -- a simulation, not a secret
    futures = [_future(situation, knowledge, random) for _ in range(FUTURES)]
    now = _outcome(futures, None, situation.now_ms, wish.target_s)
    yield None
    proposals = []
    for desk in _different(closed)[:CANDIDATES_MAX]:
        for in_s in STARTS_S:
            opens_ms = situation.now_ms + in_s * 1_000
            then = _outcome(futures, _post(desk, opens_ms, situation, 0.0), situation.now_ms, wish.target_s)
            proposals.append(
                Proposal(
                    counter=desk.id,
                    in_s=in_s,
                    share_before=now.share,
                    share_after=then.share,
                    saved_s=now.mean_s - then.mean_s,
                )
            )
            yield None
    proposals.sort(key=lambda one: (-round(one.share_after, 2), -one.saved_s))
    yield Proposals(wish.id, now.people, now.share, proposals)


def _different(closed: Sequence[Desk]) -> list[Desk]:
    """Counters that take the same services are the same to those who wait: the first of each kind."""
    kinds: dict[frozenset[str], Desk] = {}
    for desk in closed:
        kinds.setdefault(desk.services, desk)
    return list(kinds.values())


def _future(situation: Situation, knowledge: Knowledge, random: Random) -> _Future:
    people = sorted([*_there(situation, knowledge, random), *_coming(situation, knowledge, random)], key=lambda one: one.at_ms)
    gap_s = fmean(min(GAP_S_MAX, knowledge.turnaround.everybody.sample(0.0, random)) for _ in range(GAP_SAMPLES))
    posts = [
        _post(desk, free_ms, situation, gap_s)._replace(pace=knowledge.service_times.factor(desk.staff))
        for desk in situation.desks
        if (free_ms := _free_ms(desk, situation.now_ms, knowledge, random)) is not None
    ]
    return _Future(people, posts)


def _there(situation: Situation, knowledge: Knowledge, random: Random) -> Iterator[Person]:
    for one in situation.waiting:
        waited_s = max(0.0, (situation.now_ms - one.entered_ms) / 1_000)
        leaves_ms = one.entered_ms + int(knowledge.patience.sample(one.service, waited_s, random) * 1_000)
        service_s = random.choice(knowledge.service_times.table(one.service))
        yield Person(one.entered_ms, one.service, one.tier, service_s, one.place_ms, leaves_ms, one.desk)


def _coming(situation: Situation, knowledge: Knowledge, random: Random) -> Iterator[Person]:
    arrivals, day_class = knowledge.arrivals, situation.day_class
    crowd, count = arrivals.crowd(day_class, situation.minute_of_day), 0
    until_s = AHEAD_S if situation.issues_until_ms is None else (situation.issues_until_ms - situation.now_ms) / 1_000
    for service, tier in arrivals.queues(day_class):
        for start_s in range(0, int(min(AHEAD_S, until_s)), BIN_MINUTES * 60):
            per_s = arrivals.per_hour((service, tier), day_class, situation.minute_of_day + start_s // 60) * crowd / 3_600
            at_s = float(start_s)
            while per_s > 0 and count < COMING_MAX:
                at_s += random.expovariate(per_s)
                if at_s >= start_s + BIN_MINUTES * 60:
                    break
                count += 1
                at_ms = situation.now_ms + int(at_s * 1_000)
                leaves_ms = at_ms + int(knowledge.patience.sample(service, 0.0, random) * 1_000)
                service_s = random.choice(knowledge.service_times.table(service))
                yield Person(at_ms, service, Tier(tier), service_s, at_ms, leaves_ms)


def _free_ms(desk: Desk, now_ms: int, knowledge: Knowledge, random: Random) -> int | None:
    """When a counter that is at work calls next; None for one that nobody sits at."""
    match desk.doing:
        case Serving(service, since_ms):
            table, pace = knowledge.service_times.table(service), knowledge.service_times.factor(desk.staff)
            return now_ms + int(residual_s(table, pace, max(0.0, (now_ms - since_ms) / 1_000), random) * 1_000)
        case Away() as away:
            return now_ms + int(knowledge.turnaround.left_s(desk.staff, away, now_ms, random) * 1_000)
        case Paused(since_ms):
            paused_s = max(0.0, (now_ms - since_ms) / 1_000)
            return now_ms + int((knowledge.pauses.sample(paused_s, random) - paused_s) * 1_000)
        case Opens(at_ms):
            return at_ms
        case Free():
            return now_ms
        case Expected():
            return None


def _post(desk: Desk, from_ms: int, situation: Situation, gap_s: float) -> Post:
    until_ms = situation.now_ms + (AHEAD_S + AFTER_S) * 1_000
    ends_ms = until_ms if desk.closes_ms is None else min(until_ms, desk.closes_ms)
    spans = (Span(from_ms, ends_ms),) if ends_ms > from_ms else ()
    return Post(desk.id, desk.services, spans, (Reign(0, desk.rule),), gap_s=gap_s)


def _outcome(futures: Sequence[_Future], more: Post | None, now_ms: int, target_s: Mapping[Tier, int]) -> _Outcome:
    """Of everybody in all futures: the share within the target, and the mean wait."""
    kept: list[bool] = []
    waits_s: list[float] = []
    for people, posts in futures:
        gap_s = posts[0].gap_s if posts else 0.0
        extra = [] if more is None else [more._replace(gap_s=gap_s)]
        others = [post for post in posts if more is None or post.id != more.id]
        for one, wait_ms in zip(people, waits_ms(people, [*others, *extra]), strict=True):
            wait_s = (now_ms + (AHEAD_S + AFTER_S) * 1_000 - one.at_ms if wait_ms is None else wait_ms) / 1_000
            if one.leaves_ms is not None and wait_ms is None and one.leaves_ms - one.at_ms < wait_s * 1_000:
                wait_s = (one.leaves_ms - one.at_ms) / 1_000
                kept.append(False)
            else:
                kept.append(wait_s <= target_s[one.tier])
            waits_s.append(wait_s)
    if not kept:
        return _Outcome(1.0, 0.0, 0.0)
    return _Outcome(fmean(kept), fmean(waits_s), len(kept) / len(futures))
