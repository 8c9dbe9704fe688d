"""The order in which the real rules would call whoever waits: what "people ahead" means, whatever queue they stand in.

The counters that are at work take turns calling, with the clock standing still, until everybody was called. Ahead of a ticket
are those called before it whom a counter that may call it could have called. Before anybody is at work, all counters
are thought to be.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from edge.kernel.db import Connection
from edge.org import tables as org
from edge.queue import ruling
from edge.queue.load_heads import offered
from edge.queue.model import State, Tier, pool_id, queue_id, staff_pool_id
from edge.queue.picking import Lane, Line, Picker, Place


class Caller(NamedTuple):
    """A counter: what it may call, and whether it is there to do so."""

    picker: Picker
    queues: frozenset[int]
    at_work: bool = True


def people_ahead(lines: Sequence[Line], callers: Sequence[Caller], now_ms: int, there: int) -> list[int]:
    """For each place by its number; numbers from `there` on are only imagined, and ahead of nobody. Uses the lines up."""
    reach = [frozenset(who for who, caller in enumerate(callers) if queue in caller.queues) for queue in range(len(lines))]
    ahead, called = [0] * sum(len(line.places) for line in lines), [0] * len(lines)
    for queue, number in _calls(lines, callers, now_ms):
        ahead[number] = sum(before for other, before in enumerate(called) if before and reach[other] & reach[queue])
        called[queue] += number < there
    return ahead


def _calls(lines: Sequence[Line], callers: Sequence[Caller], now_ms: int) -> list[tuple[int, int]]:
    """Queue and number of everybody, as the rules would call them now; whom no counter may call comes last."""
    working = [caller for caller in callers if caller.at_work] or callers
    pickers = [caller.picker.fresh() for caller in working]
    order: list[tuple[int, int]] = []
    calling = True
    while calling:
        calling = False
        for picker in pickers:
            queue = picker.pick(lines, now_ms)
            if queue >= 0:
                picker.called(queue, lines, now_ms)
                line = lines[queue]
                order.append((queue, line.places[line.first].number))
                line.first += 1
                calling = True
    left = sorted((place.number, queue) for queue, line in enumerate(lines) for place in line.places[line.first :])
    return [*order, *((queue, number) for number, queue in left)]


class _Queue(NamedTuple):
    """A queue that somebody stands in: of a service and tier, or the pool of a counter."""

    service: str
    tier: Tier
    pool: str


class _Waiting(NamedTuple):
    """Somebody who waits; the names are the columns."""

    ticket: str
    service: str
    tier: str
    queue: str
    place_ms: int
    seq: int
    waits_from_ms: int
    booked: int

    @property
    def stands_in(self) -> _Queue:
        shared = self.queue == queue_id(self.service, self.tier)
        return _Queue(self.service, Tier(self.tier), "") if shared else _Queue("", Tier(self.tier), self.queue)


def by_rule(connection: Connection, now: datetime) -> dict[str, int]:
    """People ahead of everyone who waits, under the rules in force.

    Also of whoever holds a remote ticket that is not activated yet: as if they waited already, and ahead of nobody.
    """
    here, afar = _standing(connection, State.WAITING), _standing(connection, State.PENDING)
    waiting = [*here, *afar]
    numbers: dict[_Queue, int] = {}
    places: list[list[Place]] = []
    for number, one in enumerate(waiting):
        at = numbers.setdefault(one.stands_in, len(numbers))
        if at == len(places):
            places.append([])
        places[at].append(Place(one.place_ms, one.seq, one.waits_from_ms, number, bool(one.booked)))
    callers = _callers(connection, numbers, now)
    lines = [Line(sorted(one, key=_by_place)) for one in places]
    ahead = people_ahead(lines, callers, int(now.timestamp() * 1_000), len(here))
    return {one.ticket: ahead[number] for number, one in enumerate(waiting)}


_COLUMNS: Final = (
    "id, service, tier, queue, place_ms, seq, coalesce(activated_ms, place_ms),"
    " appointment IS NOT NULL AND tier = 'priority' AND priority_reason IS NULL"
)


def _standing(connection: Connection, state: State) -> list[_Waiting]:
    """In the order of their places. The state is part of the text, so that its partial index serves."""
    text = f"SELECT {_COLUMNS} FROM ticket WHERE state = '{state}' ORDER BY place_ms, seq"  # noqa: S608 -- constant names
    return [_Waiting(*row) for row in connection.execute(text)]


def _by_place(place: Place) -> tuple[int, int]:
    return place.place_ms, place.seq


def _callers(connection: Connection, numbers: dict[_Queue, int], now: datetime) -> list[Caller]:
    rows = connection.execute("SELECT counter, staff FROM queue_counter WHERE staff IS NOT NULL")
    at_work = {str(counter): str(staff) for counter, staff in rows}
    callers = []
    for counter in org.counters(connection):
        staff = at_work.get(counter.id)
        services, pools = offered(connection, counter, staff), {pool_id(counter.id), staff_pool_id(staff or "")}
        lanes = [
            Lane(at, queue.tier, bool(queue.pool))
            for queue, at in numbers.items()
            if queue.pool in pools or (not queue.pool and queue.service in services)
        ]
        picker = Picker(ruling.rule_now(connection, counter.id, now), lanes, ruling.memory(connection, counter.id))
        callers.append(Caller(picker, frozenset(lane.queue for lane in lanes), counter.id in at_work))
    return callers
