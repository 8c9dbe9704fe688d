"""The journal as lessons: each fact, in order, changes who waits and who serves, and teaches.

The same reading serves the live branch (the newest facts after each commit), the relearning of months at the start, and the
back-test, which replays days of it. What a fact means is in the table at the end.

* A service lasts from the call to the end, because that is how long the counter is taken.
* One that ends by itself when the day is closed, or lasted hours, teaches nothing.
* Whoever still waits when the day ends did not lose patience: they are simply forgotten.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from edge.forecast.knowledge import Knowledge
from edge.forecast.regime import Regime
from edge.forecast.situation import Situation, Waiting
from edge.forecast.watch import Counter, Watch
from edge.kernel.domain import Event
from edge.org.model import BranchConfigured
from edge.queue import events as e
from edge.queue.call_rules import CallRules, DayClass, class_of, in_force
from edge.queue.model import Tier
from edge.queue.rules import Memory
from sync.chain import Record

SERVICE_S_MAX: Final = 2 * 3_600
"""A longer one is a ticket that nobody closed."""
DAY_OPENED: Final = e.DayOpened.TYPE


class Lessons:
    """Reads facts; knows the branch as the newest of them left it."""

    def __init__(self, knowledge: Knowledge, zone: ZoneInfo) -> None:
        self.watch = Watch(knowledge, self.minute)
        self.zone = zone
        self.now_ms = 0
        self.called: Callable[[str, int], None] = lambda _ticket, _at_ms: None
        """Told of each first call of somebody who waited."""
        self.left: Callable[[str], None] = lambda _ticket: None
        """Told of each who waited and will not be called."""
        self._skills: dict[str, frozenset[str]] = {}
        self._regime = Regime()
        self._pauses: dict[str, int] = {}
        self._held: dict[str, Waiting] = {}
        """Those who are not waiting now and may wait again."""
        self._crowd_since_ms: int | None = None

    def expect(
        self,
        usual_s: dict[str, float],
        skills: Mapping[str, frozenset[str]],
        regime: Regime,
    ) -> None:
        """How the house is arranged, for facts of a time that does not say it itself; and the rules up to there."""
        self.watch.knowledge.service_times.expect(usual_s)
        self._skills, self._regime = dict(skills), regime

    def read(self, record: Record) -> None:
        """One fact; facts of other rooms are passed over."""
        of_rules, line = self._regime.read(record), _LINES.get(record.type)
        if of_rules:
            self.now_ms = record.at_ms
        if line is None:
            return
        self.now_ms = record.at_ms
        line.read(self, msgspec.json.decode(record.body, type=line.event), record)
        self._note_crowd(record.at_ms)

    def situation(self, at_ms: int) -> Situation:
        """The branch as these facts leave it, under the rules of that moment."""
        now = self._local(at_ms)
        for counter in self.watch.counters.values():
            counter.rule = in_force(self.rules_of(counter.id), now, self.calendar)
        return self.watch.situation(at_ms, day_class=class_of(now.date(), self.calendar).value)

    def rules_of(self, counter: str) -> CallRules:
        """What a counter follows."""
        return self._regime.rules_of(counter)

    @property
    def calendar(self) -> Mapping[date, DayClass]:
        return self._regime.calendar

    def minute(self, at_ms: int) -> int:
        """The local minute of the day."""
        now = self._local(at_ms)
        return now.hour * 60 + now.minute

    def _local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1_000, self.zone)

    # --- the day and the house

    def on_configured(self, event: BranchConfigured, _record: Record) -> None:
        self._skills = {counter.id: frozenset(counter.services) for counter in event.counters}
        self.watch.knowledge.service_times.expect({service.id: float(service.usual_s) for service in event.services})
        for desk in [desk for desk in self.watch.counters if desk not in self._skills]:
            del self.watch.counters[desk]

    def on_day_opened(self, _event: e.DayOpened, _record: Record) -> None:
        self.watch.knowledge.service_times.new_day()

    def on_day_closed(self, event: e.DayClosed, _record: Record) -> None:
        self.watch.knowledge.arrivals.close_day(class_of(date.fromisoformat(event.day), self.calendar).value)
        self.watch.waiting.clear()
        self._held.clear()
        self._crowd_since_ms = None

    # --- those who wait

    def on_issued(self, event: e.TicketIssued, record: Record) -> None:
        place_ms = record.at_ms if event.place_ms is None else event.place_ms
        waits_from_ms = None if event.place_ms is None else max(event.place_ms, record.at_ms)
        one = Waiting(event.ticket, event.service, event.tier, place_ms, record.seq, record.at_ms, waits_from_ms)
        if event.remote:
            self._held[event.ticket] = one
        else:
            self.watch.entered(one)

    def on_activated(self, event: e.TicketActivated, record: Record) -> None:
        one = self._held.pop(event.ticket, None)
        if one is not None:
            self.watch.entered(_at(one, event.place_ms, record.at_ms, waits_from_ms=record.at_ms))

    def on_requeued(self, event: e.TicketRequeued, record: Record) -> None:
        one = self._held.pop(event.ticket, None)
        if one is not None:
            self.watch.joined(_at(one, event.place_ms, record.at_ms, waits_from_ms=one.waits_from_ms))

    def on_deferred(self, event: e.TicketDeferred, _record: Record) -> None:
        one = self.watch.waiting.get(event.ticket)
        if one is not None:
            self.watch.waiting[event.ticket] = _at(one, event.place_ms, one.entered_ms, waits_from_ms=one.waits_from_ms)

    def on_transferred(self, event: e.TicketTransferred, record: Record) -> None:
        one = self.watch.waiting.get(event.ticket) or self._held.pop(event.ticket, None)
        self._free_of(event.ticket, record.at_ms)
        self.watch.withdrawn(event.ticket, record.at_ms)
        if one is not None:
            desk = "" if event.to_counter is None else event.to_counter
            waits_from_ms = one.waits_from_ms
            moved = Waiting(one.ticket, event.service, event.tier, event.place_ms, one.seq, record.at_ms, waits_from_ms, desk)
            self.watch.joined(moved)

    def on_pinned(self, event: e.TicketPinned, record: Record) -> None:
        one = self.watch.waiting.get(event.ticket) or self._held.pop(event.ticket, None)
        self.watch.withdrawn(event.ticket, record.at_ms)
        if one is not None:
            since_ms = one.place_ms if one.waits_from_ms is None else one.waits_from_ms
            self.watch.joined(_at(_of_tier(one, event.tier), event.place_ms, one.entered_ms, waits_from_ms=since_ms))

    def on_bound(self, event: e.TicketBound | e.TicketUnbound, record: Record) -> None:
        one = self.watch.waiting.get(event.ticket)
        if one is not None:
            self.watch.withdrawn(one.ticket, record.at_ms)
            self.watch.joined(_of_tier(one, event.tier))

    def on_cancelled(self, event: e.TicketCancelled, record: Record) -> None:
        self._held.pop(event.ticket, None)
        self._free_of(event.ticket, record.at_ms)
        if event.ticket in self.watch.waiting:
            self.watch.left(event.ticket, record.at_ms)
            self.left(event.ticket)

    def on_expired(self, event: e.TicketExpired, record: Record) -> None:
        self._held.pop(event.ticket, None)
        self.watch.withdrawn(event.ticket, record.at_ms)
        self.left(event.ticket)

    # --- at the counter

    def on_called(self, event: e.TicketCalled, record: Record) -> None:
        if event.counter not in self.watch.counters:
            self._opens(event.counter, event.staff, record.at_ms)
        counter = self.watch.counters[event.counter]
        turns = {Tier(tier): calls for tier, calls in event.turns.items()}
        counter.memory = Memory(event.promoted_in_row, turns, event.walk_ins_owed)
        one = self.watch.waiting.get(event.ticket) or self._held.pop(event.ticket, None)
        if event.ticket in self.watch.waiting:
            self.watch.called(event.ticket, event.counter, record.at_ms)
            if event.call_no == 1:
                self.called(event.ticket, record.at_ms)
        else:
            self.watch.serves(event.counter, event.service, record.at_ms)
        counter.in_hand = one or Waiting(event.ticket, event.service, event.tier, record.at_ms, record.seq, record.at_ms)

    def on_finished(self, event: e.TicketFinished, record: Record) -> None:
        self._free_of(event.ticket, record.at_ms)

    def on_parked(self, event: e.TicketParked, record: Record) -> None:
        self._free_of(event.ticket, record.at_ms, keep=True)

    def on_no_show(self, event: e.TicketNoShow, record: Record) -> None:
        counter = self.watch.counters.get(event.counter)
        if counter is not None and counter.in_hand is not None and counter.in_hand.ticket == event.ticket:
            self._held[event.ticket], counter.in_hand = counter.in_hand, None
            self.watch.missed(event.counter, record.at_ms)

    def _free_of(self, ticket: str, at_ms: int, *, keep: bool = False) -> None:
        """Whoever has this ticket in hand is done with it; `keep`: it may wait again."""
        for counter in self.watch.counters.values():
            one = counter.in_hand
            if one is not None and one.ticket == ticket:
                counter.in_hand = None
                if keep:
                    self._held[ticket] = one
                if at_ms - counter.since_ms > SERVICE_S_MAX * 1_000:
                    self.watch.dropped(counter.id, at_ms)
                else:
                    self.watch.finished(counter.id, at_ms)

    def _opens(self, desk: str, staff: str, at_ms: int) -> None:
        self.watch.opened(Counter(desk, staff, self._skills.get(desk, frozenset())), at_ms)
        if self._crowd_since_ms is not None:
            openings = self.watch.knowledge.openings
            openings.observe(self._day_s(self._crowd_since_ms), self._day_s(at_ms), happened=True)
            self._crowd_since_ms = at_ms

    def on_opened(self, event: e.CounterOpened, record: Record) -> None:
        if event.counter not in self.watch.counters:
            self._opens(event.counter, event.staff, record.at_ms)

    def on_paused(self, event: e.CounterPaused, record: Record) -> None:
        self._pauses[event.counter] = record.at_ms

    def on_resumed(self, event: e.CounterResumed, record: Record) -> None:
        self._pause_over(event.counter, record.at_ms, back=True)

    def on_signed_out(self, event: e.CounterSignedOut, record: Record) -> None:
        self._pause_over(event.counter, record.at_ms, back=False)
        self.watch.closed(event.counter, record.at_ms)

    def _pause_over(self, desk: str, at_ms: int, *, back: bool) -> None:
        since_ms = self._pauses.pop(desk, None)
        if since_ms is not None:
            self.watch.knowledge.pauses.observe(0.0, (at_ms - since_ms) / 1_000, happened=back)

    def _note_crowd(self, at_ms: int) -> None:
        """While people wait, whoever comes to work is seen to come."""
        if self.watch.waiting and self._crowd_since_ms is None:
            self._crowd_since_ms = at_ms
        elif not self.watch.waiting and self._crowd_since_ms is not None:
            openings = self.watch.knowledge.openings
            openings.observe(self._day_s(self._crowd_since_ms), self._day_s(at_ms), happened=False)
            self._crowd_since_ms = None

    def _day_s(self, at_ms: int) -> float:
        return self.minute(at_ms) * 60.0


def _at(one: Waiting, place_ms: int, entered_ms: int, *, waits_from_ms: int | None) -> Waiting:
    """The same person at another place."""
    return Waiting(one.ticket, one.service, one.tier, place_ms, one.seq, entered_ms, waits_from_ms, one.desk)


def _of_tier(one: Waiting, tier: Tier) -> Waiting:
    return Waiting(one.ticket, one.service, tier, one.place_ms, one.seq, one.entered_ms, one.waits_from_ms, one.desk)


class _Line(NamedTuple):
    """How one type of fact is read."""

    event: type[Event]
    read: Callable[[Lessons, Any, Record], None]


_LINES: Final = {
    line.event.TYPE: line
    for line in (
        _Line(BranchConfigured, Lessons.on_configured),
        _Line(e.DayOpened, Lessons.on_day_opened),
        _Line(e.DayClosed, Lessons.on_day_closed),
        _Line(e.TicketIssued, Lessons.on_issued),
        _Line(e.TicketActivated, Lessons.on_activated),
        _Line(e.TicketRequeued, Lessons.on_requeued),
        _Line(e.TicketDeferred, Lessons.on_deferred),
        _Line(e.TicketPinned, Lessons.on_pinned),
        _Line(e.TicketTransferred, Lessons.on_transferred),
        _Line(e.TicketBound, Lessons.on_bound),
        _Line(e.TicketUnbound, Lessons.on_bound),
        _Line(e.TicketCancelled, Lessons.on_cancelled),
        _Line(e.TicketExpired, Lessons.on_expired),
        _Line(e.TicketCalled, Lessons.on_called),
        _Line(e.TicketFinished, Lessons.on_finished),
        _Line(e.TicketParked, Lessons.on_parked),
        _Line(e.TicketNoShow, Lessons.on_no_show),
        _Line(e.CounterOpened, Lessons.on_opened),
        _Line(e.CounterPaused, Lessons.on_paused),
        _Line(e.CounterResumed, Lessons.on_resumed),
        _Line(e.CounterSignedOut, Lessons.on_signed_out),
    )
}
