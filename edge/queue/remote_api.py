"""Remote tickets over HTTP: the holder is here."""

from typing import Final

import msgspec

from edge.org.place import Place
from edge.queue.api import Identity, with_token
from edge.queue.arrivals import Arrival, Arrivals
from edge.queue.model import ActivateTicket
from edge.queue.views import TicketView
from edge.web.routes import Call, Routes

routes: Final = Routes("queue")

_PROBLEMS: Final = ("unknown_ticket", "not_remote", "wrong_document", "ticket_not_in_state", "invalid_identity")


class ActivationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The identity that was swiped."""

    identity: Identity


class ActivatedTicket(TicketView, frozen=True, kw_only=True):
    """The ticket, with the secret that opens its phone page: whoever's slip does not come out scans that from the screen."""

    token: str
    phone_url: str


@routes.post(
    "/api/tickets/{ticket}/activate",
    body=ActivationRequest,
    reply=ActivatedTicket,
    audience={"staff", "device"},
    permission="queue.issue_ticket",
    summary="The holder of a remote ticket is here; prints its slip",
    problems=_PROBLEMS,
)
async def activate(call: Call[ActivationRequest]) -> bytes:
    return await _activate(call, call.path["ticket"])


@routes.post(
    "/api/activations",
    body=ActivationRequest,
    reply=ActivatedTicket,
    audience={"staff", "device"},
    permission="queue.issue_ticket",
    summary="Activate whatever remote ticket this identity holds today",
    problems=("no_remote_ticket", *_PROBLEMS),
)
async def activate_whatever(call: Call[ActivationRequest]) -> bytes:
    return await _activate(call, None)


async def _activate(call: Call[ActivationRequest], ticket: str | None) -> bytes:
    wish = call.body.identity
    known = call.app[Arrivals].receive(Arrival((wish.kind, wish.value), None, call.principal.id), call.command_id)
    command = ActivateTicket(
        ticket=ticket,
        holder=known.holder or "",
        customer=known.customer,
        shown=known.shown,
        printer=call.app[Place].printer_of(call.principal.id),
    )
    return with_token(call, (await call.submit(command)).answer)
