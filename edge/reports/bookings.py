"""Appointments as reports tell of them: the slot, who came when, and which ticket came of it.

`appointments` keeps what its decisions need; here stay also the moment somebody came who was too late, and whether an expert
had been asked for by name where somebody else served in the end.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from edge.appointments import events as a
from edge.appointments.model import EARLY_MARK, SMS_MARK
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.pipeline import Apply
from edge.parking.model import BayAsked, CarArrived
from edge.queue.events import TicketFinished, TicketIssued, TicketServed
from edge.reports.belonging import key
from edge.reports.period import Period
from sync.chain import Record


class Booking(NamedTuple):
    """A row of `report_appointment` with what became of its ticket."""

    day: str
    seq: int
    service: str
    channel: str
    start_ms: int
    expert: int
    """Whether somebody was asked for by name."""
    cash: int
    """Whether cash was ordered (备款)."""
    parking: int
    """Whether a bay was asked for."""
    parked: int
    """Whether its car came in."""
    state: str
    """`edge.appointments.model.State`."""
    came_ms: int | None
    number: str | None
    first_call_ms: int | None
    staff: str | None
    counter: str | None

    @property
    def early_s(self) -> int | None:
        """How long before the slot its holder came; None for who came later, or not at all."""
        if self.came_ms is None or self.came_ms > self.start_ms:
            return None
        return (self.start_ms - self.came_ms) // 1000

    @property
    def late_s(self) -> int | None:
        """How long after the slot's beginning its holder came."""
        if self.came_ms is None or self.came_ms <= self.start_ms:
            return None
        return (self.came_ms - self.start_ms) // 1000

    @property
    def wait_s(self) -> int | None:
        """From the slot's beginning, or from coming where that was later, to the first call; 0 for who was called before."""
        if self.first_call_ms is None or self.came_ms is None:
            return None
        return max(0, self.first_call_ms - max(self.start_ms, self.came_ms)) // 1000


_BOOKINGS: Final = """
SELECT a.day, a.seq, a.service, a.channel, start_ms, expert, cash, parking, parked, a.state, came_ms,
       number, first_call_ms, staff, counter
FROM report_appointment AS a LEFT JOIN report_ticket AS t ON t.day = a.day AND t.seq = a.ticket_seq
WHERE a.day BETWEEN ? AND ? ORDER BY a.day, start_ms, a.seq
"""


def bookings(connection: Connection, period: Period) -> Iterator[Booking]:
    """The appointments for the days of `period`, whenever they were made."""
    for row in connection.execute(_BOOKINGS, (period.first.isoformat(), period.last.isoformat())):
        yield Booking(*row)


def is_appointment(ref: str | None) -> bool:
    """Whether a ticket was taken with an appointment; a text message's code is none."""
    return ref is not None and not ref.startswith(SMS_MARK)


# --- applies


def booked(connection: Connection, event: a.AppointmentBooked, record: Record) -> None:
    asked, cash = event.expert is not None, event.cash is not None
    connection.execute(
        "INSERT INTO report_appointment VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'booked', NULL, NULL, 0, 0)",
        (event.day, record.seq, event.appointment, event.service, event.channel, event.start_ms, asked, cash),
    )


def rebooked(connection: Connection, event: a.AppointmentRebooked, _record: Record) -> None:
    connection.execute(
        "UPDATE report_appointment SET day = ?, start_ms = ?, expert = ? WHERE appointment = ?",
        (event.day, event.start_ms, event.expert is not None, event.appointment),
    )


def came(
    connection: Connection,
    event: a.AppointmentSignedIn | a.AppointmentCameEarly | a.AppointmentReleased,
    record: Record,
) -> None:
    """Who came too early has not signed in yet, and came then all the same."""
    connection.execute(
        "UPDATE report_appointment SET came_ms = coalesce(came_ms, ?) WHERE appointment = ?", (record.at_ms, event.appointment)
    )
    state = _STATES.get(type(event))
    if state is not None:
        _set_state(connection, event.appointment, state)


def ended(connection: Connection, event: a.AppointmentCancelled | a.AppointmentMissed, _record: Record) -> None:
    _set_state(connection, event.appointment, _STATES[type(event)])


_STATES: Final[dict[type[Event], str]] = {
    a.AppointmentSignedIn: "signed_in",
    a.AppointmentReleased: "released",
    a.AppointmentCancelled: "cancelled",
    a.AppointmentMissed: "no_show",
}


def _set_state(connection: Connection, appointment: str, state: str) -> None:
    connection.execute("UPDATE report_appointment SET state = ? WHERE appointment = ?", (state, appointment))


def bay_asked(connection: Connection, event: BayAsked, _record: Record) -> None:
    connection.execute("UPDATE report_appointment SET parking = 1 WHERE appointment = ?", (event.visit,))


def car_arrived(connection: Connection, event: CarArrived, _record: Record) -> None:
    connection.execute("UPDATE report_appointment SET parked = 1 WHERE appointment = ?", (event.visit,))


def ticket_issued(connection: Connection, event: TicketIssued, record: Record) -> None:
    """An early comer's live number gives way to the appointment's own."""
    if event.appointment is not None and is_appointment(event.appointment):
        connection.execute(
            "UPDATE report_appointment SET ticket_seq = ? WHERE appointment = ?",
            (record.seq, event.appointment.removesuffix(EARLY_MARK)),
        )


def ticket_served(connection: Connection, event: TicketServed | TicketFinished, _record: Record) -> None:
    """Whoever is served has had their appointment; who came too late had lost it before."""
    connection.execute(
        "UPDATE report_appointment SET state = 'served' WHERE (day, ticket_seq) = (?, ?) AND state IN ('booked', 'signed_in')",
        key(connection, event.ticket),
    )


APPLIES_OF_BOOKINGS: Final[dict[type[Event], tuple[Apply, ...]]] = {
    a.AppointmentBooked: (booked,),
    a.AppointmentRebooked: (rebooked,),
    a.AppointmentSignedIn: (came,),
    a.AppointmentCameEarly: (came,),
    a.AppointmentReleased: (came,),
    a.AppointmentCancelled: (ended,),
    a.AppointmentMissed: (ended,),
    BayAsked: (bay_asked,),
    CarArrived: (car_arrived,),
}
