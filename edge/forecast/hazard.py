"""How likely something that has not happened yet happens next: patience, and counters that are away.

A hazard is a rate (events per second) for each stretch of elapsed time. It is learned from what was seen (so many events in so
many seconds under observation), which needs no end to be known: whoever was called never shows how long they would have
stayed, and still counts for the time they did. A prior of a few events keeps a stretch that was hardly seen near a
sensible rate.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from copy import copy
from random import Random
from typing import Final

import msgspec

NEVER_S: Final = 10.0 * 86_400
"""Later than anybody waits."""


class HazardState(msgspec.Struct, frozen=True):
    """A hazard as it is kept."""

    events: list[float]
    exposure_s: list[float]


class Hazard:
    """A rate for each stretch between `edges_s`; the last stretch has no end."""

    __slots__ = ("_edges", "_events", "_exposure_s")

    def __init__(self, edges_s: Sequence[float], prior_rate: Sequence[float], prior_events: float = 2.0) -> None:
        """`edges_s` begin with 0; `prior_rate` has one rate for each stretch, worth `prior_events` events."""
        if len(edges_s) != len(prior_rate) or edges_s[0] != 0 or list(edges_s) != sorted(set(edges_s)):
            raise ValueError("edges rise from 0 and each has its rate")
        if min(prior_rate) <= 0 or prior_events <= 0:
            raise ValueError("rates and their weight are positive")
        self._edges = (*edges_s, math.inf)
        self._events = [prior_events] * len(edges_s)
        self._exposure_s = [prior_events / rate for rate in prior_rate]

    def observe(self, from_s: float, to_s: float, *, happened: bool) -> None:
        """It was watched from `from_s` to `to_s` after its beginning, and happened at the end or did not."""
        from_s, to_s = max(0.0, from_s), max(0.0, from_s, to_s)
        stretch = self._stretch(from_s)
        while self._edges[stretch + 1] < to_s:
            self._exposure_s[stretch] += self._edges[stretch + 1] - from_s
            from_s = self._edges[stretch + 1]
            stretch += 1
        self._exposure_s[stretch] += to_s - from_s
        if happened:
            self._events[stretch] += 1

    def rate(self, elapsed_s: float) -> float:
        """Events per second, this long after the beginning."""
        stretch = self._stretch(elapsed_s)
        return self._events[stretch] / self._exposure_s[stretch]

    def sample(self, elapsed_s: float, random: Random) -> float:
        """When it happens, in seconds from the beginning, given that it has not after `elapsed_s`."""
        return self.at(elapsed_s, -math.log(1.0 - random.random()))

    def at(self, elapsed_s: float, credit: float) -> float:
        """Where the hazard summed from `elapsed_s` on reaches `credit`."""
        stretch = self._stretch(elapsed_s)
        while True:
            rate = self._events[stretch] / self._exposure_s[stretch]
            end_s = self._edges[stretch + 1]
            reached_s = elapsed_s + credit / rate
            if reached_s <= end_s:
                return min(reached_s, NEVER_S)
            credit -= (end_s - elapsed_s) * rate
            elapsed_s = end_s
            stretch += 1

    def summed(self, from_s: float, to_s: float) -> float:
        """The hazard between two moments: so many events were to be expected."""
        total = 0.0
        stretch = self._stretch(from_s)
        while from_s < to_s:
            end_s = min(self._edges[stretch + 1], to_s)
            total += (end_s - from_s) * self._events[stretch] / self._exposure_s[stretch]
            from_s = end_s
            stretch += 1
        return total

    def survival(self, from_s: float, to_s: float) -> float:
        """The probability that it has not happened at `to_s`, given that it had not at `from_s`."""
        return math.exp(-self.summed(from_s, to_s))

    def scaled(self, factors: Sequence[float]) -> "Hazard":
        """The same with every stretch's rate taken times its factor."""
        other = copy(self)
        events = [count * factor for count, factor in zip(self._events, factors, strict=True)]
        other.restore(HazardState(events, self._exposure_s))
        return other

    @property
    def state(self) -> HazardState:
        """What was learned, to be kept."""
        return HazardState(self._events.copy(), self._exposure_s.copy())

    def restore(self, state: HazardState) -> None:
        """Go on from what was kept. Raises ValueError where it is of other stretches."""
        if not len(state.events) == len(state.exposure_s) == len(self._events) or min(state.events + state.exposure_s) <= 0:
            raise ValueError("a hazard of other stretches")
        self._events, self._exposure_s = state.events.copy(), state.exposure_s.copy()

    def forget(self, share: float) -> None:
        """Weigh everything seen so far by `share`, so that what is new counts more."""
        self._events = [count * share for count in self._events]
        self._exposure_s = [seconds * share for seconds in self._exposure_s]

    def _stretch(self, elapsed_s: float) -> int:
        return bisect_right(self._edges, elapsed_s) - 1
