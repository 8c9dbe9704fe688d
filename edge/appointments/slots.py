"""The arithmetic of slots: which there are on a day, who still fits in, and when cash can be ready. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from edge.appointments.model import NO_PLAN, Appointment, Arrival, BookingRules, SlotPlan
from edge.kernel.domain import Money
from edge.queue.call_rules import Calendar, DayClass, class_of
from edge.queue.model import Channel

MINUTE_MS: Final = 60_000
CODES_TRIED: Final = 16
CODE_MIN: Final = 100_000
CODE_SPAN: Final = 900_000
"""Codes have six digits and no leading zero, so that they survive being said on the phone and typed into a sheet."""
NOTICE_SEARCH_DAYS_MAX: Final = 60
"""Between two working days there are never so many others."""


class Slot(NamedTuple):
    """A stretch of one day that people are booked into."""

    start: str
    """`10:00`."""
    start_ms: int
    end_ms: int


class Engagement(NamedTuple):
    """When an expert is taken."""

    expert: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class DayBook:
    """One service on one day: its slots, and what is left of them."""

    plan: SlotPlan = NO_PLAN
    slots: tuple[Slot, ...] = ()
    taken: Mapping[tuple[int, str], int] = field(default_factory=dict)
    """Places taken, by the slot's beginning and the channel that sold them."""
    engaged: tuple[Engagement, ...] = ()
    absent: frozenset[str] = frozenset()

    def slot(self, start: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.start == start), None)

    def free(self, slot: Slot, channel: Channel) -> int:
        """Places that `channel` may sell: what nobody has, less what is kept for the others."""
        sold = {one: self.taken.get((slot.start_ms, one.value), 0) for one in Channel}
        kept = sum(max(0, quota - sold[other]) for other, quota in self.plan.quotas.items() if other is not channel)
        return max(0, self.plan.capacity - sum(sold.values()) - kept)

    def experts(self, slot: Slot) -> list[str]:
        """Who can be asked for in this slot."""
        return [expert for expert in self.plan.experts if expert not in self.absent and not self._engaged(expert, slot)]

    def _engaged(self, expert: str, slot: Slot) -> bool:
        return any(one.expert == expert and one.start_ms < slot.end_ms and slot.start_ms < one.end_ms for one in self.engaged)

    def offer(self, channel: Channel, *, after_ms: int, expert: str | None = None) -> str | None:
        """The first slot that begins after `after_ms` and has a place; with `expert`, one where they are free."""
        return next(
            (
                slot.start
                for slot in self.slots
                if slot.start_ms > after_ms and self.free(slot, channel) and (expert is None or expert in self.experts(slot))
            ),
            None,
        )


def slots_of(plan: SlotPlan, day: date, calendar: Calendar, zone: ZoneInfo) -> tuple[Slot, ...]:
    """The slots of `day`; none on a day of a kind that the plan does not name. A rest too short for a slot is left out."""
    if class_of(day, calendar) not in plan.days:
        return ()
    starts = range(_minutes(plan.opens), _minutes(plan.closes) - plan.slot_min + 1, plan.slot_min)
    return tuple(_slot(plan, day, minute, zone) for minute in starts)


def _slot(plan: SlotPlan, day: date, minute: int, zone: ZoneInfo) -> Slot:
    start_ms = int(datetime.combine(day, time(minute // 60, minute % 60), zone).timestamp() * 1000)
    return Slot(f"{minute // 60:02d}:{minute % 60:02d}", start_ms, start_ms + plan.slot_min * MINUTE_MS)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def needs_notice(cash: Money | None, rules: BookingRules) -> bool:
    """Whether so much cash has to be ordered (S30)."""
    if cash is None:
        return False
    limit = rules.cash_limits.get(cash.currency)
    return limit is not None and cash.minor >= limit


def ready_day(today: date, notice_days: int, calendar: Calendar) -> date:
    """The first day on which cash ordered today is there: so many working days on."""
    return _workday(today, notice_days, calendar, step=1)


def order_day(day: date, notice_days: int, calendar: Calendar) -> date:
    """The last working day on which cash for `day` can be ordered."""
    ready = day if class_of(day, calendar) is DayClass.WORKDAY else _next_workday(day, calendar, -1)
    return _workday(ready, notice_days, calendar, step=-1)


def _workday(day: date, count: int, calendar: Calendar, *, step: int) -> date:
    for _ in range(count):
        day = _next_workday(day, calendar, step)
    return day


def _next_workday(day: date, calendar: Calendar, step: int) -> date:
    days = (day + timedelta(days=step * count) for count in range(1, NOTICE_SEARCH_DAYS_MAX))
    return next((one for one in days if class_of(one, calendar) is DayClass.WORKDAY), day + timedelta(days=step))


def arrival(appointment: Appointment, rules: BookingRules, now_ms: int) -> Arrival:
    """Early, in time or late (S17); both limits are still in time."""
    if now_ms < appointment.start_ms - rules.early_min * MINUTE_MS:
        return Arrival.EARLY
    if now_ms > appointment.start_ms + rules.late_min * MINUTE_MS:
        return Arrival.LATE
    return Arrival.ON_TIME


def codes(entropy: bytes) -> Iterator[str]:
    """Codes to choose from, most likely all different."""
    for turn in range(CODES_TRIED):
        digest = blake2b(entropy, digest_size=8, salt=bytes([turn]), person=b"appointment-code").digest()
        yield str(CODE_MIN + int.from_bytes(digest, "big") % CODE_SPAN)
