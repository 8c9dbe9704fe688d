"""What the callers of commands get back, read inside the transaction and kept in the receipt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Context, Event, InvariantBroken
from edge.queue import events as e
from edge.queue import views
from edge.queue.load import Day, DeskState, IssueState, Ticket, TicketState
from edge.queue.model import State
from edge.queue.rules import Why
from edge.queue.views import CounterView, DayView, TicketView, WaitView

F = TypeVar("F", bound=Event)


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A new ticket. The token for the phone is added at the door: it is derived, never stored."""

    id: str
    number: str
    service: str
    queue: str
    tier: str
    state: str
    taken_at: datetime
    ahead: int
    wait: WaitView


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the rule picked, and why; both None where nobody waits."""

    ticket: TicketView | None = None
    why: Why | None = None


class Rated(msgspec.Struct, frozen=True):
    ticket: str
    score: int


def day(connection: Connection, _state: Day, _events: Sequence[Event], _context: Context) -> DayView | None:
    """The business day as it is now."""
    return views.day(connection)


def issued(_connection: Connection, _state: IssueState, events: Sequence[Event], context: Context) -> Issued:
    event = _last(events, e.TicketIssued)
    return Issued(
        id=event.ticket,
        number=event.number,
        service=event.service,
        queue=event.queue,
        tier=event.tier,
        state=State.PENDING if event.remote else State.WAITING,
        taken_at=views.moment(context.now_ms, context.zone),
        ahead=event.ahead,
        wait=WaitView(event.wait_low_s, event.wait_high_s, event.wait_basis),
    )


def ticket(
    connection: Connection, state: TicketState | DeskState, _events: Sequence[Event], context: Context
) -> TicketView | None:
    """The ticket the command was about, as it is now."""
    about = state.ticket if isinstance(state, TicketState) else _in_hand(state)
    return None if about is None else views.ticket(connection, about.id, context.zone)


class About(Protocol):
    """The state of a decision about one ticket."""

    @property
    def ticket(self) -> Ticket | None: ...


def subject(connection: Connection, state: About, _events: Sequence[Event], context: Context) -> TicketView | None:
    """The ticket that was decided about, as it is now."""
    return None if state.ticket is None else views.ticket(connection, state.ticket.id, context.zone)


def desk(connection: Connection, state: DeskState, _events: Sequence[Event], context: Context) -> CounterView | None:
    """The counter the command was about, as it is now."""
    return None if state.desk is None else views.counter(connection, state.desk.config.id, context.zone)


def called(connection: Connection, _state: DeskState, events: Sequence[Event], context: Context) -> Called:
    if not events or not isinstance(events[-1], e.TicketCalled):
        return Called()
    event = events[-1]
    return Called(ticket=views.ticket(connection, event.ticket, context.zone), why=event.why)


def rated(_connection: Connection, _state: TicketState, events: Sequence[Event], _context: Context) -> Rated:
    event = _last(events, e.TicketRated)
    return Rated(event.ticket, event.score)


def _in_hand(state: DeskState) -> Ticket | None:
    return None if state.desk is None else state.desk.ticket


def _last(events: Sequence[Event], kind: type[F]) -> F:
    event = events[-1]
    if not isinstance(event, kind):
        raise InvariantBroken(f"expected {kind.TYPE}")
    return event
