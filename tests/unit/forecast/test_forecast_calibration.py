"""Ranges that hold as often as they say, whatever the simulation was wrong about."""

from statistics import fmean

import pytest

from edge.forecast.calibration import Calibration, Spread
from edge.forecast.pinball import Level, fit, weighed
from tests.unit.forecast.hall import seeded


def _promise(calibration: Calibration, raw: Spread, regime: str, waited_s: float) -> bool:
    stated = calibration.correct(raw, regime)
    calibration.learn(raw, regime, waited_s)
    return stated.low_s <= waited_s <= stated.high_s


@pytest.mark.slow
@pytest.mark.parametrize(("bias", "sigma"), [(1.0, 0.4), (0.6, 0.7), (1.6, 0.2)])
def test_a_simulation_that_is_wrong_is_corrected(bias: float, sigma: float) -> None:
    """It says 0.5, 1 and 1.5 times the middle; the truth leans and spreads otherwise."""
    random, calibration = seeded(1), Calibration()
    held = []
    for _ in range(2_000):
        middle_s = random.uniform(60, 1_200)
        waited_s = middle_s * bias * random.lognormvariate(0, sigma)
        held.append(_promise(calibration, Spread(middle_s * 0.5, middle_s, middle_s * 1.5), "busy", waited_s))
    assert 0.75 <= fmean(held[500:]) <= 0.85
    assert calibration.lift(Spread(300, 600, 900)).median_s == pytest.approx(600 * bias, rel=0.12)


@pytest.mark.slow
def test_each_regime_has_its_own_margin() -> None:
    random, calibration = seeded(2), Calibration()
    held: dict[str, list[bool]] = {"quiet": [], "crowded": []}
    for _ in range(1_000):
        for regime, sigma in (("quiet", 0.1), ("crowded", 0.6)):
            waited_s = 600 * random.lognormvariate(0, sigma)
            held[regime].append(_promise(calibration, Spread(400, 600, 800), regime, waited_s))
    for regime in held:
        assert 0.74 <= fmean(held[regime][300:]) <= 0.86


@pytest.mark.slow
def test_a_change_for_the_worse_is_followed() -> None:
    random, calibration = seeded(3), Calibration()
    for _ in range(1_000):
        _promise(calibration, Spread(400, 600, 800), "busy", 600 * random.lognormvariate(0, 0.2))
    after = [_promise(calibration, Spread(400, 600, 800), "busy", 1_200 * random.lognormvariate(0, 0.2)) for _ in range(1_000)]
    assert fmean(after[:50]) < 0.5
    assert 0.74 <= fmean(after[400:]) <= 0.92, "too wide rather than too short while the lift catches up"


def test_before_anything_was_learned_the_simulation_is_believed() -> None:
    raw = Spread(100, 200, 300)
    calibration = Calibration()
    assert calibration.lift(raw) == raw
    assert calibration.correct(raw, "busy") == raw


def test_the_ends_never_cross() -> None:
    random, calibration = seeded(4), Calibration()
    for _ in range(500):
        _promise(calibration, Spread(500, 500, 500), "busy", random.choice([1.0, 2_000.0]))
    stated = calibration.correct(Spread(0, 10_000, 10_000), "busy")
    assert 0 <= stated.low_s <= stated.median_s <= stated.high_s


def test_quantile_regression_finds_the_quantile() -> None:
    random = seeded(5)
    rows = [(1.0, random.uniform(0, 500)) for _ in range(2_000)]
    truth = [20 + 2 * x + random.uniform(-100, 100) for _, x in rows]
    for level in (0.1, 0.5, 0.9):
        weights = [0.0, 1.0]
        for _ in range(3):
            weights = fit(rows, truth, Level(level, (0.0, 1.0), 0.1), begin=weights)
        below = fmean(true <= weighed(row, weights) for row, true in zip(rows, truth, strict=True))
        assert below == pytest.approx(level, abs=0.03)
        assert weights[1] == pytest.approx(2, abs=0.1)
