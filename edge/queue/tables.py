"""Tables of the queue and how events fill them.

`queue_length` counts who waits per queue, so that a new ticket knows its position without counting rows. The partial index
on waiting tickets makes the head of a queue one step into a B-tree, however many wait.
"""

from typing import Final

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.pipeline import Apply
from edge.org.model import BranchConfigured
from edge.policy import tables as policy
from edge.queue import events as e
from edge.queue import outlook
from edge.queue.model import DIVERTED_TO_MACHINE, Presence, Slip, State
from sync.chain import Record

_TODAY: Final = "day IN (SELECT day FROM queue_day WHERE state = 'open')"

FOLDED: Final = (
    "ticket",
    "queue_day",
    "queue_series",
    "queue_length",
    "queue_counter",
    "queue_call_rules",
    "queue_calendar",
    "queue_diversion",
    "queue_more_time",
)


# --- the day


def day_opened(connection: Connection, event: e.DayOpened, record: Record) -> None:
    connection.execute(
        "INSERT INTO queue_day(day, state, opened_ms) VALUES (?, 'open', ?)"
        " ON CONFLICT (day) DO UPDATE SET state = 'open', closed_ms = NULL",
        (event.day, record.at_ms),
    )
    outlook.clear(connection)  # what was forecast for another day


def day_closed(connection: Connection, event: e.DayClosed, record: Record) -> None:
    connection.execute("UPDATE queue_day SET state = 'closed', closed_ms = ? WHERE day = ?", (record.at_ms, event.day))
    connection.execute("DELETE FROM queue_call_rules WHERE temporary = 1")
    policy.end_temporary(connection)
    connection.execute("UPDATE queue_counter SET promoted_in_row = 0, turns = '{}', walk_ins_owed = 0")


# --- waiting


def ticket_issued(connection: Connection, event: e.TicketIssued, record: Record) -> None:
    connection.execute(
        "INSERT INTO ticket(id, seq, day, number, service, tier, queue, state, channel, language, priority_reason, customer,"
        " phone_ref, taken_ms, place_ms, ahead, wait_low_s, wait_high_s, slip, printer, holder, appointment, activated_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.ticket,
            record.seq,
            event.day,
            event.number,
            event.service,
            event.tier,
            event.queue,
            State.PENDING if event.remote else State.WAITING,
            event.channel,
            event.language,
            event.priority_reason,
            event.customer,
            event.phone_ref,
            record.at_ms,
            record.at_ms if event.place_ms is None else event.place_ms,
            event.ahead,
            event.wait_low_s,
            event.wait_high_s,
            Slip.QUEUED if event.printer else Slip.NONE,
            event.printer,
            event.holder,
            event.appointment,
            None if event.place_ms is None else max(event.place_ms, record.at_ms),
        ),
    )
    connection.execute(
        "INSERT INTO queue_series VALUES (?, ?, ?) ON CONFLICT (day, letter) DO UPDATE SET last = excluded.last",
        (event.day, event.letter, event.ordinal),
    )
    if not event.remote:
        _count(connection, event.queue, 1)


def ticket_activated(connection: Connection, event: e.TicketActivated, record: Record) -> None:
    connection.execute(
        "UPDATE ticket SET state = 'waiting', place_ms = ?, activated_ms = ?, printer = ?, slip = ? WHERE id = ?",
        (event.place_ms, record.at_ms, event.printer, Slip.QUEUED if event.printer else Slip.NONE, event.ticket),
    )
    _stand(connection, event.moved_back)
    _count(connection, event.queue, 1)


def ticket_passed(connection: Connection, event: e.TicketPassed, record: Record) -> None:
    connection.execute("UPDATE ticket SET passed_ms = coalesce(passed_ms, ?) WHERE id = ?", (record.at_ms, event.ticket))


def ticket_bound(connection: Connection, event: e.TicketBound, _record: Record) -> None:
    _change_queue(connection, event)
    connection.execute(
        "UPDATE ticket SET bound_from = coalesce(bound_from, tier), customer = ?, tier = ?, queue = ? WHERE id = ?",
        (event.customer, event.tier, event.queue, event.ticket),
    )


def ticket_unbound(connection: Connection, event: e.TicketUnbound, _record: Record) -> None:
    _change_queue(connection, event)
    connection.execute(
        "UPDATE ticket SET bound_from = NULL, customer = NULL, tier = ?, queue = ? WHERE id = ?",
        (event.tier, event.queue, event.ticket),
    )


def _change_queue(connection: Connection, event: e.TicketBound | e.TicketUnbound) -> None:
    """Count whoever waits in the other queue from now on."""
    state = connection.execute("SELECT state FROM ticket WHERE id = ?", (event.ticket,)).get
    if state == State.WAITING:
        _count(connection, event.from_queue, -1)
        _count(connection, event.queue, 1)


def ticket_transferred(connection: Connection, event: e.TicketTransferred, _record: Record) -> None:
    _leave(connection, event.ticket)
    connection.execute(
        "UPDATE ticket SET state = 'waiting', service = ?, tier = ?, queue = ?, place_ms = ?,"
        " transferred_from = ?, counter = NULL, staff = NULL, finished_ms = NULL WHERE id = ?",
        (event.service, event.tier, event.queue, event.place_ms, event.from_queue, event.ticket),
    )
    _count(connection, event.queue, 1)


def ticket_pinned(connection: Connection, event: e.TicketPinned, _record: Record) -> None:
    """Its place is no longer the moment from which it waits, so that is kept beside it."""
    _leave(connection, event.ticket)
    connection.execute(
        "UPDATE ticket SET state = 'waiting', tier = ?, queue = ?, activated_ms = coalesce(activated_ms, place_ms),"
        " place_ms = ?, counter = NULL, staff = NULL, finished_ms = NULL WHERE id = ?",
        (event.tier, event.queue, event.place_ms, event.ticket),
    )
    _count(connection, event.queue, 1)
    outlook.forget(connection, event.ticket)


def ticket_requeued(connection: Connection, event: e.TicketRequeued, _record: Record) -> None:
    _leave(connection, event.ticket)
    connection.execute(
        "UPDATE ticket SET state = 'waiting', place_ms = ?, queue = coalesce(?, queue), counter = NULL, staff = NULL,"
        " finished_ms = NULL WHERE id = ?",
        (event.place_ms, event.queue, event.ticket),
    )
    _stand(connection, event.moved_back)
    queue = connection.execute("SELECT queue FROM ticket WHERE id = ?", (event.ticket,)).get
    _count(connection, str(queue), 1)


def ticket_deferred(connection: Connection, event: e.TicketDeferred, record: Record) -> None:
    _stand(connection, {event.ticket: event.place_ms, **event.moved_back})
    connection.execute(
        "INSERT INTO queue_more_time VALUES (?, ?, ?)"
        " ON CONFLICT (ticket) DO UPDATE SET times = excluded.times, at_ms = excluded.at_ms",
        (event.ticket, event.times, record.at_ms),
    )
    outlook.forget(connection, event.ticket)


def _stand(connection: Connection, places: dict[str, int]) -> None:
    connection.executemany("UPDATE ticket SET place_ms = ?2 WHERE id = ?1", places.items())


def _count(connection: Connection, queue: str, change: int) -> None:
    connection.execute(
        "INSERT INTO queue_length VALUES (?1, max(?2, 0)) ON CONFLICT (queue) DO UPDATE SET waiting = waiting + ?2",
        (queue, change),
    )


def _leave(connection: Connection, ticket: str) -> None:
    """Take the ticket out of the queue or off the counter it stands at."""
    queue, state = connection.execute("SELECT queue, state FROM ticket WHERE id = ?", (ticket,)).fetchall()[0]
    if state == State.WAITING:
        _count(connection, str(queue), -1)
    elif state in (State.CALLED, State.SERVING):
        connection.execute("UPDATE queue_counter SET ticket = NULL WHERE ticket = ?", (ticket,))


# --- at the counter


def ticket_called(connection: Connection, event: e.TicketCalled, record: Record) -> None:
    _leave(connection, event.ticket)
    connection.execute(
        "UPDATE ticket SET state = 'called', called_ms = coalesce(called_ms, ?), counter = ?, staff = ?, rule = ? WHERE id = ?",
        (record.at_ms, event.counter, event.staff, event.why.rule, event.ticket),
    )
    _call(connection, event, record)
    connection.execute(
        "UPDATE queue_counter SET ticket = ?, promoted_in_row = ?, turns = ?, walk_ins_owed = ?, why = ? WHERE counter = ?",
        (
            event.ticket,
            event.promoted_in_row,
            msgspec.json.encode(event.turns).decode(),
            event.walk_ins_owed,
            msgspec.json.encode(event.why),
            event.counter,
        ),
    )


def ticket_recalled(connection: Connection, event: e.TicketRecalled, record: Record) -> None:
    _call(connection, event, record)


def _call(connection: Connection, event: e.TicketCalled | e.TicketRecalled, record: Record) -> None:
    connection.execute(
        "UPDATE ticket SET calls = ?, last_call_ms = ?, last_call_seq = ? WHERE id = ?",
        (event.call_no, record.at_ms, record.seq, event.ticket),
    )


def ticket_served(connection: Connection, event: e.TicketServed, record: Record) -> None:
    connection.execute(
        "UPDATE ticket SET state = 'serving', served_ms = coalesce(served_ms, ?) WHERE id = ?", (record.at_ms, event.ticket)
    )


def ticket_parked(connection: Connection, event: e.TicketParked, _record: Record) -> None:
    _leave(connection, event.ticket)
    connection.execute(
        "UPDATE ticket SET state = 'parked', queue = coalesce(?, queue) WHERE id = ?", (event.queue, event.ticket)
    )


def ticket_no_show(connection: Connection, event: e.TicketNoShow, record: Record) -> None:
    _leave(connection, event.ticket)
    connection.execute("UPDATE ticket SET state = 'no_show', finished_ms = ? WHERE id = ?", (record.at_ms, event.ticket))


def ticket_finished(connection: Connection, event: e.TicketFinished, record: Record) -> None:
    connection.execute("UPDATE queue_counter SET finished_ms = ? WHERE ticket = ?", (record.at_ms, event.ticket))
    _leave(connection, event.ticket)
    connection.execute(
        "UPDATE ticket SET state = 'finished', served_ms = coalesce(served_ms, last_call_ms), finished_ms = ?, outcome = ?"
        " WHERE id = ?",
        (record.at_ms, event.outcome, event.ticket),
    )


def ticket_cancelled(connection: Connection, event: e.TicketCancelled, record: Record) -> None:
    _leave(connection, event.ticket)
    connection.execute(
        "UPDATE ticket SET state = 'cancelled', finished_ms = ?, outcome = ? WHERE id = ?",
        (record.at_ms, event.reason, event.ticket),
    )
    if event.reason == DIVERTED_TO_MACHINE:
        connection.execute(
            "INSERT INTO queue_diversion SELECT id, day, service, 1, ? FROM ticket WHERE id = ?", (record.at_ms, event.ticket)
        )


def ticket_expired(connection: Connection, event: e.TicketExpired, record: Record) -> None:
    """The outcome keeps what it was doing, so that who was called and did not come still counts as that."""
    _leave(connection, event.ticket)
    connection.execute(
        "UPDATE ticket SET state = 'expired', outcome = state, finished_ms = coalesce(finished_ms, ?) WHERE id = ?",
        (record.at_ms, event.ticket),
    )


def ticket_rated(connection: Connection, event: e.TicketRated, _record: Record) -> None:
    connection.execute("UPDATE ticket SET rating = ? WHERE id = ?", (event.score, event.ticket))


# --- the slip


def slip_requested(connection: Connection, event: e.SlipRequested, _record: Record) -> None:
    connection.execute(
        "UPDATE ticket SET slip = 'queued', copies = ?, printer = ? WHERE id = ?", (event.copy, event.printer, event.ticket)
    )


def slip_recorded(connection: Connection, event: e.SlipRecorded, _record: Record) -> None:
    connection.execute("UPDATE ticket SET slip = ? WHERE id = ?", (event.slip, event.ticket))


def counter_lost(connection: Connection, event: e.CounterLost, _record: Record) -> None:
    connection.execute("UPDATE queue_counter SET lost = 1 WHERE counter = ?", (event.counter,))


def counter_found(connection: Connection, event: e.CounterFound, _record: Record) -> None:
    connection.execute("UPDATE queue_counter SET lost = 0 WHERE counter = ?", (event.counter,))


# --- rules


def call_rules_set(connection: Connection, event: e.CallRulesSet, record: Record) -> None:
    connection.execute(
        "INSERT INTO queue_call_rules VALUES (?, ?, ?, ?)"
        " ON CONFLICT (counter, temporary) DO UPDATE SET set_ms = excluded.set_ms, body = excluded.body",
        (event.counter, int(event.temporary), record.at_ms, msgspec.json.encode(event.rules)),
    )
    if not event.temporary:
        connection.execute("DELETE FROM queue_call_rules WHERE counter = ? AND temporary = 1", (event.counter,))


def call_rules_given_up(connection: Connection, event: e.CallRulesGivenUp, _record: Record) -> None:
    connection.execute("DELETE FROM queue_call_rules WHERE counter = ?", (event.counter,))


def calendar_set(connection: Connection, event: e.CalendarSet, _record: Record) -> None:
    connection.execute("DELETE FROM queue_calendar")
    connection.executemany("INSERT INTO queue_calendar VALUES (?, ?)", sorted(event.days.items()))


# --- counters


def counter_signed_in(connection: Connection, event: e.CounterSignedIn, record: Record) -> None:
    connection.execute(
        "INSERT INTO queue_counter(counter, state, staff, since_ms) VALUES (?, 'signed_in', ?, ?)"
        " ON CONFLICT (counter) DO UPDATE SET state = 'signed_in', staff = excluded.staff,"
        " since_ms = excluded.since_ms, pause_reason = '', lost = 0",
        (event.counter, event.staff, record.at_ms),
    )


def counter_signed_out(connection: Connection, event: e.CounterSignedOut, record: Record) -> None:
    connection.execute(
        "UPDATE queue_counter SET state = 'closed', staff = NULL, since_ms = ?, pause_reason = '', lost = 0 WHERE counter = ?",
        (record.at_ms, event.counter),
    )


def counter_opened(connection: Connection, event: e.CounterOpened, record: Record) -> None:
    _presence(connection, event.counter, Presence.OPEN, record)


def counter_paused(connection: Connection, event: e.CounterPaused, record: Record) -> None:
    _presence(connection, event.counter, Presence.PAUSED, record, event.reason)


def counter_resumed(connection: Connection, event: e.CounterResumed, record: Record) -> None:
    _presence(connection, event.counter, Presence.OPEN, record)


def _presence(connection: Connection, counter: str, presence: Presence, record: Record, reason: str = "") -> None:
    connection.execute(
        "UPDATE queue_counter SET state = ?, since_ms = ?, pause_reason = ? WHERE counter = ?",
        (presence, record.at_ms, reason, counter),
    )


def branch_configured(connection: Connection, _event: BranchConfigured, _record: Record) -> None:
    """A counter that is no longer there has nobody at it, and nobody waits for it: whoever was called there or sent there waits
    for anybody (S04). Runs behind `org`, which has put the new counters in."""
    connection.execute("DELETE FROM queue_counter WHERE counter NOT IN (SELECT id FROM org_counter)")
    connection.execute(
        f"UPDATE ticket SET state = 'waiting', counter = NULL, staff = NULL WHERE {_TODAY}"  # noqa: S608 -- constant
        " AND state IN ('called', 'serving') AND counter NOT IN (SELECT id FROM org_counter)"
    )
    connection.execute(
        f"UPDATE ticket SET queue = service || '.' || tier WHERE {_TODAY}"  # noqa: S608 -- constant
        " AND queue LIKE '@%' AND queue NOT LIKE '@staff:%' AND substr(queue, 2) NOT IN (SELECT id FROM org_counter)"
    )
    connection.execute("DELETE FROM queue_length")
    connection.execute(
        f"INSERT INTO queue_length SELECT queue, count(*) FROM ticket WHERE {_TODAY}"  # noqa: S608 -- constant
        " AND state = 'waiting' GROUP BY queue"
    )


def diversion_answered(connection: Connection, event: e.DiversionAnswered, record: Record) -> None:
    connection.execute(
        "INSERT INTO queue_diversion VALUES (?, ?, ?, ?, ?)",
        (event.offer, event.day, event.service, event.accepted, record.at_ms),
    )


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    e.DayOpened: (day_opened,),
    e.DayClosed: (day_closed,),
    e.TicketIssued: (ticket_issued,),
    e.TicketActivated: (ticket_activated,),
    e.TicketPassed: (ticket_passed,),
    e.TicketBound: (ticket_bound,),
    e.TicketUnbound: (ticket_unbound,),
    e.TicketCalled: (ticket_called,),
    e.TicketRecalled: (ticket_recalled,),
    e.TicketServed: (ticket_served,),
    e.TicketParked: (ticket_parked,),
    e.TicketNoShow: (ticket_no_show,),
    e.TicketFinished: (ticket_finished,),
    e.TicketCancelled: (ticket_cancelled,),
    e.TicketTransferred: (ticket_transferred,),
    e.TicketPinned: (ticket_pinned,),
    e.TicketRequeued: (ticket_requeued,),
    e.TicketDeferred: (ticket_deferred,),
    e.TicketExpired: (ticket_expired,),
    e.TicketRated: (ticket_rated,),
    e.SlipRequested: (slip_requested,),
    e.SlipRecorded: (slip_recorded,),
    e.CounterLost: (counter_lost,),
    e.CounterFound: (counter_found,),
    e.DiversionAnswered: (diversion_answered,),
    e.CallRulesSet: (call_rules_set,),
    e.CallRulesGivenUp: (call_rules_given_up,),
    e.CalendarSet: (calendar_set,),
    e.CounterSignedIn: (counter_signed_in,),
    e.CounterSignedOut: (counter_signed_out,),
    e.CounterOpened: (counter_opened,),
    e.CounterPaused: (counter_paused,),
    e.CounterResumed: (counter_resumed,),
    BranchConfigured: (branch_configured,),
}
