"""The branch's own recent errors, turned into a better median and a range that holds as often as it says.

A simulation knows what it was told. What it was not told (a counter that answers only one service, people who lie about
leaving) shows as errors that repeat. They are corrected twice, each time only from waits that are over:

1. **Lift**: low end, median and high end are each a weighted sum of the simulated 10 %, 50 % and 90 % points and a constant.
   The weights make the pinball loss of the newest `WINDOW` outcomes least (quantile regression), beginning as "leave it as
   it is" and drawn towards that by `PRIOR`.
2. **Conformal margin**: each end is stretched by as much as would have made it right for 90 % of the newest
   `REGIME_WINDOW` outcomes, among those of the same load regime where there are enough. The lower and the upper end are
   stretched separately, so the range holds for about 80 % even where the errors lean to one side (split conformal,
   asymmetric).

Whoever left before being called has no true wait, and teaches nothing here: the range is about those who stay.
"""

import math
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from edge.forecast.pinball import fit, weighed

WINDOW: Final = 2_000
REFIT: Final = 100
"""Outcomes between two fits of the lift."""
REGIME_WINDOW: Final = 300
REGIME_MIN: Final = 80
"""Fewer outcomes than this in a regime: all regimes speak for it."""
OUTSIDE: Final = 0.1
"""How often each end may be wrong."""
EASE_S: Final = 15.0
"""Added to both sides of a ratio, so that seconds near zero do not weigh like minutes."""
PRIOR: Final = 4.0
LEVELS: Final = (OUTSIDE, 0.5, 1 - OUTSIDE)
_AS_IT_IS: Final = ((0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))


class Spread(NamedTuple):
    """A wait in seconds, by how likely it is to be shorter: 10 %, 50 %, 90 %."""

    low_s: float
    median_s: float
    high_s: float


class Outcome(NamedTuple):
    """What was simulated, what that was lifted to, and what came true."""

    raw: Spread
    lifted: Spread
    waited_s: float


class Calibration:
    """Learns from outcomes, corrects forecasts."""

    def __init__(self) -> None:
        self._outcomes: deque[Outcome] = deque(maxlen=WINDOW)
        self._regimes: dict[str, deque[Outcome]] = defaultdict(lambda: deque(maxlen=REGIME_WINDOW))
        self._recent: deque[Outcome] = deque(maxlen=REGIME_WINDOW)
        self._weights: Sequence[Sequence[float]] = _AS_IT_IS
        self._new = 0

    def lift(self, raw: Spread) -> Spread:
        """The simulated spread, corrected by the learned weights; its ends never cross."""
        low_s, median_s, high_s = (max(0.0, weighed((1.0, *raw), weights)) for weights in self._weights)
        return Spread(min(low_s, median_s), median_s, max(high_s, median_s))

    def widen(self, lifted: Spread, regime: str) -> Spread:
        """The range to state: as often right as it says, as far as the recent past tells."""
        seen = self._regimes[regime]
        outcomes = seen if len(seen) >= REGIME_MIN else self._recent
        if len(outcomes) < REGIME_MIN:
            return lifted
        low = _quantile([_ratio(one.waited_s, one.lifted.low_s) for one in outcomes], OUTSIDE, up=False)
        high = _quantile([_ratio(one.waited_s, one.lifted.high_s) for one in outcomes], 1 - OUTSIDE, up=True)
        return Spread(
            max(0.0, min(_stretched(lifted.low_s, low), lifted.median_s)),
            lifted.median_s,
            max(_stretched(lifted.high_s, high), lifted.median_s),
        )

    def learn(self, raw: Spread, lifted: Spread, regime: str, waited_s: float) -> None:
        """A wait is over; `lifted` is what was made of it when it was forecast."""
        outcome = Outcome(raw, lifted, waited_s)
        for kept in (self._outcomes, self._regimes[regime], self._recent):
            kept.append(outcome)
        self._new += 1
        if self._new >= REFIT:
            self._new = 0
            self._fit()

    def _fit(self) -> None:
        rows = [(1.0, *one.raw) for one in self._outcomes]
        truth = [one.waited_s for one in self._outcomes]
        self._weights = [
            fit(rows, truth, level, start=start, prior=PRIOR) for level, start in zip(LEVELS, _AS_IT_IS, strict=True)
        ]


def _ratio(waited_s: float, stated_s: float) -> float:
    return (waited_s + EASE_S) / (stated_s + EASE_S)


def _stretched(stated_s: float, ratio: float) -> float:
    return (stated_s + EASE_S) * ratio - EASE_S


def _quantile(ratios: list[float], level: float, *, up: bool) -> float:
    """The conformal quantile: one more outcome is counted, on the far side."""
    ranked = sorted(ratios)
    place = math.ceil((len(ranked) + 1) * level) - 1 if up else math.floor((len(ranked) + 1) * level) - 1
    return ranked[max(0, min(len(ranked) - 1, place))]
