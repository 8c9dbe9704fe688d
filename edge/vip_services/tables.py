"""The requests, how events fill them, and what others may read."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from edge.customers import tables as customers
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.policy import tables as policy
from edge.queue import views
from edge.queue.model import State as TicketState
from edge.vip_services.model import OPEN, AdviserInformed, Kind, Offer, Request, RequestMoved, ServiceAsked, State
from edge.vip_services.policy import OFFERS
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "vip_services/001",
        """
        CREATE TABLE vip_request(
            id TEXT PRIMARY KEY,
            ticket TEXT NOT NULL,
            customer TEXT NOT NULL,
            kind TEXT NOT NULL,
            state TEXT NOT NULL,
            fee_fen INTEGER NOT NULL,
            adviser TEXT,
            asked_ms INTEGER NOT NULL,
            changed_ms INTEGER NOT NULL,
            changed_by TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            told TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX vip_request_ticket ON vip_request(ticket);
        CREATE INDEX vip_request_changed ON vip_request(changed_ms);
        CREATE INDEX vip_request_open ON vip_request(state) WHERE state IN ('requested', 'accepted', 'on_the_way');
        """,
    ),
)
FOLDED: Final = ("vip_request",)
LIST_MAX: Final = 200
CLOSED_SHOWN_MS: Final = 12 * 3600 * 1000
"""How long a request that is over stays on the tablet's list."""


def service_asked(connection: Connection, event: ServiceAsked, record: Record) -> None:
    connection.execute(
        "INSERT INTO vip_request(id, ticket, customer, kind, state, fee_fen, adviser, asked_ms, changed_ms, changed_by)"
        " VALUES (?, ?, ?, ?, 'requested', ?, ?, ?, ?, ?)",
        (
            event.request,
            event.ticket,
            event.customer,
            event.kind,
            event.fee_fen,
            event.adviser,
            record.at_ms,
            record.at_ms,
            record.actor,
        ),
    )


def request_moved(connection: Connection, event: RequestMoved, record: Record) -> None:
    connection.execute(
        "UPDATE vip_request SET state = ?, reason = ?, changed_ms = ?, changed_by = ?, told = NULL WHERE id = ?",
        (event.state, event.reason, record.at_ms, record.actor, event.request),
    )


def adviser_informed(connection: Connection, event: AdviserInformed, _record: Record) -> None:
    """News of an older state is no news of the newer one."""
    connection.execute(
        "UPDATE vip_request SET told = ? WHERE id = ? AND state = ?", (event.outcome, event.request, event.state)
    )


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    ServiceAsked: (service_asked,),
    RequestMoved: (request_moved,),
    AdviserInformed: (adviser_informed,),
}


# --- views

_SELECT: Final = f"SELECT {', '.join(Request._fields)} FROM vip_request "  # noqa: S608 -- constant columns


class RequestView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request as the phone and the staff see it."""

    id: str
    kind: Kind
    state: State
    fee_fen: int
    asked_at: datetime
    changed_at: datetime
    reason: str = ""
    number: str | None = None
    """For staff: the ticket it was asked with."""
    ticket: str | None = None
    adviser: str | None = None
    """For staff: staff number of the customer's adviser."""
    told: str | None = None


class OfferView(msgspec.Struct, frozen=True):
    """A service this customer may ask for, and its fee, to be shown before they confirm."""

    kind: Kind
    fee_fen: int


class VisitServices(msgspec.Struct, frozen=True):
    """What the phone of one visit shows."""

    offers: tuple[OfferView, ...]
    requests: tuple[RequestView, ...]


def request(connection: Connection, request_id: str) -> Request | None:
    found = connection.execute(_SELECT + "WHERE id = ?", (request_id,)).fetchone()
    return None if found is None else _request(found)


def of_ticket(connection: Connection, ticket: str) -> list[Request]:
    """Oldest first."""
    return [_request(row) for row in connection.execute(_SELECT + "WHERE ticket = ? ORDER BY asked_ms, id", (ticket,))]


def listed(connection: Connection, now_ms: int, zone: ZoneInfo) -> list[RequestView]:
    """For staff: what is open, and what was closed lately; newest first."""
    found = connection.execute(
        _SELECT + "WHERE state IN ('requested', 'accepted', 'on_the_way') OR changed_ms > ? ORDER BY asked_ms DESC, id LIMIT ?",
        (now_ms - CLOSED_SHOWN_MS, LIST_MAX),
    )
    return [for_staff(connection, _request(row), zone) for row in found]


def for_staff(connection: Connection, one: Request, zone: ZoneInfo) -> RequestView:
    ticket = views.row(connection, one.ticket)
    number = None if ticket is None else ticket.number
    return msgspec.structs.replace(for_phone(one, zone), number=number, ticket=one.ticket, adviser=one.adviser, told=one.told)


def for_phone(one: Request, zone: ZoneInfo) -> RequestView:
    return RequestView(
        id=one.id,
        kind=one.kind,
        state=one.state,
        fee_fen=one.fee_fen,
        asked_at=views.moment(one.asked_ms, zone),
        changed_at=views.moment(one.changed_ms, zone),
        reason=one.reason,
    )


def offers_to(connection: Connection, customer: customers.Recognised | None) -> dict[Kind, Offer]:
    """What somebody of this standing may ask for; a stranger nothing."""
    if customer is None:
        return {}
    offers = policy.read(connection, OFFERS)
    return {kind: offer for kind, offer in offers.items() if customer.tier in offer.tiers}


def of_visit(connection: Connection, ticket: str, customer: str | None, state: str, zone: ZoneInfo) -> VisitServices | None:
    """For the phone; None where there is nothing to show."""
    if customer is None:
        return None
    asked = of_ticket(connection, ticket)
    running = {one.kind for one in asked if one.state in OPEN}
    over = state in (TicketState.CANCELLED, TicketState.EXPIRED)
    known = None if over else customers.known(connection, customer)
    offers = [OfferView(kind, one.fee_fen) for kind, one in offers_to(connection, known).items() if kind not in running]
    if not offers and not asked:
        return None
    return VisitServices(tuple(offers), tuple(for_phone(one, zone) for one in asked))


def _request(row: tuple[object, ...]) -> Request:
    found = Request(*row)  # type: ignore[arg-type]  # the columns are the names
    return found._replace(kind=Kind(found.kind), state=State(found.state))
