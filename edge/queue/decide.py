"""What the queue decides. Pure: state, command and context in; facts or a refusal out.

What may happen to a ticket is in `MOVES` of `desk.py`, and nowhere else:

    waiting ──call──▶ called ──serve──▶ serving ──finish──▶ finished
       ▲                 │  │              │
       │                 │  └──no-show──▶ no_show ─┐
       └──── requeue ────┼───── park ──▶ parked ───┴─ (cancel, transfer, expire)

The rule that picks whom to call is in `rules.py`; how long people will wait is in `forecast.py`.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.queue import answers, load
from edge.queue import events as e
from edge.queue import model as m
from edge.queue.call_rules import GiveUpCallRules, SetCalendar, SetCallRules
from edge.queue.desk import (
    ASSUMED,
    COPIES_MAX,
    finished,
    in_hand,
    known,
    manned,
    may,
    missed,
    open_counter,
    opened,
    pause_counter,
    put_down,
    resume_counter,
    sign_out,
    signed_out,
)
from edge.queue.forecast import POSITION, SIMULATED, Wait, estimate
from edge.queue.load import Day, Desk, DeskState, IssueState, TicketState
from edge.queue.model import Presence, State, Tier, pool_id, queue_id, staff_pool_id
from edge.queue.places import Place, joins
from edge.queue.remote import may_take, passed
from edge.queue.rule_changes import for_calendar, give_up_call_rules, set_calendar, set_call_rules
from edge.queue.rules import DEFAULT, Choice, choose

IN_HAND: Final = (State.CALLED, State.SERVING)


# --- the day


def new_day(day: Day, context: Context) -> list[Event]:
    """As `begin_day`, for those who only come in: they do not open a day that somebody has closed."""
    if day.closed_today:
        raise Rejected("day_closed", day=context.today.isoformat())
    return begin_day(day, context)


def begin_day(day: Day, context: Context) -> list[Event]:
    """The facts that make today the open business day; none where it already is."""
    today = context.today.isoformat()
    if day.open_day == today:
        return []
    return [*close(day), e.DayOpened(day=today)]


def close(day: Day) -> list[Event]:
    """Settle what the day leaves behind, then close it. Who is being served has been served; who was only called has not."""
    if day.open_day is None:
        return []
    served = IN_HAND if day.called_is_served else (State.SERVING,)
    settled: list[Event] = [
        finished(ticket, ASSUMED) if ticket.state in served else e.TicketExpired(ticket=ticket.id, number=ticket.number)
        for ticket in day.left_tickets
    ]
    settled += [signed_out(desk, automatic=True) for desk in day.left_desks]
    return [*settled, e.DayClosed(day=day.open_day)]


def open_day(day: Day, _command: m.OpenDay, context: Context) -> Sequence[Event]:
    return begin_day(day, context)


def close_day(day: Day, _command: m.CloseDay, _context: Context) -> Sequence[Event]:
    return close(day)


# --- a number


def issue(state: IssueState, command: m.IssueTicket, context: Context) -> Sequence[Event]:
    """Give the next number of the service's series."""
    service = state.service
    if service is None:
        raise Rejected("unknown_service", service=command.service)
    remote = command.channel in m.REMOTE
    if remote:
        if state.holder is None:
            raise Rejected("identity_needed")
        may_take(state.holder, context.now_ms)
    if state.taken is not None:
        raise Rejected("ticket_already_taken", number=state.taken)
    if not state.kiosk_open:
        raise Rejected("kiosk_closed")
    opening = new_day(state.day, context)
    ordinal = state.last + 1
    tier = standing(command)
    ahead, wait, basis = promise(state, tier)
    issued = e.TicketIssued(
        ticket=context.new_id(),
        number=f"{service.letter}{ordinal:03d}",
        day=context.today.isoformat(),
        letter=service.letter,
        ordinal=ordinal,
        service=service.id,
        tier=tier,
        queue=queue_id(service.id, tier),
        channel=command.channel,
        language=command.language,
        ahead=ahead,
        wait_low_s=wait.low_s,
        wait_high_s=wait.high_s,
        wait_basis=basis,
        priority_reason=command.priority_reason,
        customer=command.customer,
        shown=command.shown,
        phone_ref=command.phone_ref,
        printer=command.printer,
        remote=remote,
        holder=command.holder if remote else None,
        appointment=command.appointment,
        place_ms=command.place_ms,
    )
    return [*opening, issued]


def standing(command: m.IssueTicket) -> Tier:
    """Who is elderly, disabled, pregnant …, or in time for an appointment, goes first; a gold customer does not lose by it."""
    first = command.priority_reason is not None or command.place_ms is not None
    return Tier.PRIORITY if first else command.tier


def position(state: IssueState, tier: Tier) -> int:
    """How many the default rule would call before a newcomer of this tier."""
    if state.day.left_tickets:
        return 0
    rank = DEFAULT.ranks[tier]
    return sum(count for other, count in state.waiting.items() if DEFAULT.ranks[other] <= rank)


def promise(state: IssueState, tier: Tier) -> tuple[int, Wait, str]:
    """People ahead, the range to show, and what it is made from: the forecast, or the position while that is silent."""
    ahead = position(state, tier)
    known = state.outlook.get(tier)
    if known is not None and not state.day.left_tickets:
        return *known.quote(ahead), SIMULATED
    return ahead, estimate(ahead, state.service.usual_s if state.service else 0, state.open_counters), POSITION


# --- a ticket


def cancel(state: TicketState, command: m.CancelTicket, _context: Context) -> Sequence[Event]:
    ticket = may(state.ticket, "cancel")
    return [e.TicketCancelled(ticket=ticket.id, number=ticket.number, reason=command.reason)]


def transfer(state: TicketState, command: m.TransferTicket, context: Context) -> Sequence[Event]:
    """Send it on. Whoever moves a ticket that waits, from the hall, says why (S21). A counter that nobody sits at takes nobody:
    whoever was sent there would wait for no one (S04); a teller who is not there yet may be waited for by name."""
    ticket = may(state.ticket, "transfer")
    if command.service is None and command.counter is None and command.staff_no is None:
        raise Rejected("transfer_needs_target")
    if state.service is None:
        raise Rejected("unknown_service", service=command.service)
    if command.counter is not None and state.desk is None:
        raise Rejected("unknown_counter", counter=command.counter)
    if command.staff_no is None and state.desk is not None and state.desk.staff is None:
        raise Rejected("counter_unattended", counter_number=state.desk.config.number)
    if not state.staff_known:
        raise Rejected("unknown_staff", staff=command.staff_no)
    if state.reason_needed and ticket.state not in IN_HAND and not command.reason.strip():
        raise Rejected("reason_needed")
    moved = e.TicketTransferred(
        ticket=ticket.id,
        number=ticket.number,
        service=state.service.id,
        tier=ticket.tier,
        queue=_sent_to(command) or queue_id(state.service.id, ticket.tier),
        from_queue=ticket.queue,
        place_ms=ticket.place_ms if command.keep_place else context.now_ms,
        to_counter=command.counter,
        to_staff=command.staff_no,
        reason=command.reason,
    )
    return [moved]


def _sent_to(command: m.TransferTicket) -> str | None:
    """The pool of whoever is named; a teller before a counter, for tellers move."""
    if command.staff_no is not None:
        return staff_pool_id(command.staff_no)
    return None if command.counter is None else pool_id(command.counter)


def requeue(state: TicketState, _command: m.RequeueTicket, context: Context) -> Sequence[Event]:
    """A parked ticket gets its old place back; a missed one waits behind the next few."""
    ticket = may(state.ticket, "requeue")
    place = Place(ticket.place_ms, {}) if ticket.state is State.PARKED else joins(state.line, context.now_ms)
    requeued = e.TicketRequeued(
        ticket=ticket.id,
        number=ticket.number,
        place_ms=place.at_ms,
        queue=None if state.pool_attended else queue_id(ticket.service, ticket.tier),
        moved_back=place.moved_back,
    )
    return [requeued]


def reprint(state: TicketState, command: m.ReprintSlip, _context: Context) -> Sequence[Event]:
    ticket = may(state.ticket, "reprint")
    if ticket.copies >= COPIES_MAX:
        raise Rejected("too_many_copies", copies_max=COPIES_MAX)
    if ticket.slip is m.Slip.QUEUED:
        raise Rejected("slip_still_printing", number=ticket.number)
    copy = ticket.copies + 1
    return [e.SlipRequested(ticket=ticket.id, number=ticket.number, copy=copy, printer=command.printer)]


def record_slip(state: TicketState, command: m.RecordSlip, _context: Context) -> Sequence[Event]:
    """News of an older slip than the newest asked for changes nothing."""
    ticket = state.ticket
    if ticket is None:
        raise Rejected("unknown_ticket")
    if command.copy != ticket.copies or command.slip is ticket.slip:
        return ()
    proof, copy = command.proof, command.copy
    return [e.SlipRecorded(ticket=ticket.id, number=ticket.number, slip=command.slip, copy=copy, proof=proof)]


def rate(state: TicketState, command: m.RateService, context: Context) -> Sequence[Event]:
    """One opinion per service, once it has begun and before the time for it is over (S22)."""
    ticket = state.ticket
    if ticket is None:
        raise Rejected("unknown_ticket")
    if ticket.rating is not None:
        raise Rejected("already_rated", number=ticket.number)
    if ticket.state not in (State.SERVING, State.FINISHED):
        raise Rejected("not_served_yet", number=ticket.number)
    within_s, ended_ms = state.rated_within_s, state.finished_ms
    if within_s is not None and ended_ms is not None and context.now_ms - ended_ms > within_s * 1000:
        raise Rejected("rating_closed", number=ticket.number)
    rated = e.TicketRated(
        ticket=ticket.id,
        number=ticket.number,
        score=command.score,
        reasons=command.reasons,
        comment_ref=command.comment_ref,
        counter=ticket.counter,
        staff=ticket.staff,
    )
    return [rated]


# --- a counter's presence


def sign_in(state: DeskState, command: m.SignIn, context: Context) -> Sequence[Event]:
    """One teller at one counter (S23); the first of the morning opens the day."""
    desk = known(state.desk)
    opening = new_day(state.day, context)
    if not opening:
        if state.elsewhere is not None:
            raise Rejected("signed_in_elsewhere", counter_number=state.elsewhere)
        if desk.staff == command.staff:
            return ()
        if desk.staff is not None:
            raise Rejected("counter_taken", staff=desk.staff)
    number = desk.config.number
    return [*opening, e.CounterSignedIn(counter=desk.config.id, counter_number=number, staff=command.staff)]


# --- calling and serving


def call_next(state: DeskState, command: m.CallNext, context: Context) -> Sequence[Event]:
    """Call whom the rule picks. Nobody waiting is not a refusal: the teller simply has nobody to call."""
    if command.if_free and not _free(state.desk, command.staff):
        return ()
    desk, before = ready(state, command.staff, context)
    choice = choose(state.heads, state.rule, context.now_ms, state.memory)
    if choice is None:
        return before
    head = choice.head
    why = msgspec.structs.replace(choice.why, scheduled=state.scheduled)
    return [*before, *passed(state.pending, head.queue, head.place_ms), called(desk, choice._replace(why=why))]


def _free(desk: Desk | None, staff: str) -> bool:
    return desk is not None and desk.staff == staff and desk.presence is Presence.OPEN and desk.ticket is None and not desk.lost


def ready(state: DeskState, staff: str, context: Context) -> tuple[Desk, list[Event]]:
    """The counter, and what makes it ready to call: it opens, and it is done with whoever is in hand."""
    desk = manned(state.desk, staff)
    if desk.presence is Presence.PAUSED:
        raise Rejected("counter_paused")
    before: list[Event] = [] if desk.presence is Presence.OPEN else [opened(desk)]
    return desk, [*before, *put_down(desk, state, context)]


def called(desk: Desk, choice: Choice, *, reason: str = "") -> Event:
    """The fact of a call."""
    head = choice.head
    return e.TicketCalled(
        ticket=head.ticket,
        number=head.number,
        service=head.service,
        tier=head.tier,
        queue=head.queue,
        language=m.Language(head.language),
        counter=desk.config.id,
        counter_number=desk.config.number,
        counter_name=desk.config.name,
        staff=desk.staff or "",
        call_no=head.calls + 1,
        why=choice.why,
        promoted_in_row=choice.memory.promoted_in_row,
        turns={tier.value: calls for tier, calls in choice.memory.turns.items()},
        walk_ins_owed=choice.memory.walk_ins_owed,
        reason=reason,
    )


def recall(state: DeskState, command: m.RecallTicket, _context: Context) -> Sequence[Event]:
    desk = manned(state.desk, command.staff)
    ticket = in_hand(desk, "recall")
    if ticket.calls >= state.calls_max:
        raise Rejected("too_many_calls", calls_max=state.calls_max)
    again = e.TicketRecalled(
        ticket=ticket.id,
        number=ticket.number,
        service=ticket.service,
        tier=ticket.tier,
        queue=ticket.queue,
        language=ticket.language,
        counter=desk.config.id,
        counter_number=desk.config.number,
        counter_name=desk.config.name,
        staff=command.staff,
        call_no=ticket.calls + 1,
    )
    return [again]


def serve(state: DeskState, command: m.ServeTicket, _context: Context) -> Sequence[Event]:
    desk = manned(state.desk, command.staff)
    ticket = in_hand(desk, "serve")
    return [e.TicketServed(ticket=ticket.id, number=ticket.number, counter=desk.config.id, staff=command.staff)]


def mark_no_show(state: DeskState, command: m.MarkNoShow, _context: Context) -> Sequence[Event]:
    if command.unanswered is not None and not _unanswered(state.desk, command):
        return ()
    desk = manned(state.desk, command.staff)
    ticket = in_hand(desk, "no_show")
    return [missed(ticket, state.calls_before_no_show)]


def _unanswered(desk: Desk | None, command: m.MarkNoShow) -> bool:
    """Whether the call that got no answer is still the last thing that happened at this counter."""
    ticket = None if desk is None else desk.ticket
    called = ticket is not None and ticket.state is State.CALLED
    return called and ticket is not None and (ticket.id, ticket.calls) == command.unanswered


def park(state: DeskState, command: m.ParkTicket, _context: Context) -> Sequence[Event]:
    desk = manned(state.desk, command.staff)
    ticket = in_hand(desk, "park")
    at, staff, reason = desk.config.id, command.staff, command.reason
    pools = {m.Pool.COUNTER: pool_id(at), m.Pool.STAFF: staff_pool_id(staff)}
    queue = pools.get(command.pool)
    return [e.TicketParked(ticket=ticket.id, number=ticket.number, counter=at, staff=staff, reason=reason, queue=queue)]


def finish(state: DeskState, command: m.FinishTicket, _context: Context) -> Sequence[Event]:
    desk = manned(state.desk, command.staff)
    ticket = in_hand(desk, "finish")
    if state.outcomes.refuses(command.outcome):
        raise Rejected("outcome_needed", number=ticket.number)
    return [finished(ticket, command.outcome)]


HANDLERS: Final[dict[type[Command], Handler]] = {
    m.OpenDay: Handler(load.for_day, open_day, answers.day),
    m.CloseDay: Handler(load.for_day, close_day, answers.day),
    m.IssueTicket: Handler(load.for_issue, issue, answers.issued),
    m.CancelTicket: Handler(load.for_ticket, cancel, answers.ticket),
    m.TransferTicket: Handler(load.for_transfer, transfer, answers.ticket),
    m.RequeueTicket: Handler(load.for_requeue, requeue, answers.ticket),
    m.ReprintSlip: Handler(load.for_ticket, reprint, answers.ticket),
    m.RecordSlip: Handler(load.for_ticket, record_slip),
    m.RateService: Handler(load.for_rating, rate, answers.rated),
    m.SignIn: Handler(load.for_sign_in, sign_in, answers.desk),
    m.SignOut: Handler(load.for_sign_out, sign_out, answers.desk),
    m.OpenCounter: Handler(load.for_desk, open_counter, answers.desk),
    m.PauseCounter: Handler(load.for_pause, pause_counter, answers.desk),
    m.ResumeCounter: Handler(load.for_desk, resume_counter, answers.desk),
    m.CallNext: Handler(load.for_call, call_next, answers.called),
    m.RecallTicket: Handler(load.for_repeat, recall, answers.ticket),
    m.ServeTicket: Handler(load.for_desk, serve, answers.ticket),
    m.MarkNoShow: Handler(load.for_repeat, mark_no_show, answers.ticket),
    m.ParkTicket: Handler(load.for_desk, park, answers.ticket),
    m.FinishTicket: Handler(load.for_finish, finish, answers.ticket),
    SetCallRules: Handler(load.for_rules, set_call_rules),
    GiveUpCallRules: Handler(load.for_rules, give_up_call_rules),
    SetCalendar: Handler(for_calendar, set_calendar),
}
