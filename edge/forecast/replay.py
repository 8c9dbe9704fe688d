"""A past day of the telephone bank as it was lived: what was known at each moment, and nothing that came later.

What the file (its README lies beside it) does to a forecaster, and what is done about it:

* Nobody says who is at work. A counter is known from its first service of the day on. One that is free while people wait is
  away: it comes back, or does not, as the learned turnaround says. One not seen yet today may still come, as often as in
  this hour of the days before.
* Which counter takes which service is not said either; it is learned from whom they passed over (skills.py).
* Rows without a server hold a counter whose name nobody knows; served rows without times leave the queue, no more.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from edge.forecast.head_starts import HeadStarts
from edge.forecast.knowledge import Knowledge
from edge.forecast.rivals import SEEN_S
from edge.forecast.situation import Away, Desk, Expected, Situation, Waiting
from edge.forecast.skills import Skills
from edge.forecast.watch import Counter, Watch
from edge.queue.model import Tier

ROWS_MAX: Final = 1_000_000
SATURDAY: Final = 5
FRIDAY: Final = 4
UNKNOWN: Final = "?"
PRIORITIES: Final = (0, 1, 2)
PREFERRED: Final = 2
STATED_HEAD_START_S: Final = 90
"""What the bank says preferred customers get; what its calls show is learned."""
SETTLED_S: Final = 2
"""Who came within the last seconds may not have been seen by a counter that called."""


class Call(NamedTuple):
    """A row of the file; seconds since midnight."""

    number: int
    entered_s: int
    kind: str
    priority: int
    waited_s: int
    served: bool
    service_s: int
    server: str

    @property
    def service(self) -> str:
        """The queue it joins: customers of different priority stand in different queues."""
        return f"{self.kind}.{self.priority}"

    @property
    def taken_s(self) -> int:
        return self.entered_s + self.waited_s


def read(file: Path) -> dict[date, list[Call]]:
    """The calls of each day, in the order of their arrival."""
    days: dict[date, list[Call]] = defaultdict(list)
    with file.open(newline="", encoding="utf-8") as stream:
        for number, row in enumerate(csv.DictReader(stream)):
            if number >= ROWS_MAX:
                raise ValueError(f"more than {ROWS_MAX} rows")
            days[date.fromisoformat(row["date"])].append(_call(number, row))
    for calls in days.values():
        calls.sort(key=lambda call: (call.entered_s, call.number))
    return dict(days)


def _call(number: int, row: dict[str, str]) -> Call:
    return Call(
        number,
        int(row["entered_s"]),
        row["type"],
        int(row["priority"]),
        int(row["queued_s"]),
        row["outcome"] == "AGENT",
        int(row["service_s"] or 0),
        row["server"] or UNKNOWN,
    )


def day_class(day: date) -> str:
    """Israel rests on Saturday and works half of Friday."""
    return {FRIDAY: "friday", SATURDAY: "saturday"}.get(day.weekday(), "workday")


class Listener(Protocol):
    """Who is told what a forecaster could know, when it could."""

    def waits(self, one: Waiting, situation: Situation) -> None:
        """Somebody has just joined the queue and is in `situation`."""

    def called(self, one: Waiting, waited_s: float) -> None:
        """Somebody's wait is over and its truth known."""

    def left(self, ticket: str, waited_s: float) -> None:
        """Somebody hung up: their wait would have been longer than this."""


class Standing:
    """Who was served at once shows no standing: the file says 0. They are counted as the others of their kind stand."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, list[int]]] = {}

    def known(self, kind: str, service: str) -> None:
        """Somebody waited, and so showed where they stand."""
        self._known.setdefault(kind, {}).setdefault(service, [0, 0])[0] += 1

    def usual(self, kind: str) -> str:
        """The service to count one under, so that all together are spread as those who are known."""
        counts = self._known.get(kind)
        if not counts:
            return f"{kind}.0"
        service, count = min(counts.items(), key=lambda item: ((item[1][1] + 1) / item[1][0], item[0]))
        count[1] += 1
        return service


class Bank:
    """The bank over many days."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.skills = Skills()
        self.standing = Standing()
        self._head_starts = HeadStarts()
        self._kinds: set[str] = set()
        self.head_start_s = {priority: STATED_HEAD_START_S * (priority == PREFERRED) for priority in PRIORITIES}

    def saw_call(self, call: Call, others: Iterable[Call]) -> None:
        """It was called while `others` waited."""
        self._kinds.add(call.kind)
        for other in others:
            if other.entered_s < call.taken_s - SETTLED_S:
                self._head_starts.saw(call.priority, other.priority, other.entered_s - call.entered_s)

    def services_of(self, desk: str) -> frozenset[str]:
        return frozenset(f"{kind}.{priority}" for kind in self.skills.of(desk) for priority in PRIORITIES)

    def live(self, day: date, calls: Sequence[Call], listener: Listener | None) -> None:
        """Go through a day; afterwards it is known."""
        self.knowledge.service_times.new_day()
        self._put_forward(calls)
        lived = _Day(self, day_class(day), listener)
        for at_s, step, call in _steps(calls):
            lived.take(at_s, step, call)
        self.knowledge.arrivals.close_day(day_class(day))
        self.head_start_s |= {key: start_s for key, start_s in self._head_starts.learned_s(PRIORITIES).items() if start_s}

    def _put_forward(self, calls: Iterable[Call]) -> None:
        """Every queue's head start for the day to come."""
        self._kinds.update(call.kind for call in calls)
        self.knowledge.head_start_s = {
            f"{kind}.{priority}": float(self.head_start_s[priority]) for kind in self._kinds for priority in PRIORITIES
        }


_END, _TAKE, _LEAVE, _ENTER, _DIRECT = range(5)


def _steps(calls: Iterable[Call]) -> list[tuple[int, int, Call]]:
    """Everything that happens in a day; within a second, services end before new ones begin."""
    return sorted(_each_step(calls), key=lambda step: (step[0], step[1], step[2].number))


def _each_step(calls: Iterable[Call]) -> Iterator[tuple[int, int, Call]]:
    for call in calls:
        if call.waited_s > 0:
            yield call.entered_s, _ENTER, call
            yield call.taken_s, _TAKE if call.served else _LEAVE, call
        elif call.served:
            yield call.entered_s, _DIRECT, call
        if call.served and call.service_s > 0:
            yield call.taken_s + call.service_s, _END, call


class _Day:
    """One day, step by step."""

    def __init__(self, bank: Bank, kind: str, listener: Listener | None) -> None:
        self._bank = bank
        self._kind = kind
        self._listener = listener
        self._watch = Watch(bank.knowledge, lambda at_ms: at_ms // 60_000)
        self._served_by: dict[str, int] = {}
        """Which call a counter has in hand."""
        self._waiting: dict[int, Call] = {}
        self._crowd_since_s: int | None = None

    def take(self, at_s: int, step: int, call: Call) -> None:
        _STEPS[step](self, at_s, call)
        self._note_crowd(at_s)

    def enter(self, at_s: int, call: Call) -> None:
        head_start_s = self._bank.knowledge.head_start_s.get(call.service, 0.0)
        one = Waiting(
            ticket=str(call.number),
            service=call.service,
            tier=Tier.NORMAL,
            place_ms=int((at_s - head_start_s) * 1_000),
            seq=call.number,
            entered_ms=at_s * 1_000,
        )
        self._waiting[call.number] = call
        self._watch.entered(one)
        self._bank.standing.known(call.kind, call.service)
        if self._listener:
            newcomer = Desk("newcomer", "", frozenset(), Expected())
            situation = self._watch.situation(at_s * 1_000, day_class=self._kind, more=(newcomer,))
            self._listener.waits(one, _served_by_somebody(situation))

    def leave(self, at_s: int, call: Call) -> None:
        del self._waiting[call.number]
        self._watch.left(str(call.number), at_s * 1_000)
        if self._listener:
            self._listener.left(str(call.number), call.waited_s)

    def taken(self, at_s: int, call: Call) -> None:
        del self._waiting[call.number]
        self._bank.saw_call(call, self._waiting.values())
        one = self._watch.waiting[str(call.number)]
        desk = self._desk(at_s, call)
        passed = {_kind(other.service) for other in self._watch.waiting.values() if other.place_ms < one.place_ms}
        self._bank.skills.took(desk, call.kind, passed)
        self._watch.counters[desk].services = self._bank.services_of(desk)
        self._watch.called(one.ticket, desk, at_s * 1_000)
        if self._listener:
            self._listener.called(one, call.waited_s)

    def direct(self, at_s: int, call: Call) -> None:
        desk = self._desk(at_s, call)
        self._bank.skills.took(desk, call.kind, {_kind(one.service) for one in self._watch.waiting.values()})
        self._watch.counters[desk].services = self._bank.services_of(desk)
        self._watch.arrived(self._bank.standing.usual(call.kind), Tier.NORMAL, at_s * 1_000)
        self._watch.serves(desk, call.service, at_s * 1_000, called=False)

    def end(self, at_s: int, call: Call) -> None:
        desk = _name(call)
        if self._served_by.get(desk) == call.number:
            self._watch.finished(desk, at_s * 1_000)
        if call.server == UNKNOWN:
            self._watch.closed(desk, at_s * 1_000)

    def _desk(self, at_s: int, call: Call) -> str:
        """The counter that takes a call; new to us if it is its first today."""
        desk = _name(call)
        self._served_by[desk] = call.number
        if desk not in self._watch.counters:
            self._watch.opened(Counter(desk, call.server, self._bank.services_of(desk)), at_s * 1_000)
            if self._crowd_since_s is not None and call.server != UNKNOWN:
                self._bank.knowledge.openings.observe(self._crowd_since_s, at_s, happened=True)
                self._crowd_since_s = at_s
        return desk

    def _note_crowd(self, at_s: int) -> None:
        """While people wait, whoever comes to work is seen to come."""
        if self._watch.waiting and self._crowd_since_s is None:
            self._crowd_since_s = at_s
        elif not self._watch.waiting and self._crowd_since_s is not None:
            self._bank.knowledge.openings.observe(self._crowd_since_s, at_s, happened=False)
            self._crowd_since_s = None


_STEPS: Final = {_END: _Day.end, _TAKE: _Day.taken, _LEAVE: _Day.leave, _ENTER: _Day.enter, _DIRECT: _Day.direct}


def _served_by_somebody(situation: Situation) -> Situation:
    """What no counter at work was seen to take, late in the evening, is taken by all of them: nobody is left without."""
    at_work = [desk for desk in situation.desks if _at_work(desk, situation.now_ms)]
    orphans = {one.service for one in situation.waiting if not any(desk.serves(one.service) for desk in at_work)}
    if not orphans:
        return situation
    desks = (replace(desk, services=desk.services | orphans) if desk.services else desk for desk in situation.desks)
    return replace(situation, desks=tuple(desks))


def _at_work(desk: Desk, now_ms: int) -> bool:
    """Seen within the last quarter of an hour."""
    match desk.doing:
        case Expected():
            return False
        case Away(since_ms):
            return now_ms - since_ms < SEEN_S * 1_000
        case _:
            return True


def _kind(service: str) -> str:
    return service.partition(".")[0]


def _name(call: Call) -> str:
    return f"{UNKNOWN}{call.number}" if call.server == UNKNOWN else call.server
