"""S31: no bay is promised to two, and nobody waits for one that is free."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.domain import Context
from edge.parking import bays
from edge.parking.bays import MINUTE_MS, Span
from edge.parking.keeping import KeepState, keep
from edge.parking.model import BayGiven, CarPark, KeepBays, State, Stay, StayEnded
from edge.parking.plates import neighbours

NOW_MS = 1_772_413_200_000
parks = st.builds(
    CarPark,
    bays=st.integers(1, 5).map(lambda count: tuple(f"P{number}" for number in range(count))),
    usual_min=st.integers(5, 120),
    hold_min=st.integers(0, 60),
)
spans = st.builds(
    lambda begins_min, lasts_min: Span(NOW_MS + begins_min * MINUTE_MS, NOW_MS + (begins_min + lasts_min) * MINUTE_MS),
    st.integers(0, 300),
    st.integers(1, 60),
)


def stay(name: int, span: Span, bay: str | None) -> Stay:
    state = State.WAITING if bay is None else State.RESERVED
    return Stay(str(name), f"v{name}", f"v{name}", None, None, None, state, bay, span.from_ms, span.until_ms, name, name)


@given(park=parks, wishes=st.lists(spans, max_size=25))
def test_what_is_held_never_overlaps(park: CarPark, wishes: list[Span]) -> None:
    held: list[Stay] = []
    for name, span in enumerate(wishes):
        held.append(stay(name, span, bays.for_hold(park, held, span, NOW_MS)))
    by_bay: dict[str, list[Span]] = {}
    for one in held:
        if one.bay is not None:
            needed = bays.taken(one, park, NOW_MS)
            assert not any(needed.meets(other) for other in by_bay.get(one.bay, []))
            by_bay.setdefault(one.bay, []).append(needed)


@given(park=parks, wishes=st.lists(spans, min_size=1, max_size=25))
def test_the_first_to_be_refused_found_every_bay_needed(park: CarPark, wishes: list[Span]) -> None:
    held: list[Stay] = []
    for name, span in enumerate(wishes):
        bay = bays.for_hold(park, held, span, NOW_MS)
        if bay is None:
            needed = Span(span.from_ms, span.until_ms + park.usual_min * MINUTE_MS)
            busy = {one.bay for one in held if bays.taken(one, park, NOW_MS).meets(needed)}
            assert busy == set(park.bays)
            return
        held.append(stay(name, span, bay))


@given(park=parks, wishes=st.lists(spans, max_size=25), now_min=st.integers(0, 400))
def test_housekeeping_gives_no_bay_twice_and_is_done_at_once(park: CarPark, wishes: list[Span], now_min: int) -> None:
    held: list[Stay] = []
    for name, span in enumerate(wishes):
        held.append(stay(name, span, bays.for_hold(park, held, span, NOW_MS)))
    later = Context(NOW_MS + now_min * MINUTE_MS, ZoneInfo("Asia/Shanghai"), "system", bytes(32))
    after = {one.id: one for one in held}
    for event in keep(KeepState(park, held), KeepBays(), later):
        if isinstance(event, StayEnded):
            del after[event.stay]
        elif isinstance(event, BayGiven):
            given_to = after[event.stay]
            after[event.stay] = given_to._replace(
                state=State.RESERVED, bay=event.bay, from_ms=event.from_ms, until_ms=event.until_ms
            )
    kept = list(after.values())
    taken = [(one.bay, bays.taken(one, park, later.now_ms)) for one in kept if one.bay is not None]
    assert not any(
        bay == other_bay and span.meets(other) for at, (bay, span) in enumerate(taken) for other_bay, other in taken[at + 1 :]
    )
    assert keep(KeepState(park, kept), KeepBays(), later) == []


@given(st.sampled_from(["京A12345", "京AD12345"]))
def test_neighbours_differ_in_exactly_one_place(plate: str) -> None:
    found = list(neighbours(plate))
    assert len(found) == len(set(found)) == 33 * (len(plate) - 1)
    assert all(sum(one != other for one, other in zip(plate, near, strict=True)) == 1 for near in found)
