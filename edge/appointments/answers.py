"""What the callers of commands get back, read inside the transaction and kept in the receipt."""

from collections.abc import Sequence
from typing import Final

import msgspec

from edge.appointments import events as e
from edge.appointments import model as m
from edge.appointments import views
from edge.appointments.load import BookingState, SignInState, SmsState, expert_counter
from edge.appointments.model import Appointment, Arrival, State
from edge.appointments.slots import arrival
from edge.appointments.views import AppointmentView
from edge.kernel.db import Connection
from edge.kernel.domain import Context, Event, InvariantBroken
from edge.queue import views as queue_views
from edge.queue.model import State as TicketState
from edge.queue.model import Tier

_LOST: Final = (TicketState.CANCELLED, TicketState.EXPIRED, TicketState.NO_SHOW)


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with an appointment is here, and this is what their ticket is to be.

    Everything the ticket's command needs is here, and the receipt keeps it: a repeat of the call after a crash makes the same
    command again, and finishes what was begun.
    """

    appointment: str
    service: str
    arrival: Arrival
    ref: str
    """By what the queue knows the ticket; it gives one for each."""
    place_ms: int | None = None
    """The slot's beginning, where they are in time."""
    tier: Tier = Tier.NORMAL
    """Of the customer; who comes in time has a tier of their own."""
    customer: str | None = None
    phone_ref: str | None = None
    ticket: str | None = None
    """They have one already."""
    replaces: str | None = None
    """The live ticket that was given when they came early; it waits, and its place is worse."""
    counter: str | None = None
    """Where the expert they asked for is, and their ticket is yet to be sent."""


class SmsCodeGiven(msgspec.Struct, frozen=True):
    """The serial of a new code; the door makes the code of it, with the box's key."""

    day: str
    serial: int
    service: str


def appointment(
    connection: Connection, state: BookingState | Appointment | None, events: Sequence[Event], context: Context
) -> AppointmentView | None:
    """The appointment the command was about, as it is now."""
    about = state.appointment if isinstance(state, BookingState) else state
    booked = next((event.appointment for event in events if isinstance(event, e.AppointmentBooked)), None)
    found = views.appointment(connection, booked or (about.id if about else ""))
    return None if found is None else views.view(found, context.zone)


def admission(connection: Connection, state: SignInState, _events: Sequence[Event], context: Context) -> Admission:
    found = None if state.appointment is None else views.appointment(connection, state.appointment.id)
    if found is None:
        raise InvariantBroken("somebody signed in without an appointment")
    when = _when(found, state, context)
    live = _live(connection, found.early_ticket)
    replaced = live if when is Arrival.ON_TIME and live == (found.early_ticket, TicketState.WAITING) else None
    on_time = when is Arrival.ON_TIME
    return Admission(
        appointment=found.id,
        service=found.service,
        arrival=when,
        ref=m.early_ref(found.id) if when is Arrival.EARLY else found.id,
        place_ms=found.start_ms if on_time else None,
        tier=_tier(connection, found.customer),
        customer=found.customer,
        phone_ref=found.phone_ref,
        ticket=found.ticket or (live[0] if live and not replaced else None),
        replaces=replaced[0] if replaced and not found.ticket else None,
        counter=_to_counter(connection, found) if on_time else None,
    )


def _when(found: Appointment, state: SignInState, context: Context) -> Arrival:
    """When they came; for those who signed in before, in time."""
    if found.state in (State.SIGNED_IN, State.SERVED):
        return Arrival.ON_TIME
    return Arrival.LATE if found.state is not State.BOOKED else arrival(found, state.rules, context.now_ms)


def _to_counter(connection: Connection, found: Appointment) -> str | None:
    """The expert's counter, unless the ticket is there, or past waiting."""
    ticket = None if found.ticket is None else queue_views.row(connection, found.ticket)
    settled = ticket is not None and (ticket.state != TicketState.WAITING or ticket.queue.startswith("@"))
    return None if found.expert is None or settled else expert_counter(connection, found.expert)


def _tier(connection: Connection, customer: str | None) -> Tier:
    tier: str | None = connection.execute("SELECT tier FROM customer WHERE ref = ?", (customer,)).get
    return Tier.NORMAL if tier is None else Tier(tier)


def _live(connection: Connection, ticket: str | None) -> tuple[str, TicketState] | None:
    """A ticket that is not lost, and its state."""
    found = None if ticket is None else queue_views.row(connection, ticket)
    if found is None or found.state in _LOST:
        return None
    return found.id, TicketState(found.state)


def sms_code(_connection: Connection, _state: SmsState, events: Sequence[Event], _context: Context) -> SmsCodeGiven:
    event = events[-1]
    if not isinstance(event, e.SmsCodeIssued):
        raise InvariantBroken("no code was issued")
    return SmsCodeGiven(event.day, event.serial, event.service)
