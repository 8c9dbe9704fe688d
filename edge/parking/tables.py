"""The stays, how facts fill them, and what others may read."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from edge.appointments.model import EARLY_MARK
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.parking import bays
from edge.parking import model as m
from edge.parking.model import CarPark, State, Stay
from edge.parking.policy import CAR_PARK
from edge.policy import tables as policy
from edge.queue import views as tickets
from edge.queue.events import TicketIssued
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "parking/001",
        """
        CREATE TABLE parking_stay(
            id TEXT PRIMARY KEY,
            visit TEXT NOT NULL,
            ticket TEXT,
            appointment TEXT,
            customer TEXT,
            plate_ref TEXT,
            state TEXT NOT NULL,
            bay TEXT,
            from_ms INTEGER NOT NULL,
            until_ms INTEGER NOT NULL,
            asked_ms INTEGER NOT NULL,
            changed_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX parking_stay_live ON parking_stay(state) WHERE state IN ('waiting', 'reserved', 'inside');
        CREATE INDEX parking_stay_expired ON parking_stay(changed_ms) WHERE state = 'expired';
        CREATE INDEX parking_stay_ticket ON parking_stay(ticket) WHERE ticket IS NOT NULL;
        CREATE INDEX parking_stay_appointment ON parking_stay(appointment) WHERE appointment IS NOT NULL;
        CREATE INDEX parking_stay_plate ON parking_stay(plate_ref) WHERE plate_ref IS NOT NULL;
        """,
    ),
)
FOLDED: Final = ("parking_stay",)
_LIVE: Final = "state IN ('waiting', 'reserved', 'inside')"
NEAR_MS: Final = 4 * 3600 * 1000
"""A car that comes earlier or later than its bay is held is known for so long."""


# --- applies


def bay_asked(connection: Connection, event: m.BayAsked, record: Record) -> None:
    connection.execute(
        "INSERT INTO parking_stay VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.stay,
            event.visit,
            event.ticket,
            event.appointment,
            event.customer,
            event.plate_ref,
            State.WAITING if event.bay is None else State.RESERVED,
            event.bay,
            event.from_ms,
            event.until_ms,
            record.at_ms,
            record.at_ms,
        ),
    )


def bay_given(connection: Connection, event: m.BayGiven, record: Record) -> None:
    connection.execute(
        "UPDATE parking_stay SET state = 'reserved', bay = ?, from_ms = ?, until_ms = ?, changed_ms = ? WHERE id = ?",
        (event.bay, event.from_ms, event.until_ms, record.at_ms, event.stay),
    )


def car_arrived(connection: Connection, event: m.CarArrived, record: Record) -> None:
    connection.execute(
        "UPDATE parking_stay SET state = 'inside', bay = ?, from_ms = ?, changed_ms = ? WHERE id = ?",
        (event.bay, record.at_ms, record.at_ms, event.stay),
    )


def car_admitted(connection: Connection, event: m.CarAdmitted, record: Record) -> None:
    connection.execute(
        "INSERT INTO parking_stay VALUES (?, '', NULL, NULL, NULL, ?, 'inside', ?, ?, ?, ?, ?)",
        (event.stay, event.plate_ref, event.bay, record.at_ms, record.at_ms, record.at_ms, record.at_ms),
    )


def stay_ended(connection: Connection, event: m.StayEnded, record: Record) -> None:
    connection.execute(
        "UPDATE parking_stay SET state = ?, changed_ms = ? WHERE id = ?", (event.state, record.at_ms, event.stay)
    )


def ticket_issued(connection: Connection, event: TicketIssued, _record: Record) -> None:
    """The stay of an appointment is its ticket's from now on: one visit, one bay."""
    if event.appointment is not None:
        appointment = event.appointment.removesuffix(EARLY_MARK)
        connection.execute("UPDATE parking_stay SET ticket = ? WHERE appointment = ?", (event.ticket, appointment))


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    m.BayAsked: (bay_asked,),
    m.BayGiven: (bay_given,),
    m.CarArrived: (car_arrived,),
    m.CarAdmitted: (car_admitted,),
    m.StayEnded: (stay_ended,),
    m.CarHeld: (),
    m.GateAsked: (),
    m.GateAnswered: (),
    m.GateOpenedWithKey: (),
    TicketIssued: (ticket_issued,),
}
"""What the barrier did is for whoever reads the journal."""


# --- views

_SELECT: Final = f"SELECT {', '.join(Stay._fields)} FROM parking_stay "  # noqa: S608 -- constant columns


class StayView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stay as the phone and the staff see it; never its plate."""

    id: str
    state: State
    bay: str | None = None
    from_at: datetime
    """Since when the bay is held; for a car inside, when it came."""
    until: datetime
    """Until when the bay is held."""
    number: str | None = None
    """For staff: the ticket of the visit."""
    ticket: str | None = None
    appointment: str | None = None
    announced: bool = True
    ending: str | None = None
    """For whoever stands before the car: the last characters of its plate, where it was said."""


class FreeBays(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody may know of the car park."""

    bays: int
    """0: this branch has none to give."""
    free: int
    as_of: datetime


class CarParkView(msgspec.Struct, frozen=True, kw_only=True):
    """The car park as staff see it."""

    bays: tuple[str, ...]
    free: int
    """Bays that a car could go to now."""
    stays: list[StayView]
    """Those that are not over, the oldest first."""
    gates: tuple[str, ...]
    """The barriers of this branch, by device."""
    seq: int


def stay(connection: Connection, stay_id: str) -> Stay | None:
    found = connection.execute(_SELECT + "WHERE id = ?", (stay_id,)).fetchone()
    return None if found is None else _stay(found)


def live(connection: Connection) -> list[Stay]:
    """All that are not over, the oldest first: as many as there are bays and places on the list."""
    return [_stay(row) for row in connection.execute(_SELECT + f"WHERE {_LIVE} ORDER BY asked_ms, id")]


def may_come(connection: Connection, now_ms: int) -> list[Stay]:
    """Those whose car may be at the barrier now, the likeliest last: those that are late, those that are due, those inside."""
    found = connection.execute(_SELECT + "WHERE state = 'expired' AND changed_ms > ?", (now_ms - NEAR_MS,))
    late = [_stay(row) for row in found]
    due = [one for one in live(connection) if one.from_ms < now_ms + NEAR_MS]
    return sorted([*late, *due], key=lambda one: (one.state is State.INSIDE, one.state is not State.EXPIRED, -one.from_ms))


def of_ticket(connection: Connection, ticket: str) -> Stay | None:
    """The newest stay of a visit, for its phone."""
    found = connection.execute(_SELECT + "WHERE ticket = ? ORDER BY asked_ms DESC, id DESC LIMIT 1", (ticket,)).fetchone()
    return None if found is None else _stay(found)


def anything_live(connection: Connection) -> bool:
    return connection.execute(f"SELECT 1 FROM parking_stay WHERE {_LIVE} LIMIT 1").get is not None  # noqa: S608 -- constant


def free_now(connection: Connection, park: CarPark, now_ms: int) -> int:
    """How many bays a car that comes now could go to."""
    span = bays.Span(now_ms, now_ms + park.usual_min * bays.MINUTE_MS)
    return len(bays.free(park, live(connection), span, now_ms))


def free_bays(connection: Connection, now: datetime, now_ms: int) -> FreeBays:
    park = policy.read(connection, CAR_PARK)
    return FreeBays(bays=len(park.bays), free=free_now(connection, park, now_ms), as_of=now)


def for_phone(one: Stay, zone: ZoneInfo) -> StayView:
    return StayView(
        id=one.id,
        state=one.state,
        bay=one.bay,
        from_at=tickets.moment(one.from_ms, zone),
        until=tickets.moment(one.until_ms, zone),
    )


def for_staff(connection: Connection, one: Stay, zone: ZoneInfo) -> StayView:
    ticket = None if one.ticket is None else tickets.row(connection, one.ticket)
    return msgspec.structs.replace(
        for_phone(one, zone),
        number=None if ticket is None else ticket.number,
        ticket=one.ticket,
        appointment=one.appointment,
        announced=bool(one.visit),
    )


class VisitParking(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the phone of one visit shows of the car park."""

    offered: bool
    """A bay can be asked for."""
    plate_needed: bool = True
    """Nothing is on file: the plate has to be typed."""
    stay: StayView | None = None


def of_visit(connection: Connection, ticket: str, customer: str | None, state: str, zone: ZoneInfo) -> VisitParking | None:
    """For the phone; None where there is nothing to show."""
    if not policy.read(connection, CAR_PARK).bays:
        return None
    found = of_ticket(connection, ticket)
    running = found is not None and found.state in m.LIVE
    offered = not running and state in ("pending", "waiting")
    if found is None and not offered:
        return None
    return VisitParking(offered, customer is None, None if found is None else for_phone(found, zone))


def _stay(row: tuple[object, ...]) -> Stay:
    found = Stay(*row)  # type: ignore[arg-type]  # the columns are the names
    return found._replace(state=State(found.state))
