"""More time (晚点再叫): somebody who is not ready yet lets the next few go first, from their phone.

* Only whoever waits. The number stays and the wait counts on; the place becomes the one behind the next few (three) of the same
  queue, or behind the last where fewer wait.
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
from edge.queue import load
from edge.queue import model as m
from edge.queue import policy as keys
from edge.queue.desk import may
from edge.queue.load import Ticket


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
    behind_ms: tuple[int, ...] = ()
    """The places of the next few behind, in order."""


def for_more_time(connection: Connection, command: m.AskForTime, _context: Context) -> MoreTimeState:
    return state_of(connection, command.ticket)


def state_of(connection: Connection, ticket: str) -> MoreTimeState:
    times: int = connection.execute("SELECT coalesce(max(times), 0) FROM queue_more_time WHERE ticket = ?", (ticket,)).get
    behind = connection.execute(
        "SELECT other.place_ms FROM ticket AS own JOIN ticket AS other ON other.queue = own.queue AND other.state = 'waiting'"
        " AND (other.place_ms, other.seq) > (own.place_ms, own.seq)"
        " WHERE own.id = ? ORDER BY other.place_ms, other.seq LIMIT ?",
        (ticket, policy.read(connection, keys.MORE_TIME_BEHIND)),
    )
    places = tuple(int(str(place_ms)) for (place_ms,) in behind)
    return MoreTimeState(load.ticket(connection, ticket), times, policy.read(connection, keys.MORE_TIME_MAX), places)


def ask(state: MoreTimeState, _command: m.AskForTime, _context: Context) -> Sequence[Event]:
    ticket = may(state.ticket, "more_time")
    if state.times >= state.times_max:
        raise Rejected("more_time_used", times_max=state.times_max)
    if not state.behind_ms:
        raise Rejected("nobody_behind", number=ticket.number)
    place_ms, times = state.behind_ms[-1] + 1, state.times + 1
    return [e.TicketDeferred(ticket=ticket.id, number=ticket.number, queue=ticket.queue, place_ms=place_ms, times=times)]


def offer(connection: Connection, ticket: str) -> MoreTime | None:
    """For somebody who waits; None where there is nothing to ask for."""
    state = state_of(connection, ticket)
    left = state.times_max - state.times
    return MoreTime(len(state.behind_ms), left) if state.behind_ms and left > 0 else None


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
