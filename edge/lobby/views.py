"""What the lobby manager should see, read from the queue's tables."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from edge.customers import tables as customers
from edge.kernel.db import Connection
from edge.notify import tables as notify
from edge.org import tables as org
from edge.queue import views
from edge.queue.model import State, Tier
from edge.queue.ruling import targets_s
from edge.queue.views import Prospect, TicketRow

SOON_S: Final = 600
LIST_MAX: Final = 100


class Adviser(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who looks after the customer (客户经理)."""

    staff_no: str
    name: str
    told: str | None = None
    """What became of the text message to them; None while it is on its way, or where none was due."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody the lobby manager wants to know of: gold, priority, or recognised (S15)."""

    ticket: str
    number: str
    service: str
    tier: str
    taken_at: datetime
    state: str
    recognised: bool
    appointment: bool = False
    """Here by an appointment, in time for it."""
    priority_reason: str | None = None
    counter: str | None = None
    tags: tuple[str, ...] = ()
    """What head office says of a recognised customer; for staff only."""
    adviser: Adviser | None = None


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose wait will pass its target within ten minutes, or has."""

    ticket: str
    number: str
    service: str
    tier: str
    waited_s: int
    expected_s: int
    """The whole wait, as it is expected to become."""
    target_s: int
    ahead: int
    """People whom the rule would call first."""
    basis: str
    """What the expectation is made from: `simulated` or `position`."""


class Diversion(msgspec.Struct, frozen=True):
    """What a customer made of the offer of a machine (S27)."""

    service: str
    accepted: bool
    at: datetime


class Deferral(msgspec.Struct, frozen=True):
    """Somebody who asked for more time on the phone."""

    ticket: str
    number: str
    service: str
    state: str
    times: int
    at: datetime
    """The latest time they asked."""


def diversions(connection: Connection, zone: ZoneInfo) -> list[Diversion]:
    """Today's, newest first."""
    found = connection.execute(
        "SELECT service, accepted, at_ms FROM queue_diversion"
        " WHERE day = (SELECT day FROM queue_day WHERE state = 'open') ORDER BY at_ms DESC, offer LIMIT ?",
        (LIST_MAX,),
    )
    return [Diversion(str(service), bool(accepted), views.moment(at_ms, zone)) for service, accepted, at_ms in found]


def deferrals(connection: Connection, zone: ZoneInfo) -> list[Deferral]:
    """Today's, newest first."""
    found = connection.execute(
        "SELECT id, number, service, state, times, at_ms FROM queue_more_time JOIN ticket ON id = queue_more_time.ticket"
        " WHERE day = (SELECT day FROM queue_day WHERE state = 'open') ORDER BY at_ms DESC, id LIMIT ?",
        (LIST_MAX,),
    )
    return [
        Deferral(ticket, number, service, state, times, views.moment(at, zone))
        for ticket, number, service, state, times, at in found
    ]


def arrivals(connection: Connection, zone: ZoneInfo) -> list[Arrival]:
    """Newest first."""
    found = views.rows(
        connection,
        "day = (SELECT day FROM queue_day WHERE state = 'open') AND (tier <> 'normal' OR customer IS NOT NULL)"
        " AND state IN ('waiting', 'called', 'serving') ORDER BY seq DESC LIMIT ?",
        (LIST_MAX,),
    )
    return [_arrival(connection, record, zone) for record in found]


def _arrival(connection: Connection, record: TicketRow, zone: ZoneInfo) -> Arrival:
    known = None if record.customer is None else customers.known(connection, record.customer)
    return Arrival(
        ticket=record.id,
        number=record.number,
        service=record.service,
        tier=record.tier,
        taken_at=views.moment(record.taken_ms, zone),
        state=record.state,
        recognised=record.customer is not None,
        appointment=record.by_appointment,
        priority_reason=record.priority_reason,
        counter=record.counter,
        tags=() if known is None else known.tags,
        adviser=None if known is None else _adviser(connection, record.id, known.adviser),
    )


def _adviser(connection: Connection, ticket: str, staff_no: str | None) -> Adviser | None:
    if staff_no is None:
        return None
    member = org.staff(connection, staff_no)
    return Adviser(staff_no, staff_no if member is None else member.name, notify.told(connection, ticket, staff_no))


def at_risk(connection: Connection, now_ms: int) -> list[Risk]:
    """Worst first, by the share of the target that the wait will use."""
    targets = targets_s(connection)
    prospect_of = views.prospects(connection)
    waiting = views.rows(
        connection,
        "queue IN (SELECT queue FROM queue_length WHERE waiting > 0) AND state = 'waiting' ORDER BY place_ms, seq",
        (),
    )
    old = [record for record in waiting if _is_old(record, now_ms, targets[Tier(record.tier)])]
    risks = [_risk(record, known, now_ms, targets[Tier(record.tier)]) for record in old if (known := prospect_of(record))]
    late = [risk for risk in risks if risk.expected_s > risk.target_s]
    return sorted(late, key=lambda risk: -risk.expected_s / risk.target_s)[:LIST_MAX]


def _is_old(record: TicketRow, now_ms: int, target_s: int) -> bool:
    """Whether its target passes within ten minutes if it is not called."""
    return record.state == State.WAITING and (now_ms - record.taken_ms) // 1000 + SOON_S > target_s


def _risk(record: TicketRow, known: Prospect, now_ms: int, target_s: int) -> Risk:
    waited_s = max(0, now_ms - record.taken_ms) // 1000
    return Risk(
        ticket=record.id,
        number=record.number,
        service=record.service,
        tier=record.tier,
        ahead=known.ahead,
        waited_s=waited_s,
        expected_s=waited_s + known.likely_s,
        target_s=target_s,
        basis=known.wait.basis,
    )
