"""The visit that a bay is for: a ticket, or an appointment and later its ticket."""

from dataclasses import dataclass
from typing import Final

from edge.appointments import views as appointments
from edge.appointments.model import State as AppointmentState
from edge.kernel.db import Connection
from edge.queue import views as tickets
from edge.queue.model import State as TicketState

_TICKET_OVER: Final = frozenset({TicketState.FINISHED, TicketState.CANCELLED, TicketState.EXPIRED})
_APPOINTMENT_OVER: Final = frozenset({AppointmentState.CANCELLED, AppointmentState.NO_SHOW, AppointmentState.SERVED})


@dataclass(frozen=True, slots=True)
class Visit:
    """For whom a bay is held."""

    id: str
    ticket: str | None
    appointment: str | None
    customer: str | None
    over: bool
    starts_ms: int | None = None
    """When the appointment is."""


def visit_of(connection: Connection, visit: str) -> Visit | None:
    """By the id of a ticket or of an appointment."""
    ticket = tickets.row(connection, visit)
    if ticket is not None:
        return Visit(visit, visit, None, ticket.customer, over=ticket.state in _TICKET_OVER)
    found = appointments.appointment(connection, visit)
    if found is None:
        return None
    taken = None if found.ticket is None else tickets.row(connection, found.ticket)
    over = found.state in _APPOINTMENT_OVER if taken is None else taken.state in _TICKET_OVER
    return Visit(visit, found.ticket, visit, found.customer, over=over, starts_ms=found.start_ms)
