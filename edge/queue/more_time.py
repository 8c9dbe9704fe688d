"""More time (晚点再叫): somebody who is not ready yet lets the next few go first, from their phone.

* Only whoever waits. The number stays and the wait counts on; the place becomes the one behind the next few (three) of the same
  queue, or behind the last where fewer wait. Exactly so many go first: whoever stands further back, but at the same millisecond
  (those with the same slot do), is moved back by one, so that they stay behind.
* Where nobody waits behind, nothing could be moved, and the answer says so: they may be called at any moment.
* A few times a visit (two). The figures in brackets are the defaults of policy keys.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

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

FURTHER_MAX: Final = 50
"""Of those who come after the next few, so many are looked at: they are in the way only at the same millisecond."""


class MoreTime(msgspec.Struct, frozen=True):
    """What the phone may offer."""

    behind: int
    """People who would go first."""
    left: int
    """How often it may still be asked for, this time included."""


class Behind(NamedTuple):
    """Somebody who stands further back in the same queue; the names are the columns."""

    id: str
    place_ms: int
    seq: int


@dataclass(frozen=True, slots=True)
class MoreTimeState:
    ticket: Ticket | None
    seq: int = 0
    """Its own place among those of the same millisecond."""
    times: int = 0
    times_max: int = 0
    behind: tuple[Behind, ...] = ()
    """The next few behind, in order."""
    further: tuple[Behind, ...] = ()
    """Those who come after them, as far as they can be in the way."""


def for_more_time(connection: Connection, command: m.AskForTime, _context: Context) -> MoreTimeState:
    return state_of(connection, command.ticket)


def state_of(connection: Connection, ticket: str) -> MoreTimeState:
    times: int = connection.execute("SELECT coalesce(max(times), 0) FROM queue_more_time WHERE ticket = ?", (ticket,)).get
    few = policy.read(connection, keys.MORE_TIME_BEHIND)
    rows = connection.execute(
        "SELECT other.id, other.place_ms, other.seq FROM ticket AS own JOIN ticket AS other"
        " ON other.queue = own.queue AND other.state = 'waiting' AND (other.place_ms, other.seq) > (own.place_ms, own.seq)"
        " WHERE own.id = ? ORDER BY other.place_ms, other.seq LIMIT ?",
        (ticket, few + FURTHER_MAX),
    )
    line = tuple(Behind(*row) for row in rows)
    return MoreTimeState(
        ticket=load.ticket(connection, ticket),
        seq=connection.execute("SELECT seq FROM ticket WHERE id = ?", (ticket,)).get or 0,
        times=times,
        times_max=policy.read(connection, keys.MORE_TIME_MAX),
        behind=line[:few],
        further=line[few:],
    )


def ask(state: MoreTimeState, _command: m.AskForTime, _context: Context) -> Sequence[Event]:
    ticket = may(state.ticket, "more_time")
    if state.times >= state.times_max:
        raise Rejected("more_time_used", times_max=state.times_max)
    if not state.behind:
        raise Rejected("nobody_behind", number=ticket.number)
    place_ms, times = state.behind[-1].place_ms + 1, state.times + 1
    moved = moved_back((place_ms, state.seq), state.further)
    return [
        e.TicketDeferred(
            ticket=ticket.id, number=ticket.number, queue=ticket.queue, place_ms=place_ms, times=times, moved_back=moved
        )
    ]


def moved_back(last: tuple[int, int], further: Sequence[Behind]) -> dict[str, int]:
    """New places for those who would not stand behind `last` (place and seq) any more; whoever does, does not move."""
    moved: dict[str, int] = {}
    for one in further:
        if (one.place_ms, one.seq) > last:
            break
        place_ms = last[0] if one.seq > last[1] else last[0] + 1
        moved[one.id] = place_ms
        last = (place_ms, one.seq)
    return moved


def offer(connection: Connection, ticket: str) -> MoreTime | None:
    """For somebody who waits; None where there is nothing to ask for."""
    state = state_of(connection, ticket)
    left = state.times_max - state.times
    return MoreTime(len(state.behind), left) if state.behind and left > 0 else None


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
