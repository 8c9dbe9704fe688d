"""Cells add up in any order, and what is stored comes back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.reports.cells import Cell, Flow, Hall, joined
from edge.reports.tally import PARTS, overtakes

COUNTS = st.integers(0, 1000)
HISTOGRAM = st.dictionaries(st.integers(0, 181), st.integers(1, 50), max_size=5)
FLOWS = st.builds(
    Flow,
    st.sampled_from(["personal", "wealth"]),
    st.just("normal"),
    st.sampled_from(["1001", "1002"]),
    st.just("counter-1"),
    taken=COUNTS,
    waits=HISTOGRAM,
    wait_s=COUNTS,
    worst_max=st.tuples(st.integers(-1, 9999), st.sampled_from(["A001", "A002"])),
)


@given(st.lists(FLOWS, max_size=12), st.randoms(use_true_random=False))
def test_the_sum_has_no_order(cells: list[Flow], chance: Any) -> None:
    expected = joined(cells)
    shuffled = list(cells)
    chance.shuffle(shuffled)
    assert joined(shuffled) == expected
    assert sum(cell.taken for cell in expected) == sum(cell.taken for cell in cells)


@given(st.lists(FLOWS, max_size=12), st.integers(0, 12))
def test_the_sum_of_sums_is_the_sum(cells: list[Flow], cut: int) -> None:
    assert joined([*joined(cells[:cut]), *joined(cells[cut:])]) == joined(cells)


@given(st.lists(FLOWS, max_size=5))
def test_adding_up_leaves_the_parts_as_they_are(cells: list[Flow]) -> None:
    before = msgspec.msgpack.encode(cells)
    joined(cells)
    assert msgspec.msgpack.encode(cells) == before


@given(st.lists(FLOWS, max_size=5))
def test_what_is_stored_comes_back(cells: list[Flow]) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(cells), type=list[Flow]) == cells


def test_the_greater_one_is_kept() -> None:
    one, other = Hall(3, "*", "*", present_s=10, peak_max=4), Hall(3, "*", "*", present_s=20, peak_max=2)
    one.add(other)
    assert one == Hall(3, "*", "*", present_s=30, peak_max=4)
    assert one.key == (3, "*", "*")


@pytest.mark.parametrize("kind", [part.cell for part in PARTS])
def test_every_measure_begins_at_nothing(kind: type[Cell]) -> None:
    """A cell that is stored shorter than today's, by an older program, is read with what is missing at its default."""
    fields = msgspec.structs.fields(kind)
    assert [field.required for field in fields] == [True] * kind.KEYS + [False] * (len(fields) - kind.KEYS)


@given(st.permutations(range(100, 112)), st.sets(st.integers(0, 11)))
def test_overtakes_are_those_counted_pair_by_pair(calls: list[int], other_service: set[int]) -> None:
    first_calls = [(seq, "wealth" if seq in other_service else "personal", call) for seq, call in enumerate(calls)]
    expected = {
        seq: sum(s > seq and c < call and same == service for s, same, c in first_calls) for seq, service, call in first_calls
    }
    assert overtakes(first_calls) == expected
