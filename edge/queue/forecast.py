"""The waiting range that is shown: an honest one, rounded the way people read it."""

from typing import Final, NamedTuple

ROUND_FINE_S: Final = 60
ROUND_COARSE_S: Final = 300
COARSE_FROM_S: Final = 600
SPREAD_LOW: Final = 0.6
SPREAD_HIGH: Final = 1.5


class Wait(NamedTuple):
    """Between how many seconds somebody will probably wait."""

    low_s: int
    high_s: int


def estimate(ahead: int, usual_s: int, open_counters: int) -> Wait:
    """From the position: people ahead × usual service time ÷ open counters, with a spread for luck.

    With nobody ahead it may still take until a counter is free, so the upper end is half a service.
    """
    counters = max(1, open_counters)
    middle_s = ahead * usual_s / counters
    return Wait(_round(middle_s * SPREAD_LOW, up=False), _round(max(middle_s * SPREAD_HIGH, usual_s / 2), up=True))


def _round(seconds: float, *, up: bool) -> int:
    """To whole minutes, above ten minutes to five; never promising less than it means."""
    step = ROUND_COARSE_S if seconds > COARSE_FROM_S else ROUND_FINE_S
    return int(-(-seconds // step) * step) if up else int(seconds // step * step)
