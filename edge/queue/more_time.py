"""More time (晚点再叫): somebody who is not ready yet lets the next few go first, from their phone.

* Only whoever waits. The number stays and the wait counts on; the place becomes the one behind the next few (three) of the same
  queue, or behind the last where fewer wait, as `places.py` says.
* Where nobody waits behind, nothing could be moved, and the answer says so: they may be called at any moment.
* A few times a visit (two). The figures in brackets are the defaults of policy keys.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.policy import tables as policy
from edge.queue import events as e
from edge.queue import load, places
from edge.queue import model as m
from edge.queue import policy as keys
from edge.queue.desk import may
from edge.queue.load import Ticket
from edge.queue.places import NOBODY, Line


class MoreTime(msgspec.Struct, frozen=True):
    """What the phone may offer."""

    behind: int
    """People who would go first."""
    left: int
    """How often it may still be asked for, this time included."""


@dataclass(frozen=True, slots=True)
class MoreTimeState:
    ticket: Ticket | None
    times: int = 0
    times_max: int = 0
    line: Line = NOBODY
    """Who stands behind."""


def for_more_time(connection: Connection, command: m.AskForTime, _context: Context) -> MoreTimeState:
    return state_of(connection, command.ticket)


def state_of(connection: Connection, ticket: str) -> MoreTimeState:
    times: int = connection.execute("SELECT coalesce(max(times), 0) FROM queue_more_time WHERE ticket = ?", (ticket,)).get
    found = load.ticket(connection, ticket)
    if found is None:
        return MoreTimeState(None)
    few, here = policy.read(connection, keys.MORE_TIME_BEHIND), (found.place_ms, places.seq_of(connection, ticket))
    return MoreTimeState(
        ticket=found,
        times=times,
        times_max=policy.read(connection, keys.MORE_TIME_MAX),
        line=places.line(connection, ticket, found.queue, few, here),
    )


def ask(state: MoreTimeState, _command: m.AskForTime, _context: Context) -> Sequence[Event]:
    ticket = may(state.ticket, "more_time")
    if state.times >= state.times_max:
        raise Rejected("more_time_used", times_max=state.times_max)
    if not state.line.few:
        raise Rejected("nobody_behind", number=ticket.number)
    place = places.behind(state.line)
    deferred = e.TicketDeferred(
        ticket=ticket.id,
        number=ticket.number,
        queue=ticket.queue,
        place_ms=place.at_ms,
        times=state.times + 1,
        moved_back=place.moved_back,
    )
    return [deferred]


def offer(connection: Connection, ticket: str) -> MoreTime | None:
    """For somebody who waits; None where there is nothing to ask for."""
    state = state_of(connection, ticket)
    left = state.times_max - state.times
    few = len(state.line.few)
    return MoreTime(few, left) if few and left > 0 else None


def offers(connection: Connection) -> Callable[[str], MoreTime | None]:
    """The same for everybody who waits, in one pass."""
    behind_max, times_max = policy.read(connection, keys.MORE_TIME_BEHIND), policy.read(connection, keys.MORE_TIME_MAX)
    behind: Counter[str] = Counter()
    found: dict[str, MoreTime] = {}
    rows = connection.execute(
        "SELECT id, ticket.queue, coalesce(times, 0) FROM ticket LEFT JOIN queue_more_time ON ticket = id"
        " WHERE state = 'waiting' ORDER BY place_ms DESC, seq DESC"
    )
    for ticket, queue, times in rows:
        if behind[queue] and times < times_max:
            found[ticket] = MoreTime(min(behind[queue], behind_max), times_max - times)
        behind[queue] += 1
    return found.get


HANDLERS: Final[dict[type[Command], Handler]] = {m.AskForTime: Handler(for_more_time, ask)}
