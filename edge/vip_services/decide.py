"""What becomes of a request. Pure.

Only a recognised customer of a tier that policy names may ask, and only at the fee they were shown: one that changed meanwhile
is shown again first. A refusal says why. A phone can cancel its own request and do nothing else about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from edge.customers import tables as customers
from edge.customers.tables import Recognised
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.policy import tables as policy
from edge.queue import views
from edge.queue.model import State as TicketState
from edge.vip_services import model as m
from edge.vip_services import tables
from edge.vip_services.model import Kind, Move, Offer, Request, State
from edge.vip_services.policy import OFFERS
from edge.vip_services.tables import RequestView

MOVES: Final[dict[Move, tuple[frozenset[State], State]]] = {
    Move.ACCEPT: (frozenset({State.REQUESTED}), State.ACCEPTED),
    Move.REFUSE: (frozenset({State.REQUESTED}), State.REFUSED),
    Move.SET_OUT: (frozenset({State.ACCEPTED}), State.ON_THE_WAY),
    Move.FINISH: (frozenset({State.ON_THE_WAY}), State.DONE),
    Move.CANCEL: (frozenset(m.OPEN), State.CANCELLED),
}
"""Where each move is possible, and where it leads."""
_OVER: Final = frozenset({TicketState.CANCELLED, TicketState.EXPIRED})


@dataclass(frozen=True, slots=True)
class AskState:
    known_ticket: bool
    customer: Recognised | None = None
    offer: Offer | None = None
    asked: tuple[Request, ...] = ()


def for_ask(connection: Connection, command: m.AskForService, _context: Context) -> AskState:
    ticket = views.row(connection, command.ticket)
    if ticket is None or ticket.state in _OVER:
        return AskState(known_ticket=False)
    return AskState(
        known_ticket=True,
        customer=None if ticket.customer is None else customers.known(connection, ticket.customer),
        offer=policy.read(connection, OFFERS).get(command.kind),
        asked=tuple(tables.of_ticket(connection, command.ticket)),
    )


def ask(state: AskState, command: m.AskForService, context: Context) -> Sequence[Event]:
    if not state.known_ticket:
        raise Rejected("unknown_ticket")
    offer, customer = state.offer, state.customer
    if offer is None:
        raise Rejected("service_not_offered", kind=command.kind)
    if customer is None or customer.tier not in offer.tiers:
        raise Rejected("tier_not_eligible", kind=command.kind)
    if command.fee_fen != offer.fee_fen:
        raise Rejected("fee_changed", fee_fen=offer.fee_fen)
    if _running(state.asked, command.kind):
        raise Rejected("already_asked", kind=command.kind)
    if len(state.asked) >= m.REQUESTS_MAX:
        raise Rejected("too_many_requests", requests_max=m.REQUESTS_MAX)
    asked = m.ServiceAsked(
        request=context.new_id(),
        ticket=command.ticket,
        customer=customer.ref,
        kind=command.kind,
        fee_fen=offer.fee_fen,
        adviser=customer.adviser,
    )
    return [asked]


def _running(asked: Sequence[Request], kind: Kind) -> bool:
    return any(one.kind is kind and one.state in m.OPEN for one in asked)


def for_request(connection: Connection, command: m.MoveRequest | m.RecordMessage, _context: Context) -> Request | None:
    return tables.request(connection, command.request)


def move(found: Request | None, command: m.MoveRequest, _context: Context) -> Sequence[Event]:
    if found is None or command.by_ticket not in (None, found.ticket):
        raise Rejected("unknown_request")
    possible, becomes = MOVES[command.move]
    if found.state not in possible:
        raise Rejected("request_not_in_state", move=command.move, state=found.state)
    if command.move is Move.REFUSE and not command.reason.strip():
        raise Rejected("reason_needed")
    return [m.RequestMoved(request=found.id, ticket=found.ticket, state=becomes, reason=command.reason)]


def record_message(found: Request | None, command: m.RecordMessage, _context: Context) -> Sequence[Event]:
    if found is None:
        return ()
    outcome, ticket = command.outcome, found.ticket
    return [m.AdviserInformed(request=found.id, ticket=ticket, state=command.state, outcome=outcome)]


# --- answers


def asked_view(connection: Connection, _state: AskState, events: Sequence[Event], context: Context) -> RequestView | None:
    made = [event for event in events if isinstance(event, m.ServiceAsked)]
    return _view(connection, made[0].request, context.zone) if made else None


def moved_view(connection: Connection, state: Request | None, _events: Sequence[Event], context: Context) -> RequestView | None:
    return None if state is None else _view(connection, state.id, context.zone)


def _view(connection: Connection, request: str, zone: ZoneInfo) -> RequestView | None:
    found = tables.request(connection, request)
    return None if found is None else tables.for_staff(connection, found, zone)


HANDLERS: Final[dict[type[Command], Handler]] = {
    m.AskForService: Handler(for_ask, ask, asked_view),
    m.MoveRequest: Handler(for_request, move, moved_view),
    m.RecordMessage: Handler(for_request, record_message),
}
