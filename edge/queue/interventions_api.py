"""Staff's hands in the queue, over HTTP."""

from typing import Annotated, Final

import msgspec

from edge.kernel.domain import Rejected
from edge.queue import model as m
from edge.queue.answers import Called
from edge.queue.api import Identity
from edge.queue.arrivals import Arrival, Arrivals
from edge.queue.said import said
from edge.queue.views import TicketView
from edge.web.routes import Call, Routes

routes: Final = Routes("queue")

Text = Annotated[str, msgspec.Meta(max_length=80)]


class PickRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to call out of turn, and why."""

    ticket: Text
    reason: Text


@routes.post(
    "/api/counters/{counter}/call",
    body=PickRequest,
    reply=Called,
    permission="queue.serve",
    summary="Call this ticket out of turn",
    problems=(
        "unknown_counter",
        "not_signed_in_here",
        "counter_paused",
        "unknown_ticket",
        "ticket_not_in_state",
        "reason_needed",
        "number_in_text",
    ),
)
async def pick(call: Call[PickRequest]) -> bytes:
    wish = call.body
    command = m.CallTicket(counter=call.path["counter"], staff=call.principal.id, ticket=wish.ticket, reason=said(wish.reason))
    return (await call.submit(command)).answer


class PinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody goes before all others."""

    reason: Text


@routes.post(
    "/api/tickets/{ticket}/pin",
    body=PinRequest,
    reply=TicketView,
    permission="queue.pin_ticket",
    summary="Put a ticket first in the priority class, for whichever counter is free next (置顶)",
    problems=("unknown_ticket", "ticket_not_in_state", "reason_needed", "number_in_text"),
)
async def pin(call: Call[PinRequest]) -> bytes:
    return (await call.submit(m.PinTicket(ticket=call.path["ticket"], reason=said(call.body.reason)))).answer


class BindRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The identity that was shown later."""

    identity: Identity


@routes.post(
    "/api/tickets/{ticket}/bind",
    body=BindRequest,
    reply=TicketView,
    permission="queue.bind_customer",
    summary="Tell the branch who holds this ticket",
    problems=("unknown_ticket", "ticket_not_in_state", "customer_unknown", "bound_to_another", "invalid_identity"),
)
async def bind(call: Call[BindRequest]) -> bytes:
    wish = call.body.identity
    known = call.app[Arrivals].receive(Arrival((wish.kind, wish.value), None, call.principal.id), call.command_id)
    if known.customer is None:
        raise Rejected("customer_unknown")
    command = m.BindCustomer(ticket=call.path["ticket"], customer=known.customer, tier=known.tier, shown=known.shown)
    return (await call.submit(command)).answer


@routes.post(
    "/api/tickets/{ticket}/unbind",
    reply=TicketView,
    permission="queue.bind_customer",
    summary="It was not them: the ticket is nobody's again, with the tier it had before",
    problems=("unknown_ticket", "ticket_not_in_state", "not_bound"),
)
async def unbind(call: Call[None]) -> bytes:
    return (await call.submit(m.UnbindCustomer(ticket=call.path["ticket"]))).answer
