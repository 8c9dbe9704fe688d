"""What others may see of the queue: the JSON shapes of the API and the reads behind them. No personal data is in any."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from edge.kernel.db import Connection
from edge.org import tables as org
from edge.queue import outlook
from edge.queue.forecast import POSITION, SIMULATED, estimate
from edge.queue.model import LIVE, REMOTE, State, Tier, queue_id
from edge.queue.outlook import Shown
from edge.queue.rules import DEFAULT, Why

LIST_MAX: Final = 500
CALLS_SHOWN: Final = 8


class WaitView(msgspec.Struct, frozen=True):
    """A waiting range in seconds."""

    low_s: int
    high_s: int
    basis: str = POSITION
    """`simulated`: the branch played forward under its real rule; `position`: the plain formula, while there is no forecast."""
    reason: str = ""
    """Why it became longer than what was shown before; empty where it did not."""


class TicketView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket as staff and devices see it."""

    id: str
    number: str
    service: str
    queue: str
    tier: str
    state: str
    channel: str
    language: str
    taken_at: datetime
    calls: int
    slip: str
    copies: int
    priority_reason: str | None = None
    called_at: datetime | None = None
    """The first call."""
    last_called_at: datetime | None = None
    served_at: datetime | None = None
    finished_at: datetime | None = None
    counter: str | None = None
    ahead: int | None = None
    wait: WaitView | None = None
    rating: int | None = None
    outcome: str | None = None
    transferred_from: str | None = None
    recognised: bool = False
    bound: bool = False
    """Staff said who holds it; it can be taken back."""
    appointment: bool = False
    """Its holder came in time for an appointment."""


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """One queue, now."""

    id: str
    service: str
    tier: str
    waiting: int
    longest_wait_s: int
    called: int
    serving: int
    wait: WaitView
    """What somebody who takes a number here now may expect."""


class StaffView(msgspec.Struct, frozen=True):
    staff_no: str
    name: str


class CounterView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One counter, now."""

    id: str
    number: int
    name: str
    state: str
    since: datetime | None = None
    staff: StaffView | None = None
    ticket: TicketView | None = None
    pause_reason: str = ""
    lost: bool = False
    """Its terminal fell silent (失联)."""
    finished_at: datetime | None = None
    """The end of its last service today; the time to wrap up counts from then."""
    why: Why | None = None
    """Why the ticket in hand was called."""


class DayView(msgspec.Struct, frozen=True):
    """A business day."""

    date: str
    state: str
    """`open` or `closed`."""


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """One call as the hall sees it."""

    ticket: str
    number: str
    counter_number: int
    counter_name: str
    called_at: datetime
    call_no: int
    seq: int
    language: str


class ServiceWaiting(msgspec.Struct, frozen=True):
    """How many wait for a service."""

    service: str
    name: str
    name_en: str
    waiting: int


class TicketRow(NamedTuple):
    """A row of the ticket table; the names are the columns."""

    id: str
    seq: int
    number: str
    service: str
    tier: str
    queue: str
    state: str
    channel: str
    language: str
    priority_reason: str | None
    customer: str | None
    taken_ms: int
    place_ms: int
    ahead: int
    wait_low_s: int
    wait_high_s: int
    called_ms: int | None
    last_call_ms: int | None
    served_ms: int | None
    finished_ms: int | None
    counter: str | None
    calls: int
    outcome: str | None
    rating: int | None
    slip: str
    copies: int
    printer: str | None
    transferred_from: str | None
    appointment: str | None
    bound_from: str | None

    @property
    def by_appointment(self) -> bool:
        """Whether its holder came in time for an appointment, and so goes first."""
        return self.appointment is not None and self.tier == Tier.PRIORITY and self.priority_reason is None

    @property
    def pinned(self) -> bool:
        """Whether staff put it first in the priority class."""
        return self.tier == Tier.PRIORITY and self.priority_reason is None and self.appointment is None


_SELECT: Final = f"SELECT {', '.join(TicketRow._fields)} FROM ticket "  # noqa: S608 -- constant columns


# --- tickets


def row(connection: Connection, ticket: str) -> TicketRow | None:
    found = connection.execute(_SELECT + "WHERE id = ?", (ticket,)).fetchone()
    return None if found is None else TicketRow(*found)


def rows(connection: Connection, where: str, values: tuple[str | int, ...]) -> list[TicketRow]:
    """Tickets by a condition of the caller's own, which is a constant; values come as parameters."""
    return [TicketRow(*found) for found in connection.execute(f"{_SELECT} WHERE {where}", values)]


def view(record: TicketRow, zone: ZoneInfo, *, ahead: int | None = None, wait: WaitView | None = None) -> TicketView:
    return TicketView(
        id=record.id,
        number=record.number,
        service=record.service,
        queue=record.queue,
        tier=record.tier,
        state=record.state,
        channel=record.channel,
        language=record.language,
        taken_at=moment(record.taken_ms, zone),
        calls=record.calls,
        slip=record.slip,
        copies=record.copies,
        priority_reason=record.priority_reason,
        called_at=maybe_moment(record.called_ms, zone),
        last_called_at=maybe_moment(record.last_call_ms, zone),
        served_at=maybe_moment(record.served_ms, zone),
        finished_at=maybe_moment(record.finished_ms, zone),
        counter=record.counter,
        ahead=ahead,
        wait=wait,
        rating=record.rating,
        outcome=record.outcome,
        transferred_from=record.transferred_from,
        recognised=record.customer is not None,
        bound=record.bound_from is not None,
        appointment=record.by_appointment,
    )


def ticket(connection: Connection, ticket_id: str, zone: ZoneInfo) -> TicketView | None:
    """One ticket; with people ahead and the waiting range while it waits."""
    record = row(connection, ticket_id)
    if record is None:
        return None
    if record.state != State.WAITING:
        return view(record, zone)
    return _in_line(record, zone, prospect(connection, record))


class Prospect(NamedTuple):
    """What lies before somebody who waits."""

    ahead: int
    wait: WaitView
    likely_s: int
    """Longer than this is less likely than not; the upper end where only the position formula has an answer."""


def prospect(connection: Connection, record: TicketRow) -> Prospect:
    """For one waiting ticket."""
    told = _simulated(outlook.of(connection, record.id)) or _promised(
        record, alive=outlook.newcomer(connection, record.queue) is not None
    )
    return told or _positioned(connection, record, people_ahead(connection, record))


def _promised(record: TicketRow, *, alive: bool) -> Prospect | None:
    """What stands on the ticket, where a living forecast has not come to it yet."""
    moved = record.transferred_from is not None or record.place_ms > record.taken_ms or record.pinned
    if not alive or record.calls or record.channel in REMOTE or moved:
        return None
    wait = WaitView(record.wait_low_s, record.wait_high_s, SIMULATED)
    return Prospect(record.ahead, wait, (wait.low_s + wait.high_s) // 2)


def prospects(connection: Connection) -> Callable[[TicketRow], Prospect | None]:
    """The same for many tickets; None for one that does not wait."""
    seen, ahead, alive = outlook.everybody(connection), positions(connection), outlook.queues(connection)

    def of(record: TicketRow) -> Prospect | None:
        place = ahead.get(record.id)
        if place is None:
            return None
        told = _simulated(seen.get(record.id)) or _promised(record, alive=record.queue in alive)
        return told or _positioned(connection, record, place)

    return of


def _simulated(shown: Shown | None) -> Prospect | None:
    return shown and Prospect(shown.ahead, WaitView(*shown.wait, SIMULATED, shown.reason), shown.middle_s)


def _positioned(connection: Connection, record: TicketRow, ahead: int) -> Prospect:
    wait = wait_range(connection, record.service, ahead)
    return Prospect(ahead, wait, wait.high_s)


def tickets(connection: Connection, states: list[str], service: str | None, limit: int, zone: ZoneInfo) -> list[TicketView]:
    """Tickets of the open day in some states, in the order of their places."""
    marks = ", ".join("?" * len(states))
    found = connection.execute(
        f"{_SELECT} WHERE day = (SELECT day FROM queue_day WHERE state = 'open') AND state IN ({marks})"  # noqa: S608 -- marks
        " AND (? IS NULL OR service = ?) ORDER BY place_ms, seq LIMIT ?",
        (*states, service, service, min(limit, LIST_MAX)),
    )
    prospect_of = prospects(connection)
    return [_in_line(record, zone, prospect_of(record)) for record in map(TicketRow._make, found)]


def _in_line(record: TicketRow, zone: ZoneInfo, known: Prospect | None) -> TicketView:
    return view(record, zone) if known is None else view(record, zone, ahead=known.ahead, wait=known.wait)


def people_ahead(connection: Connection, record: TicketRow) -> int:
    """The position formula's: how many the default rule would call before this waiting ticket."""
    before: int = connection.execute(
        "SELECT count(*) FROM ticket WHERE queue = ? AND state = 'waiting' AND (place_ms, seq) < (?, ?)",
        (record.queue, record.place_ms, record.seq),
    ).get
    if record.queue != queue_id(record.service, record.tier):
        return before
    rank = DEFAULT.ranks[Tier(record.tier)]
    better = [queue_id(record.service, tier) for tier in Tier if DEFAULT.ranks[tier] < rank]
    return before + sum(length(connection, queue) for queue in better)


def positions(connection: Connection) -> dict[str, int]:
    """The position formula's people ahead of everyone who waits, in one pass; what the real rules say is in `order.py`."""
    seen: dict[str, int] = {}
    ahead: dict[str, int] = {}
    rows = connection.execute("SELECT id, queue, service, tier FROM ticket WHERE state = 'waiting' ORDER BY place_ms, seq")
    waiting = [(str(ticket_id), *_line(str(queue), str(service), Tier(str(tier)))) for ticket_id, queue, service, tier in rows]
    for ticket_id, line, _ in sorted(waiting, key=lambda ticket: ticket[2]):
        ahead[ticket_id] = seen.get(line, 0)
        seen[line] = ahead[ticket_id] + 1
    return ahead


def _line(queue: str, service: str, tier: Tier) -> tuple[str, int]:
    """In which line a ticket stands and how soon its kind is called there: a service by tier, a counter's pool by place."""
    return (service, DEFAULT.ranks[tier]) if queue == queue_id(service, tier) else (queue, 0)


def length(connection: Connection, queue: str) -> int:
    return int(connection.execute("SELECT waiting FROM queue_length WHERE queue = ?", (queue,)).get or 0)


def wait_range(connection: Connection, service: str, ahead: int) -> WaitView:
    usual_s = int(connection.execute("SELECT usual_s FROM org_service WHERE id = ?", (service,)).get or 0)
    open_counters = int(connection.execute("SELECT count(*) FROM queue_counter WHERE state = 'open'").get or 0)
    return WaitView(*estimate(ahead, usual_s, open_counters))


# --- queues, counters, calls


def queues(connection: Connection, now_ms: int) -> list[QueueView]:
    """Every queue of every service, also the empty ones, and the pools that hold somebody."""
    at_counters = {
        (str(queue), str(state)): int(count)
        for queue, state, count in connection.execute(
            "SELECT queue, ticket.state, count(*) FROM queue_counter JOIN ticket ON ticket.id = queue_counter.ticket"
            " GROUP BY queue, ticket.state"
        )
    }
    names = [(queue_id(service.id, tier), service.id, tier.value) for service in org.services(connection) for tier in Tier]
    pools = connection.execute("SELECT queue FROM queue_length WHERE queue LIKE '@%' AND waiting > 0 ORDER BY queue")
    names += [(str(queue), "", "") for (queue,) in pools]
    return [
        QueueView(
            id=queue,
            service=service,
            tier=tier,
            waiting=length(connection, queue),
            longest_wait_s=longest_wait_s(connection, queue, now_ms),
            called=at_counters.get((queue, "called"), 0),
            serving=at_counters.get((queue, "serving"), 0),
            wait=newcomer_wait(connection, service, tier, queue),
        )
        for queue, service, tier in names
    ]


def newcomer_ahead(connection: Connection, service: str, tier: str, queue: str) -> int:
    """How many the default rule would call before somebody who joins this queue now."""
    if not service:
        return length(connection, queue)
    rank = DEFAULT.ranks[Tier(tier)]
    return sum(length(connection, queue_id(service, other)) for other in Tier if DEFAULT.ranks[other] <= rank)


def newcomer_wait(connection: Connection, service: str, tier: str, queue: str) -> WaitView:
    """What somebody who joins this queue now may expect."""
    ahead = newcomer_ahead(connection, service, tier, queue)
    known = outlook.newcomer(connection, queue)
    return wait_range(connection, service, ahead) if known is None else WaitView(*known.quote(ahead)[1], SIMULATED)


def longest_wait_s(connection: Connection, queue: str, now_ms: int) -> int:
    taken_ms = connection.execute(
        "SELECT taken_ms FROM ticket WHERE queue = ? AND state = 'waiting' ORDER BY place_ms, seq LIMIT 1", (queue,)
    ).get
    return 0 if taken_ms is None else max(0, now_ms - int(taken_ms)) // 1000


def counters(connection: Connection, zone: ZoneInfo) -> list[CounterView]:
    found = (counter(connection, config.id, zone) for config in org.counters(connection))
    return [seen for seen in found if seen is not None]


def counter(connection: Connection, counter_id: str, zone: ZoneInfo) -> CounterView | None:
    config = org.counter(connection, counter_id)
    if config is None:
        return None
    live = connection.execute(
        "SELECT state, staff, ticket, since_ms, pause_reason, lost, why,"
        " CASE WHEN finished_ms >= (SELECT opened_ms FROM queue_day WHERE state = 'open') THEN finished_ms END"
        " FROM queue_counter WHERE counter = ?",
        (counter_id,),
    ).fetchone()
    if live is None:
        return CounterView(id=config.id, number=config.number, name=config.name, state="closed")
    state, staff_no, ticket_id, since_ms, pause_reason, lost, why, finished_ms = live
    member = None if staff_no is None else org.staff(connection, staff_no)
    return CounterView(
        id=config.id,
        number=config.number,
        name=config.name,
        state=state,
        since=moment(since_ms, zone),
        staff=None if staff_no is None else StaffView(staff_no, member.name if member else ""),
        ticket=None if ticket_id is None else ticket(connection, ticket_id, zone),
        pause_reason=pause_reason,
        lost=bool(lost),
        finished_at=maybe_moment(finished_ms, zone),
        why=None if ticket_id is None or why is None else msgspec.json.decode(why, type=Why),
    )


def counter_of(connection: Connection, staff_no: str) -> str | None:
    """Where this teller is signed in."""
    found: str | None = connection.execute("SELECT counter FROM queue_counter WHERE staff = ?", (staff_no,)).get
    return found


def calls(connection: Connection, zone: ZoneInfo) -> list[CallView]:
    """The last calls of the open day, newest first."""
    rows = connection.execute(
        "SELECT ticket.id, ticket.number, org_counter.number, org_counter.body, last_call_ms, calls, last_call_seq,"
        " ticket.language"
        " FROM ticket JOIN org_counter ON org_counter.id = ticket.counter"
        " WHERE day = (SELECT day FROM queue_day WHERE state = 'open') AND last_call_seq IS NOT NULL"
        " ORDER BY last_call_seq DESC LIMIT ?",
        (CALLS_SHOWN,),
    )
    return [
        CallView(
            ticket=ticket_id,
            number=number,
            counter_number=counter_number,
            counter_name=msgspec.json.decode(body)["name"],
            called_at=moment(called_ms, zone),
            call_no=call_no,
            seq=seq,
            language=language,
        )
        for ticket_id, number, counter_number, body, called_ms, call_no, seq, language in rows
    ]


def waiting_by_service(connection: Connection) -> list[ServiceWaiting]:
    return [
        ServiceWaiting(
            service.id,
            service.name,
            service.name_en,
            sum(length(connection, queue_id(service.id, tier)) for tier in Tier),
        )
        for service in org.services(connection)
    ]


def day(connection: Connection) -> DayView | None:
    """The open business day, or else the newest one."""
    found = connection.execute("SELECT day, state FROM queue_day ORDER BY state = 'open' DESC, day DESC LIMIT 1").fetchone()
    return None if found is None else DayView(*found)


def slips(connection: Connection, states: list[str]) -> list[TicketRow]:
    """Tickets whose slip needs a person, oldest first; nobody needs the paper of a ticket that is over."""
    marks, live = ", ".join("?" * len(states)), ", ".join("?" * len(LIVE))
    where = f"slip IN ({marks}) AND state IN ({live}) ORDER BY seq LIMIT ?"
    return rows(connection, where, (*states, *LIVE, LIST_MAX))


# --- times


def moment(at_ms: int, zone: ZoneInfo) -> datetime:
    """To whole seconds, with the branch's offset."""
    return datetime.fromtimestamp(at_ms // 1000, zone)


def maybe_moment(at_ms: int | None, zone: ZoneInfo) -> datetime | None:
    return None if at_ms is None else moment(at_ms, zone)
