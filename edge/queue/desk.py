"""What a teller may do at a counter, besides calling: be there, pause, leave; and how a service ends.

What may happen to a ticket is in `MOVES`, and nowhere else.
"""

from collections.abc import Sequence
from typing import Final

from edge.kernel.domain import Context, Event, Rejected
from edge.queue import events as e
from edge.queue import model as m
from edge.queue.desk_policy import Outcomes
from edge.queue.load import Desk, DeskState, Ticket
from edge.queue.model import POOL, Presence, State, queue_id

MOVES: Final[dict[str, frozenset[State]]] = {
    "serve": frozenset({State.CALLED}),
    "recall": frozenset({State.CALLED}),
    "no_show": frozenset({State.CALLED}),
    "park": frozenset({State.CALLED, State.SERVING}),
    "finish": frozenset({State.CALLED, State.SERVING}),
    "cancel": frozenset({State.PENDING, State.WAITING, State.CALLED, State.PARKED, State.NO_SHOW}),
    "transfer": frozenset({State.WAITING, State.CALLED, State.SERVING, State.PARKED, State.NO_SHOW}),
    "pin": frozenset({State.WAITING, State.PARKED, State.NO_SHOW}),
    "more_time": frozenset({State.WAITING}),
    "requeue": frozenset({State.PARKED, State.NO_SHOW}),
    "reprint": frozenset({State.WAITING, State.CALLED, State.SERVING, State.PARKED, State.NO_SHOW}),
}

COPIES_MAX: Final = 5
"""So often a slip is printed again."""
ASSUMED: Final = "assumed"
"""Outcome of a service that ended because Next was pressed."""


def may(ticket: Ticket | None, move: str) -> Ticket:
    """The ticket, if it exists and stands where `move` is possible."""
    if ticket is None:
        raise Rejected("unknown_ticket")
    if ticket.state not in MOVES[move]:
        raise Rejected("ticket_not_in_state", move=move, state=ticket.state.value, number=ticket.number)
    return ticket


def open_counter(state: DeskState, command: m.OpenCounter, _context: Context) -> Sequence[Event]:
    desk = manned(state.desk, command.staff)
    if desk.presence is Presence.OPEN:
        return ()
    if desk.presence is Presence.PAUSED:
        raise Rejected("counter_paused")
    return [opened(desk)]


def pause_counter(state: DeskState, command: m.PauseCounter, _context: Context) -> Sequence[Event]:
    desk = manned(state.desk, command.staff)
    if desk.presence is Presence.PAUSED:
        return ()
    if state.pause_refused:
        raise Rejected("pause_reason_needed")
    if desk.ticket is not None:
        raise Rejected("ticket_in_hand", number=desk.ticket.number)
    number, staff = desk.config.number, command.staff
    return [e.CounterPaused(counter=desk.config.id, counter_number=number, staff=staff, reason=command.reason)]


def resume_counter(state: DeskState, command: m.ResumeCounter, _context: Context) -> Sequence[Event]:
    desk = manned(state.desk, command.staff)
    if desk.presence is not Presence.PAUSED:
        return ()
    return [e.CounterResumed(counter=desk.config.id, counter_number=desk.config.number, staff=command.staff)]


def sign_out(state: DeskState, command: m.SignOut, _context: Context) -> Sequence[Event]:
    """Leave the counter. Who is being served there is finished; who was only called goes back to the head of the queue, for
    nobody has served them; who was sent there by name waits for anybody (S04)."""
    desk = manned(state.desk, command.staff)
    return [
        *_left(desk, state.outcomes),
        *(_back_to_service(ticket) for ticket in state.pool),
        signed_out(desk, automatic=False),
    ]


def _left(desk: Desk, outcomes: Outcomes) -> list[Event]:
    ticket = desk.ticket
    if ticket is None:
        return []
    if ticket.state is State.CALLED:
        queue = queue_id(ticket.service, ticket.tier) if ticket.queue.startswith(POOL) else None
        return [e.TicketRequeued(ticket=ticket.id, number=ticket.number, place_ms=ticket.place_ms, queue=queue)]
    return [_assumed(ticket, outcomes)]


def _back_to_service(ticket: Ticket) -> Event:
    return e.TicketTransferred(
        ticket=ticket.id,
        number=ticket.number,
        service=ticket.service,
        tier=ticket.tier,
        queue=queue_id(ticket.service, ticket.tier),
        from_queue=ticket.queue,
        place_ms=ticket.place_ms,
    )


def known(desk: Desk | None) -> Desk:
    if desk is None:
        raise Rejected("unknown_counter")
    return desk


def manned(desk: Desk | None, staff: str) -> Desk:
    """The counter, if this teller is signed in there."""
    found = known(desk)
    if found.staff != staff:
        raise Rejected("not_signed_in_here", counter_number=found.config.number)
    return found


def opened(desk: Desk) -> Event:
    return e.CounterOpened(counter=desk.config.id, counter_number=desk.config.number, staff=desk.staff or "")


def signed_out(desk: Desk, *, automatic: bool) -> Event:
    return e.CounterSignedOut(
        counter=desk.config.id, counter_number=desk.config.number, staff=desk.staff or "", automatic=automatic
    )


def put_down(desk: Desk, state: DeskState, context: Context) -> list[Event]:
    """Be done with whoever is still in hand: pressing Next says that the service is over (S19), unless that has to be said.

    Who was only called, and a moment ago, cannot have been served: they did not come, and can wait again. After
    `served_after_s` Next means that the teller, or a keypad that has no other key, left out Serve."""
    ticket = desk.ticket
    if ticket is None:
        return []
    called_ms = ticket.last_call_ms if ticket.state is State.CALLED else None
    if called_ms is not None and context.now_ms - called_ms < state.served_after_s * 1000:
        return [missed(ticket, state.calls_before_no_show)]
    return [_assumed(ticket, state.outcomes)]


def _assumed(ticket: Ticket, outcomes: Outcomes) -> Event:
    if outcomes.needed:
        raise Rejected("outcome_needed", number=ticket.number)
    return finished(ticket, ASSUMED)


def missed(ticket: Ticket, calls_needed: int) -> Event:
    """Nobody came (过号)."""
    if ticket.calls < calls_needed:
        raise Rejected("call_again_first", calls=ticket.calls, calls_needed=calls_needed)
    return e.TicketNoShow(ticket=ticket.id, number=ticket.number, counter=ticket.counter or "", staff=ticket.staff or "")


def in_hand(desk: Desk, move: str) -> Ticket:
    if desk.ticket is None:
        raise Rejected("nobody_in_hand", counter_number=desk.config.number)
    return may(desk.ticket, move)


def finished(ticket: Ticket, outcome: str) -> Event:
    counter, staff = ticket.counter or "", ticket.staff or ""
    return e.TicketFinished(ticket=ticket.id, number=ticket.number, counter=counter, staff=staff, outcome=outcome)
