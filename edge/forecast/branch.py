"""A simulated branch, the truth behind the bench: what it hides, the forecast has to find out.

Six counters with mixed skills, four classes of customers, a lunch rota, two rushes a day; the figures are those of the
project's measurements (reference on queues, §3.2). Hidden from the forecast: how fast each teller is (0.85–1.2), the
day's pace (coefficient of variation 0.15), pauses of three to nine minutes that nobody announced, and who will not come
when called (5 %).

The load is what arrives, in minutes of work, as a share of what the counters can do between opening and closing, breaks
and usual pauses taken off. Whoever is in the hall at closing time is still served. Calls are made by
`edge.queue.rules.choose` itself.
"""

import math
from heapq import heappop, heappush
from random import Random
from statistics import fmean
from typing import Final, NamedTuple, Protocol

from edge.forecast.knowledge import Knowledge
from edge.forecast.situation import Situation, Span, Waiting
from edge.forecast.watch import Counter, Watch
from edge.queue.model import Tier, queue_id
from edge.queue.rules import FRESH, Head, Memory, Rule, choose

OPENS_S: Final = 8 * 3_600 + 1_800
CLOSES_S: Final = 17 * 3_600
LAST_S: Final = 24 * 3_600
PROFILE: Final = (0.7, 1.1, 1.4, 1.5, 1.3, 1.1, 0.9, 0.7, 0.6, 0.7, 0.9, 1.2, 1.3, 1.2, 1.0, 0.8, 0.6)
"""Half-hours from opening to closing."""
PAUSE_SHARE: Final = 0.06
"""After so many services a teller pauses."""
PAUSE_S: Final = (180.0, 540.0)
NO_SHOW_SHARE: Final = 0.05
NO_SHOW_S: Final = 45.0
DAY_CV: Final = 0.15
PACE: Final = (0.85, 1.2)
LUNCH_S: Final = 1_800


class Class(NamedTuple):
    """A kind of customer."""

    service: str
    tier: Tier
    share: float
    mean_s: float
    cv: float


CLASSES: Final = (
    Class("vip", Tier.GOLD, 0.07, 540.0, 0.8),
    Class("elder", Tier.PRIORITY, 0.12, 390.0, 0.8),
    Class("personal", Tier.NORMAL, 0.61, 300.0, 0.9),
    Class("corporate", Tier.NORMAL, 0.20, 480.0, 0.9),
)
SKILLS: Final = (
    frozenset({"vip", "corporate"}),
    frozenset({"corporate", "personal"}),
    frozenset({"personal", "elder"}),
    frozenset({"personal", "elder"}),
    frozenset({"personal", "elder", "vip"}),
    frozenset({"vip", "elder", "personal", "corporate"}),
)
RULE: Final = Rule(target_s={Tier.GOLD: 300, Tier.PRIORITY: 600, Tier.NORMAL: 1_200})


class Listener(Protocol):
    """Who is told what a forecaster could know, when it could."""

    def waits(self, one: Waiting, situation: Situation) -> None: ...

    def called(self, one: Waiting, waited_s: float) -> None: ...

    def left(self, ticket: str, waited_s: float) -> None: ...


class Visit(NamedTuple):
    """A customer with what fate has in store."""

    at_s: float
    number: int
    kind: Class
    service_s: float
    comes: bool


class Branch:
    """The branch over many days; tellers stay the same people."""

    def __init__(self, knowledge: Knowledge, *, load: float, seed: int) -> None:
        self.knowledge = knowledge
        self.random = Random(seed)  # noqa: S311 -- a simulation, not a secret
        self.paces = [self.random.uniform(*PACE) for _ in SKILLS]
        self.visits_a_day = visits_a_day(load, fmean(self.paces))
        knowledge.missed_s = NO_SHOW_S

    def live(self, listener: Listener | None) -> None:
        """Go through a day; afterwards it is known."""
        self.knowledge.service_times.new_day()
        _Day(self, _visits(self.random, self.visits_a_day), listener).live()
        self.knowledge.arrivals.close_day("workday")


def visits_a_day(load: float, pace: float) -> float:
    """How many come, on average, for this load, where the tellers take `pace` times the usual."""
    mean_s = sum(kind.share * kind.mean_s for kind in CLASSES)
    open_s = len(SKILLS) * (CLOSES_S - OPENS_S - LUNCH_S)
    return load * open_s / (mean_s * pace + PAUSE_SHARE * sum(PAUSE_S) / 2 + NO_SHOW_SHARE * NO_SHOW_S)


def _visits(random: Random, usual: float) -> list[Visit]:
    """A day's customers in the order of their coming."""
    pace = random.lognormvariate(-(DAY_CV**2) / 2, DAY_CV)
    per_s = usual / sum(PROFILE) / 1_800
    visits: list[Visit] = []
    at_s = float(OPENS_S)
    while True:
        at_s += random.expovariate(per_s * max(PROFILE))
        if at_s >= CLOSES_S:
            return visits
        if random.random() * max(PROFILE) < PROFILE[int((at_s - OPENS_S) // 1_800)]:
            kind = random.choices(CLASSES, [one.share for one in CLASSES])[0]
            sigma = math.sqrt(math.log(1 + kind.cv**2))
            service_s = kind.mean_s * pace * random.lognormvariate(-(sigma**2) / 2, sigma)
            visits.append(Visit(at_s, len(visits), kind, service_s, random.random() >= NO_SHOW_SHARE))


_ARRIVES, _FREE, _ENDS, _MISSES, _LUNCH, _BACK = range(6)


class _Day:
    """One day, event by event."""

    def __init__(self, branch: Branch, visits: list[Visit], listener: Listener | None) -> None:
        self._branch = branch
        self._random = branch.random
        self._listener = listener
        self._watch = Watch(branch.knowledge, lambda at_ms: at_ms // 60_000)
        self._visits = visits
        self._agenda: list[tuple[float, int, int]] = []
        self._queues: dict[tuple[str, Tier], list[Waiting]] = {}
        self._idle: set[int] = set()
        self._memories: list[Memory] = [FRESH] * len(SKILLS)
        self._resting: set[int] = set()

    def live(self) -> None:
        for visit in self._visits:
            heappush(self._agenda, (visit.at_s, _ARRIVES, visit.number))
        for desk, services in enumerate(SKILLS):
            lunch_s = 11.5 * 3_600 + desk * LUNCH_S
            breaks = (Span(int(lunch_s * 1_000), int((lunch_s + LUNCH_S) * 1_000)),)
            counter = Counter(str(desk), f"teller {desk}", services, RULE, breaks=breaks)
            self._watch.opened(counter, OPENS_S * 1_000)
            self._idle.add(desk)
            heappush(self._agenda, (lunch_s, _LUNCH, desk))
            heappush(self._agenda, (lunch_s + LUNCH_S, _BACK, desk))
        while self._agenda:
            at_s, step, which = heappop(self._agenda)
            _STEPS[step](self, at_s, which)

    def arrives(self, at_s: float, number: int) -> None:
        kind = self._visits[number].kind
        at_ms = int(at_s * 1_000)
        one = Waiting(str(number), kind.service, kind.tier, at_ms, number, at_ms)
        self._queues.setdefault((kind.service, kind.tier), []).append(one)
        self._watch.entered(one)
        able = [desk for desk in sorted(self._idle) if kind.service in SKILLS[desk]]
        if able:
            self.calls(at_s, able[0])
        elif self._listener:
            self._listener.waits(one, self._watch.situation(at_ms))

    def calls(self, at_s: float, desk: int) -> None:
        """The counter is free: it calls, or waits for somebody to come."""
        self._idle.discard(desk)
        if desk in self._resting:
            return
        now_ms = int(at_s * 1_000)
        choice = choose(self._heads(desk), RULE, now_ms, self._memories[desk])
        if choice is None:
            self._idle.add(desk)
            return
        self._memories[desk] = choice.memory
        queue = (choice.head.service, choice.head.tier)
        one = self._queues[queue].pop(0)
        visit = self._visits[one.seq]
        self._watch.called(one.ticket, str(desk), now_ms)
        self._watch.counters[str(desk)].memory = choice.memory
        self._tell(one, now_ms, comes=visit.comes)
        if visit.comes:
            heappush(self._agenda, (at_s + visit.service_s * self._branch.paces[desk], _ENDS, desk))
        else:
            heappush(self._agenda, (at_s + NO_SHOW_S, _MISSES, desk))

    def _tell(self, one: Waiting, now_ms: int, *, comes: bool) -> None:
        if self._listener is None:
            return
        waited_s = (now_ms - one.entered_ms) / 1_000
        if comes:
            self._listener.called(one, waited_s)
        else:
            self._listener.left(one.ticket, waited_s)

    def ends(self, at_s: float, desk: int) -> None:
        self._watch.finished(str(desk), int(at_s * 1_000))
        pause_s = self._random.uniform(*PAUSE_S) if self._random.random() < PAUSE_SHARE else 0.0
        heappush(self._agenda, (at_s + pause_s, _FREE, desk))

    def misses(self, at_s: float, desk: int) -> None:
        self._watch.missed(str(desk), int(at_s * 1_000))
        self.calls(at_s, desk)

    def lunch(self, at_s: float, desk: int) -> None:
        """Whoever is in hand is finished first."""
        self._resting.add(desk)
        self._idle.discard(desk)
        self._watch.rests(str(desk), int(at_s * 1_000))

    def back(self, at_s: float, desk: int) -> None:
        self._resting.discard(desk)
        self._watch.returns(str(desk), int(at_s * 1_000))
        busy = self._watch.counters[str(desk)].serving is not None
        if not busy and not any(step in (_FREE, _ENDS, _MISSES) and which == desk for _, step, which in self._agenda):
            self.calls(at_s, desk)

    def _heads(self, desk: int) -> list[Head]:
        return [
            _head(waiting[0], len(waiting))
            for (service, _), waiting in self._queues.items()
            if waiting and service in SKILLS[desk]
        ]


def _head(one: Waiting, length: int) -> Head:
    queue = queue_id(one.service, one.tier)
    return Head(one.ticket, one.ticket, queue, one.service, one.tier, one.place_ms, one.seq, "", pooled=False, length=length)


_STEPS: Final = {
    _ARRIVES: _Day.arrives,
    _FREE: _Day.calls,
    _ENDS: _Day.ends,
    _MISSES: _Day.misses,
    _LUNCH: _Day.lunch,
    _BACK: _Day.back,
}
