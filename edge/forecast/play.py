"""Play a stretch of a branch's day with people whose fate is known: when they come, how long they take, when they leave.

The back-test plays days that were lived, the staffing question plays days that may come. Counters call exactly whom the real
rule would call (`edge.queue.picking`), during the spans in which they are open, and need a moment between two people.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from edge.forecast.situation import Span
from edge.queue.model import Tier
from edge.queue.picking import Lane, Line, Picker, Place
from edge.queue.rules import FRESH, Rule

MISSED_S: Final = 30.0
"""What calling somebody costs who has left."""
PEOPLE_MAX: Final = 20_000


class Person(NamedTuple):
    """Somebody with their fate."""

    at_ms: int
    service: str
    tier: Tier
    service_s: float
    place_ms: int
    leaves_ms: int | None = None
    """Gone by then, unless called before."""
    desk: str = ""
    """Sent to this counter by name."""


class Reign(NamedTuple):
    """A rule from a moment on."""

    from_ms: int
    rule: Rule


class Post(NamedTuple):
    """A counter over the time that is played."""

    id: str
    services: frozenset[str]
    """Empty: every service."""
    open: tuple[Span, ...]
    """Rising, apart from each other."""
    reigns: tuple[Reign, ...]
    """The first begins before everything."""
    pace: float = 1.0
    gap_s: float = 0.0
    """Between two people."""
    busy_until_ms: int = 0
    """Somebody is in hand from before."""

    def serves(self, service: str) -> bool:
        return not self.services or service in self.services


def waits_ms(people: Sequence[Person], posts: Sequence[Post]) -> list[int | None]:
    """How long each of `people` (in the order of their coming) waits; None for who is never called."""
    if len(people) > PEOPLE_MAX:
        raise ValueError(f"more than {PEOPLE_MAX} people")
    return _Game(people, posts).play()


class _Game:
    """One playing."""

    def __init__(self, people: Sequence[Person], posts: Sequence[Post]) -> None:
        self._people = people
        self._posts = posts
        keys = dict.fromkeys((one.service, one.tier, one.desk) for one in people)
        self._queues = {key: number for number, key in enumerate(keys)}
        self._lines = [Line([]) for _ in keys]
        self._pickers = [[self._picker(post, reign.rule) for reign in post.reigns] for post in posts]
        self._waits: list[int | None] = [None] * len(people)
        self._next = 0

    def _picker(self, post: Post, rule: Rule) -> Picker:
        lanes = [
            Lane(number, tier, bool(desk))
            for (service, tier, desk), number in self._queues.items()
            if desk == post.id or (not desk and post.serves(service))
        ]
        return Picker(rule, lanes, FRESH)

    def play(self) -> list[int | None]:
        agenda = [
            (max(post.open[0].from_ms, post.busy_until_ms), number) for number, post in enumerate(self._posts) if post.open
        ]
        heapify(agenda)
        while agenda:
            at_ms, number = heappop(agenda)
            post = self._posts[number]
            open_ms = _open_from(post, at_ms)
            if open_ms is None:
                continue
            if open_ms > at_ms:
                heappush(agenda, (open_ms, number))
                continue
            free_ms = self._call(number, post, at_ms)
            if free_ms is not None:
                heappush(agenda, (free_ms, number))
        return self._waits

    def _call(self, number: int, post: Post, at_ms: int) -> int | None:
        """Call; when the counter is free again, or None where nobody will come any more."""
        self._admit(at_ms)
        at = bisect_right(post.reigns, at_ms, key=lambda reign: reign.from_ms) - 1
        picker = self._pickers[number][max(0, at)]
        queue = picker.pick(self._lines, at_ms)
        if queue < 0:
            return self._people[self._next].at_ms if self._next < len(self._people) else None
        picker.called(queue, self._lines, at_ms)
        line = self._lines[queue]
        who = line.places[line.first].number
        line.first += 1
        one = self._people[who]
        if one.leaves_ms is not None and one.leaves_ms <= at_ms:
            return at_ms + int(MISSED_S * 1_000)
        self._waits[who] = at_ms - one.at_ms
        return at_ms + 1 + int((one.service_s * post.pace + post.gap_s) * 1_000)

    def _admit(self, at_ms: int) -> None:
        while self._next < len(self._people) and self._people[self._next].at_ms <= at_ms:
            one = self._people[self._next]
            line = self._lines[self._queues[one.service, one.tier, one.desk]]
            insort(line.places, Place(one.place_ms, self._next, max(one.place_ms, one.at_ms), self._next), line.first)
            self._next += 1


def _open_from(post: Post, at_ms: int) -> int | None:
    """The first moment from `at_ms` on at which it is open; None where there is none."""
    for span in post.open:
        if at_ms < span.to_ms:
            return max(at_ms, span.from_ms)
    return None
