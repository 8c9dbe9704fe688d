"""Count a business day. Pure over the day's facts; `rollup.py` keeps what comes out, `gather.py` adds it up.

Definitions, so that a number means one thing in every report:

* A ticket counts where it was issued: its service, its tier (as learnt since), in the half hour it was taken. A call counts
  where it was made.
* A wait ends with the first call. It is within the promise when it lies in the range shown, both ends included.
* So are the ranges that the phone showed afterwards, each judged by the first call after it (`edge.forecast.decide`).
* An overtake: a ticket of the same service that was taken later was called for the first time earlier.
* Who accepts a machine that is offered before a number is diverted, and takes none: the share diverted is of both together.
  Whom staff led to a machine by hand had a number, and counts as diverted too.
* A customer is in the hall from taking the number (a remote one from coming in) until the ticket ends. Nobody sees those leave
  who miss their call, so they count until their last call; who was never called and let the ticket expire does not count.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from edge.follow_ups.model import BAD_MAX
from edge.queue.model import DIVERTED_TO_MACHINE, State
from edge.reports.cells import (
    ANY,
    Arrivals,
    BandCalls,
    Cell,
    DeskCalls,
    Diverted,
    Duty,
    Flow,
    Grounds,
    Hall,
    OpenTime,
    Opinion,
    Order,
    joined,
)
from edge.reports.facts import BAND_S, BANDS, Day, Ticket
from edge.reports.histogram import minute_of
from edge.reports.triggers import BY_THRESHOLD, THRESHOLD_COUNT, THRESHOLD_TIME

ENDED: Final = (State.FINISHED, State.NO_SHOW, State.CANCELLED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of sums of a day."""

    name: str
    cell: type[Any]
    count: Callable[[Day], Iterable[Cell]]
    cut: frozenset[str] = frozenset()
    """By which of a scope's names its cells can be told apart; a scope that names more is counted from the facts."""
    blind: frozenset[str] = frozenset()
    """Names of a scope that change nothing here."""
    cube: frozenset[str] = frozenset()
    """By which of them there are cells for all together as well, under the name `*`."""


def flow(day: Day) -> Iterator[Flow]:
    for ticket in day.tickets:
        cell = Flow(ticket.service, ticket.tier, ticket.staff or "", ticket.counter or "", taken=1)
        if ticket.state in ENDED:
            setattr(cell, ticket.state, 1)
        wait_s = ticket.wait_s
        if wait_s is not None:
            _count_wait(cell, ticket, wait_s)
        yield cell


def arrivals(day: Day) -> Iterator[Arrivals]:
    for ticket in day.tickets:
        cell = Arrivals(day.band(ticket.taken_ms), ticket.service, ticket.tier, taken=1, recognised=ticket.recognised)
        cell.activated, cell.appointed = int(ticket.activated_ms is not None), ticket.appointed
        yield cell


def diverted(day: Day) -> Iterator[Diverted]:
    for one in day.diversions:
        yield Diverted(day.band(one.at_ms), one.service, offered=1, accepted=one.accepted)
    for ticket in day.tickets:
        if ticket.state == State.CANCELLED and ticket.outcome == DIVERTED_TO_MACHINE:
            yield Diverted(day.band(ticket.taken_ms), ticket.service, by_hand=1)


def _count_wait(cell: Flow, ticket: Ticket, wait_s: int) -> None:
    cell.waits = {minute_of(wait_s): 1}
    cell.wait_s, cell.worst_max = wait_s, (wait_s, ticket.number)
    if ticket.activated_ms is not None:
        cell.remote, cell.remote_s = 1, wait_s
    setattr(cell, promise_of(ticket, wait_s), 1)
    cell.late_s = max(0, wait_s - ticket.high_s)
    cell.later = int(ticket.later_shown > 0)
    cell.later_kept, cell.later_early = ticket.later_kept, ticket.later_early
    cell.later_late, cell.later_late_s = ticket.later_late, ticket.later_late_s


def promise_of(ticket: Ticket, wait_s: int) -> str:
    """What became of the range that was shown: `kept`, `early` or `late`."""
    if wait_s < ticket.low_s:
        return "early"
    return "late" if wait_s > ticket.high_s else "kept"


def order(day: Day) -> Iterator[Order]:
    suffered = overtakes(day.first_calls)
    met = calls_met(day)
    for ticket in day.tickets:
        if ticket.first_call_seq is not None:
            times = suffered[ticket.seq]
            cell = Order(ticket.service, ticket.tier, ticket.staff or "", ticket.counter or "", called=1)
            cell.overtaken, cell.overtakes, cell.overtakes_max = int(times > 0), times, times
            cell.ahead_told, cell.ahead_met = ticket.ahead, met(ticket)
            yield cell


def overtakes(first_calls: Sequence[tuple[int, str, int]]) -> dict[int, int]:
    """Of each ticket that was called: how many of the same service that were taken later were called before it.

    Given are place, service and first call of each, in the order of taking.
    """
    later: dict[str, list[int]] = {}
    found: dict[int, int] = {}
    for seq, service, first_call in reversed(first_calls):
        calls = later.setdefault(service, [])
        found[seq] = bisect_left(calls, first_call)
        insort(calls, first_call)
    return found


def calls_met(day: Day) -> Callable[[Ticket], int]:
    """How many calls of its service a ticket saw before its own first one."""
    calls: dict[str, list[int]] = {}
    for service, seq in day.call_line:
        calls.setdefault(service, []).append(seq)

    def met(ticket: Ticket) -> int:
        seen = calls.get(ticket.service, [])
        return max(0, bisect_left(seen, ticket.first_call_seq or 0) - bisect_right(seen, ticket.seq))

    return met


def hall(day: Day) -> Iterator[Hall]:
    """Once for everybody, and once for each service, each tier, and each service and tier."""
    groups: dict[tuple[str, str], list[Ticket]] = {}
    for ticket in day.tickets:
        for key in product((ANY, ticket.service), (ANY, ticket.tier)):
            groups.setdefault(key, []).append(ticket)
    stays = {ticket.seq: _stay(day, ticket) for ticket in day.tickets}
    for (service, tier), tickets in groups.items():
        cells = [Hall(band, service, tier) for band in range(BANDS)]
        _fill(day, cells, tickets, stays)
        yield from (cell for cell in cells if cell.present_s or cell.peak_max or cell.backlog)


def _fill(day: Day, cells: list[Hall], tickets: Sequence[Ticket], stays: Mapping[int, tuple[int, int, range]]) -> None:
    moves: list[tuple[int, int]] = []
    for ticket in tickets:
        came_ms, left_ms, waited = stays[ticket.seq]
        if left_ms > came_ms:
            moves += [(came_ms, 1), (left_ms, -1)]
            for band, seconds in _over_bands(day, came_ms, left_ms):
                cells[band].present_s += seconds
        for band in waited:
            cells[band].backlog += 1
    _find_peaks(day, cells, moves)


def _stay(day: Day, ticket: Ticket) -> tuple[int, int, range]:
    """When a customer came and left, and at the end of which half hours they waited."""
    came_ms = day.bounded(arrived_ms(ticket))
    return came_ms, day.bounded(_left_ms(day, ticket, came_ms)), _waited_through(day, ticket, came_ms)


def open_time(day: Day) -> Iterator[OpenTime]:
    for span in day.spans:
        if span.state == "open":
            for band, seconds in _over_bands(day, day.bounded(span.from_ms), day.bounded(span.to_ms)):
                yield OpenTime(band, span.staff, span.counter, open_s=seconds)


def arrived_ms(ticket: Ticket) -> int:
    return max(ticket.taken_ms, ticket.activated_ms or 0)


def _left_ms(day: Day, ticket: Ticket, came_ms: int) -> int:
    match ticket.state:
        case State.PENDING:
            return came_ms
        case State.FINISHED | State.CANCELLED:
            return ticket.ended_ms or came_ms
        case State.NO_SHOW | State.EXPIRED:
            return ticket.last_call_ms or came_ms
    return day.now_ms


def _waited_through(day: Day, ticket: Ticket, came_ms: int) -> range:
    """The half hours at whose end the ticket waited for its first call."""
    if ticket.state == State.PENDING:
        return range(0)
    until_ms = day.bounded(ticket.first_call_ms or ticket.ended_ms)
    return range(day.band(came_ms), day.band(until_ms)) if until_ms > came_ms else range(0)


def _over_bands(day: Day, from_ms: int, to_ms: int) -> Iterator[tuple[int, int]]:
    """How many seconds of a span lie in which half hour; the whole seconds add up to those of the span."""
    at, end = (from_ms - day.start_ms) // 1000, (to_ms - day.start_ms) // 1000
    while at < end:
        band = min(at // BAND_S, BANDS - 1)
        until = end if band == BANDS - 1 else min(end, (band + 1) * BAND_S)
        yield band, until - at
        at = until


def _find_peaks(day: Day, cells: list[Hall], moves: list[tuple[int, int]]) -> None:
    """Most people at once, by half hour; who comes when another leaves does not meet them."""
    present, band = 0, 0
    for at_ms, change in sorted(moves):
        reached = day.band(at_ms)
        while band < reached:
            band += 1
            cells[band].peak_max = present
        present += change
        cells[band].peak_max = max(cells[band].peak_max, present)


def band_calls(day: Day) -> Iterator[BandCalls]:
    for call in day.calls:
        cell = BandCalls(day.band(call.called_ms), call.service, call.tier, calls=1, recalls=call.recalls)
        cell.finished, cell.no_show = int(call.result == State.FINISHED), int(call.result == State.NO_SHOW)
        cell.promoted, cell.scheduled = int(call.triggered_by in BY_THRESHOLD), call.scheduled
        cell.promoted_time = int(call.triggered_by == THRESHOLD_TIME)
        cell.promoted_count = int(call.triggered_by == THRESHOLD_COUNT)
        cell.response_s = call.response_s
        yield cell


def desk_calls(day: Day) -> Iterator[DeskCalls]:
    for call in day.calls:
        cell = DeskCalls(call.staff, call.counter, call.service, call.tier, calls=1, response_s=call.response_s)
        if call.result in ("finished", "transferred", "parked", "no_show"):
            setattr(cell, call.result, 1)
        service_s = day.service_s(call)
        if service_s is not None:
            cell.services, cell.service_s = {minute_of(service_s): 1}, service_s
        yield cell


def duty(day: Day) -> Iterator[Duty]:
    for span in day.spans:
        lasted_s = day.lasted_s(span.from_ms, span.to_ms)
        paused = span.state == "paused"
        yield Duty(span.staff, span.counter, signed_s=lasted_s, paused_s=lasted_s * paused, pauses=int(paused))


def opinion(day: Day) -> Iterator[Opinion]:
    for ticket in day.tickets:
        finished = ticket.state == State.FINISHED
        if finished or ticket.score is not None:
            cell = Opinion(ticket.staff or "", ticket.counter or "", ticket.service, ticket.tier, finished=int(finished))
            if ticket.score is not None:
                cell.scores, cell.followed_up = {ticket.score: 1}, int(ticket.follow_up is not None)
                if ticket.score <= BAD_MAX and ticket.complaints:
                    cell.complaints = dict.fromkeys(ticket.complaints.split(","), 1)
            yield cell


def grounds(day: Day) -> Iterator[Grounds]:
    for call in day.calls:
        yield Grounds(call.rule, call.reason, call.service, call.tier, calls=1)


_WHAT: Final = frozenset({"service", "tier"})
_WHO: Final = frozenset({"teller", "counter"})

FLOW: Final = Part("flow", Flow, flow, _WHAT | _WHO)
ORDER: Final = Part("order", Order, order, _WHAT | _WHO)
ARRIVALS: Final = Part("arrivals", Arrivals, arrivals, _WHAT)
DIVERTED: Final = Part("diverted", Diverted, diverted, frozenset({"service"}), blind=_WHO | {"tier"})
HALL: Final = Part("hall", Hall, hall, _WHAT, blind=_WHO, cube=_WHAT)
OPEN_TIME: Final = Part("open_time", OpenTime, open_time, _WHO, blind=_WHAT)
BAND_CALLS: Final = Part("band_calls", BandCalls, band_calls, _WHAT)
DESK_CALLS: Final = Part("desk_calls", DeskCalls, desk_calls, _WHAT | _WHO)
DUTY: Final = Part("duty", Duty, duty, _WHO, blind=_WHAT)
OPINION: Final = Part("opinion", Opinion, opinion, _WHAT | _WHO)
GROUNDS: Final = Part("grounds", Grounds, grounds, _WHAT)

PARTS: Final = (FLOW, ORDER, ARRIVALS, DIVERTED, HALL, OPEN_TIME, BAND_CALLS, DESK_CALLS, DUTY, OPINION, GROUNDS)


def tally(part: Part, day: Day) -> list[Cell]:
    """The cells of one part of a day, one per key."""
    return joined(list(part.count(day)))
