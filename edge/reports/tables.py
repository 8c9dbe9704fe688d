"""What reports are made of: the facts of every ticket, call and presence at a counter, kept for good, and the days rolled up.

`report_ticket`, `report_call` and `report_presence` are folded from the journal. Each row carries the business day it belongs
to, so that a fact that arrives late lands in its own day; `report_day_fact` says up to which journal row a day was touched.
`report_roll` holds what `rollup.py` made of a day: a cache, known to be stale by comparing two numbers.

Applies run behind those of `queue`, whose `ticket` table leads from a ticket's id to its day and place.
"""

from typing import Final

import msgspec

from edge.follow_ups.model import RatingFollowedUp
from edge.forecast.model import PromisesScored
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.fold import records
from edge.kernel.pipeline import Apply
from edge.queue import events as e
from edge.queue.model import DIVERTED, State
from edge.reports import bookings, later, reminders
from edge.reports.belonging import device_of, key, touch
from edge.reports.triggers import is_scheduled, trigger_of
from sync.chain import Record

FOLDED: Final = (
    "report_ticket",
    "report_call",
    "report_presence",
    "report_counter",
    "report_now",
    "report_day_fact",
    "report_diversion",
    "report_appointment",
)


# --- tickets


def ticket_issued(connection: Connection, event: e.TicketIssued, record: Record) -> None:
    connection.execute(
        "INSERT INTO report_ticket(day, seq, ticket, number, service, tier, channel, recognised, priority_reason, printer,"
        " taken_ms, since_ms, low_s, high_s, ahead, state, queue, appointed, shown, device)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.day,
            record.seq,
            event.ticket,
            event.number,
            event.service,
            event.tier,
            event.channel,
            event.customer is not None,
            event.priority_reason,
            event.printer,
            record.at_ms,
            record.at_ms,
            event.wait_low_s,
            event.wait_high_s,
            event.ahead,
            State.PENDING if event.remote else State.WAITING,
            event.queue,
            bookings.is_appointment(event.appointment),
            event.shown,
            device_of(record),
        ),
    )
    touch(connection, event.day, record)


def ticket_activated(connection: Connection, event: e.TicketActivated, record: Record) -> None:
    day, seq = key(connection, event.ticket)
    connection.execute(
        "UPDATE report_ticket SET state = 'waiting', activated_ms = ?3, since_ms = ?3, printer = ?4,"
        " shown = coalesce(?5, shown), device = coalesce(?6, device) WHERE day = ?1 AND seq = ?2",
        (day, seq, record.at_ms, event.printer, event.shown, device_of(record)),
    )
    touch(connection, day, record)


def ticket_bound(connection: Connection, event: e.TicketBound | e.TicketUnbound, record: Record) -> None:
    """The ticket counts with the tier that was learnt, or taken back; calls made before keep theirs."""
    day, seq = key(connection, event.ticket)
    shown = event.shown if isinstance(event, e.TicketBound) else None
    recognised = isinstance(event, e.TicketBound)
    connection.execute(
        "UPDATE report_ticket SET recognised = ?3, tier = ?4, queue = ?5, shown = CASE WHEN ?3 THEN coalesce(?6, shown) END"
        " WHERE day = ?1 AND seq = ?2",
        (day, seq, recognised, event.tier, event.queue, shown),
    )
    touch(connection, day, record)


_CALL: Final = """
INSERT INTO report_call(
    day, seq, ticket_seq, number, service, tier, counter, staff, rule, reason, triggered_by, scheduled, note,
    called_ms, last_ms, ready_ms)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14,
       max(since_ms, coalesce((SELECT free_ms FROM report_counter WHERE counter = ?7), 0))
FROM report_ticket WHERE day = ?1 AND seq = ?3
"""
_CALLED: Final = """
UPDATE report_ticket
SET state = 'called', calls = calls + 1, call_seq = ?3, last_call_ms = ?4, counter = ?5, staff = ?6, rule = ?7, reason = ?8,
    triggered_by = ?9,
    first_call_seq = coalesce(first_call_seq, ?3), first_call_ms = coalesce(first_call_ms, ?4)
WHERE day = ?1 AND seq = ?2
"""


def ticket_called(connection: Connection, event: e.TicketCalled, record: Record) -> None:
    """It could have been called since the counter was free and the customer waited."""
    day, seq = key(connection, event.ticket)
    appointed = connection.execute("SELECT appointed FROM report_ticket WHERE day = ? AND seq = ?", (day, seq)).get
    trigger = trigger_of(event.why, appointed=bool(appointed))
    who, why = (event.counter, event.staff), (event.why.rule, event.why.text_code, trigger)
    what = (event.number, event.service, event.tier)
    connection.execute(_CALL, (day, record.seq, seq, *what, *who, *why, is_scheduled(event.why), event.reason, record.at_ms))
    connection.execute(_CALLED, (day, seq, record.seq, record.at_ms, *who, *why))
    touch(connection, day, record)


def ticket_recalled(connection: Connection, event: e.TicketRecalled, record: Record) -> None:
    day, seq = key(connection, event.ticket)
    connection.execute(
        "UPDATE report_ticket SET recalls = recalls + 1, last_call_ms = ?3 WHERE day = ?1 AND seq = ?2",
        (day, seq, record.at_ms),
    )
    connection.execute(
        "UPDATE report_call SET recalls = recalls + 1, last_ms = ?3 WHERE day = ?1 AND seq = "
        "(SELECT call_seq FROM report_ticket WHERE day = ?1 AND seq = ?2)",
        (day, seq, record.at_ms),
    )
    touch(connection, day, record)


def ticket_served(connection: Connection, event: e.TicketServed, record: Record) -> None:
    day, seq = key(connection, event.ticket)
    connection.execute(
        "UPDATE report_ticket SET state = 'serving', served_ms = coalesce(served_ms, ?3) WHERE day = ?1 AND seq = ?2",
        (day, seq, record.at_ms),
    )
    connection.execute(
        "UPDATE report_call SET served_ms = coalesce(served_ms, ?3) WHERE day = ?1 AND seq = "
        "(SELECT call_seq FROM report_ticket WHERE day = ?1 AND seq = ?2)",
        (day, seq, record.at_ms),
    )
    touch(connection, day, record)


def _end_call(connection: Connection, day: str, seq: int, result: str, record: Record) -> None:
    """The call that the ticket stands at is over, where it stands at one; the counter is free."""
    found = connection.execute(
        "UPDATE report_call SET ended_ms = ?3, result = ?4 WHERE day = ?1 AND seq ="
        " (SELECT call_seq FROM report_ticket WHERE day = ?1 AND seq = ?2) AND ended_ms IS NULL RETURNING counter",
        (day, seq, record.at_ms, result),
    ).get
    if found is not None:
        connection.execute("UPDATE report_counter SET free_ms = ? WHERE counter = ?", (record.at_ms, found))


def ticket_finished(connection: Connection, event: e.TicketFinished, record: Record) -> None:
    """A service whose beginning nobody marked began when the customer was last called."""
    day, seq = key(connection, event.ticket)
    connection.execute(
        "UPDATE report_call SET served_ms = coalesce(served_ms, last_ms) WHERE day = ?1 AND seq ="
        " (SELECT call_seq FROM report_ticket WHERE day = ?1 AND seq = ?2)",
        (day, seq),
    )
    _end_call(connection, day, seq, State.FINISHED, record)
    connection.execute(
        "UPDATE report_ticket SET state = 'finished', served_ms = coalesce(served_ms, last_call_ms), ended_ms = ?3,"
        " outcome = ?4 WHERE day = ?1 AND seq = ?2",
        (day, seq, record.at_ms, event.outcome),
    )
    touch(connection, day, record)


def ticket_parked(connection: Connection, event: e.TicketParked, record: Record) -> None:
    day, seq = key(connection, event.ticket)
    _end_call(connection, day, seq, State.PARKED, record)
    _set_state(connection, day, seq, State.PARKED, record)


def ticket_no_show(connection: Connection, event: e.TicketNoShow, record: Record) -> None:
    day, seq = key(connection, event.ticket)
    _end_call(connection, day, seq, State.NO_SHOW, record)
    connection.execute("UPDATE report_ticket SET ended_ms = ?3 WHERE day = ?1 AND seq = ?2", (day, seq, record.at_ms))
    _set_state(connection, day, seq, State.NO_SHOW, record)


def ticket_cancelled(connection: Connection, event: e.TicketCancelled, record: Record) -> None:
    day, seq = key(connection, event.ticket)
    _end_call(connection, day, seq, State.CANCELLED, record)
    connection.execute(
        "UPDATE report_ticket SET ended_ms = ?3, outcome = ?4, hand = CASE WHEN ?5 THEN ?4 ELSE hand END"
        " WHERE day = ?1 AND seq = ?2",
        (day, seq, record.at_ms, event.reason, event.reason in DIVERTED),
    )
    _set_state(connection, day, seq, State.CANCELLED, record)


def ticket_transferred(connection: Connection, event: e.TicketTransferred, record: Record) -> None:
    day, seq = key(connection, event.ticket)
    _end_call(connection, day, seq, "transferred", record)
    connection.execute(
        "UPDATE report_ticket SET state = CASE state WHEN 'pending' THEN state ELSE 'waiting' END, since_ms = ?3,"
        " ended_ms = NULL, transfers = transfers + 1, queue = ?4, hand = coalesce(?5, hand) WHERE day = ?1 AND seq = ?2",
        (day, seq, record.at_ms, event.queue, event.reason or None),
    )
    touch(connection, day, record)


def ticket_pinned(connection: Connection, event: e.TicketPinned, record: Record) -> None:
    """It counts on with the tier it came with."""
    day, seq = key(connection, event.ticket)
    connection.execute(
        "UPDATE report_ticket SET since_ms = ?3, ended_ms = NULL, pins = pins + 1, queue = ?4, hand = ?5"
        " WHERE day = ?1 AND seq = ?2",
        (day, seq, record.at_ms, event.queue, event.reason),
    )
    _set_state(connection, day, seq, State.WAITING, record)


def ticket_requeued(connection: Connection, event: e.TicketRequeued, record: Record) -> None:
    """Also of one that was called to a counter whose terminal fell silent (S20)."""
    day, seq = key(connection, event.ticket)
    _end_call(connection, day, seq, "returned", record)
    connection.execute(
        "UPDATE report_ticket SET since_ms = ?3, ended_ms = NULL WHERE day = ?1 AND seq = ?2", (day, seq, record.at_ms)
    )
    _set_state(connection, day, seq, State.WAITING, record)


def ticket_expired(connection: Connection, event: e.TicketExpired, record: Record) -> None:
    """Who was called and did not come stays a no-show; who was called when the day ended was not served."""
    day, seq = key(connection, event.ticket)
    _end_call(connection, day, seq, State.EXPIRED, record)
    connection.execute(
        "UPDATE report_ticket SET state = CASE state WHEN 'no_show' THEN state ELSE 'expired' END,"
        " ended_ms = coalesce(ended_ms, ?3) WHERE day = ?1 AND seq = ?2",
        (day, seq, record.at_ms),
    )
    touch(connection, day, record)


def ticket_rated(connection: Connection, event: e.TicketRated, record: Record) -> None:
    day, seq = key(connection, event.ticket)
    connection.execute(
        "UPDATE report_ticket SET score = ?3, complaints = ?4 WHERE day = ?1 AND seq = ?2",
        (day, seq, event.score, ",".join(event.reasons) or None),
    )
    touch(connection, day, record)


def rating_followed_up(connection: Connection, event: RatingFollowedUp, record: Record) -> None:
    """Days later, mostly: it belongs to the day of the ticket that was rated."""
    day, seq = key(connection, event.ticket)
    connection.execute("UPDATE report_ticket SET follow_up = ?3 WHERE day = ?1 AND seq = ?2", (day, seq, event.outcome))
    touch(connection, day, record)


def _set_state(connection: Connection, day: str, seq: int, state: State, record: Record) -> None:
    connection.execute("UPDATE report_ticket SET state = ?3 WHERE day = ?1 AND seq = ?2", (day, seq, state))
    touch(connection, day, record)


# --- presence at the counters


def counter_signed_in(connection: Connection, event: e.CounterSignedIn, record: Record) -> None:
    """A shift begins, and belongs to the business day that is open now for as long as it lasts."""
    day = connection.execute("SELECT day FROM report_now").get
    connection.execute(
        "INSERT INTO report_counter VALUES (?1, ?2, ?3, ?3, ?4) ON CONFLICT (counter) DO UPDATE"
        " SET day = excluded.day, shift = excluded.shift, span = excluded.span, free_ms = excluded.free_ms",
        (event.counter, day, record.seq, record.at_ms),
    )
    _begin_span(connection, event, record, "signed_in")


def counter_signed_out(connection: Connection, event: e.CounterSignedOut, record: Record) -> None:
    connection.execute(
        "UPDATE report_presence SET automatic = ?3 WHERE staff = ?2 AND (day, seq) ="
        " (SELECT day, shift FROM report_counter WHERE counter = ?1)",
        (event.counter, event.staff, event.automatic),
    )
    _end_span(connection, event.counter, record)


def counter_opened(connection: Connection, event: e.CounterOpened, record: Record) -> None:
    _change(connection, event, record, "open")


def counter_paused(connection: Connection, event: e.CounterPaused, record: Record) -> None:
    _change(connection, event, record, "paused", event.reason)


def counter_resumed(connection: Connection, event: e.CounterResumed, record: Record) -> None:
    _change(connection, event, record, "open")


def _change(connection: Connection, event: e.CounterFact, record: Record, state: str, reason: str = "") -> None:
    _end_span(connection, event.counter, record)
    connection.execute(
        "UPDATE report_counter SET span = ?2, free_ms = ?3 WHERE counter = ?1", (event.counter, record.seq, record.at_ms)
    )
    _begin_span(connection, event, record, state, reason)


def _begin_span(connection: Connection, event: e.CounterFact, record: Record, state: str, reason: str = "") -> None:
    connection.execute(
        "INSERT INTO report_presence(day, seq, shift, counter, staff, state, reason, from_ms)"
        " SELECT day, ?2, shift, counter, ?3, ?4, ?5, ?6 FROM report_counter WHERE counter = ?1",
        (event.counter, record.seq, event.staff, state, reason, record.at_ms),
    )
    _touch_shift(connection, event.counter, record)


def _end_span(connection: Connection, counter: str, record: Record) -> None:
    connection.execute(
        "UPDATE report_presence SET to_ms = ?2 WHERE (day, seq) = (SELECT day, span FROM report_counter WHERE counter = ?1)"
        " AND to_ms IS NULL",
        (counter, record.at_ms),
    )
    _touch_shift(connection, counter, record)


def _touch_shift(connection: Connection, counter: str, record: Record) -> None:
    connection.execute(
        "INSERT INTO report_day_fact SELECT day, ?2 FROM report_counter WHERE counter = ?1"
        " ON CONFLICT (day) DO UPDATE SET seq = excluded.seq",
        (counter, record.seq),
    )


def diversion_answered(connection: Connection, event: e.DiversionAnswered, record: Record) -> None:
    connection.execute(
        "INSERT INTO report_diversion VALUES (?, ?, ?, ?, ?)",
        (event.day, record.seq, event.service, event.accepted, record.at_ms),
    )
    touch(connection, event.day, record)


def day_opened(connection: Connection, event: e.DayOpened, record: Record) -> None:
    connection.execute("INSERT INTO report_now VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET day = excluded.day", (event.day,))
    touch(connection, event.day, record)


def day_closed(connection: Connection, event: e.DayClosed, record: Record) -> None:
    touch(connection, event.day, record)


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    e.DayOpened: (day_opened,),
    e.DayClosed: (day_closed,),
    e.TicketIssued: (ticket_issued, bookings.ticket_issued),
    e.TicketActivated: (ticket_activated,),
    e.TicketBound: (ticket_bound,),
    e.TicketUnbound: (ticket_bound,),
    e.TicketCalled: (ticket_called,),
    e.TicketRecalled: (ticket_recalled,),
    e.TicketServed: (ticket_served, bookings.ticket_served),
    e.TicketParked: (ticket_parked,),
    e.TicketNoShow: (ticket_no_show,),
    e.TicketFinished: (ticket_finished, bookings.ticket_served),
    e.TicketCancelled: (ticket_cancelled,),
    e.TicketTransferred: (ticket_transferred,),
    e.TicketPinned: (ticket_pinned,),
    e.TicketRequeued: (ticket_requeued,),
    e.TicketExpired: (ticket_expired,),
    e.TicketRated: (ticket_rated,),
    RatingFollowedUp: (rating_followed_up,),
    e.DiversionAnswered: (diversion_answered,),
    PromisesScored: (later.promises_scored,),
    e.CounterSignedIn: (counter_signed_in,),
    e.CounterSignedOut: (counter_signed_out,),
    e.CounterOpened: (counter_opened,),
    e.CounterPaused: (counter_paused,),
    e.CounterResumed: (counter_resumed,),
    **bookings.APPLIES_OF_BOOKINGS,
    **reminders.APPLIES_OF_REMINDERS,
}


def rebuild(connection: Connection) -> int:
    """Fold the whole journal into these tables: for a branch that is older than its reports. Returns the facts read."""
    kinds = {kind.TYPE: kind for kind in APPLIES}
    for table in (*FOLDED, "report_roll", "report_day"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    read = 0
    for record in records(connection):
        kind = kinds.get(record.type)
        if kind is not None:
            event = msgspec.json.decode(record.body, type=kind)
            for apply in APPLIES[kind]:
                apply(connection, event, record)
            read += 1
    return read
