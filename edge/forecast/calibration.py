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
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from edge.forecast.pinball import Level, fit, weighed

WINDOW: Final = 2_000
REFIT: Final = 100
"""Outcomes between two fits of the lift."""
MARGIN_REFRESH: Final = 10
"""Outcomes between two measurements of the margins."""
REGIME_WINDOW: Final = 1_000
"""Several days of a busy branch: the errors of one day go together, so a margin from one day says little of the next."""
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
    """What was simulated, under which load, and what came true."""

    raw: Spread
    regime: str
    waited_s: float


class Margin(NamedTuple):
    """By how much each end is stretched, as a ratio."""

    low: float
    high: float


class Calibration:
    """Learns from outcomes, corrects forecasts."""

    def __init__(self) -> None:
        self._outcomes: deque[Outcome] = deque(maxlen=WINDOW)
        self._regimes: dict[str, deque[Outcome]] = defaultdict(lambda: deque(maxlen=REGIME_WINDOW))
        self._recent: deque[Outcome] = deque(maxlen=REGIME_WINDOW)
        self._weights: list[Sequence[float]] = list(_AS_IT_IS)
        self._margins: dict[str, Margin] = {}
        self._learned = 0

    @property
    def outcomes(self) -> list[Outcome]:
        """The newest ones, to be kept."""
        return list(self._outcomes)

    def restore(self, outcomes: Iterable[Outcome]) -> None:
        """Go on from what was kept."""
        for outcome in outcomes:
            for kept in (self._outcomes, self._regimes[outcome.regime], self._recent):
                kept.append(outcome)
        self._learned = len(self._outcomes)
        if self._learned >= REFIT:
            self._fit()

    def correct(self, raw: Spread, regime: str) -> Spread:
        """The range to state: as often right as it says, as far as the recent past tells."""
        lifted, margin = self.lift(raw), self._margin(regime)
        return Spread(
            max(0.0, min(_stretched(lifted.low_s, margin.low), lifted.median_s)),
            lifted.median_s,
            max(_stretched(lifted.high_s, margin.high), lifted.median_s),
        )

    def lift(self, raw: Spread) -> Spread:
        """The simulated spread, corrected by the learned weights; its ends never cross."""
        low_s, median_s, high_s = (max(0.0, weighed((1.0, *raw), weights)) for weights in self._weights)
        return Spread(min(low_s, median_s), median_s, max(high_s, median_s))

    def learn(self, raw: Spread, regime: str, waited_s: float) -> None:
        """A wait is over that was simulated as `raw`."""
        outcome = Outcome(raw, regime, waited_s)
        for kept in (self._outcomes, self._regimes[regime], self._recent):
            kept.append(outcome)
        self._learned += 1
        if self._learned % REFIT == 0:
            self._fit()
        if self._learned % MARGIN_REFRESH == 0:
            self._margins.clear()

    def _fit(self) -> None:
        rows = [(1.0, *one.raw) for one in self._outcomes]
        truth = [one.waited_s for one in self._outcomes]
        self._weights = [
            fit(rows, truth, Level(level, towards, PRIOR), begin=begin)
            for level, towards, begin in zip(LEVELS, _AS_IT_IS, self._weights, strict=True)
        ]

    def _margin(self, regime: str) -> Margin:
        """From how the newest outcomes lie to what would be said of them now."""
        if regime not in self._margins:
            seen = self._regimes[regime]
            outcomes = seen if len(seen) >= REGIME_MIN else self._recent
            self._margins[regime] = self._measured(outcomes) if len(outcomes) >= REGIME_MIN else Margin(1.0, 1.0)
        return self._margins[regime]

    def _measured(self, outcomes: Iterable[Outcome]) -> Margin:
        lifted = [(self.lift(one.raw), one.waited_s) for one in outcomes]
        low = [_ratio(waited_s, spread.low_s) for spread, waited_s in lifted]
        high = [_ratio(waited_s, spread.high_s) for spread, waited_s in lifted]
        return Margin(_quantile(low, OUTSIDE, up=False), _quantile(high, 1 - OUTSIDE, up=True))


def _ratio(waited_s: float, stated_s: float) -> float:
    return (waited_s + EASE_S) / (stated_s + EASE_S)


def _stretched(stated_s: float, ratio: float) -> float:
    return (stated_s + EASE_S) * ratio - EASE_S


def _quantile(ratios: list[float], level: float, *, up: bool) -> float:
    """The conformal quantile: one more outcome is counted, on the far side."""
    ranked = sorted(ratios)
    place = math.ceil((len(ranked) + 1) * level) - 1 if up else math.floor((len(ranked) + 1) * level) - 1
    return ranked[max(0, min(len(ranked) - 1, place))]
