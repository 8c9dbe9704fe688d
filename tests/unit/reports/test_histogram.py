"""Histograms add up, and what they say of the sum is what the durations themselves say."""

from hypothesis import given
from hypothesis import strategies as st

from edge.reports import histogram as h

DURATIONS = st.lists(st.integers(0, 4 * 3600), max_size=60)


@given(st.lists(DURATIONS, max_size=6))
def test_merging_is_counting_the_union(days: list[list[int]]) -> None:
    assert h.merged(*map(h.count, days)) == h.count(seconds for day in days for seconds in day)


@given(DURATIONS, DURATIONS)
def test_merging_has_no_order_and_changes_neither(one: list[int], other: list[int]) -> None:
    left, right = h.count(one), h.count(other)
    assert h.merged(left, right) == h.merged(right, left)
    assert (left, right) == (h.count(one), h.count(other))
    assert h.size(h.merged(left, right)) == len(one) + len(other)


@given(st.lists(st.integers(0, 180 * 60), min_size=1), st.integers(1, 100))
def test_a_percentile_is_that_of_the_durations_to_the_minute(durations: list[int], percent: int) -> None:
    exact = sorted(durations)[-(-len(durations) * percent // 100) - 1]
    assert h.percentile(h.count(durations), percent) == -(-exact // 60)


@given(DURATIONS, st.integers(0, 180), st.integers(0, 180))
def test_a_range_holds_what_took_longer_and_at_most(durations: list[int], over: int, up_to: int) -> None:
    found = h.between(h.count(durations), over, up_to)
    assert found == sum(over * 60 < seconds <= up_to * 60 for seconds in durations)
    assert h.between(h.count(durations), -1) == len(durations)


def test_minutes_end_at_the_full_minute() -> None:
    assert [h.minute_of(seconds) for seconds in (-5, 0, 1, 60, 61, 600, 601, 10_800, 10_801, 99_999)] == [
        *(0, 0, 1, 1, 2, 10, 11, 180, h.BEYOND, h.BEYOND)
    ]


def test_nothing_has_no_percentile() -> None:
    assert h.percentile({}, 90) is None
