"""What staff do to the queue by hand, or by falling silent: call somebody out of turn, put somebody first, say who somebody is,
be gone.

All of it is in the books with who and why: a hand in the queue is the first thing an auditor asks about (S16, S20, S21).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.org import tables as org
from edge.queue import answers, decide, load, load_heads, ruling
from edge.queue import events as e
from edge.queue import model as m
from edge.queue.desk import may
from edge.queue.load import DeskState, Ticket, TicketState
from edge.queue.load_remote import pending
from edge.queue.model import State, Tier, queue_id
from edge.queue.remote import passed
from edge.queue.rules import Candidate, Choice, Head, Why

PICKED: Final = "picked_by_hand"


@dataclass(frozen=True, slots=True)
class PickState:
    """A counter, its queues, and the ticket a hand points at."""

    at: DeskState
    ticket: Ticket | None

    @property
    def desk(self) -> load.Desk | None:
        return self.at.desk


def for_pick(connection: Connection, command: m.CallTicket, _context: Context) -> PickState:
    desk = load.desk(connection, command.counter)
    heads = () if desk is None else load_heads.heads(connection, desk.config.id, desk.staff, _offered(connection, desk))
    memory = ruling.memory(connection, command.counter)
    return PickState(
        DeskState(desk, **load.ending(connection, desk), heads=heads, memory=memory, pending=pending(connection)),
        load.ticket(connection, command.ticket),
    )


def _offered(connection: Connection, desk: load.Desk) -> tuple[str, ...]:
    return load_heads.offered(connection, desk.config, desk.staff)


def pick(state: PickState, command: m.CallTicket, context: Context) -> Sequence[Event]:
    """Call this one, whoever's turn it is; the rule's own candidates stand beside it in the books."""
    if not command.reason.strip():
        raise Rejected("reason_needed")
    desk, before = decide.ready(state.at, command.staff, context)
    ticket = state.ticket
    if ticket is None:
        raise Rejected("unknown_ticket")
    if ticket.state is not State.WAITING:
        raise Rejected("ticket_not_in_state", move="call", state=ticket.state.value, number=ticket.number)
    why = _why(ticket, state.at.heads, command.reason, context.now_ms)
    choice = Choice(_head(ticket), why, state.at.memory)
    turn_passed = passed(state.at.pending, ticket.queue, ticket.place_ms)
    return [*before, *turn_passed, decide.called(desk, choice, reason=command.reason)]


def _head(ticket: Ticket) -> Head:
    return Head(
        ticket=ticket.id,
        number=ticket.number,
        queue=ticket.queue,
        service=ticket.service,
        tier=ticket.tier,
        place_ms=ticket.place_ms,
        seq=0,
        language=ticket.language,
        pooled=False,
        calls=ticket.calls,
    )


def _why(ticket: Ticket, heads: Sequence[Head], reason: str, now_ms: int) -> Why:
    chosen = _candidate(_head(ticket), 1, now_ms, chosen=True)
    others = (head for head in heads if head.ticket != ticket.id)
    return Why(
        rule=PICKED,
        text_code=PICKED,
        candidates=(chosen, *(_candidate(head, rank, now_ms, chosen=False) for rank, head in enumerate(others, 2))),
        note=reason,
    )


def _candidate(head: Head, rank: int, now_ms: int, *, chosen: bool) -> Candidate:
    waited_s = head.waited_ms(now_ms) // 1000
    return Candidate(
        ticket=head.ticket, number=head.number, queue=head.queue, tier=head.tier, waited_s=waited_s, rank=rank, chosen=chosen
    )


@dataclass(frozen=True, slots=True)
class PinState:
    ticket: Ticket | None
    first_ms: int | None
    """The earliest place of the others who go first, whatever they came for; None where nobody of them waits."""


def for_pin(connection: Connection, command: m.PinTicket, _context: Context) -> PinState:
    places = [_first_place(connection, service.id, command.ticket) for service in org.services(connection)]
    return PinState(load.ticket(connection, command.ticket), min((one for one in places if one is not None), default=None))


def _first_place(connection: Connection, service: str, but: str) -> int | None:
    place_ms: int | None = connection.execute(
        "SELECT place_ms FROM ticket WHERE queue = ? AND state = 'waiting' AND id <> ? ORDER BY place_ms, seq LIMIT 1",
        (queue_id(service, Tier.PRIORITY), but),
    ).get
    return place_ms


def pin(state: PinState, command: m.PinTicket, _context: Context) -> Sequence[Event]:
    """Before everybody else of those who go first (置顶): whichever counter may call it by the usual order does so next.

    A counter whose rule prefers others keeps to its rule, which may be locked by a level above (S26): a hand in the hall is no
    way around it. Who must be next whatever the rule is sent to a window by name. A ticket that was sent to a counter or a
    teller waits for anybody from now on. Whoever is the very first already stays there, and nothing more happened: a second
    hand on the same ticket is no second deed.
    """
    if not command.reason.strip():
        raise Rejected("reason_needed")
    ticket = may(state.ticket, "pin")
    place_ms = ticket.place_ms if state.first_ms is None else min(ticket.place_ms, state.first_ms - 1)
    first_queue = queue_id(ticket.service, Tier.PRIORITY)
    if ticket.state is State.WAITING and (ticket.queue, ticket.place_ms) == (first_queue, place_ms):
        return ()
    pinned = e.TicketPinned(
        ticket=ticket.id,
        number=ticket.number,
        tier=Tier.PRIORITY,
        queue=first_queue,
        from_queue=ticket.queue,
        place_ms=place_ms,
        reason=command.reason,
    )
    return [pinned]


BINDABLE: Final = frozenset({State.WAITING, State.PARKED, State.NO_SHOW, State.CALLED, State.SERVING})


def bind(state: TicketState, command: m.BindCustomer, _context: Context) -> Sequence[Event]:
    """The customer is known now: the ticket gets their tier where policy says so; priority is not lost by it, and the place in
    time stays. A ticket is one customer's: whoever it was bound to by mistake is unbound first, so that the books show it."""
    ticket = _live(state, "bind")
    if state.customer == command.customer:
        return ()
    if state.customer is not None:
        raise Rejected("bound_to_another", number=ticket.number)
    tier = ticket.tier if ticket.tier is Tier.PRIORITY or not state.reclass else command.tier
    bound = e.TicketBound(
        ticket=ticket.id,
        number=ticket.number,
        customer=command.customer,
        shown=command.shown,
        tier=tier,
        queue=_queue_of(ticket, tier),
        from_queue=ticket.queue,
    )
    return [bound]


def unbind(state: TicketState, _command: m.UnbindCustomer, _context: Context) -> Sequence[Event]:
    """Undo a binding: the tier it had before, at the same place in time. Who took the number with a card stays who they are."""
    ticket = _live(state, "unbind")
    if state.customer is None or state.bound_from is None:
        raise Rejected("not_bound", number=ticket.number)
    unbound = e.TicketUnbound(
        ticket=ticket.id,
        number=ticket.number,
        customer=state.customer,
        tier=state.bound_from,
        queue=_queue_of(ticket, state.bound_from),
        from_queue=ticket.queue,
    )
    return [unbound]


def _live(state: TicketState, move: str) -> Ticket:
    ticket = state.ticket
    if ticket is None:
        raise Rejected("unknown_ticket")
    if ticket.state not in BINDABLE:
        raise Rejected("ticket_not_in_state", move=move, state=ticket.state.value, number=ticket.number)
    return ticket


def _queue_of(ticket: Ticket, tier: Tier) -> str:
    """Where it waits with this tier; one that was sent to a counter or a teller stays there."""
    own_queue = ticket.queue == queue_id(ticket.service, ticket.tier)
    return queue_id(ticket.service, tier) if own_queue else ticket.queue


def mark_lost(state: DeskState, command: m.MarkLost, _context: Context) -> Sequence[Event]:
    """Say that a terminal is silent; give back whoever was called there and is not being served (S20)."""
    desk = state.desk
    if desk is None or desk.staff != command.staff:
        return ()
    events: list[Event] = []
    if not desk.lost:
        events.append(e.CounterLost(counter=desk.config.id, counter_number=desk.config.number, staff=command.staff))
    if command.give_back and desk.ticket is not None and desk.ticket.state is State.CALLED:
        ticket = desk.ticket
        events.append(e.TicketRequeued(ticket=ticket.id, number=ticket.number, place_ms=ticket.place_ms))
    return events


def mark_found(state: DeskState, command: m.MarkFound, _context: Context) -> Sequence[Event]:
    desk = state.desk
    if desk is None or desk.staff != command.staff or not desk.lost:
        return ()
    return [e.CounterFound(counter=desk.config.id, counter_number=desk.config.number, staff=command.staff)]


HANDLERS: Final[dict[type[Command], Handler]] = {
    m.CallTicket: Handler(for_pick, pick, answers.called),
    m.PinTicket: Handler(for_pin, pin, answers.subject),
    m.BindCustomer: Handler(load.for_bind, bind, answers.ticket),
    m.UnbindCustomer: Handler(load.for_bind, unbind, answers.ticket),
    m.MarkLost: Handler(load.for_desk, mark_lost),
    m.MarkFound: Handler(load.for_desk, mark_found),
}
