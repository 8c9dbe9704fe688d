"""What each decision about appointments needs to know."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from edge.appointments import model as m
from edge.appointments import policy as keys
from edge.appointments import slots, views
from edge.appointments.model import Appointment, BookingRules, State
from edge.appointments.slots import DayBook, Slot
from edge.kernel.db import Connection
from edge.kernel.domain import Context, Rejected
from edge.org import tables as org
from edge.policy.keys import Level
from edge.queue import views as queue_views
from edge.queue.call_rules import Calendar
from edge.queue.model import Channel
from edge.queue.model import State as TicketState

MISSED_AT_ONCE_MAX: Final = 200
OVER: Final = (TicketState.CANCELLED, TicketState.EXPIRED, TicketState.NO_SHOW, TicketState.FINISHED)


@dataclass(frozen=True, slots=True)
class BookingState:
    """The wished day of a service."""

    rules: BookingRules
    day: date
    book: DayBook
    calendar: Calendar = field(default_factory=dict)
    service_known: bool = True
    codes: tuple[str, ...] = ()
    """Free codes; one is enough."""
    already: str | None = None
    """The code of an appointment that this holder has for this service and day."""
    appointment: Appointment | None = None
    """The one that is to move."""


@dataclass(frozen=True, slots=True)
class SignInState:
    appointment: Appointment | None
    rules: BookingRules
    day_closed: bool = False
    expert_here: bool = False
    """Whoever was asked for is signed in at a counter and not marked absent."""
    offers: dict[str, str | None] = field(default_factory=dict)
    """What to offer where the expert is away: `other_expert` in the same slot, `next_slot` without one."""
    used: str | None = None
    """The number of its ticket, where that is over: it calls nobody any more."""


def day_of(text: str) -> date:
    """Raises Rejected("invalid_slot") for what is no date."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Rejected("invalid_slot", day=text) from error


def for_plan(connection: Connection, command: m.SetSlotPlan, _context: Context) -> bool:
    """Whether there is such a service."""
    return org.service(connection, command.service) is not None


def for_rules(connection: Connection, command: m.SetBookingRules, _context: Context) -> tuple[str, Level] | None:
    """What of it an upper level holds."""
    return keys.held_above(connection, command.rules, views.rules(connection))


def nothing(_connection: Connection, _command: object, _context: Context) -> None:
    """For decisions that need no state."""


def for_booking(connection: Connection, command: m.BookAppointment, context: Context) -> BookingState:
    day = day_of(command.day)
    mine = [] if command.holder is None else views.by_holder(connection, day.isoformat(), command.holder, command.customer)
    return BookingState(
        rules=views.rules(connection),
        day=day,
        book=views.day_book(connection, command.service, day, context.zone),
        calendar=views.calendar(connection),
        service_known=org.service(connection, command.service) is not None,
        codes=tuple(code for code in slots.codes(context.entropy) if not _code_taken(connection, code, day)),
        already=next((one.code for one in mine if one.service == command.service and one.state is State.BOOKED), None),
    )


def _code_taken(connection: Connection, code: str, day: date) -> bool:
    return bool(
        connection.execute(
            "SELECT count(*) FROM appointment WHERE code = ? AND (state = 'booked' OR day = ?)", (code, day.isoformat())
        ).get
    )


def for_rebooking(connection: Connection, command: m.RebookAppointment, context: Context) -> BookingState:
    day = day_of(command.day)
    found = views.appointment(connection, command.appointment)
    service = "" if found is None else found.service
    return BookingState(
        rules=views.rules(connection),
        day=day,
        book=views.day_book(connection, service, day, context.zone, without=command.appointment),
        calendar=views.calendar(connection),
        appointment=found,
    )


def for_appointment(connection: Connection, command: m.CancelAppointment, _context: Context) -> Appointment | None:
    return views.appointment(connection, command.appointment)


def for_sign_in(connection: Connection, command: m.SignInAppointment, context: Context) -> SignInState:
    rules, today = views.rules(connection), context.today.isoformat()
    found = _whose(connection, command, today)
    used = {one.id: number for one in found if (number := _used(connection, one)) is not None}
    chosen = choose([one for one in found if one.id not in used] or found, rules, context.now_ms)
    closed = connection.execute("SELECT state FROM queue_day WHERE day = ?", (today,)).get == "closed"
    number = None if chosen is None else used.get(chosen.id)
    if chosen is None or chosen.expert is None or number is not None:
        return SignInState(chosen, rules, closed, used=number)
    book = views.day_book(connection, chosen.service, context.today, context.zone)
    here = chosen.expert not in book.absent and expert_counter(connection, chosen.expert) is not None
    return SignInState(
        chosen,
        rules,
        closed,
        expert_here=here,
        offers=_offers(connection, chosen, book, context),
    )


def _used(connection: Connection, found: Appointment) -> str | None:
    """The number of its ticket, where that is over; an early comer's is its ticket once they were served with it."""
    given = found.ticket or (found.early_ticket if found.state is State.SERVED else None)
    ticket = None if given is None else queue_views.row(connection, given)
    return ticket.number if ticket is not None and ticket.state in OVER else None


def _whose(connection: Connection, command: m.SignInAppointment, today: str) -> list[Appointment]:
    if command.code is not None:
        return views.by_code(connection, today, command.code)
    return views.by_holder(connection, today, command.holder or "", command.customer)


def choose(found: list[Appointment], rules: BookingRules, now_ms: int) -> Appointment | None:
    """Whichever they come for: one they are in time for, else one they have signed in for, else the next, else the last."""
    booked = [one for one in found if one.state is State.BOOKED]
    when = {one.id: slots.arrival(one, rules, now_ms) for one in booked}
    in_time = [one for one in booked if when[one.id] is m.Arrival.ON_TIME]
    coming = [one for one in booked if when[one.id] is m.Arrival.EARLY]
    signed_in = [one for one in found if one.state is State.SIGNED_IN]
    return next(iter([*in_time, *reversed(signed_in), *coming, *reversed(found)]), None)


def expert_counter(connection: Connection, staff: str) -> str | None:
    """Where a member of staff is signed in."""
    found: str | None = connection.execute("SELECT counter FROM queue_counter WHERE staff = ?", (staff,)).get
    return found


def _offers(connection: Connection, found: Appointment, book: DayBook, context: Context) -> dict[str, str | None]:
    slot = Slot("", found.start_ms, found.end_ms)
    others = [one for one in book.experts(slot) if one != found.expert and expert_counter(connection, one) is not None]
    channel = Channel(found.channel)
    return {
        "other_expert": others[0] if others else None,
        "next_slot": book.offer(channel, after_ms=context.now_ms),
    }


def for_missed(connection: Connection, _command: m.MarkMissed, context: Context) -> list[str]:
    """Whose slot ended long enough ago; not those who are here with a live number."""
    grace_ms = views.rules(connection).late_min * slots.MINUTE_MS
    rows = connection.execute(
        "SELECT appointment.id FROM appointment LEFT JOIN ticket ON ticket.id = early_ticket"
        " WHERE appointment.state = 'booked' AND end_ms < ?"
        " AND (ticket.state IS NULL OR ticket.state NOT IN ('waiting', 'called', 'serving', 'parked')) LIMIT ?",
        (context.now_ms - grace_ms, MISSED_AT_ONCE_MAX),
    )
    return [str(appointment) for (appointment,) in rows]


@dataclass(frozen=True, slots=True)
class SmsState:
    service_known: bool
    last: int
    """The last serial the branch gave today."""


def for_sms_code(connection: Connection, command: m.IssueSmsCode, context: Context) -> SmsState:
    last: int | None = connection.execute(
        "SELECT max(serial) FROM appointment_sms_code WHERE day = ? AND serial < ?",
        (context.today.isoformat(), m.HEAD_OFFICE_SERIALS_FROM),
    ).get
    return SmsState(org.service(connection, command.service) is not None, last or 0)
