"""The situation of the live branch, read from its tables: who waits, what each counter does, under which rule, now."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from edge.forecast.situation import Away, Desk, Expected, Free, Paused, Serving, Situation, Waiting
from edge.kernel.db import Connection
from edge.org import tables as org
from edge.org.model import Counter
from edge.policy import tables as policy
from edge.queue import ruling, views
from edge.queue.call_rules import class_of
from edge.queue.load_heads import offered
from edge.queue.model import POOL, Presence, Tier, pool_id, queue_id, staff_pool_id
from edge.queue.policy import KIOSK_HOURS
from edge.queue.rules import FRESH

CROWD_MAX: Final = 600
"""More people than this in one hall are not forecast: the position formula answers for them."""
_LATER_SEQ: Final = 1 << 39
NEXT_COUNTER: Final = "+"
"""The counter that may be opened next, whichever it is."""


class TooCrowded(Exception):
    """More people wait than are forecast one by one."""


def read(connection: Connection, now_ms: int, zone: ZoneInfo) -> Situation:
    """The branch now, with an imagined newcomer in each queue. Raises TooCrowded."""
    now = datetime.fromtimestamp(now_ms / 1_000, zone)
    waiting = _waiting(connection)
    services = [service.id for service in org.services(connection)]
    newcomers = (
        Waiting(queue_id(service, tier), service, tier, now_ms, _LATER_SEQ, now_ms) for service in services for tier in Tier
    )
    since_ms = _waited_for_since_ms(waiting)
    counters = [(counter, _presence(connection, counter.id)) for counter in org.counters(connection)]
    desks = [_desk(connection, counter, live, since_ms, now) for counter, live in counters if live.staff is not None]
    closed = [counter for counter, live in counters if live.staff is None]
    return Situation(
        now_ms=now_ms,
        waiting=waiting,
        desks=(*desks, *_expected(closed)),
        minute_of_day=now.hour * 60 + now.minute,
        day_class=class_of(now.date(), ruling.calendar(connection)).value,
        issues_until_ms=_issues_until_ms(connection, now),
        newcomers=tuple(newcomers),
    )


def _issues_until_ms(connection: Connection, now: datetime) -> int | None:
    """When the kiosk stops giving numbers today; None where no policy says so."""
    hours = policy.read(connection, KIOSK_HOURS)
    if not hours:
        return None
    today = hours.get(class_of(now.date(), ruling.calendar(connection)))
    if today is None:
        return int(now.timestamp() * 1_000)
    hour, minute = today.closes.split(":")
    closes = datetime.combine(now.date(), time(), now.tzinfo) + timedelta(hours=int(hour), minutes=int(minute))
    return int(closes.timestamp() * 1_000)


def positions(connection: Connection, situation: Situation) -> dict[str, int]:
    """For each imagined newcomer's queue, people ahead as the position formula counts them."""
    return {one.ticket: views.newcomer_ahead(connection, one.service, one.tier, one.ticket) for one in situation.newcomers}


class _Row(NamedTuple):
    """A waiting ticket; the names are the columns."""

    id: str
    service: str
    tier: str
    queue: str
    place_ms: int
    seq: int
    taken_ms: int
    activated_ms: int | None
    booked: int

    def waiting(self, seats: Mapping[str, str]) -> Waiting:
        """`seats`: at which counter a member of staff sits. A ticket for somebody who is not there has no counter yet."""
        pool = "" if self.queue == queue_id(self.service, self.tier) else self.queue
        desk = seats.get(pool, pool)
        return Waiting(
            ticket=self.id,
            service=self.service,
            tier=Tier(self.tier),
            place_ms=self.place_ms,
            seq=self.seq,
            entered_ms=self.taken_ms if self.activated_ms is None else self.activated_ms,
            waits_from_ms=self.activated_ms,
            desk=desk.removeprefix(POOL),
            appointment=bool(self.booked),
        )


def _waiting(connection: Connection) -> tuple[Waiting, ...]:
    found = connection.execute(
        f"SELECT {', '.join(_Row._fields[:-1])},"  # noqa: S608 -- constant columns
        " appointment IS NOT NULL AND tier = 'priority' AND priority_reason IS NULL FROM ticket WHERE state = 'waiting'"
        " ORDER BY place_ms, seq LIMIT ?",
        (CROWD_MAX + 1,),
    )
    rows = [_Row(*row) for row in found]
    if len(rows) > CROWD_MAX:
        raise TooCrowded
    seated = connection.execute("SELECT staff, counter FROM queue_counter WHERE staff IS NOT NULL")
    seats = {staff_pool_id(str(staff)): pool_id(str(counter)) for staff, counter in seated}
    return tuple(row.waiting(seats) for row in rows)


class _Live(NamedTuple):
    """What a counter is doing; the names are the columns."""

    state: str
    staff: str | None
    ticket: str | None
    since_ms: int
    lost: int


_NOBODY: Final = _Live("closed", None, None, 0, 0)


def _presence(connection: Connection, counter: str) -> _Live:
    row = connection.execute(
        "SELECT state, staff, ticket, since_ms, lost FROM queue_counter WHERE counter = ?", (counter,)
    ).fetchone()
    return _NOBODY if row is None else _Live(*row)


def _desk(connection: Connection, counter: Counter, live: _Live, since_ms: Mapping[str, int], now: datetime) -> Desk:
    services = frozenset(offered(connection, counter, live.staff))
    return Desk(
        counter.id,
        live.staff or "",
        services,
        _doing(connection, counter.id, live, min((since_ms[one] for one in services & since_ms.keys()), default=None)),
        ruling.rule_now(connection, counter.id, now),
        ruling.memory(connection, counter.id),
    )


def _waited_for_since_ms(waiting: Iterable[Waiting]) -> dict[str, int]:
    """Since when somebody waits for a service."""
    since_ms: dict[str, int] = {}
    for one in waiting:
        since_ms[one.service] = min(one.entered_ms, since_ms.get(one.service, one.entered_ms))
    return since_ms


def _doing(connection: Connection, counter: str, live: _Live, wanted_ms: int | None) -> Serving | Free | Away | Paused:
    """`wanted_ms`: since when somebody waits whom this counter serves; where nobody does, it is idle for want of customers."""
    if live.ticket is not None:
        found = connection.execute("SELECT service, last_call_ms FROM ticket WHERE id = ?", (live.ticket,)).fetchone()
        if found is not None:
            return Serving(str(found[0]), int(found[1]))
    if live.state == Presence.PAUSED or live.lost:
        return Paused(live.since_ms)
    if wanted_ms is None:
        return Free()
    ended_ms: int = connection.execute(
        "SELECT coalesce(max(finished_ms), 0) FROM ticket"
        " WHERE day = (SELECT day FROM queue_day WHERE state = 'open') AND counter = ?",
        (counter,),
    ).get
    free_ms = max(live.since_ms, ended_ms)
    return Away(free_ms, max(free_ms, wanted_ms))


def _expected(closed: Iterable[Counter]) -> list[Desk]:
    """One more counter may be opened while people wait: which one nobody knows, so it takes what any of them takes."""
    skills = [frozenset(counter.services) for counter in closed]
    if not skills:
        return []
    services = frozenset() if any(not one for one in skills) else frozenset().union(*skills)
    return [Desk(NEXT_COUNTER, "", services, Expected(), memory=FRESH)]
