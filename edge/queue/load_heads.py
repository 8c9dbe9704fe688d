"""Who may be called at a counter: what it offers, and the first of each queue that this makes.

A counter offers what its configuration names and its teller has the skill for (R067). On top of that it takes over what a
window offered that closed today, where no attended counter does: those who wait for what only that window served are not left
sitting there (S04). Taking over widens the counter, never the teller: who lacks the skill is not sent the customer.
"""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from edge.kernel.db import Connection
from edge.kernel.remembered import remembered
from edge.org import tables as org
from edge.org.model import Counter
from edge.policy import tables as policy
from edge.queue import policy as keys
from edge.queue.model import POOL, STAFF_POOL, Tier, pool_id, queue_id, staff_pool_id
from edge.queue.rules import Head

TIERS: Final = tuple(Tier)

_HEADS_SQL: Final = (
    "SELECT ticket.id, number, queue_length.queue, service, tier, place_ms, seq, language, calls, waiting, activated_ms,"
    " appointment IS NOT NULL AND tier = 'priority' AND priority_reason IS NULL"
    " FROM queue_length CROSS JOIN ticket ON ticket.id = (SELECT id FROM ticket WHERE queue = queue_length.queue"
    " AND state = 'waiting' ORDER BY place_ms, seq LIMIT 1) WHERE waiting > 0 AND queue_length.queue IN (%s)"
)


def heads(connection: Connection, counter: str, staff: str | None, services: tuple[str, ...]) -> tuple[Head, ...]:
    """The first waiting ticket of every queue this counter may call: one look at each queue's front, however long it is."""
    question, queues = _fronts(counter, staff, services)
    return tuple(_head(row) for row in connection.execute(question, queues))


@lru_cache(maxsize=256)
def _fronts(counter: str, staff: str | None, services: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """What to ask for the heads, and of which queues; the same from call to call."""
    pools = [pool_id(counter)] if staff is None else [pool_id(counter), staff_pool_id(staff)]
    queues = (*pools, *(queue_id(service, tier) for service in services for tier in TIERS))
    return _HEADS_SQL % ",".join("?" * len(queues)), queues


def _head(row: tuple[Any, ...]) -> Head:
    ticket_id, number, at, service, tier, place_ms, seq, language, calls, length, from_ms, booked = row
    return Head(
        ticket_id,
        number,
        at,
        service,
        Tier(tier),
        place_ms,
        seq,
        language,
        at.startswith(POOL),
        from_ms,
        length,
        calls,
        bool(booked),
    )


class _Usual(NamedTuple):
    """What settings say of what a teller may be given."""

    everything: tuple[str, ...]
    skills: tuple[str, ...]
    """Empty: all of them."""
    takes_over: bool


@remembered
def _usual(connection: Connection, staff: str | None) -> _Usual:
    everything = tuple(service.id for service in org.services(connection))
    body = connection.execute("SELECT body FROM org_staff WHERE staff_no = ?", (staff,)).get
    return _Usual(everything, () if body is None else _skills_in(body), policy.read(connection, keys.TAKE_OVER))


def offered(connection: Connection, counter: Counter, staff: str | None) -> tuple[str, ...]:
    """The services that may be called here now. On most calls no window has closed, and one read says so."""
    usual = _usual(connection, staff)
    services = counter.services or usual.everything
    if counter.services and usual.takes_over and _some_closed(connection):
        left_over = _left_over(connection, counter.id, usual.everything)
        services += tuple(service for service in left_over if service not in services)
    return tuple(service for service in services if service in usual.skills) if usual.skills else services


def _some_closed(connection: Connection) -> bool:
    """Whether a window closed today."""
    closed: int = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM queue_counter WHERE staff IS NULL"
        " AND since_ms >= (SELECT opened_ms FROM queue_day WHERE state = 'open'))"
    ).get
    return bool(closed)


class _Skills(msgspec.Struct, frozen=True):
    skills: tuple[str, ...] = ()


_read_skills: Final = msgspec.json.Decoder(_Skills).decode


def _skills_in(body: Any) -> tuple[str, ...]:
    """What of a member of staff matters here; the rest is not even decoded."""
    return _read_skills(body).skills


def _left_over(connection: Connection, counter: str, everything: tuple[str, ...]) -> list[str]:
    """What a window offered that closed today, and no other attended one offers."""
    offered_elsewhere: set[str] = set()
    closed: set[str] = set()
    rows = connection.execute(
        "SELECT counter, staff, org_staff.body FROM queue_counter LEFT JOIN org_staff ON staff_no = staff"
        " WHERE counter <> ? AND (staff IS NOT NULL"
        " OR since_ms >= (SELECT opened_ms FROM queue_day WHERE state = 'open'))",
        (counter,),
    )
    for other, staff, body in rows.fetchall():
        config = org.counter(connection, str(other))
        services = () if config is None else config.services or everything
        skills = () if body is None else _skills_in(body)
        (closed if staff is None else offered_elsewhere).update(one for one in services if not skills or one in skills)
    return sorted(closed - offered_elsewhere)


def manned(connection: Connection, queue: str) -> bool:
    """Whether somebody is there to call from `queue`, where that is a pool."""
    if not queue.startswith(POOL):
        return True
    if queue.startswith(STAFF_POOL):
        where, whom = "staff = ?", queue.removeprefix(STAFF_POOL)
    else:
        where, whom = "counter = ? AND staff IS NOT NULL", queue.removeprefix(POOL)
    return bool(connection.execute(f"SELECT count(*) FROM queue_counter WHERE {where}", (whom,)).get)  # noqa: S608 -- constants
