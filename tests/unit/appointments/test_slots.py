"""The arithmetic of slots."""

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.appointments.model import Arrival, BookingRules, SlotPlan, State
from edge.appointments.slots import DayBook, Engagement, arrival, codes, order_day, ready_day, slots_of
from edge.queue.call_rules import Calendar, DayClass
from edge.queue.model import Channel
from tests.unit.appointments.given_appointments import an_appointment

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
DAY_MS = 24 * 3600 * 1000
MINUTE_MS = 60_000
NO_CHANGES: Calendar = {}

channels = st.sampled_from(list(Channel))
counts = st.integers(0, 20)


@st.composite
def books(draw: st.DrawFn) -> DayBook:
    """A day on which any number of places was sold by anybody, within the plan or, after it was made smaller, beyond it."""
    quotas = draw(st.dictionaries(channels, st.integers(0, 4), max_size=3))
    plan = SlotPlan(capacity=sum(quotas.values()) + draw(st.integers(0, 5)), quotas=quotas)
    slots = slots_of(plan, MONDAY, NO_CHANGES, ZONE)
    taken = draw(st.dictionaries(st.tuples(st.just(slots[0].start_ms), channels.map(str)), counts))
    return DayBook(plan, slots, taken)


@given(books(), channels)
def test_nobody_sells_more_than_there_is(book: DayBook, channel: Channel) -> None:
    slot = book.slots[0]
    left = book.plan.capacity - sum(book.taken.values())
    assert 0 <= book.free(slot, channel) <= max(0, left)


@given(books(), channels, channels)
def test_a_sale_of_one_channel_never_touches_anothers_quota(book: DayBook, seller: Channel, other: Channel) -> None:
    """Whatever sells its last free place, the other can still sell what is left of its quota."""
    slot = book.slots[0]
    if seller is other or sum(book.taken.values()) > book.plan.capacity or not book.free(slot, seller):
        return
    key = (slot.start_ms, seller.value)
    after = DayBook(book.plan, book.slots, {**book.taken, key: book.taken.get(key, 0) + 1})
    kept = max(0, book.plan.quotas.get(other, 0) - book.taken.get((slot.start_ms, other.value), 0))
    assert after.free(slot, other) >= min(kept, book.free(slot, other))


@given(st.integers(10, 240), st.integers(0, 23), st.integers(1, 24))
def test_slots_follow_each_other_within_the_hours(slot_min: int, opens: int, closes: int) -> None:
    if opens >= closes:
        return
    plan = SlotPlan(slot_min=slot_min, opens=f"{opens:02d}:00", closes=f"{closes:02d}:00")
    slots = slots_of(plan, MONDAY, NO_CHANGES, ZONE)
    assert len(slots) == (closes - opens) * 60 // slot_min
    assert all(one.end_ms == other.start_ms for one, other in pairwise(slots))
    assert all(slot.end_ms - slot.start_ms == slot_min * MINUTE_MS for slot in slots)


@pytest.mark.parametrize(
    ("today", "days", "ready"),
    [
        ("2026-11-23", 0, "2026-11-23"),
        ("2026-11-23", 1, "2026-11-24"),
        ("2026-11-27", 1, "2026-11-30"),
        ("2026-11-28", 1, "2026-11-30"),
        ("2026-11-26", 3, "2026-12-01"),
        ("2026-09-30", 1, "2026-10-09"),
    ],
)
def test_cash_is_ready_after_so_many_working_days(today: str, days: int, ready: str) -> None:
    """The last one is the National Day: eight days off, Thursday the 1st to Thursday the 8th."""
    golden_week = {date(2026, 10, day): DayClass.HOLIDAY for day in range(1, 9)}
    assert ready_day(date.fromisoformat(today), days, golden_week) == date.fromisoformat(ready)


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(0, 10))
def test_who_orders_on_the_last_day_has_it_in_time(day: date, notice_days: int) -> None:
    assert ready_day(order_day(day, notice_days, NO_CHANGES), notice_days, NO_CHANGES) <= day


@pytest.mark.parametrize(
    ("minutes", "when"),
    [(-31, Arrival.EARLY), (-30, Arrival.ON_TIME), (0, Arrival.ON_TIME), (15, Arrival.ON_TIME), (16, Arrival.LATE)],
)
def test_both_limits_are_in_time(minutes: int, when: Arrival) -> None:
    assert arrival(an_appointment(DAY_MS, State.BOOKED), BookingRules(), DAY_MS + minutes * MINUTE_MS) is when


def test_an_expert_is_in_one_place_at_a_time_whatever_the_service() -> None:
    """An hour of wealth advice from ten takes both of the half-hour slots that it covers."""
    plan = SlotPlan(experts=("1003",))
    slots = slots_of(plan, MONDAY, NO_CHANGES, ZONE)
    ten = next(slot for slot in slots if slot.start == "10:00")
    book = DayBook(plan, slots, engaged=(Engagement("1003", ten.start_ms, ten.start_ms + 60 * MINUTE_MS),))
    busy = [slot.start for slot in slots if not book.experts(slot)]
    assert busy == ["10:00", "10:30"]


@given(st.binary(min_size=32, max_size=32))
def test_codes_can_be_said_and_typed(entropy: bytes) -> None:
    made = list(codes(entropy))
    assert all(len(code) == 6 and code.isdecimal() and code[0] != "0" for code in made)
    assert len(set(made)) > 1
