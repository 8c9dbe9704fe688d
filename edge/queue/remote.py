"""Remote tickets: taken from afar, activated on arrival (S08–S10).

* A remote ticket has a number and a place at once, and is in nobody's way until its holder is here: it is never called, and
  nobody counts it among the people ahead.
* Activation needs the identity it was taken with. Its place is that of the moment it was taken; its wait counts from now, so
  that nobody ages at home.
* When somebody behind it is called, its turn has passed. It keeps its place for a while (half an hour); whoever comes in later
  waits behind the next few (two). After that, and at the end of the day, it expires.
* One live remote ticket per holder; some (three) that expired in thirty days, and for some days (seven) there is none.
* The figures in brackets are the defaults of policy keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.policy import tables as policy
from edge.queue import answers, load, places
from edge.queue import events as e
from edge.queue import model as m
from edge.queue import policy as keys
from edge.queue.desk import COPIES_MAX
from edge.queue.load import Ticket
from edge.queue.load_remote import DAY_MS, THEIRS, HolderState, Pending
from edge.queue.model import REMOTE, State
from edge.queue.places import NOBODY, Line, Place, joins

MINUTE_MS: Final = 60 * 1000
EXPIRED_AT_ONCE_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class ActivationState:
    ticket: Ticket | None
    remote: bool = False
    """It was taken from afar."""
    holder: str | None = None
    customer: str | None = None
    activated: bool = False
    passed: bool = False
    line: Line = NOBODY
    """Those behind whom a late comer waits."""


# --- issuing


def may_take(state: HolderState, now_ms: int) -> None:
    """Raise Rejected where this holder may not take a remote ticket now."""
    if state.live is not None:
        raise Rejected("duplicate_ticket", number=state.live)
    if state.refused_until_ms > now_ms:
        raise Rejected("remote_refused", days=-(-(state.refused_until_ms - now_ms) // DAY_MS))


# --- passing


def passed(waiting: Sequence[Pending], queue: str, place_ms: int) -> list[Event]:
    """Whose turn passes when the ticket at `place_ms` of `queue` is called."""
    return [
        e.TicketPassed(ticket=one.ticket, number=one.number)
        for one in waiting
        if one.queue == queue and one.place_ms < place_ms
    ]


def for_expiry(connection: Connection, _command: m.ExpirePassed, context: Context) -> list[tuple[str, str]]:
    kept_ms = policy.read(connection, keys.REMOTE_KEPT_MIN) * MINUTE_MS
    rows = connection.execute(
        "SELECT id, number FROM ticket WHERE state = 'pending' AND passed_ms < ? LIMIT ?",
        (context.now_ms - kept_ms, EXPIRED_AT_ONCE_MAX),
    )
    return [(str(ticket), str(number)) for ticket, number in rows]


def expire_passed(late: list[tuple[str, str]], _command: m.ExpirePassed, _context: Context) -> Sequence[Event]:
    return [e.TicketExpired(ticket=ticket, number=number) for ticket, number in late]


# --- activating


def held_by(connection: Connection, holder: str, customer: str | None) -> str | None:
    """The remote ticket that somebody has on the open day, by the identity shown or by who they are."""
    found: str | None = connection.execute(
        f"SELECT id FROM ticket WHERE {THEIRS} AND +day = (SELECT day FROM queue_day WHERE state = 'open')"  # noqa: S608 -- constant
        " AND state IN ('pending', 'waiting', 'called') ORDER BY seq LIMIT 1",
        {"holder": holder, "customer": customer},
    ).get
    return found


def for_activation(connection: Connection, command: m.ActivateTicket, _context: Context) -> ActivationState:
    asked = command.ticket or held_by(connection, command.holder, command.customer)
    ticket = None if asked is None else load.ticket(connection, asked)
    if ticket is None:
        return ActivationState(None)
    row = connection.execute(
        "SELECT channel, holder, customer, activated_ms IS NOT NULL, passed_ms IS NOT NULL FROM ticket WHERE id = ?",
        (ticket.id,),
    ).fetchone()
    behind = places.line(connection, ticket.id, ticket.queue, policy.read(connection, keys.REMOTE_LATE_BEHIND))
    channel, holder, customer, activated, has_passed = row or ("", None, None, 0, 0)
    return ActivationState(ticket, channel in REMOTE, holder, customer, bool(activated), bool(has_passed), behind)


def activate(state: ActivationState, command: m.ActivateTicket, context: Context) -> Sequence[Event]:
    """Let its holder in. The same again prints the same number once more; another document is refused (S10)."""
    ticket = state.ticket
    if ticket is None:
        raise Rejected("unknown_ticket" if command.ticket else "no_remote_ticket")
    if not state.remote:
        raise Rejected("not_remote", number=ticket.number)
    if state.holder != command.holder and (state.customer is None or state.customer != command.customer):
        raise Rejected("wrong_document", number=ticket.number)
    if state.activated:
        return _once_more(ticket, command)
    if ticket.state is not State.PENDING:
        raise Rejected("ticket_not_in_state", move="activate", state=ticket.state.value, number=ticket.number)
    place = joins(state.line, context.now_ms) if state.passed else Place(ticket.place_ms, {})
    activated = e.TicketActivated(
        ticket=ticket.id,
        number=ticket.number,
        queue=ticket.queue,
        place_ms=place.at_ms,
        printer=command.printer,
        shown=command.shown,
        moved_back=place.moved_back,
    )
    return [activated]


def _once_more(ticket: Ticket, command: m.ActivateTicket) -> Sequence[Event]:
    printing = ticket.slip is m.Slip.QUEUED or ticket.copies >= COPIES_MAX
    if command.printer is None or printing or ticket.state is not State.WAITING:
        return ()
    copy = ticket.copies + 1
    return [e.SlipRequested(ticket=ticket.id, number=ticket.number, copy=copy, printer=command.printer)]


HANDLERS: Final[dict[type[Command], Handler]] = {
    m.ActivateTicket: Handler(for_activation, activate, answers.subject),
    m.ExpirePassed: Handler(for_expiry, expire_passed),
}
