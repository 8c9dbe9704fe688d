"""What each decision needs to know, read with point reads on the writer's connection.

The shapes are frozen and hold plain values, so that a test or the forecast can build them without a database.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple, TypedDict

from edge.kernel.db import Connection
from edge.kernel.domain import Context
from edge.kernel.remembered import remembered
from edge.org import tables as org
from edge.org.model import Counter, Service
from edge.policy import tables as policy
from edge.policy.keys import Effective
from edge.queue import desk_policy, outlook, places, ruling
from edge.queue import model as m
from edge.queue import policy as keys
from edge.queue.call_rules import GiveUpCallRules, SetCallRules
from edge.queue.desk_policy import NO_OUTCOMES, Outcomes
from edge.queue.load_heads import heads, manned, offered
from edge.queue.load_remote import HolderState, Pending, holder_state, pending
from edge.queue.model import REMOTE, Language, Presence, Slip, State, Tier, pool_id, queue_id, queues_of, staff_pool_id
from edge.queue.outlook import Newcomer
from edge.queue.places import NOBODY, Line
from edge.queue.rules import DEFAULT, FRESH, Head, Memory, Rule

LIVE_TICKETS_MAX: Final = 20_000
"""Bound of what one day can leave behind."""


class Ticket(NamedTuple):
    """A ticket as a decision sees it."""

    id: str
    number: str
    service: str
    tier: Tier
    queue: str
    state: State
    language: Language
    place_ms: int
    counter: str | None
    staff: str | None
    calls: int
    rating: int | None
    copies: int
    slip: Slip
    served: bool
    last_call_ms: int | None = None


class Desk(NamedTuple):
    """A counter as a decision sees it."""

    config: Counter
    presence: Presence
    staff: str | None
    ticket: Ticket | None
    """The one in hand: called or being served."""
    lost: bool = False
    """Its terminal fell silent."""


@dataclass(frozen=True, slots=True)
class Day:
    """The business day, and what is left of an older one that nobody closed."""

    open_day: str | None
    closed_today: bool = False
    """Somebody ended today's business day; only somebody can open it again."""
    left_tickets: tuple[Ticket, ...] = ()
    left_desks: tuple[Desk, ...] = ()
    called_is_served: bool = False
    """The bank's tellers never say that a service begins, so that a call is all there is of one."""


@dataclass(frozen=True, slots=True)
class IssueState:
    day: Day
    service: Service | None
    last: int
    """The last number of today's series."""
    waiting: dict[Tier, int] = field(default_factory=dict)
    """How many wait for this service, by tier."""
    open_counters: int = 0
    holder: HolderState | None = None
    """Known where a remote ticket is asked for."""
    outlook: dict[Tier, Newcomer] = field(default_factory=dict)
    """What the forecast says of somebody who comes now, by tier; empty while it is silent."""
    taken: str | None = None
    """The number that was taken with the same appointment or code before."""
    kiosk_open: bool = True
    """Known where the kiosk asks."""


@dataclass(frozen=True, slots=True)
class TicketState:
    ticket: Ticket | None
    service: Service | None = None
    """The service to transfer to."""
    desk: Desk | None = None
    """The counter it stands at, or is to be sent to."""
    staff_known: bool = True
    """The teller it is to be sent to works here."""
    pool_attended: bool = True
    """Somebody is there for the counter or teller whose pool it is kept for."""
    reason_needed: bool = False
    """Whoever moves a ticket that is not in hand, from the hall, says why."""
    line: Line = NOBODY
    """Those behind whom a missed ticket queues again."""
    reclass: bool = True
    """Whoever turns out to be known moves to the queue of their tier."""
    customer: str | None = None
    """Who holds it, as far as the branch knows."""
    bound_from: Tier | None = None
    """The tier it had before somebody said who holds it."""
    finished_ms: int | None = None
    rated_within_s: int | None = None
    """How long after the end a service can be rated; None: no end."""


@dataclass(frozen=True, slots=True)
class DeskState:
    desk: Desk | None
    day: Day = field(default_factory=lambda: Day(None))
    """Known where a decision may begin a new day."""
    elsewhere: int | None = None
    """The number of another counter where this teller is signed in."""
    heads: tuple[Head, ...] = ()
    rule: Rule = DEFAULT
    scheduled: bool = False
    """Whether the rule is a schedule's."""
    memory: Memory = FRESH
    pool: tuple[Ticket, ...] = ()
    """Tickets sent to this counter or teller by name, known where it is about to be left."""
    pending: tuple[Pending, ...] = ()
    """Remote tickets whose turn may pass with this call."""
    outcomes: Outcomes = NO_OUTCOMES
    """What the service in hand may end with, known where it may end."""
    pause_refused: bool = False
    """A pause needs a reason, and this is none of them."""
    calls_max: int = keys.CALLS_MAX.default
    calls_before_no_show: int = keys.CALLS_BEFORE_NO_SHOW.default
    served_after_s: int = desk_policy.SERVED_AFTER_S.default
    """Who was called so long ago is taken for served where Next is pressed without a word."""


@dataclass(frozen=True, slots=True)
class RulesState:
    """A counter whose rules are to change, and what upper levels allow."""

    desk: Desk | None
    above: keys.FromAbove = keys.NOTHING_ABOVE
    latest_s: dict[Tier, Effective] = field(default_factory=dict)
    """Within what wait each tier must be promoted, where anybody says."""
    own: bool = False
    """It has rules that were set here."""


_TICKET: Final = (
    "SELECT id, number, service, tier, queue, state, language, place_ms, counter, staff, calls, rating, copies, slip,"
    " called_ms IS NOT NULL, last_call_ms FROM ticket "
)

TIERS: Final = tuple(Tier)


def _ticket(row: tuple[object, ...]) -> Ticket:
    values = Ticket(*row)  # type: ignore[arg-type]
    return values._replace(
        tier=Tier(values.tier),
        state=State(values.state),
        language=Language(values.language),
        slip=Slip(values.slip),
        served=bool(values.served),
    )


def ticket(connection: Connection, ticket_id: str) -> Ticket | None:
    row = connection.execute(_TICKET + "WHERE id = ?", (ticket_id,)).fetchone()
    return None if row is None else _ticket(row)


def desk(connection: Connection, counter_id: str) -> Desk | None:
    """The counter with its live state; one that nobody ever signed in to is closed."""
    config = org.counter(connection, counter_id)
    if config is None:
        return None
    row = connection.execute("SELECT state, staff, ticket, lost FROM queue_counter WHERE counter = ?", (counter_id,)).fetchone()
    if row is None:
        return Desk(config, Presence.CLOSED, None, None)
    state, staff, in_hand, lost = row
    return Desk(config, Presence(state), staff, None if in_hand is None else ticket(connection, in_hand), bool(lost))


def day(connection: Connection, context: Context) -> Day:
    """The open business day; with everything still live when it is not today's."""
    today = context.today.isoformat()
    open_day: str | None = connection.execute("SELECT day FROM queue_day WHERE state = 'open'").get
    if open_day == today:
        return Day(open_day)
    state = connection.execute("SELECT state FROM queue_day WHERE day = ?", (today,)).get
    left = Day(None) if open_day is None else left_behind(connection, open_day)
    return replace(left, closed_today=state == "closed")


def left_behind(connection: Connection, open_day: str) -> Day:
    """Everything that closing `open_day` has to settle."""
    rows = connection.execute(
        _TICKET
        + "WHERE day = ? AND state IN ('pending', 'waiting', 'called', 'serving', 'parked', 'no_show') ORDER BY seq LIMIT ?",
        (open_day, LIVE_TICKETS_MAX),
    )
    staffed = connection.execute("SELECT counter FROM queue_counter WHERE staff IS NOT NULL ORDER BY counter").fetchall()
    desks = (desk(connection, str(counter)) for (counter,) in staffed)
    return Day(
        open_day,
        left_tickets=tuple(_ticket(row) for row in rows),
        left_desks=tuple(found for found in desks if found is not None),
        called_is_served=policy.read(connection, desk_policy.SERVED_AFTER_S) == 0,
    )


def for_issue(connection: Connection, command: m.IssueTicket, context: Context) -> IssueState:
    service = org.service(connection, command.service)
    today = context.today.isoformat()
    if service is None:
        return IssueState(day(connection, context), None, 0)
    last = connection.execute("SELECT last FROM queue_series WHERE day = ? AND letter = ?", (today, service.letter)).get
    remote = command.channel in REMOTE and command.holder is not None
    return IssueState(
        day(connection, context),
        service,
        last or 0,
        waiting_by_tier(connection, service.id),
        open_counters(connection),
        holder_state(connection, command.holder, command.customer, context.now_ms) if remote and command.holder else None,
        outlook.newcomers(connection, service.id),
        command.appointment
        and connection.execute("SELECT number FROM ticket WHERE appointment = ?", (command.appointment,)).get,
        command.channel is not m.Channel.KIOSK or kiosk_open(connection, context.now),
    )


def kiosk_open(connection: Connection, now: datetime) -> bool:
    """Whether the kiosk gives numbers at the branch's local time `now`."""
    hours = policy.read(connection, keys.KIOSK_HOURS)
    return not hours or keys.kiosk_open(hours, now, ruling.calendar(connection))


def waiting_by_tier(connection: Connection, service: str) -> dict[Tier, int]:
    """How many wait for a service; tiers of which nobody waits are left out."""
    queues = queues_of(service)
    rows = connection.execute("SELECT queue, waiting FROM queue_length WHERE queue IN (?, ?, ?) AND waiting > 0", tuple(queues))
    return {queues[str(queue)]: waiting for queue, waiting in rows}


def open_counters(connection: Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM queue_counter WHERE state = 'open'").get
    return count


def for_ticket(
    connection: Connection, command: m.CancelTicket | m.ReprintSlip | m.RecordSlip, _context: Context
) -> TicketState:
    return TicketState(ticket(connection, command.ticket))


def for_rating(connection: Connection, command: m.RateService, _context: Context) -> TicketState:
    ended_ms: int | None = connection.execute("SELECT finished_ms FROM ticket WHERE id = ?", (command.ticket,)).get
    within_s = policy.read(connection, keys.RATING_WITHIN_S)
    return TicketState(ticket(connection, command.ticket), finished_ms=ended_ms, rated_within_s=within_s)


def for_bind(connection: Connection, command: m.BindCustomer | m.UnbindCustomer, _context: Context) -> TicketState:
    row = connection.execute("SELECT customer, bound_from FROM ticket WHERE id = ?", (command.ticket,)).fetchone()
    customer, bound_from = row or (None, None)
    return TicketState(
        ticket(connection, command.ticket),
        reclass=policy.read(connection, keys.RECLASS_ON_BIND),
        customer=customer,
        bound_from=None if bound_from is None else Tier(bound_from),
    )


def for_transfer(connection: Connection, command: m.TransferTicket, context: Context) -> TicketState:
    found = ticket(connection, command.ticket)
    to_service = command.service or (found.service if found else "")
    to_desk = desk(connection, command.counter) if command.counter else None
    known = command.staff_no is None or org.staff(connection, command.staff_no) is not None
    reason_needed = policy.read(connection, keys.HAND_REASON_NEEDED) and not _at_a_counter(connection, context.actor)
    return TicketState(found, org.service(connection, to_service), to_desk, staff_known=known, reason_needed=reason_needed)


def _at_a_counter(connection: Connection, actor: str) -> bool:
    seat = connection.execute("SELECT 1 FROM queue_counter WHERE staff = ?", (actor.removeprefix("staff:"),)).get
    return seat is not None


def for_requeue(connection: Connection, command: m.RequeueTicket, _context: Context) -> TicketState:
    found = ticket(connection, command.ticket)
    if found is None:
        return TicketState(None)
    attended = manned(connection, found.queue)
    queue = found.queue if attended else queue_id(found.service, found.tier)
    line = places.line(connection, found.id, queue, policy.read(connection, keys.REQUEUE_BEHIND))
    return TicketState(found, pool_attended=attended, line=line)


def for_sign_in(connection: Connection, command: m.SignIn, context: Context) -> DeskState:
    elsewhere: int | None = connection.execute(
        "SELECT number FROM queue_counter JOIN org_counter ON org_counter.id = counter WHERE staff = ? AND counter <> ?",
        (command.staff, command.counter),
    ).get
    return DeskState(desk(connection, command.counter), day(connection, context), elsewhere)


def for_desk(
    connection: Connection,
    command: m.OpenCounter | m.ResumeCounter | m.ServeTicket | m.ParkTicket | m.MarkLost | m.MarkFound,
    _context: Context,
) -> DeskState:
    return DeskState(desk(connection, command.counter))


def for_pause(connection: Connection, command: m.PauseCounter, _context: Context) -> DeskState:
    refused = desk_policy.refuses_pause(connection, command.reason)
    return DeskState(desk(connection, command.counter), pause_refused=refused)


def for_finish(connection: Connection, command: m.FinishTicket, _context: Context) -> DeskState:
    found = desk(connection, command.counter)
    return DeskState(found, outcomes=outcomes(connection, found))


def outcomes(connection: Connection, found: Desk | None) -> Outcomes:
    """What the service in hand may end with."""
    if found is None or found.ticket is None:
        return NO_OUTCOMES
    return desk_policy.outcomes_of(connection, found.ticket.service)


class Ending(TypedDict):
    """What decides how the ticket in hand ends where Next is pressed."""

    outcomes: Outcomes
    calls_before_no_show: int
    served_after_s: int


def ending(connection: Connection, found: Desk | None) -> Ending:
    return _ending(connection, None if found is None or found.ticket is None else found.ticket.service)


@remembered
def _ending(connection: Connection, service: str | None) -> Ending:
    return Ending(
        outcomes=NO_OUTCOMES if service is None else desk_policy.outcomes_of(connection, service),
        calls_before_no_show=policy.read(connection, keys.CALLS_BEFORE_NO_SHOW),
        served_after_s=policy.read(connection, desk_policy.SERVED_AFTER_S),
    )


def for_repeat(connection: Connection, command: m.RecallTicket | m.MarkNoShow, _context: Context) -> DeskState:
    """With how often somebody may, and must, be called."""
    return DeskState(
        desk(connection, command.counter),
        calls_max=policy.read(connection, keys.CALLS_MAX),
        calls_before_no_show=policy.read(connection, keys.CALLS_BEFORE_NO_SHOW),
    )


def for_sign_out(connection: Connection, command: m.SignOut, _context: Context) -> DeskState:
    rows = connection.execute(
        _TICKET + "WHERE queue IN (?, ?) AND state = 'waiting' ORDER BY place_ms, seq LIMIT ?",
        (pool_id(command.counter), staff_pool_id(command.staff), LIVE_TICKETS_MAX),
    )
    found = desk(connection, command.counter)
    return DeskState(found, outcomes=outcomes(connection, found), pool=tuple(_ticket(row) for row in rows))


def for_call(connection: Connection, command: m.CallNext, context: Context) -> DeskState:
    found = desk(connection, command.counter)
    if found is None:
        return DeskState(None)
    rule, scheduled = ruling.ruling_now(connection, found.config.id, context.now)
    return DeskState(
        found,
        **ending(connection, found),
        heads=heads(connection, found.config.id, found.staff, offered(connection, found.config, found.staff)),
        rule=rule,
        scheduled=scheduled,
        memory=ruling.memory(connection, found.config.id),
        pending=pending(connection),
    )


def for_rules(connection: Connection, command: SetCallRules | GiveUpCallRules, _context: Context) -> RulesState:
    own = ruling.own_rules(connection, command.counter) is not None
    return RulesState(
        desk(connection, command.counter), keys.from_above(connection, command.counter), latest_s(connection), own
    )


def latest_s(connection: Connection) -> dict[Tier, Effective]:
    """Within what wait each tier must be promoted."""
    return {tier: policy.in_effect(connection, key) for tier, key in keys.PROMOTE_WAIT_S.items()}


def for_day(connection: Connection, _command: m.OpenDay | m.CloseDay, _context: Context) -> Day:
    open_day: str | None = connection.execute("SELECT day FROM queue_day WHERE state = 'open'").get
    return Day(None) if open_day is None else left_behind(connection, open_day)
