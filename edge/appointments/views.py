"""What is read of the slot book: by decisions, on the writer's connection, and by the API. Nothing personal is in a view."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from edge.appointments import policy as keys
from edge.appointments.model import HOLDING, Appointment, BookingRules, SlotPlan, State
from edge.appointments.slots import DayBook, Engagement, order_day, slots_of
from edge.kernel.db import Connection
from edge.queue import ruling
from edge.queue.call_rules import Calendar
from edge.queue.views import moment

LIST_MAX: Final = 500

_SELECT: Final = f"SELECT {', '.join(Appointment._fields)} FROM appointment "  # noqa: S608 -- constant columns
_HOLDING: Final = "(" + ", ".join(f"'{state}'" for state in HOLDING) + ")"


class CashView(msgspec.Struct, frozen=True):
    amount_minor: int
    currency: str


class AppointmentView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An appointment as staff and devices see it."""

    id: str
    code: str
    service: str
    day: str
    slot: str
    starts_at: datetime
    ends_at: datetime
    state: str
    channel: str
    expert: str | None = None
    cash: CashView | None = None
    ticket: str | None = None
    signed_in_at: datetime | None = None
    recognised: bool = False


class WorkItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be prepared for an appointment: cash to be ordered, an expert to be there."""

    appointment: str
    service: str
    slot: str
    starts_at: datetime
    state: str
    expert: str | None = None
    expert_away: bool = False
    """They were marked absent for this day: offer another."""
    cash: CashView | None = None
    order_by: str | None = None
    """The last working day on which the cash can be ordered."""


# --- settings


def plan(connection: Connection, service: str) -> SlotPlan | None:
    body = connection.execute("SELECT body FROM appointment_plan WHERE service = ?", (service,)).get
    return None if body is None else msgspec.json.decode(body, type=SlotPlan)


def plans(connection: Connection) -> dict[str, SlotPlan]:
    rows = connection.execute("SELECT service, body FROM appointment_plan ORDER BY service")
    return {str(service): msgspec.json.decode(body, type=SlotPlan) for service, body in rows}


def rules(connection: Connection) -> BookingRules:
    """The parameters as they hold, within policy."""
    body = connection.execute("SELECT body FROM appointment_rules").get
    return keys.in_effect(connection, None if body is None else msgspec.json.decode(body, type=BookingRules))


def calendar(connection: Connection) -> Calendar:
    """The days that are not what their weekday says; the queue keeps them."""
    return ruling.calendar(connection)


def absent(connection: Connection, day: str) -> frozenset[str]:
    rows = connection.execute("SELECT staff FROM appointment_absence WHERE day = ?", (day,))
    return frozenset(str(staff) for (staff,) in rows)


# --- the slot book


def day_book(connection: Connection, service: str, day: date, zone: ZoneInfo, *, without: str = "") -> DayBook:
    """One service on one day. `without` is an appointment that is about to move, and is in nobody's way."""
    found = plan(connection, service)
    if found is None:
        return DayBook()
    taken = connection.execute(
        "SELECT start_ms, channel, count(*) FROM appointment"  # noqa: S608 -- constant states
        f" WHERE day = ? AND service = ? AND id <> ? AND state IN {_HOLDING} GROUP BY start_ms, channel",
        (day.isoformat(), service, without),
    )
    engaged = connection.execute(
        "SELECT expert, start_ms, end_ms FROM appointment"  # noqa: S608 -- constant states
        f" WHERE day = ? AND expert IS NOT NULL AND id <> ? AND state IN {_HOLDING}",
        (day.isoformat(), without),
    )
    return DayBook(
        found,
        slots_of(found, day, calendar(connection), zone),
        {(int(start_ms), str(channel)): int(count) for start_ms, channel, count in taken},
        tuple(Engagement(str(expert), int(start_ms), int(end_ms)) for expert, start_ms, end_ms in engaged),
        absent(connection, day.isoformat()),
    )


# --- appointments


def _row(found: tuple[object, ...]) -> Appointment:
    values = Appointment(*found)  # type: ignore[arg-type]
    return values._replace(state=State(values.state))


def appointment(connection: Connection, appointment_id: str) -> Appointment | None:
    found = connection.execute(_SELECT + "WHERE id = ?", (appointment_id,)).fetchone()
    return None if found is None else _row(found)


def of_day(connection: Connection, day: str) -> list[Appointment]:
    rows = connection.execute(_SELECT + "WHERE day = ? ORDER BY start_ms, booked_ms, id LIMIT ?", (day, LIST_MAX))
    return [_row(found) for found in rows]


def by_code(connection: Connection, day: str, code: str) -> list[Appointment]:
    rows = connection.execute(_SELECT + "WHERE day = ? AND code = ? AND state <> 'cancelled' ORDER BY start_ms", (day, code))
    return [_row(found) for found in rows]


def by_holder(connection: Connection, day: str, holder: str, customer: str | None) -> list[Appointment]:
    """Whatever somebody has today, by the identity that was given or by who they are."""
    rows = connection.execute(
        _SELECT + "WHERE day = ? AND (holder = ? OR customer = ?) AND state <> 'cancelled' ORDER BY start_ms",
        (day, holder, customer),
    )
    return [_row(found) for found in rows]


def view(found: Appointment, zone: ZoneInfo) -> AppointmentView:
    starts_at = moment(found.start_ms, zone)
    return AppointmentView(
        id=found.id,
        code=found.code,
        service=found.service,
        day=found.day,
        slot=f"{starts_at:%H:%M}",
        starts_at=starts_at,
        ends_at=moment(found.end_ms, zone),
        state=found.state.value,
        channel=found.channel,
        expert=found.expert,
        cash=_cash(found),
        ticket=found.ticket or found.early_ticket,
        signed_in_at=None if found.signed_in_ms is None else moment(found.signed_in_ms, zone),
        recognised=found.customer is not None,
    )


def _cash(found: Appointment) -> CashView | None:
    return None if found.cash is None else CashView(found.cash.minor, found.cash.currency)


# --- the work plan


def work_plan(connection: Connection, day: date, zone: ZoneInfo) -> list[WorkItem]:
    """What the day's appointments need to be prepared, in the order of the clock (S30)."""
    away, days, notice_days = absent(connection, day.isoformat()), calendar(connection), rules(connection).notice_days
    order_by = order_day(day, notice_days, days).isoformat()
    wanted = [one for one in of_day(connection, day.isoformat()) if one.state in HOLDING and (one.expert or one.cash)]
    return [_work(one, zone, away, order_by) for one in wanted]


def _work(found: Appointment, zone: ZoneInfo, away: frozenset[str], order_by: str) -> WorkItem:
    starts_at = moment(found.start_ms, zone)
    return WorkItem(
        appointment=found.id,
        service=found.service,
        slot=f"{starts_at:%H:%M}",
        starts_at=starts_at,
        state=found.state.value,
        expert=found.expert,
        expert_away=found.expert in away,
        cash=_cash(found),
        order_by=None if found.cash is None else order_by,
    )


# --- codes


def sms_phone(connection: Connection, day: str, serial: int) -> str | None:
    """Where the phone number that a code was sent to is kept."""
    found: str | None = connection.execute(
        "SELECT phone_ref FROM appointment_sms_code WHERE day = ? AND serial = ?", (day, serial)
    ).get
    return found
