"""The forecast of a branch: simulate, lift, widen; remember what was said, and learn when it came true.

This is what a worker process holds. It is fed with situations and with the ends of waits, and answers with one range for each
person who waits. It has no clock and no disk, and its randomness comes from a seed: the same inputs give the same answers.
"""

import math
from collections.abc import Iterable
from random import Random
from statistics import fmean
from typing import Final, NamedTuple

from edge.forecast.ahead import ahead_of_all
from edge.forecast.calibration import OUTSIDE, Calibration, Spread
from edge.forecast.knowledge import Knowledge
from edge.forecast.plan import Plan
from edge.forecast.simulate import RUNS, waits_ms
from edge.forecast.situation import Serving, Situation

PROMISES_MAX: Final = 20_000
"""Promises that still wait for their truth."""
AROUND: Final = 0.1
"""The share of runs on each side of the median that the middle is taken from."""
BUSY_FROM: Final = 0.5
CROWDED_FROM: Final = 1.5


class Forecast(NamedTuple):
    """How long somebody will still wait."""

    ticket: str
    low_s: float
    median_s: float
    high_s: float
    ahead: int
    """People the rule would call first."""


class Promise(NamedTuple):
    """What was forecast for a ticket, to be compared with its truth."""

    raw: Spread
    regime: str
    made_ms: int


class Forecaster:
    """Forecasts for one branch."""

    def __init__(self, knowledge: Knowledge, *, seed: int = 0, runs: int = RUNS) -> None:
        self.knowledge = knowledge
        self.calibration = Calibration()
        self._random = Random(seed)  # noqa: S311 -- a simulation, not a secret
        self._runs = runs
        self._promises: dict[str, Promise] = {}

    def forecast(self, situation: Situation, *, keep: Iterable[str] | None = None, runs: int | None = None) -> list[Forecast]:
        """One for each who waits, in the order given, then for each imagined newcomer.

        A ticket's first forecast (of all, or of `keep`) is its promise.
        """
        plan = Plan(situation, self.knowledge)
        regime = _regime(situation)
        kept = {one.ticket for one in situation.waiting} if keep is None else set(keep)
        forecasts = []
        simulated = waits_ms(plan, runs or self._runs, self._random)
        for one, waits, ahead in zip(plan.waiting, simulated, ahead_of_all(situation, plan), strict=True):
            raw = _spread(waits)
            if one.ticket in kept and one.ticket not in self._promises and len(self._promises) < PROMISES_MAX:
                self._promises[one.ticket] = Promise(raw, regime, situation.now_ms)
            low_s, median_s, high_s = self.calibration.correct(raw, regime)
            forecasts.append(Forecast(one.ticket, low_s, median_s, high_s, ahead))
        return forecasts

    def called(self, ticket: str, at_ms: int) -> None:
        """A wait is over: learn from what was promised, if anything was."""
        promise = self._promises.pop(ticket, None)
        if promise is not None:
            waited_s = max(0.0, (at_ms - promise.made_ms) / 1_000)
            self.calibration.learn(promise.raw, promise.regime, waited_s)

    def left(self, ticket: str) -> None:
        """Somebody gave up; the truth will never be known."""
        self._promises.pop(ticket, None)


def _spread(waits: list[int]) -> Spread:
    """From the waits of all runs, rising, in milliseconds.

    The middle is the mean of the runs around the median: the luck of the single run that lies there is no part of a forecast.
    """
    runs = len(waits)
    low, high = (waits[min(runs - 1, int(level * runs))] / 1_000 for level in (OUTSIDE, 1 - OUTSIDE))
    middle = waits[int((0.5 - AROUND) * runs) : max(1, math.ceil((0.5 + AROUND) * runs))]
    return Spread(low, min(max(fmean(middle) / 1_000, low), high), high)


def _regime(situation: Situation) -> str:
    """How loaded the branch is: people waiting for each counter that serves."""
    serving = sum(isinstance(desk.doing, Serving) for desk in situation.desks)
    crowd = len(situation.waiting) / max(1, serving)
    return "quiet" if crowd < BUSY_FROM else "busy" if crowd < CROWDED_FROM else "crowded"
