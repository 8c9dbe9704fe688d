"""The queue over HTTP: the day, tickets, counters, the hall."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from edge.kernel.domain import Command, Rejected
from edge.org.place import Place
from edge.queue import model as m
from edge.queue import views
from edge.queue.answers import Called
from edge.queue.arrivals import Arrival, Arrivals
from edge.queue.said import said
from edge.queue.tokens import TicketTokens
from edge.queue.views import CallView, CounterView, DayView, QueueView, ServiceWaiting, TicketView, WaitView
from edge.web.routes import Audience, Call, Reply, Routes

routes: Final = Routes("queue")

HALL: Final[frozenset[Audience]] = frozenset({"staff", "device"})
Text = Annotated[str, msgspec.Meta(max_length=80)]


# --- the business day


class NoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


@routes.post(
    "/api/day/open",
    body=NoBody,
    reply=DayView,
    permission="queue.manage_day",
    summary="Begin, or go on with, today's business day",
)
async def begin_day(call: Call[NoBody]) -> bytes:
    return (await call.submit(m.OpenDay())).answer


@routes.post(
    "/api/day/close",
    body=NoBody,
    reply=DayView,
    permission="queue.manage_day",
    summary="End the business day: who waits expires, tellers are signed out",
)
async def end_day(call: Call[NoBody]) -> bytes:
    return (await call.submit(m.CloseDay())).answer


# --- tickets


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that tells who a customer is; hashed at once, never kept."""

    kind: Text
    value: Text


class TicketRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish for a number."""

    service: Text
    channel: m.Channel = m.Channel.KIOSK
    identity: Identity | None = None
    phone: Text | None = None
    language: m.Language = m.Language.ZH
    priority_reason: m.PriorityReason | None = None


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A new ticket, with the secret that opens its phone page."""

    id: str
    number: str
    service: str
    queue: str
    tier: str
    state: str
    taken_at: datetime
    ahead: int
    wait: WaitView
    token: str
    phone_url: str


class _Id(msgspec.Struct, frozen=True):
    id: str


_read_id: Final = msgspec.json.Decoder(_Id).decode


@routes.post(
    "/api/tickets",
    body=TicketRequest,
    reply=Ticket,
    status=201,
    audience=HALL,
    permission="queue.issue_ticket",
    summary="Take a number",
    problems=("unknown_service", "invalid_identity", "day_closed", "identity_needed", "duplicate_ticket", "remote_refused"),
)
async def issue(call: Call[TicketRequest]) -> bytes:
    wish = call.body
    identity = None if wish.identity is None else (wish.identity.kind, wish.identity.value)
    known = call.app[Arrivals].receive(Arrival(identity, wish.phone, call.principal.id), call.command_id)
    command = m.IssueTicket(
        service=wish.service,
        tier=known.tier,
        channel=wish.channel,
        language=wish.language,
        priority_reason=wish.priority_reason,
        customer=known.customer,
        shown=known.shown,
        phone_ref=known.phone_ref,
        holder=known.holder if wish.channel in m.REMOTE else None,
        printer=call.app[Place].printer_of(call.principal.id) if wish.channel is m.Channel.KIOSK else None,
    )
    outcome = await call.submit(command, secrets_=known.secrets)
    return with_token(call, outcome.answer)


def with_token(call: Call[Any], answer: bytes) -> bytes:
    """Add what is derived from the ticket's id and never stored."""
    token = call.app[TicketTokens].of(_read_id(answer).id)
    return answer[:-1] + f',"token":"{token}","phone_url":"{call.app[Place].guest_url}/t/{token}"}}'.encode()


class TicketList(msgspec.Struct, frozen=True):
    tickets: list[TicketView]
    seq: int


class TicketQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    state: str = "waiting"
    """Several states are separated by commas."""
    service: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=views.LIST_MAX)] = 100


@routes.get(
    "/api/tickets", query=TicketQuery, audience=HALL, permission="queue.view", reply=TicketList, summary="Tickets of today"
)
async def list_tickets(call: Call[TicketQuery]) -> TicketList:
    wish, zone = call.query, call.app[Place].zone
    seq = call.app.pipeline.journal.head().seq
    states = [state for state in wish.state.split(",") if state in set(m.State)]
    found = await call.app.pipeline.db.scan(
        lambda connection: views.tickets(connection, states, wish.service, wish.limit, zone)
    )
    return TicketList(found, seq)


@routes.get(
    "/api/tickets/{ticket}",
    audience=HALL,
    permission="queue.view",
    reply=TicketView,
    summary="One ticket",
    problems=("unknown_ticket",),
)
async def get_ticket(call: Call[None]) -> TicketView:
    with call.app.pipeline.db.reader() as connection:
        found = views.ticket(connection, call.path["ticket"], call.app[Place].zone)
    if found is None:
        raise Rejected("unknown_ticket")
    return found


class ReasonRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Text = ""


class TransferRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: Text | None = None
    counter: Text | None = None
    staff_no: Text | None = None
    keep_place: bool = True
    reason: Text = ""


_TICKET_PROBLEMS: Final = ("unknown_ticket", "ticket_not_in_state")


@routes.post(
    "/api/tickets/{ticket}/cancel",
    body=ReasonRequest,
    reply=TicketView,
    permission="queue.cancel_ticket",
    summary="The customer does not want to wait any more",
    problems=(*_TICKET_PROBLEMS, "number_in_text"),
)
async def cancel(call: Call[ReasonRequest]) -> bytes:
    return (await call.submit(m.CancelTicket(ticket=call.path["ticket"], reason=said(call.body.reason)))).answer


@routes.post(
    "/api/tickets/{ticket}/transfer",
    body=TransferRequest,
    reply=TicketView,
    permission="queue.transfer_ticket",
    summary="Send a ticket to another service, to one counter or to one teller",
    problems=(
        *_TICKET_PROBLEMS,
        "unknown_service",
        "unknown_counter",
        "counter_unattended",
        "unknown_staff",
        "transfer_needs_target",
        "reason_needed",
        "number_in_text",
    ),
)
async def transfer(call: Call[TransferRequest]) -> bytes:
    wish = call.body
    command = m.TransferTicket(
        ticket=call.path["ticket"],
        service=wish.service,
        counter=wish.counter,
        staff_no=wish.staff_no,
        keep_place=wish.keep_place,
        reason=said(wish.reason),
    )
    return (await call.submit(command)).answer


@routes.post(
    "/api/tickets/{ticket}/requeue",
    body=NoBody,
    reply=TicketView,
    permission="queue.requeue_ticket",
    summary="Let a parked or missed ticket wait again",
    problems=_TICKET_PROBLEMS,
)
async def requeue(call: Call[NoBody]) -> bytes:
    return (await call.submit(m.RequeueTicket(ticket=call.path["ticket"]))).answer


@routes.post(
    "/api/tickets/{ticket}/reprint",
    body=NoBody,
    reply=TicketView,
    audience=HALL,
    permission="queue.reprint_slip",
    summary="Print the slip again, marked as a copy (补打)",
    problems=(*_TICKET_PROBLEMS, "too_many_copies", "slip_still_printing", "no_printer"),
)
async def reprint(call: Call[NoBody]) -> bytes:
    printer = call.app[Place].printer_of(call.principal.id)
    if printer is None:
        raise Rejected("no_printer")
    return (await call.submit(m.ReprintSlip(ticket=call.path["ticket"], printer=printer))).answer


class SlipView(msgspec.Struct, frozen=True, kw_only=True):
    ticket: str
    number: str
    state: str
    since: datetime
    device: str | None


class SlipList(msgspec.Struct, frozen=True):
    slips: list[SlipView]


class SlipQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    state: str = "held,unknown"


@routes.get("/api/slips", query=SlipQuery, permission="queue.view", reply=SlipList, summary="Slips that need a person")
async def list_slips(call: Call[SlipQuery]) -> SlipList:
    zone = call.app[Place].zone
    states = [state for state in call.query.state.split(",") if state in set(m.Slip)]
    with call.app.pipeline.db.reader() as connection:
        found = views.slips(connection, states)
    return SlipList(
        [
            SlipView(
                ticket=record.id,
                number=record.number,
                state=record.slip,
                since=views.moment(record.taken_ms, zone),
                device=record.printer,
            )
            for record in found
        ]
    )


# --- queues and counters


class QueueList(msgspec.Struct, frozen=True):
    queues: list[QueueView]
    seq: int
    """Read before the view: what is committed meanwhile is told again on the live feed, never missed."""
    as_of: datetime


class CounterList(msgspec.Struct, frozen=True):
    counters: list[CounterView]
    seq: int
    as_of: datetime


@routes.get("/api/queues", audience=HALL, permission="queue.view", reply=QueueList, summary="Every queue, now")
async def list_queues(call: Call[None]) -> QueueList:
    place, pipeline = call.app[Place], call.app.pipeline
    seq = pipeline.journal.head().seq
    with pipeline.db.reader() as connection:
        found = views.queues(connection, place.clock.now_ms())
    return QueueList(found, seq, place.now())


@routes.get("/api/counters", audience=HALL, permission="queue.view", reply=CounterList, summary="Every counter, now")
async def list_counters(call: Call[None]) -> CounterList:
    place, pipeline = call.app[Place], call.app.pipeline
    seq = pipeline.journal.head().seq
    with pipeline.db.reader() as connection:
        found = views.counters(connection, place.zone)
    return CounterList(found, seq, place.now())


@routes.get(
    "/api/counters/{counter}",
    audience=HALL,
    permission="queue.view",
    reply=CounterView,
    summary="One counter, now",
    problems=("unknown_counter",),
)
async def get_counter(call: Call[None]) -> CounterView:
    with call.app.pipeline.db.reader() as connection:
        found = views.counter(connection, call.path["counter"], call.app[Place].zone)
    if found is None:
        raise Rejected("unknown_counter")
    return found


class OutcomeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    outcome: Text = ""


_DESK_PROBLEMS: Final = ("unknown_counter", "not_signed_in_here")
_HAND_PROBLEMS: Final = (*_DESK_PROBLEMS, "nobody_in_hand", "ticket_not_in_state", "outcome_needed")
_SAID_PROBLEMS: Final = (*_HAND_PROBLEMS, "number_in_text")
_SIGN_IN_PROBLEMS: Final = ("unknown_counter", "counter_taken", "signed_in_elsewhere", "day_closed")


class DeskMove(NamedTuple):
    """A plain move of a teller: no body, one command."""

    verb: str
    command: Callable[..., Command]
    reply: type[msgspec.Struct]
    summary: str
    problems: tuple[str, ...]


DESK_MOVES: Final = (
    DeskMove("sign-in", m.SignIn, CounterView, "A teller takes a counter", _SIGN_IN_PROBLEMS),
    DeskMove("sign-out", m.SignOut, CounterView, "The teller leaves the counter", (*_DESK_PROBLEMS, "outcome_needed")),
    DeskMove("open", m.OpenCounter, CounterView, "Begin to call", (*_DESK_PROBLEMS, "counter_paused")),
    DeskMove("resume", m.ResumeCounter, CounterView, "Go on calling", _DESK_PROBLEMS),
    DeskMove("recall", m.RecallTicket, TicketView, "Call the same ticket again", (*_HAND_PROBLEMS, "too_many_calls")),
    DeskMove("serve", m.ServeTicket, TicketView, "The customer is at the counter", _HAND_PROBLEMS),
    DeskMove("no-show", m.MarkNoShow, TicketView, "Nobody came to the call", _HAND_PROBLEMS),
)


def _declare(move: DeskMove) -> None:
    async def carry_out(call: Call[NoBody]) -> bytes:
        return (await call.submit(move.command(counter=call.path["counter"], staff=call.principal.id))).answer

    carry_out.__name__ = move.verb.replace("-", "_")
    declare = routes.post(
        f"/api/counters/{{counter}}/{move.verb}",
        body=NoBody,
        reply=move.reply,
        permission="queue.serve",
        summary=move.summary,
        problems=move.problems,
    )
    declare(carry_out)


for _move in DESK_MOVES:
    _declare(_move)


@routes.post(
    "/api/counters/{counter}/pause",
    body=ReasonRequest,
    reply=CounterView,
    permission="queue.serve",
    summary="Stop calling for a while",
    problems=(*_DESK_PROBLEMS, "ticket_in_hand", "pause_reason_needed", "number_in_text"),
)
async def pause(call: Call[ReasonRequest]) -> bytes:
    command = m.PauseCounter(counter=call.path["counter"], staff=call.principal.id, reason=said(call.body.reason))
    return (await call.submit(command)).answer


NOBODY: Final = msgspec.json.encode(Called())


@routes.post(
    "/api/counters/{counter}/next",
    body=NoBody,
    reply=Called,
    permission="queue.serve",
    may_be_empty=True,
    summary="Call whom the rule picks, and say why; 204 when nobody may be called",
    problems=(*_DESK_PROBLEMS, "counter_paused", "outcome_needed"),
)
async def call_next(call: Call[NoBody]) -> bytes | Reply:
    outcome = await call.submit(m.CallNext(counter=call.path["counter"], staff=call.principal.id))
    return Reply() if outcome.answer == NOBODY else outcome.answer


class ParkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Text = ""
    pool: m.Pool = m.Pool.QUEUE


@routes.post(
    "/api/counters/{counter}/park",
    body=ParkRequest,
    reply=TicketView,
    permission="queue.serve",
    summary="The customer comes back to this ticket later",
    problems=_SAID_PROBLEMS,
)
async def park(call: Call[ParkRequest]) -> bytes:
    wish = call.body
    command = m.ParkTicket(counter=call.path["counter"], staff=call.principal.id, reason=said(wish.reason), pool=wish.pool)
    return (await call.submit(command)).answer


@routes.post(
    "/api/counters/{counter}/finish",
    body=OutcomeRequest,
    reply=TicketView,
    permission="queue.serve",
    summary="The service is over",
    problems=_SAID_PROBLEMS,
)
async def finish(call: Call[OutcomeRequest]) -> bytes:
    command = m.FinishTicket(counter=call.path["counter"], staff=call.principal.id, outcome=said(call.body.outcome))
    return (await call.submit(command)).answer


# --- the hall


class Display(msgspec.Struct, frozen=True):
    """What a hall display shows when it starts; the live feed keeps it current."""

    calls: list[CallView]
    waiting: list[ServiceWaiting]
    seq: int


@routes.get("/api/display", audience=HALL, permission="queue.view", reply=Display, summary="The hall display")
async def display(call: Call[None]) -> Display:
    pipeline, zone = call.app.pipeline, call.app[Place].zone
    seq = pipeline.journal.head().seq
    with pipeline.db.reader() as connection:
        return Display(views.calls(connection, zone), views.waiting_by_service(connection), seq)
