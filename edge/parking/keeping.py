"""Keeping house: what is over gives its bay up, and whoever waits longest gets it. Pure but for `load`.

A visit that is over needs no bay, but its car may still stand there: a car inside is gone when it was seen leaving, when staff
say so, or after as long as policy lets a car stay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edge.kernel.db import Connection
from edge.kernel.domain import Context, Event
from edge.parking import bays, tables
from edge.parking import model as m
from edge.parking.bays import MINUTE_MS, Span
from edge.parking.model import CarPark, State, Stay
from edge.parking.policy import CAR_PARK
from edge.parking.visits import visit_of
from edge.policy import tables as policy


@dataclass(frozen=True, slots=True)
class KeepState:
    park: CarPark
    stays: Sequence[Stay]
    over: frozenset[str] = field(default_factory=frozenset)
    """Stays whose visit is over."""


def load(connection: Connection, _command: m.KeepBays, _context: Context) -> KeepState:
    stays = tables.live(connection)
    visits = {stay.id: visit_of(connection, stay.visit) for stay in stays if stay.visit}
    over = frozenset(stay for stay, visit in visits.items() if visit is None or visit.over)
    return KeepState(policy.read(connection, CAR_PARK), stays, over)


def keep(state: KeepState, _command: m.KeepBays, context: Context) -> Sequence[Event]:
    ended = {stay.id: event for stay in state.stays if (event := _ended(state, stay, context)) is not None}
    left = [stay for stay in state.stays if stay.id not in ended]
    return [*ended.values(), *_given(state.park, left, context.now_ms)]


def _ended(state: KeepState, stay: Stay, context: Context) -> m.StayEnded | None:
    """Why a stay is over, if it is."""
    now_ms, reason = context.now_ms, ""
    if stay.state is State.INSIDE:
        if stay.from_ms + state.park.stay_max_min * MINUTE_MS <= now_ms:
            reason = "not_seen_leaving"
        elif datetime.fromtimestamp(stay.from_ms / 1000, context.zone).date() < context.today:
            reason = "day_over"
        return m.StayEnded(stay=stay.id, visit=stay.visit, state=State.LEFT, reason=reason) if reason else None
    if stay.id in state.over:
        return m.StayEnded(stay=stay.id, visit=stay.visit, state=State.CANCELLED, reason="visit_over")
    if stay.until_ms <= now_ms:
        return m.StayEnded(stay=stay.id, visit=stay.visit, state=State.EXPIRED, reason="too_late")
    return None


def _given(park: CarPark, stays: Sequence[Stay], now_ms: int) -> Iterator[m.BayGiven]:
    """Bays for those who wait, the longest first; nobody is passed over for a later one who needs the bay at another time."""
    held = [stay for stay in stays if stay.state is not State.WAITING]
    for waiter in sorted((one for one in stays if one.state is State.WAITING), key=lambda one: (one.asked_ms, one.id)):
        from_ms = max(now_ms, waiter.from_ms)
        span = Span(from_ms, max(waiter.until_ms, from_ms + park.hold_min * MINUTE_MS))
        bay = bays.for_hold(park, held, span, now_ms)
        if bay is not None:
            held.append(waiter._replace(state=State.RESERVED, bay=bay, from_ms=span.from_ms, until_ms=span.until_ms))
            yield m.BayGiven(stay=waiter.id, visit=waiter.visit, bay=bay, from_ms=span.from_ms, until_ms=span.until_ms)
