"""From the end of a service to the next call while people wait: wrap-up, and now and then an absence.

All tellers share one hazard, and each has factors of their own on it, one for each stretch of time: who needs ten seconds to
clear the desk need not stay away for long, nor the other way round. A factor is events seen over events expected, drawn towards
1 by `PRIOR` events, so that a teller whom nobody knows yet is like everybody.
"""

from bisect import bisect_right
from itertools import pairwise
from math import inf
from typing import Final

import msgspec

from edge.forecast.hazard import Hazard, HazardState

EDGES_S: Final = (0, 3, 6, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120)
RATES: Final = (0.05, 0.1, 0.1, 0.05, 0.02, 0.01, 6e-3, 4e-3, 3e-3, 2e-3, 1e-3, 5e-4, 1e-4)
PRIOR: Final = 5.0
EXPECTED_MAX: Final = 100.0
"""What was seen of a teller in a stretch fades beyond so many expected events: habits change."""
TELLERS_MAX: Final = 2_000
"""Tellers whose habits are kept; a branch has dozens."""

_STRETCHES: Final = tuple(pairwise((*EDGES_S, inf)))

Habits = list[tuple[float, float]]
"""Events seen and events expected, for each stretch."""


class TurnaroundState(msgspec.Struct, frozen=True):
    """What was learned, as it is kept."""

    everybody: HazardState
    tellers: dict[str, Habits]


class Turnaround:
    """Grows with every call; `of` a teller is what the simulation samples from."""

    def __init__(self) -> None:
        self.everybody = Hazard(EDGES_S, RATES)
        self._tellers: dict[str, Habits] = {}

    def observe(self, staff: str, from_s: float, to_s: float, *, called: bool) -> None:
        """A counter was wanted from `from_s` to `to_s` after its last service, and then called, or nobody waited any more."""
        from_s, to_s = max(0.0, from_s), max(0.0, from_s, to_s)
        if staff and (staff in self._tellers or len(self._tellers) < TELLERS_MAX):
            self._learn(self._tellers.setdefault(staff, [(0.0, 0.0)] * len(_STRETCHES)), from_s, to_s, called=called)
        self.everybody.observe(from_s, to_s, happened=called)

    def _learn(self, habits: Habits, from_s: float, to_s: float, *, called: bool) -> None:
        last = _stretch(to_s)
        for stretch in range(_stretch(from_s), last + 1):
            begins_s, ends_s = _STRETCHES[stretch]
            seen, expected = habits[stretch]
            seen += called and stretch == last
            expected += self.everybody.summed(max(from_s, begins_s), min(to_s, ends_s))
            fade = min(1.0, EXPECTED_MAX / expected) if expected else 1.0
            habits[stretch] = (seen * fade, expected * fade)

    def of(self, staff: str) -> Hazard:
        """As this teller is known to be."""
        habits = self._tellers.get(staff)
        if habits is None:
            return self.everybody
        return self.everybody.scaled([(seen + PRIOR) / (expected + PRIOR) for seen, expected in habits])

    @property
    def state(self) -> TurnaroundState:
        """What was learned, to be kept."""
        return TurnaroundState(self.everybody.state, {staff: habits.copy() for staff, habits in self._tellers.items()})

    def restore(self, state: TurnaroundState) -> None:
        """Go on from what was kept. Raises ValueError where it is of other stretches."""
        if any(len(habits) != len(_STRETCHES) for habits in state.tellers.values()):
            raise ValueError("habits of other stretches")
        self.everybody.restore(state.everybody)
        self._tellers = {staff: habits.copy() for staff, habits in state.tellers.items()}


def _stretch(elapsed_s: float) -> int:
    return bisect_right(EDGES_S, elapsed_s) - 1
