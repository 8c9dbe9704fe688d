"""Predictions against what came true, as a table.

Errors are predicted minus true wait. *Told too short* is somebody who waited longer than predicted by more than the
tolerance. A range *holds* when the true wait is in it. Whoever hung up has no true wait: they are counted beside the
table, with how many had already waited longer than the range allowed, which is the part of a broken promise that can be
known of them.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean
from typing import Final, NamedTuple

from edge.forecast.forecaster import Forecast
from edge.forecast.rivals import NAMES, POSITION

OURS: Final = "simulate the rule"
FIVE_MINUTES_S: Final = 300.0


class Figures(NamedTuple):
    """One predictor over everybody scored."""

    mae_s: float
    rmse_s: float
    within_5_min: float
    within_tolerance: float
    too_short: float


class Score:
    """Collects predictions and truths."""

    def __init__(self, tolerance_s: float) -> None:
        self.tolerance_s = tolerance_s
        self._open: dict[str, tuple[Forecast, dict[str, float]]] = {}
        self._errors: dict[str, list[float]] = defaultdict(list)
        self._held: list[bool] = []
        self._below: list[bool] = []
        self._widths: list[float] = []
        self._waits: list[float] = []
        self._left: list[bool] = []

    def predicted(self, forecast: Forecast, others: dict[str, float]) -> None:
        self._open[forecast.ticket] = (forecast, others)

    def came_true(self, ticket: str, waited_s: float) -> None:
        found = self._open.pop(ticket, None)
        if found is None:
            return
        forecast, others = found
        self._waits.append(waited_s)
        self._errors[OURS].append(forecast.median_s - waited_s)
        for name, predicted_s in others.items():
            self._errors[name].append(predicted_s - waited_s)
        self._held.append(forecast.low_s <= waited_s <= forecast.high_s)
        self._below.append(waited_s < forecast.low_s)
        self._widths.append(forecast.high_s - forecast.low_s)

    def left(self, ticket: str, waited_s: float) -> None:
        found = self._open.pop(ticket, None)
        if found is not None:
            self._left.append(waited_s > found[0].high_s)

    def figures(self, name: str) -> Figures:
        errors = self._errors[name]
        return Figures(
            fmean(map(abs, errors)),
            math.sqrt(fmean(error * error for error in errors)),
            fmean(abs(error) <= FIVE_MINUTES_S for error in errors),
            fmean(abs(error) <= self.tolerance_s for error in errors),
            fmean(error < -self.tolerance_s for error in errors),
        )

    @property
    def count(self) -> int:
        return len(self._waits)

    @property
    def coverage(self) -> float:
        return fmean(self._held)

    def ratio_to(self, name: str) -> float:
        """Our mean error as a share of another's."""
        return self.figures(OURS).mae_s / self.figures(name).mae_s

    def lines(self) -> Iterable[str]:
        """The table, for people."""
        tolerance = f"±{self.tolerance_s:.0f} s"
        yield f"{'predictor':<24}{'MAE s':>8}{'RMSE s':>8}{'±5 min':>8}{tolerance:>8}{'too short':>11}{'ratio':>8}"
        for name in (*NAMES, OURS):
            one = self.figures(name)
            yield (
                f"{name:<24}{one.mae_s:>8.1f}{one.rmse_s:>8.1f}{one.within_5_min:>8.1%}{one.within_tolerance:>8.1%}"
                f"{one.too_short:>11.1%}{self.ratio_to(name):>8.3f}"
            )
        yield (
            f"range: holds {self.coverage:.1%} (shorter {fmean(self._below):.1%}), mean width {fmean(self._widths):.0f} s;"
            f" mean wait {fmean(self._waits):.0f} s, n {self.count}"
        )
        if self._left:
            late = fmean(self._left)
            yield f"left before their call: {len(self._left)}, of them {late:.1%} after the stated range had passed"

    def marks(self) -> Iterable[str]:
        """The last lines, for programs."""
        yield f"n {self.count}"
        yield f"mae_s {self.figures(OURS).mae_s:.2f}"
        yield f"mae_position_s {self.figures(POSITION).mae_s:.2f}"
        yield f"mae_ratio_to_position {self.ratio_to(POSITION):.4f}"
        yield f"coverage {self.coverage:.4f}"
