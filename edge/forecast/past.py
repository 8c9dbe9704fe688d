"""Days that were lived, read from the journal, as the back-test plays them.

Of everybody it is known when they came, for what, how long they took and when they left; of each counter, when it was
open. What comes after a transfer is a new wait that depends on the first, and is left out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final, NamedTuple

import msgspec

from edge.forecast.play import Person
from edge.forecast.situation import Span
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.journal import tail
from edge.queue import events as e
from edge.queue.model import Tier
from sync.chain import Record

FACTS_MAX: Final = 40_000
"""A day of more facts is cut there."""
GAP_S: Final = 8.0
"""Between two people, where a day does not tell."""
GAP_S_MAX: Final = 900.0
"""A longer one was an absence that nobody told of."""


@dataclass(slots=True)
class Visit:
    """A customer of a past day."""

    at_ms: int
    service: str
    tier: Tier
    place_ms: int
    called_ms: int | None = None
    ended_ms: int | None = None
    came: bool = True
    left_ms: int | None = None


@dataclass(slots=True)
class PastDay:
    """One business day."""

    day: str
    seq: int = 0
    """The fact with which it began."""
    visits: dict[str, Visit] = field(default_factory=dict)
    spans: dict[str, list[Span]] = field(default_factory=dict)
    gaps_s: list[float] = field(default_factory=list)
    ended_ms: int = 0
    _open: dict[str, int] = field(default_factory=dict)
    _freed: dict[str, int] = field(default_factory=dict)
    _counters: dict[str, str] = field(default_factory=dict)
    _remote: dict[str, Visit] = field(default_factory=dict)

    def read(self, record: Record) -> None:
        """One fact of the day, in order."""
        line = _LINES.get(record.type)
        self.ended_ms = record.at_ms
        if line is not None:
            line.read(self, msgspec.json.decode(record.body, type=line.event), record.at_ms)

    def close(self) -> None:
        """No fact comes any more."""
        for counter in list(self._open):
            self.shut(counter, self.ended_ms)

    @property
    def gap_s(self) -> float:
        """The moment between two people while others wait, on average."""
        return fmean(self.gaps_s) if self.gaps_s else GAP_S

    def people(self) -> list[Person]:
        """In the order of their coming; whose service nobody timed takes what others took for the same."""
        usual_s = self._usual_s()
        everybody = fmean(usual_s.values()) if usual_s else 0.0
        return [
            Person(
                one.at_ms,
                one.service,
                one.tier,
                _service_s(one, usual_s.get(one.service, everybody)),
                one.place_ms,
                one.left_ms if one.came else one.called_ms,
            )
            for one in self.in_order()
        ]

    def in_order(self) -> list[Visit]:
        return sorted(self.visits.values(), key=lambda one: (one.at_ms, one.place_ms))

    def _usual_s(self) -> dict[str, float]:
        times: dict[str, list[float]] = {}
        for one in self.visits.values():
            if one.called_ms is not None and one.ended_ms is not None and one.came:
                times.setdefault(one.service, []).append((one.ended_ms - one.called_ms) / 1_000)
        return {service: fmean(lengths) for service, lengths in times.items()}

    # --- facts

    def on_issued(self, event: e.TicketIssued, at_ms: int) -> None:
        place_ms = at_ms if event.place_ms is None else event.place_ms
        one = Visit(at_ms, event.service, event.tier, place_ms)
        (self._remote if event.remote else self.visits)[event.ticket] = one

    def on_activated(self, event: e.TicketActivated, at_ms: int) -> None:
        one = self._remote.pop(event.ticket, None)
        if one is not None:
            one.at_ms, one.place_ms = at_ms, event.place_ms
            self.visits[event.ticket] = one

    def on_called(self, event: e.TicketCalled, at_ms: int) -> None:
        one = self.visits.get(event.ticket)
        freed_ms = self._freed.pop(event.counter, None)
        if freed_ms is not None and at_ms - freed_ms < GAP_S_MAX * 1_000:
            self.gaps_s.append((at_ms - freed_ms) / 1_000)
        self.on_opened(event, at_ms)
        self._counters[event.ticket] = event.counter
        if one is not None and one.called_ms is None:
            one.called_ms = at_ms

    def on_ended(self, event: e.TicketFinished | e.TicketParked | e.TicketTransferred, at_ms: int) -> None:
        one, counter = self.visits.get(event.ticket), self._counters.pop(event.ticket, None)
        if one is None:
            return
        if one.called_ms is None:
            del self.visits[event.ticket]  # moved on before the call: another wait than the one that was begun
        elif one.ended_ms is None:
            one.ended_ms = at_ms
        if counter is not None and any(other.called_ms is None and other.left_ms is None for other in self.visits.values()):
            self._freed[counter] = at_ms

    def on_missed(self, event: e.TicketNoShow, _at_ms: int) -> None:
        one = self.visits.get(event.ticket)
        if one is not None:
            one.came = False

    def on_left(self, event: e.TicketCancelled | e.TicketExpired, at_ms: int) -> None:
        one = self.visits.get(event.ticket)
        if one is not None and one.called_ms is None:
            one.left_ms = at_ms

    def on_opened(self, event: e.CounterOpened | e.CounterResumed | e.TicketCalled, at_ms: int) -> None:
        self._open.setdefault(event.counter, at_ms)

    def on_shut(self, event: e.CounterPaused | e.CounterSignedOut, at_ms: int) -> None:
        self._freed.pop(event.counter, None)
        self.shut(event.counter, at_ms)

    def shut(self, counter: str, at_ms: int) -> None:
        since_ms = self._open.pop(counter, None)
        if since_ms is not None and at_ms > since_ms:
            self.spans.setdefault(counter, []).append(Span(since_ms, at_ms))


def _service_s(one: Visit, usual_s: float) -> float:
    timed = one.came and one.called_ms is not None and one.ended_ms is not None
    return (one.ended_ms - one.called_ms) / 1_000 if timed and one.ended_ms and one.called_ms else usual_s


class _Line(NamedTuple):
    event: type[Event]
    read: Callable[[PastDay, Any, int], None]


_LINES: Final = {
    line.event.TYPE: line
    for line in (
        _Line(e.TicketIssued, PastDay.on_issued),
        _Line(e.TicketActivated, PastDay.on_activated),
        _Line(e.TicketCalled, PastDay.on_called),
        _Line(e.TicketFinished, PastDay.on_ended),
        _Line(e.TicketParked, PastDay.on_ended),
        _Line(e.TicketTransferred, PastDay.on_ended),
        _Line(e.TicketNoShow, PastDay.on_missed),
        _Line(e.TicketCancelled, PastDay.on_left),
        _Line(e.TicketExpired, PastDay.on_left),
        _Line(e.CounterOpened, PastDay.on_opened),
        _Line(e.CounterResumed, PastDay.on_opened),
        _Line(e.CounterPaused, PastDay.on_shut),
        _Line(e.CounterSignedOut, PastDay.on_shut),
    )
}


class Beginning(NamedTuple):
    """Where in the journal a day begins."""

    day: str
    seq: int


def beginnings(connection: Connection, count: int, *, before: str) -> list[Beginning]:
    """The newest days before the day `before`, oldest first; a day that was opened twice begins the first time."""
    rows = connection.execute(
        "SELECT entity, min(seq) FROM (SELECT entity, seq FROM journal WHERE type = ? AND entity < ?"
        " ORDER BY seq DESC LIMIT ?) GROUP BY entity ORDER BY entity DESC LIMIT ?",
        (e.DayOpened.TYPE, before, count * 4, count),
    )
    return sorted((Beginning(str(day), int(seq)) for day, seq in rows), key=lambda one: one.seq)


def read_day(connection: Connection, beginning: Beginning) -> PastDay:
    """A day, from its opening to its close."""
    day = PastDay(beginning.day, beginning.seq)
    for record in _facts(connection, beginning):
        day.read(record)
    day.close()
    return day


def _facts(connection: Connection, beginning: Beginning) -> Iterable[Record]:
    seq, last = beginning.seq, beginning.seq + FACTS_MAX
    while seq < last:
        records = tail(connection, seq)
        for record in records:
            if record.type == e.DayClosed.TYPE and record.entity == beginning.day:
                return
            yield record
        if not records:
            return
        seq = records[-1].seq
