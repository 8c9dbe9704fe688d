"""Durations counted by the minute: they add up over any days, and a percentile of the sum is exact to that minute.

A duration belongs to the minute it ends in: 0 is no time at all, 1 is up to 1:00, 10 is 9:01 to 10:00. So "at most ten minutes"
is the minutes 0 to 10, and "longer than thirty" is what lies above 30. What is longer than 180 minutes shares one place.
"""

from collections.abc import Iterable
from typing import Final

Histogram = dict[int, int]
"""Minute → how many."""
MINUTE_MAX: Final = 180
BEYOND: Final = MINUTE_MAX + 1
"""The place of everything longer."""


def minute_of(seconds: int) -> int:
    return min(-(-max(0, seconds) // 60), BEYOND)


def count(durations_s: Iterable[int]) -> Histogram:
    found: Histogram = {}
    for seconds in durations_s:
        minute = minute_of(seconds)
        found[minute] = found.get(minute, 0) + 1
    return found


def merged(*histograms: Histogram) -> Histogram:
    total: Histogram = {}
    for histogram in histograms:
        for minute, number in histogram.items():
            total[minute] = total.get(minute, 0) + number
    return total


def size(histogram: Histogram) -> int:
    return sum(histogram.values())


def percentile(histogram: Histogram, percent: int) -> int | None:
    """So many minutes or less took `percent` of 100 (nearest rank); None of nothing."""
    rank = -(-size(histogram) * percent // 100)
    for minute in sorted(histogram):
        rank -= histogram[minute]
        if rank <= 0:
            return minute
    return None


def between(histogram: Histogram, over: int, up_to: int = BEYOND) -> int:
    """How many took longer than `over` minutes (-1: any time) and at most `up_to`."""
    return sum(number for minute, number in histogram.items() if over < minute <= up_to)
