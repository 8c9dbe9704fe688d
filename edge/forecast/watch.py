"""A branch as it is watched: what happens changes who waits and who serves, and teaches the forecast.

Feed it what happened, in order, as it happens; ask it for the situation at any moment. It never looks ahead, so the
same watch serves the live branch, a past day and the simulated branch of the bench.

What is learned when:

* a service ended: how long it took that teller;
* somebody left, or was called: how long they had stayed;
* a counter called while it was wanted (it was free and somebody waited whom it serves), or stopped being wanted: how
  long that took.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from edge.forecast.knowledge import Knowledge
from edge.forecast.situation import Away, Desk, Free, Serving, Situation, Span, Waiting
from edge.queue.rules import DEFAULT, FRESH, Memory, Rule

GONE_S: Final = 3 * 3_600
"""A counter that called nobody for so long has gone home."""

Minute = Callable[[int], int]
"""The local minute of the day at a moment in milliseconds."""


@dataclass(slots=True)
class Counter:
    """A counter that is at work."""

    id: str
    staff: str
    services: frozenset[str] = frozenset()
    rule: Rule = DEFAULT
    memory: Memory = FRESH
    breaks: tuple[Span, ...] = ()
    closes_ms: int | None = None
    serving: str | None = None
    """The service in hand."""
    since_ms: int = 0
    """When that service began, or the last one ended."""
    in_hand: Waiting | None = None
    """Who that is, where it is known."""
    waited_s: float | None = None
    """How long whoever is in hand had waited; patience is known once they come."""
    resting: bool = False
    """In a planned break: it is not wanted, and comes back when the plan says."""
    wanted_ms: int | None = field(default=None)
    """Since when it is free while somebody waits whom it serves."""

    def serves(self, service: str) -> bool:
        return not self.services or service in self.services

    def desk(self) -> Desk:
        if self.serving is not None:
            doing: Serving | Away | Free = Serving(self.serving, self.since_ms)
        else:
            doing = Free() if self.wanted_ms is None else Away(self.since_ms, self.wanted_ms)
        return Desk(self.id, self.staff, self.services, doing, self.rule, self.memory, self.breaks, self.closes_ms)


class Watch:
    """Who waits and who serves, and what that taught."""

    def __init__(self, knowledge: Knowledge, minute: Minute) -> None:
        self.knowledge = knowledge
        self.waiting: dict[str, Waiting] = {}
        self.counters: dict[str, Counter] = {}
        self._minute = minute

    def opened(self, counter: Counter, at_ms: int) -> None:
        """It may call from now on."""
        counter.since_ms = at_ms
        self.counters[counter.id] = counter
        self._want(counter, at_ms)

    def closed(self, desk: str, at_ms: int) -> None:
        counter = self.counters.pop(desk, None)
        if counter is not None:
            self._wanted_until(counter, at_ms, called=False)

    def entered(self, one: Waiting) -> None:
        """Somebody comes, joins the queue and waits."""
        self.arrived(one.service, one.tier, one.entered_ms)
        self.joined(one)

    def joined(self, one: Waiting) -> None:
        """Somebody who has been here before waits again, or waits elsewhere."""
        self.waiting[one.ticket] = one
        for counter in self.counters.values():
            if counter.wanted_ms is None and _may_call(counter, one.service):
                counter.wanted_ms = one.entered_ms

    def arrived(self, service: str, tier: str, at_ms: int) -> None:
        """Somebody came, whether they wait or not."""
        self.knowledge.arrivals.observe((service, tier), self._minute(at_ms))

    def left(self, ticket: str, at_ms: int) -> None:
        """Somebody gave up waiting, as far as we know now."""
        one = self.waiting.pop(ticket)
        self.knowledge.patience.observe(one.service, (at_ms - one.entered_ms) / 1_000, left=True)
        self._settle(at_ms)

    def withdrawn(self, ticket: str, at_ms: int) -> None:
        """Somebody does not wait any more, and that says nothing of their patience."""
        self.waiting.pop(ticket, None)
        self._settle(at_ms)

    def called(self, ticket: str, desk: str, at_ms: int) -> None:
        """A counter took somebody who waited."""
        one = self.waiting.pop(ticket)
        self.serves(desk, one.service, at_ms)
        self.counters[desk].waited_s = (at_ms - one.entered_ms) / 1_000
        self._settle(at_ms)

    def serves(self, desk: str, service: str, at_ms: int, *, called: bool = True) -> None:
        """A counter begins a service; `called`: of somebody who waited, so it had come back to the queue."""
        counter = self.counters[desk]
        self._wanted_until(counter, at_ms, called=called)
        self._stayed(counter)
        counter.serving, counter.since_ms = service, at_ms

    def finished(self, desk: str, at_ms: int) -> None:
        """The customer goes; how long it took is learned."""
        counter = self.counters.get(desk)
        if counter is None or counter.serving is None:
            return
        self.knowledge.service_times.observe(counter.serving, counter.staff, (at_ms - counter.since_ms) / 1_000)
        self._stayed(counter)
        counter.serving, counter.since_ms = None, at_ms
        self._want(counter, at_ms)

    def dropped(self, desk: str, at_ms: int) -> None:
        """What the counter had in hand is over, and nobody can say how long it took."""
        counter = self.counters[desk]
        self._stayed(counter)
        counter.serving, counter.since_ms = None, at_ms
        self._want(counter, at_ms)

    def missed(self, desk: str, at_ms: int) -> None:
        """Whoever was called did not come: they had left, some time before, and it was no service."""
        counter = self.counters[desk]
        if counter.serving is not None and counter.waited_s is not None:
            self.knowledge.patience.observe(counter.serving, counter.waited_s, left=True)
        counter.waited_s = None
        counter.serving, counter.since_ms = None, at_ms
        self._want(counter, at_ms)

    def rests(self, desk: str, at_ms: int) -> None:
        """A planned break begins."""
        counter = self.counters[desk]
        self._wanted_until(counter, at_ms, called=False)
        counter.resting = True

    def returns(self, desk: str, at_ms: int) -> None:
        """A planned break is over."""
        counter = self.counters[desk]
        counter.resting = False
        if counter.serving is None:
            counter.since_ms = at_ms
            self._want(counter, at_ms)

    def situation(self, at_ms: int, *, day_class: str = "workday", more: Iterable[Desk] = ()) -> Situation:
        recent = (one for one in self.counters.values() if one.serving is not None or at_ms - one.since_ms < GONE_S * 1_000)
        return Situation(
            now_ms=at_ms,
            waiting=tuple(self.waiting.values()),
            desks=(*(counter.desk() for counter in recent), *more),
            minute_of_day=self._minute(at_ms),
            day_class=day_class,
        )

    def _want(self, counter: Counter, at_ms: int) -> None:
        wanted = any(_may_call(counter, one.service) for one in self.waiting.values())
        counter.wanted_ms = at_ms if wanted else None

    def _settle(self, at_ms: int) -> None:
        """Nobody waits any more for some counters that are free."""
        services = {one.service for one in self.waiting.values()}
        for counter in self.counters.values():
            if counter.wanted_ms is not None and not any(counter.serves(service) for service in services):
                self._wanted_until(counter, at_ms, called=False)

    def _stayed(self, counter: Counter) -> None:
        """Whoever is in hand came when called."""
        if counter.serving is not None and counter.waited_s is not None:
            self.knowledge.patience.observe(counter.serving, counter.waited_s, left=False)
        counter.waited_s = None

    def _wanted_until(self, counter: Counter, at_ms: int, *, called: bool) -> None:
        if counter.wanted_ms is None:
            return
        free_s, wanted_s = (counter.wanted_ms - counter.since_ms) / 1_000, (at_ms - counter.wanted_ms) / 1_000
        self.knowledge.turnaround.observe(counter.staff, free_s, wanted_s, called=called)
        counter.wanted_ms = None


def _may_call(counter: Counter, service: str) -> bool:
    return counter.serving is None and not counter.resting and counter.serves(service)
