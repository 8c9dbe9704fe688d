"""The phone's routes, which are all that the guests' Wi-Fi reaches, and the notices to staff."""

import hashlib
from typing import Annotated, Any, Final

import msgspec

from edge.kernel.domain import Rejected
from edge.kernel.pipeline import Secret
from edge.notify import tables
from edge.notify.notices import NoticeBoard, NoticeList
from edge.notify.phone import PhoneTicket, PhoneTickets
from edge.queue.answers import Rated
from edge.queue.arrivals import COMMENT
from edge.queue.model import AskForTime, CancelTicket, RateService
from edge.queue.tokens import TicketTokens
from edge.web.principal import Kind
from edge.web.routes import Call, Routes

routes: Final = Routes("notify")

REASONS_MAX: Final = 6
LEFT: Final = "customer_left"


def _ticket_of(call: Call[Any], token: str | None) -> str:
    """The ticket a phone's token opens, shown in the path, the body or the header. Raises Rejected("unknown_ticket")."""
    if token is None and call.principal.kind is Kind.PHONE:
        return call.principal.id
    ticket = None if token is None else call.app[TicketTokens].ticket(token)
    if ticket is None:
        raise Rejected("unknown_ticket")
    return ticket


def _view(call: Call[Any], ticket: str) -> PhoneTicket:
    found = call.app[PhoneTickets].view(ticket)
    if found is None:
        raise Rejected("unknown_ticket")
    return found


@routes.get(
    "/api/t/{token}",
    audience={"guest"},
    reply=PhoneTicket,
    summary="The phone's view of its ticket",
    problems=("unknown_ticket",),
)
async def phone_ticket(call: Call[None]) -> PhoneTicket:
    return _view(call, _ticket_of(call, call.path["token"]))


class Empty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


@routes.post(
    "/api/t/{token}/leave",
    body=Empty,
    audience={"guest"},
    reply=PhoneTicket,
    summary="I left: free my place",
    problems=("unknown_ticket", "ticket_not_in_state"),
)
async def leave(call: Call[Empty]) -> PhoneTicket:
    ticket = _ticket_of(call, call.path["token"])
    await call.submit(CancelTicket(ticket=ticket, reason=LEFT))
    return _view(call, ticket)


@routes.post(
    "/api/t/{token}/more-time",
    body=Empty,
    audience={"guest"},
    reply=PhoneTicket,
    summary="I need more time: let the next few go first",
    problems=("unknown_ticket", "ticket_not_in_state", "more_time_used", "nobody_behind"),
)
async def more_time(call: Call[Empty]) -> PhoneTicket:
    ticket = _ticket_of(call, call.path["token"])
    await call.submit(AskForTime(ticket=ticket))
    return _view(call, ticket)


class RatingRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer's opinion. From a phone with its token; from a device or staff with the ticket's id."""

    token: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    ticket: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    score: Annotated[int, msgspec.Meta(ge=1, le=5)]
    reasons: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=40)], ...], msgspec.Meta(max_length=REASONS_MAX)] = ()
    comment: Annotated[str, msgspec.Meta(max_length=200)] = ""


@routes.post(
    "/api/ratings",
    body=RatingRequest,
    audience={"guest"},
    reply=Rated,
    status=201,
    summary="Rate a service, once",
    problems=("unknown_ticket", "already_rated", "not_served_yet"),
)
async def rate(call: Call[RatingRequest]) -> bytes:
    wish = call.body
    inside = call.principal.kind in (Kind.STAFF, Kind.DEVICE)
    ticket = wish.ticket if inside and wish.ticket is not None else _ticket_of(call, wish.token)
    ref = COMMENT + hashlib.blake2b(call.command_id.encode(), digest_size=12).hexdigest() if wish.comment else None
    secrets = () if ref is None else (Secret(ref, "comment", wish.comment.encode()),)
    command = RateService(ticket=ticket, score=wish.score, reasons=wish.reasons, comment_ref=ref)
    return (await call.submit(command, secrets_=secrets)).answer


@routes.get(
    "/api/notices",
    permission="queue.view",
    reply=NoticeList,
    summary="What staff should know about the box",
)
async def notices(call: Call[None]) -> NoticeList:
    return call.app[NoticeBoard].show()


@routes.post(
    "/api/notices/{notice}/acknowledge",
    body=Empty,
    permission="notices.acknowledge",
    reply=NoticeList,
    summary="I have read this and act on it",
    problems=("not_found",),
)
async def acknowledge(call: Call[Empty]) -> NoticeList:
    board = call.app[NoticeBoard]
    if not board.acknowledge(call.path["notice"]):
        raise Rejected("not_found")
    return board.show()


class ReminderView(msgspec.Struct, frozen=True):
    """A reminder and its end: `due`, `sent`, `expired` (过期未发), `refused`, `suppressed` or `unknown` (结果不明)."""

    ticket: str
    number: str
    ahead: int
    outcome: str


class ReminderList(msgspec.Struct, frozen=True):
    reminders: list[ReminderView]


@routes.get("/api/reminders", permission="queue.view", reply=ReminderList, summary="Text messages to customers, newest first")
async def reminders(call: Call[None]) -> ReminderList:
    with call.app.pipeline.db.reader() as connection:
        return ReminderList([ReminderView(*row) for row in tables.reminders(connection)])
