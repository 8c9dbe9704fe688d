"""Whatever the network, the branch and head office go through: nothing lost, nothing doubled, and they agree again."""

import pytest

from tests.sim.history import History
from tests.sim.mutants import MUTANTS

SEEDS = 320
CHUNK = 40
MUTANT_SEEDS = 20


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_no_history_loses_or_doubles_a_fact(first: int) -> None:
    unsound = [outcome for seed in range(first, first + CHUNK) if not (outcome := History(seed).run()).sound]
    assert unsound == []


def test_the_histories_are_hard_enough() -> None:
    outcomes = [History(seed).run() for seed in range(20)]
    assert sum(outcome.setbacks for outcome in outcomes) >= 5
    assert sum(outcome.acked for outcome in outcomes) >= 1000
    assert all(outcome.requests > 20 for outcome in outcomes)


def test_a_seed_is_one_history() -> None:
    assert History(7).run() == History(7).run()


@pytest.mark.parametrize("name", MUTANTS)
def test_the_harness_finds_out_a_protocol_that_only_looks_right(name: str) -> None:
    make_lane, make_office = MUTANTS[name]
    outcomes = [History(seed, make_lane=make_lane, make_office=make_office).run() for seed in range(MUTANT_SEEDS)]
    unsound = [outcome for outcome in outcomes if not outcome.sound]
    assert len(unsound) >= MUTANT_SEEDS // 4
    assert any(outcome.lost or outcome.doubled for outcome in unsound)
