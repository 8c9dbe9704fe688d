"""The simulation calls exactly whom the rule calls, and behaves as a hall does."""

from collections.abc import Sequence
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.forecast.forecaster import Forecaster
from edge.queue.model import Tier
from edge.queue.picking import Lane, Line, Picker, Place
from edge.queue.rules import Blend, Head, Memory, Rule, Threshold, choose
from tests.unit.forecast.hall import hall, knowing

NOW_MS: Final = 10_000_000
TIERS: Final = st.sampled_from(list(Tier))
thresholds = st.builds(
    Threshold,
    wait_s=st.none() | st.integers(1, 4_000),
    count=st.none() | st.integers(1, 4),
    op=st.sampled_from(["gt", "ge"]),
    metric=st.sampled_from(["behind", "length"]),
)
targets = st.dictionaries(TIERS, st.sampled_from([60, 300, 1_200]))
turns = st.dictionaries(TIERS, st.integers(1, 3))
blends = st.builds(Blend, lead_s=st.none() | st.integers(0, 3_600), walk_ins=st.integers(0, 2))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    counted = draw(st.booleans())
    return Rule(
        order=tuple(draw(st.lists(TIERS, unique=True))),
        thresholds=draw(st.dictionaries(TIERS, thresholds)),
        promoted_in_row_max=draw(st.integers(0, 3)),
        target_s={} if counted else draw(targets),
        turns=draw(turns) if counted else {},
        blend=draw(st.none() | blends),
    )


places = st.builds(
    Place,
    place_ms=st.integers(5, 12).map(lambda step: step * 1_000_000),
    seq=st.integers(0, 1 << 30),
    waits_from_ms=st.integers(5, 12).map(lambda step: step * 1_000_000),
    number=st.just(0),
    appointment=st.booleans(),
)
queues = st.lists(st.tuples(TIERS, st.lists(places, max_size=4, unique_by=lambda place: place.seq)), min_size=1, max_size=6)


def _lines(waiting: Sequence[tuple[Tier, list[Place]]]) -> list[Line]:
    """In order of place, and no number twice."""
    seen: set[int] = set()
    lines = []
    for _, drawn in waiting:
        lines.append(Line(sorted(place for place in drawn if place.seq not in seen)))
        seen.update(place.seq for place in drawn)
    return lines


def _heads(lanes: Sequence[Lane], lines: Sequence[Line]) -> list[Head]:
    """What the queue would show the rule."""
    heads = []
    for lane, line in zip(lanes, lines, strict=True):
        if line.length:
            first = line.places[line.first]
            heads.append(
                Head(
                    f"{lane.queue}/{first.seq}",
                    "",
                    str(lane.queue),
                    "cash",
                    lane.tier,
                    first.place_ms,
                    first.seq,
                    "",
                    lane.pooled,
                    waits_from_ms=first.waits_from_ms,
                    length=line.length,
                    appointment=first.appointment,
                )
            )
    return heads


@settings(max_examples=200, deadline=None)
@given(rules(), queues, st.sampled_from(["pool", "queue"]), st.integers(0, 3))
def test_a_picker_calls_whom_the_rule_chooses_until_nobody_waits(
    rule: Rule,
    waiting: list[tuple[Tier, list[Place]]],
    first: str,
    in_row: int,
) -> None:
    lanes = [Lane(number, tier, first == "pool" and number == 0) for number, (tier, _) in enumerate(waiting)]
    lines = _lines(waiting)
    memory = Memory(in_row)
    picker = Picker(rule, lanes, memory).fresh()
    for step in range(sum(line.length for line in lines) + 1):
        now_ms = NOW_MS + step * 90_000
        choice = choose(_heads(lanes, lines), rule, now_ms, memory)
        queue = picker.pick(lines, now_ms)
        assert queue == (-1 if choice is None else int(choice.head.queue))
        if choice is None:
            return
        picker.called(queue, lines, now_ms)
        lines[queue].first += 1
        memory = choice.memory


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 15), st.integers(1, 5), st.integers(0, 1_000))
def test_one_more_counter_never_lengthens_a_median(waiting: int, desks: int, seed: int) -> None:
    fewer, more = (Forecaster(knowing(), seed=seed).forecast(hall(waiting, count)) for count in (desks, desks + 1))
    for one, other in zip(fewer, more, strict=True):
        assert other.median_s <= one.median_s * 1.15 + 30, "beyond the chance of a hundred runs"


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 20), st.integers(1, 4), st.integers(0, 1 << 32), rules())
def test_a_forecast_is_its_inputs_and_its_seed(waiting: int, desks: int, seed: int, rule: Rule) -> None:
    first, again = (Forecaster(knowing(), seed=seed, runs=20).forecast(hall(waiting, desks, rule=rule)) for _ in range(2))
    assert first == again
