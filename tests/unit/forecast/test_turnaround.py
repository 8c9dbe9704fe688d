"""How soon a teller calls again: like everybody while unknown, then as they were seen to be."""

from math import exp, log
from statistics import median

import pytest

from edge.forecast.turnaround import TELLERS_MAX, Turnaround, TurnaroundState
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
        again.restore(TurnaroundState(known.everybody.state, {"ann": [(1.0, 1.0)]}))


def test_tellers_without_end_are_not_kept() -> None:
    known = Turnaround()
    for number in range(TELLERS_MAX + 10):
        known.observe(f"s{number}", 0.0, 5.0, called=True)
    assert len(known.state.tellers) == TELLERS_MAX
