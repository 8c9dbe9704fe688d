"""How soon a teller calls again: like everybody while unknown, then as they were seen to be."""

from math import exp, log
from statistics import median

import pytest

from edge.forecast.situation import Away
from edge.forecast.turnaround import TELLERS_MAX, ReadinessState, Turnaround
from tests.unit.forecast.hall import seeded


def lived(times: int = 600) -> Turnaround:
    """Ann clears the desk at once and is sometimes away for long; Bob takes his time and always comes."""
    random, known = seeded(5), Turnaround()
    for _ in range(times):
        ann_s = random.expovariate(1 / 4) if random.random() < 0.8 else 200 + random.expovariate(1 / 900)
        known.observe("ann", 0.0, ann_s, called=True)
        known.observe("bob", 0.0, 8 + random.expovariate(1 / 12), called=True)
    return known


def test_tellers_are_told_apart_in_each_stretch_of_time() -> None:
    known = lived()
    ann, bob = known.of("ann"), known.of("bob")
    assert ann.survival(0, 10) == pytest.approx(0.2 + 0.8 * exp(-10 / 4), abs=0.1)
    assert bob.survival(0, 10) == pytest.approx(exp(-2 / 12), abs=0.1)
    assert bob.survival(20, 160) < 0.05
    assert ann.survival(20, 160) > 0.8


def test_what_is_sampled_is_what_they_do() -> None:
    random, bob = seeded(6), lived().of("bob")
    assert median(bob.sample(0.0, random) for _ in range(4_000)) == pytest.approx(8 + 12 * log(2), rel=0.15)


def test_whom_nobody_knows_is_like_everybody() -> None:
    known = lived()
    assert known.of("zoe").state == known.everybody.state
    known.observe("zoe", 0.0, 5.0, called=True)
    assert known.of("zoe").survival(0, 60) == pytest.approx(known.everybody.survival(0, 60), rel=0.35)


def test_who_was_not_wanted_any_more_shows_only_that_they_had_not_come() -> None:
    known = lived()
    before = known.of("ann").survival(0, 3)
    for _ in range(200):
        known.observe("ann", 0.0, 3.0, called=False)
    assert known.of("ann").survival(0, 3) > before


def test_it_is_kept_whole_and_nothing_else_is_taken() -> None:
    known, again = lived(50), Turnaround()
    again.restore(known.state)
    assert again.state == known.state
    with pytest.raises(ValueError, match="habits"):
        again.restore([ReadinessState(known.everybody.state, {"ann": [(1.0, 1.0)]}), *known.state[1:]])
    with pytest.raises(ValueError, match="cases"):
        again.restore(known.state[1:])


def test_tellers_without_end_are_not_kept() -> None:
    known = Turnaround()
    for number in range(TELLERS_MAX + 10):
        known.observe(f"s{number}", 0.0, 5.0, called=True)
    assert len(known.state[0].tellers) == TELLERS_MAX


def test_a_counter_that_was_free_when_somebody_came_is_another_case_than_one_that_has_just_finished() -> None:
    random, known = seeded(7), Turnaround()
    for _ in range(300):
        known.observe("ann", 0.0, random.expovariate(1 / 5), called=True)
        known.observe("ann", 30.0, random.expovariate(1 / 300), called=True)
    assert known.of("ann").survival(0, 20) < 0.1
    assert known.of("ann", 30.0).survival(0, 20) > 0.8
    assert known.of("ann", 3_000.0).state == Turnaround().of("ann", 3_000.0).state


def test_who_calls_in_the_same_instant_says_nothing_of_those_who_are_waited_for() -> None:
    known = Turnaround()
    known.observe("ann", 30.0, 0.0, called=True)
    assert known.state == Turnaround().state


def test_a_counter_is_away_since_it_is_wanted() -> None:
    random, known = seeded(8), Turnaround()
    for _ in range(300):
        known.observe("ann", 0.0, 5.0, called=True)
        known.observe("ann", 300.0, 200.0, called=True)
    finished, was_free = Away(0, 0), Away(0, 300_000)
    assert median(known.left_s("ann", finished, 2_000, random) for _ in range(1_000)) < 10
    assert median(known.left_s("ann", was_free, 302_000, random) for _ in range(1_000)) > 100
    assert Away(0) != finished
    assert known.left_s("ann", Away(0), 2_000, seeded(1)) == known.left_s("ann", finished, 2_000, seeded(1))
