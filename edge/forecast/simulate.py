"""Let the branch go on in thought: every counter finishes what it does and calls by its own rule, until everybody was called.

One run serves everybody who waits; many runs give each of them a distribution. What is true in every run:

* Counters call exactly whom `edge.queue.rules.choose` would call (picking.py). Nothing else orders the queue.
* A service that is going on lasts as long as those did that had lasted as long already; a counter that is away comes
  back as counters did that were away as long.
* People leave. Whoever has left is passed over when the rule comes to them; the moment it does is when they would have been
  called had they stayed, so each person's forecast is for staying, among others who may not.
* Those who will still come are simulated only as far as they could overtake somebody who waits now (plan.py).
"""

from bisect import insort
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final, NamedTuple

from edge.forecast.plan import Plan, Teller
from edge.queue.picking import Line, Picker, Place

RUNS: Final = 100
COMING_MAX: Final = 2_000
"""People who may still come in one run."""
CALLS_MAX: Final = 20_000
"""Calls in one run."""
_LATER_SEQ: Final = 1 << 40


class _Coming(NamedTuple):
    """Somebody who will come; ordered by when."""

    at_ms: int
    queue: int
    place_ms: int


def waits_ms(plan: Plan, runs: int, random: Random) -> list[list[int]]:
    """For each who waits (and each imagined newcomer), how much longer: one value for each run, rising."""
    if not plan.waiting:
        return []
    return [sorted(column) for column in zip(*(Run(plan, random).play() for _ in range(runs)), strict=True)]


def paired_waits_ms(plan: Plan, runs: int, seed: int) -> list[list[int]]:
    """As `waits_ms`, so that two plans of the same people share their luck: each person's service and patience, run by run."""
    if not plan.waiting:
        return []
    played = (Run(plan, _dice(seed, 2 * run), _dice(seed, 2 * run + 1)).play() for run in range(runs))
    return [sorted(column) for column in zip(*played, strict=True)]


def _dice(seed: int, number: int) -> Random:
    return Random(seed * 1_000_003 + number)  # noqa: S311 -- a simulation, not a secret


class Run:
    """One possible future."""

    __slots__ = (
        "_called_ms",
        "_coming",
        "_fate",
        "_gone_ms",
        "_lines",
        "_luck",
        "_next",
        "_pickers",
        "_plan",
        "_random",
        "_unknown",
    )

    def __init__(self, plan: Plan, random: Random, coming: Random | None = None) -> None:
        """`coming`: the luck of those who will come, where it must not disturb the luck of those who are there."""
        self._plan = plan
        self._random = random
        self._fate = coming or random
        self._luck = [(random.random(), random.expovariate(1.0)) for _ in plan.waiting]
        self._lines = [Line(places.copy(), plan.imagined[queue]) for queue, places in enumerate(plan.places)]
        self._pickers: list[Picker] = [teller.picker.fresh() for teller in plan.tellers]
        self._gone_ms = [self._leaves_ms(one.service, one.entered_ms, random) for one in plan.waiting]
        self._called_ms = [plan.horizon_ms] * len(plan.waiting)
        self._unknown = len(plan.waiting)
        self._coming = self._who_comes()
        self._next = 0

    def play(self) -> list[int]:
        """How many milliseconds each of those who wait still waits."""
        plan = self._plan
        agenda = [(teller.free_ms(self._random), number) for number, teller in enumerate(plan.tellers)]
        heapify(agenda)
        for _ in range(CALLS_MAX):
            if not agenda or not self._unknown:
                break
            at_ms, number = heappop(agenda)
            teller = plan.tellers[number]
            at_ms = _after_breaks(teller, at_ms) if teller.breaks else at_ms
            if at_ms >= teller.closes_ms or at_ms >= plan.horizon_ms:
                continue
            if agenda and at_ms > agenda[0][0]:
                heappush(agenda, (at_ms, number))
                continue
            free_ms = self._call(number, teller, at_ms)
            if free_ms is not None:
                heappush(agenda, (free_ms, number))
        return [max(0, called_ms - plan.now_ms) for called_ms in self._called_ms]

    def _call(self, number: int, teller: Teller, at_ms: int) -> int | None:
        """Let a counter call; when it is free again, or None where nobody will come any more."""
        if self._next < len(self._coming):
            self._admit(at_ms)
        picker = self._pickers[number]
        queue = picker.pick(self._lines, at_ms)
        if queue < 0:
            return self._coming[self._next].at_ms if self._next < len(self._coming) else None
        line = self._lines[queue]
        who = line.places[line.first].number
        if self._plan.there <= who < len(self._called_ms):
            return self._imagine(line, who, at_ms)
        picker.called(queue, self._lines, at_ms)
        line.first += 1
        if who < len(self._called_ms):
            self._called_ms[who] = at_ms
            self._unknown -= 1
        knowledge = self._plan.knowledge
        if self._gone_ms[who] <= at_ms:
            return at_ms + int(knowledge.missed_s * 1_000)
        table = self._plan.tables[queue]
        luck, wrap_up = self._luck[who] if who < len(self._luck) else (self._fate.random(), self._fate.expovariate(1.0))
        service_s = table[int(luck * len(table))] * teller.pace
        return at_ms + int((service_s + teller.turnaround.at(0.0, wrap_up)) * 1_000)

    def _imagine(self, line: Line, who: int, at_ms: int) -> int:
        """Somebody who is not there would be called now; the counter goes on at once."""
        line.first += 1
        line.imagined -= 1
        self._called_ms[who] = at_ms
        self._unknown -= 1
        return at_ms

    def _admit(self, at_ms: int) -> None:
        """Let those in who have come by now."""
        coming = self._coming
        while self._next < len(coming) and coming[self._next].at_ms <= at_ms:
            _, queue, place_ms = one = coming[self._next]
            place = Place(place_ms, _LATER_SEQ + self._next, place_ms, len(self._gone_ms))
            self._gone_ms.append(self._leaves_ms(self._plan.services[queue], one.at_ms, self._fate))
            line = self._lines[queue]
            insort(line.places, place, line.first)
            self._next += 1

    def _leaves_ms(self, service: str, entered_ms: int, random: Random) -> int:
        waited_s = max(0.0, (self._plan.now_ms - entered_ms) / 1_000)
        return entered_ms + int(self._plan.knowledge.patience.sample(service, waited_s, random) * 1_000)

    def _who_comes(self) -> list[_Coming]:
        coming: list[_Coming] = []
        for stream in self._plan.streams:
            at_ms = self._plan.now_ms + int(self._fate.expovariate(stream.per_ms))
            while at_ms < min(stream.until_ms, self._plan.horizon_ms) and len(coming) < COMING_MAX:
                coming.append(_Coming(at_ms, stream.queue, at_ms - stream.head_start_ms))
                at_ms += 1 + int(self._fate.expovariate(stream.per_ms))
        coming.sort()
        return coming


def _after_breaks(teller: Teller, at_ms: int) -> int:
    for from_ms, to_ms in teller.breaks:
        if from_ms <= at_ms < to_ms:
            at_ms = to_ms
    return at_ms
