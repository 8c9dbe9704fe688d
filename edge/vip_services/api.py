"""Services for important customers over HTTP: asked for on the phone or by staff for a customer, handled by staff."""

from typing import Annotated, Any, Final

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.journal import head
from edge.org.place import Place
from edge.queue.said import said
from edge.queue.tokens import TicketTokens
from edge.vip_services import tables
from edge.vip_services.model import AskForService, Fen, Kind, Move, MoveRequest
from edge.vip_services.tables import RequestView
from edge.web.routes import Call, Routes

routes: Final = Routes("vip_services")

_ASK_PROBLEMS: Final = (
    *("unknown_ticket", "service_not_offered", "tier_not_eligible", "fee_changed", "already_asked", "too_many_requests"),
)


def _visit(call: Call[Any]) -> str:
    ticket = call.app[TicketTokens].ticket(call.path["token"])
    if ticket is None:
        raise Rejected("unknown_ticket")
    return ticket


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service, and the fee that was shown before the customer confirmed."""

    kind: Kind
    fee_fen: Fen


@routes.post(
    "/api/t/{token}/vip-services",
    body=Wish,
    audience={"guest"},
    reply=RequestView,
    status=201,
    summary="The phone asks for a service whose fee was shown (S34)",
    problems=_ASK_PROBLEMS,
)
async def ask(call: Call[Wish]) -> bytes:
    return (await call.submit(AskForService(ticket=_visit(call), kind=call.body.kind, fee_fen=call.body.fee_fen))).answer


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


@routes.post(
    "/api/t/{token}/vip-services/{request}/cancel",
    body=Nothing,
    audience={"guest"},
    reply=RequestView,
    summary="The phone takes its own request back",
    problems=("unknown_ticket", "unknown_request", "request_not_in_state"),
)
async def cancel(call: Call[Nothing]) -> bytes:
    command = MoveRequest(request=call.path["request"], move=Move.CANCEL, by_ticket=_visit(call))
    return (await call.submit(command)).answer


class WishFor(Wish, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, told to staff."""

    ticket: Annotated[str, msgspec.Meta(max_length=64)]


@routes.post(
    "/api/vip-services",
    body=WishFor,
    permission="vip_services.handle",
    reply=RequestView,
    status=201,
    summary="Ask for a customer who agreed to the fee",
    problems=_ASK_PROBLEMS,
)
async def ask_for(call: Call[WishFor]) -> bytes:
    wish = call.body
    return (await call.submit(AskForService(ticket=wish.ticket, kind=wish.kind, fee_fen=wish.fee_fen))).answer


class Moved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done; a refusal says why."""

    move: Move
    reason: Annotated[str, msgspec.Meta(max_length=80)] = ""


@routes.post(
    "/api/vip-services/{request}/move",
    body=Moved,
    permission="vip_services.handle",
    reply=RequestView,
    summary="Accept, refuse, set out, finish or cancel",
    problems=("unknown_request", "request_not_in_state", "reason_needed", "number_in_text"),
)
async def move(call: Call[Moved]) -> bytes:
    command = MoveRequest(request=call.path["request"], move=call.body.move, reason=said(call.body.reason))
    return (await call.submit(command)).answer


class RequestList(msgspec.Struct, frozen=True):
    requests: list[RequestView]
    seq: int


@routes.get("/api/vip-services", permission="queue.view", reply=RequestList, summary="Open requests, and those closed lately")
async def listed(call: Call[None]) -> RequestList:
    place = call.app[Place]
    now_ms = place.clock.now_ms()

    def read(connection: Connection) -> RequestList:
        seq = head(connection).seq  # first: the list is at least that new
        return RequestList(tables.listed(connection, now_ms, place.zone), seq)

    return await call.app.pipeline.db.scan(read)
