"""Who will still come: a profile of half-hours for each queue and class of day.

Only those who would overtake matter to whoever waits already. A half-hour's rate is its mean over the days seen, drawn
towards the queue's mean over the whole day by `DAYS_PRIOR` days; today's crowd (the last two hours against what was
expected of them) scales what is still to come, drawn to 1 by `CROWD_PRIOR` people.
"""

from collections import defaultdict
from typing import Final

import msgspec

BIN_MINUTES: Final = 30
BINS: Final = 24 * 60 // BIN_MINUTES
DAYS_PRIOR: Final = 1.0
CROWD_PRIOR: Final = 20.0
LOOK_BACK_BINS: Final = 4

Queue = tuple[str, str]
"""Service and tier."""


class ArrivalsState(msgspec.Struct, frozen=True):
    """Arrivals as they are kept."""

    days: dict[str, int]
    counts: list[tuple[str, Queue, list[int]]]
    today: list[tuple[Queue, list[int]]]


class Arrivals:
    """What is known of arrivals; `observe` each, and `close_day` in the evening."""

    def __init__(self) -> None:
        self._days: dict[str, int] = defaultdict(int)
        self._counts: dict[tuple[str, Queue], list[int]] = defaultdict(lambda: [0] * BINS)
        self._today: dict[Queue, list[int]] = defaultdict(lambda: [0] * BINS)
        self._all_today = [0] * BINS

    @property
    def state(self) -> ArrivalsState:
        """What was learned, to be kept."""
        counts = [(day_class, queue, counts.copy()) for (day_class, queue), counts in self._counts.items()]
        return ArrivalsState(dict(self._days), counts, [(queue, counts.copy()) for queue, counts in self._today.items()])

    def restore(self, state: ArrivalsState) -> None:
        """Go on from what was kept. Raises ValueError where its half-hours are others."""
        if any(len(one[-1]) != BINS for one in (*state.counts, *state.today)):
            raise ValueError("arrivals of other half-hours")
        self._days.update(state.days)
        self._counts.update({(day_class, queue): counts for day_class, queue, counts in state.counts})
        self._today.update(state.today)
        self._all_today = [sum(parts) for parts in zip(*self._today.values(), strict=True)] or [0] * BINS

    def observe(self, queue: Queue, minute_of_day: int) -> None:
        part = _bin(minute_of_day)
        self._today[queue][part] += 1
        self._all_today[part] += 1

    def close_day(self, day_class: str) -> None:
        self._days[day_class] += 1
        for queue, counts in self._today.items():
            known = self._counts[day_class, queue]
            for part, count in enumerate(counts):
                known[part] += count
        self._today.clear()
        self._all_today = [0] * BINS

    def queues(self, day_class: str) -> list[Queue]:
        """Those that anybody ever came to on such a day."""
        return sorted(queue for known_class, queue in self._counts if known_class == day_class)

    def per_hour(self, queue: Queue, day_class: str, minute_of_day: int) -> float:
        counts = self._counts.get((day_class, queue))
        if counts is None:
            return 0.0
        days = self._days[day_class]
        usual = sum(counts) / days / BINS
        return (counts[_bin(minute_of_day)] + DAYS_PRIOR * usual) / (days + DAYS_PRIOR) * (60 / BIN_MINUTES)

    def crowd(self, day_class: str, minute_of_day: int) -> float:
        """Today's crowd as a share of the usual one."""
        last = _bin(minute_of_day)
        parts = range(max(0, last - LOOK_BACK_BINS), last)
        days = self._days[day_class]
        if not days or not parts:
            return 1.0
        expected = (
            sum(counts[part] for (known, _), counts in self._counts.items() if known == day_class for part in parts) / days
        )
        return (sum(self._all_today[part] for part in parts) + CROWD_PRIOR) / (expected + CROWD_PRIOR)


def _bin(minute_of_day: int) -> int:
    return minute_of_day // BIN_MINUTES % BINS
