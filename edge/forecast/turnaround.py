"""How soon a counter calls that is wanted: wrap-up, and now and then an absence.

What is true here:

* Whoever finishes a service while people wait clears the desk and calls. Whoever was free already when somebody came, and
  whom that somebody has to wait for, is likely not there. So the time a counter had been free when it became wanted decides
  which hazard holds (`FREE_S`); its clock is the time since then.
* In each case all tellers share one hazard, and each has factors of their own on it, one for each stretch of time: who needs
  ten seconds to clear the desk need not stay away for long, nor the other way round. A factor is events seen over events
  expected, drawn towards 1 by `PRIOR` events, so that a teller whom nobody knows yet is like everybody.
"""

from bisect import bisect_right
from itertools import pairwise
from math import inf
from random import Random
from typing import Final

import msgspec

from edge.forecast.hazard import Hazard, HazardState
from edge.forecast.situation import Away

EDGES_S: Final = (0, 3, 6, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120)
RATES: Final = (0.05, 0.1, 0.1, 0.05, 0.02, 0.01, 6e-3, 4e-3, 3e-3, 2e-3, 1e-3, 5e-4, 1e-4)
FREE_S: Final = (0.001, 10, 40, 160, 640, 1_280)
"""Wanted while it served; else free for less than ten seconds when somebody came, less than forty, and so on."""
PRIOR: Final = 5.0
EXPECTED_MAX: Final = 100.0
"""What was seen of a teller in a stretch fades beyond so many expected events: habits change."""
TELLERS_MAX: Final = 2_000
"""Tellers whose habits are kept; a branch has dozens."""

_STRETCHES: Final = tuple(pairwise((*EDGES_S, inf)))

Habits = list[tuple[float, float]]
"""Events seen and events expected, for each stretch."""


class ReadinessState(msgspec.Struct, frozen=True):
    """What was learned of one case, as it is kept."""

    everybody: HazardState
    tellers: dict[str, Habits]


class Readiness:
    """One case of being wanted: how soon it ends with a call."""

    def __init__(self) -> None:
        self.everybody = Hazard(EDGES_S, RATES)
        self._tellers: dict[str, Habits] = {}

    def observe(self, staff: str, wanted_s: float, *, called: bool) -> None:
        if staff and (staff in self._tellers or len(self._tellers) < TELLERS_MAX):
            self._learn(self._tellers.setdefault(staff, [(0.0, 0.0)] * len(_STRETCHES)), wanted_s, called=called)
        self.everybody.observe(0.0, wanted_s, happened=called)

    def _learn(self, habits: Habits, wanted_s: float, *, called: bool) -> None:
        last = bisect_right(EDGES_S, wanted_s) - 1
        for stretch in range(last + 1):
            begins_s, ends_s = _STRETCHES[stretch]
            seen, expected = habits[stretch]
            seen += called and stretch == last
            expected += self.everybody.summed(begins_s, min(wanted_s, ends_s))
            fade = min(1.0, EXPECTED_MAX / expected) if expected else 1.0
            habits[stretch] = (seen * fade, expected * fade)

    def of(self, staff: str) -> Hazard:
        """As this teller is known to be."""
        habits = self._tellers.get(staff)
        if habits is None:
            return self.everybody
        return self.everybody.scaled([(seen + PRIOR) / (expected + PRIOR) for seen, expected in habits])

    @property
    def state(self) -> ReadinessState:
        return ReadinessState(self.everybody.state, {staff: habits.copy() for staff, habits in self._tellers.items()})

    def restore(self, state: ReadinessState) -> None:
        """Raises ValueError where it is of other stretches."""
        if any(len(habits) != len(_STRETCHES) for habits in state.tellers.values()):
            raise ValueError("habits of other stretches")
        self.everybody.restore(state.everybody)
        self._tellers = {staff: habits.copy() for staff, habits in state.tellers.items()}


class Turnaround:
    """Grows with every call; `of` a teller is what the simulation samples from."""

    def __init__(self) -> None:
        self._cases = [Readiness() for _ in range(len(FREE_S) + 1)]

    def observe(self, staff: str, free_s: float, wanted_s: float, *, called: bool) -> None:
        """A counter, free for `free_s` by then, was wanted for `wanted_s` and called, or nobody waited for it any more.

        Who calls in the same instant was never waited for, and says nothing of those who were.
        """
        if free_s <= 0 or wanted_s > 0:
            self._cases[bisect_right(FREE_S, free_s)].observe(staff, max(0.0, wanted_s), called=called)

    def of(self, staff: str, free_s: float = 0.0) -> Hazard:
        """How soon this teller calls, by the time since the counter is wanted, where it had been free for `free_s` then."""
        return self._cases[bisect_right(FREE_S, free_s)].of(staff)

    def left_s(self, staff: str, away: Away, now_ms: int, random: Random) -> float:
        """How much longer a counter stays away."""
        wanted_ms = away.since_ms if away.wanted_ms is None else max(away.since_ms, away.wanted_ms)
        wanted_s = max(0.0, (now_ms - wanted_ms) / 1_000)
        return self.of(staff, (wanted_ms - away.since_ms) / 1_000).sample(wanted_s, random) - wanted_s

    @property
    def everybody(self) -> Hazard:
        """From the end of a service to the next call, while people wait."""
        return self._cases[0].everybody

    @property
    def state(self) -> list[ReadinessState]:
        """What was learned, to be kept."""
        return [case.state for case in self._cases]

    def restore(self, state: list[ReadinessState]) -> None:
        """Go on from what was kept. Raises ValueError where it is of other cases or stretches."""
        if len(state) != len(self._cases):
            raise ValueError("habits of other cases")
        for case, kept in zip(self._cases, state, strict=True):
            case.restore(kept)
