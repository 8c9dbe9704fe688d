"""Tables of the slot book and how events fill them; an appointment follows its ticket by the queue's own facts."""

from typing import Final

import msgspec

from edge.appointments import events as e
from edge.appointments.model import EARLY_MARK, SMS_MARK
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.queue.events import TicketFinished, TicketIssued, TicketServed
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "appointments/001",
        """
        CREATE TABLE appointment(
            id TEXT PRIMARY KEY,
            code TEXT NOT NULL,
            service TEXT NOT NULL,
            day TEXT NOT NULL,
            start_ms INTEGER NOT NULL,
            end_ms INTEGER NOT NULL,
            state TEXT NOT NULL,
            channel TEXT NOT NULL,
            holder TEXT,
            customer TEXT,
            phone_ref TEXT,
            expert TEXT,
            cash_minor INTEGER,
            cash_currency TEXT,
            booked_ms INTEGER NOT NULL,
            signed_in_ms INTEGER,
            ticket TEXT,
            early_ticket TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX appointment_slot ON appointment(day, service, start_ms);
        CREATE INDEX appointment_due ON appointment(end_ms) WHERE state = 'booked';
        CREATE UNIQUE INDEX appointment_code ON appointment(code) WHERE state = 'booked';
        CREATE INDEX appointment_ticket ON appointment(ticket) WHERE ticket IS NOT NULL;
        CREATE INDEX appointment_early_ticket ON appointment(early_ticket) WHERE early_ticket IS NOT NULL;
        CREATE TABLE appointment_plan(
            service TEXT PRIMARY KEY,
            body BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE appointment_rules(
            id INTEGER PRIMARY KEY CHECK (id = 1),
            body BLOB NOT NULL
        ) STRICT;
        CREATE TABLE appointment_absence(
            staff TEXT NOT NULL,
            day TEXT NOT NULL,
            PRIMARY KEY (staff, day)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE appointment_sms_code(
            day TEXT NOT NULL,
            serial INTEGER NOT NULL,
            service TEXT NOT NULL,
            phone_ref TEXT,
            ticket TEXT,
            PRIMARY KEY (day, serial)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        "appointments/002-sales",
        """
        CREATE TABLE appointment_sale(
            sale TEXT PRIMARY KEY,
            appointment TEXT,
            code TEXT,
            next_slot TEXT,
            at_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
)
FOLDED: Final = (
    "appointment",
    "appointment_plan",
    "appointment_rules",
    "appointment_absence",
    "appointment_sms_code",
    "appointment_sale",
)


# --- how it is booked


def slot_plan_set(connection: Connection, event: e.SlotPlanSet, _record: Record) -> None:
    connection.execute(
        "INSERT INTO appointment_plan VALUES (?, ?) ON CONFLICT (service) DO UPDATE SET body = excluded.body",
        (event.service, msgspec.json.encode(event.plan)),
    )


def booking_rules_set(connection: Connection, event: e.BookingRulesSet, _record: Record) -> None:
    connection.execute(
        "INSERT INTO appointment_rules VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        (msgspec.json.encode(event.rules),),
    )


def absence_set(connection: Connection, event: e.AbsenceSet, _record: Record) -> None:
    connection.execute("DELETE FROM appointment_absence WHERE staff = ? AND day = ?", (event.staff, event.day))
    if event.absent:
        connection.execute("INSERT INTO appointment_absence VALUES (?, ?)", (event.staff, event.day))


# --- an appointment


def booked(connection: Connection, event: e.AppointmentBooked, record: Record) -> None:
    connection.execute(
        "INSERT INTO appointment(id, code, service, day, start_ms, end_ms, state, channel, holder, customer, phone_ref,"
        " expert, cash_minor, cash_currency, booked_ms) VALUES (?, ?, ?, ?, ?, ?, 'booked', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.appointment,
            event.code,
            event.service,
            event.day,
            event.start_ms,
            event.end_ms,
            event.channel,
            event.holder,
            event.customer,
            event.phone_ref,
            event.expert,
            None if event.cash is None else event.cash.minor,
            None if event.cash is None else event.cash.currency,
            record.at_ms,
        ),
    )
    if event.sale is not None:
        connection.execute(
            "INSERT INTO appointment_sale VALUES (?, ?, NULL, NULL, ?)", (event.sale, event.appointment, record.at_ms)
        )


def sale_refused(connection: Connection, event: e.SaleRefused, record: Record) -> None:
    connection.execute(
        "INSERT INTO appointment_sale VALUES (?, NULL, ?, ?, ?)", (event.sale, event.code, event.next_slot, record.at_ms)
    )


def rebooked(connection: Connection, event: e.AppointmentRebooked, _record: Record) -> None:
    connection.execute(
        "UPDATE appointment SET day = ?, start_ms = ?, end_ms = ?, expert = ? WHERE id = ?",
        (event.day, event.start_ms, event.end_ms, event.expert, event.appointment),
    )


def signed_in(connection: Connection, event: e.AppointmentSignedIn, record: Record) -> None:
    connection.execute(
        "UPDATE appointment SET state = 'signed_in', signed_in_ms = ?, expert = ? WHERE id = ?",
        (record.at_ms, event.expert, event.appointment),
    )


def cancelled(connection: Connection, event: e.AppointmentCancelled, _record: Record) -> None:
    _set_state(connection, event.appointment, "cancelled")


def came_early(_connection: Connection, _event: e.AppointmentCameEarly, _record: Record) -> None:
    """The appointment stays as it is; its live ticket is linked when the queue issues it."""


def released(connection: Connection, event: e.AppointmentReleased, _record: Record) -> None:
    _set_state(connection, event.appointment, "released")


def missed(connection: Connection, event: e.AppointmentMissed, _record: Record) -> None:
    _set_state(connection, event.appointment, "no_show")


def _set_state(connection: Connection, appointment: str, state: str) -> None:
    connection.execute("UPDATE appointment SET state = ? WHERE id = ?", (state, appointment))


# --- tickets


def ticket_issued(connection: Connection, event: TicketIssued, _record: Record) -> None:
    """Note the ticket of an appointment, of an early comer, or of a text message's code."""
    ref = event.appointment
    if ref is None:
        return
    if ref.startswith(SMS_MARK):
        day, serial = ref.removeprefix(SMS_MARK).split(":")
        connection.execute(
            "INSERT INTO appointment_sms_code VALUES (?, ?, ?, NULL, ?)"
            " ON CONFLICT (day, serial) DO UPDATE SET ticket = excluded.ticket",
            (day, int(serial), event.service, event.ticket),
        )
    elif ref.endswith(EARLY_MARK):
        connection.execute("UPDATE appointment SET early_ticket = ? WHERE id = ?", (event.ticket, ref.removesuffix(EARLY_MARK)))
    else:
        connection.execute("UPDATE appointment SET ticket = ? WHERE id = ?", (event.ticket, ref))


def ticket_served(connection: Connection, event: TicketServed | TicketFinished, _record: Record) -> None:
    """Whoever is served has had their appointment, also with the live number of an early comer."""
    for column in ("ticket", "early_ticket"):
        connection.execute(
            f"UPDATE appointment SET state = 'served' WHERE {column} = ? AND state IN ('booked', 'signed_in')",  # noqa: S608 -- constant names
            (event.ticket,),
        )


# --- codes


def sms_code_issued(connection: Connection, event: e.SmsCodeIssued, _record: Record) -> None:
    connection.execute(
        "INSERT INTO appointment_sms_code VALUES (?, ?, ?, ?, NULL)", (event.day, event.serial, event.service, event.phone_ref)
    )


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    e.SlotPlanSet: (slot_plan_set,),
    e.BookingRulesSet: (booking_rules_set,),
    e.AbsenceSet: (absence_set,),
    e.AppointmentBooked: (booked,),
    e.SaleRefused: (sale_refused,),
    e.AppointmentRebooked: (rebooked,),
    e.AppointmentCancelled: (cancelled,),
    e.AppointmentSignedIn: (signed_in,),
    e.AppointmentCameEarly: (came_early,),
    e.AppointmentReleased: (released,),
    e.AppointmentMissed: (missed,),
    e.SmsCodeIssued: (sms_code_issued,),
    TicketIssued: (ticket_issued,),
    TicketServed: (ticket_served,),
    TicketFinished: (ticket_served,),
}
