"""The waiting range that is shown: an honest one, rounded the way people read it.

It comes from the simulation of the branch (`edge.forecast`, kept in `outlook.py`) or, while that has nothing to say, from the
position formula below. Both are shown alike:

* whole minutes, above ten minutes in steps of five; the lower end is rounded down, the upper end up;
* an upper end that had come down does not go up again by more than one step, unless a reason is shown with it.
"""

from typing import Final, NamedTuple

ROUND_FINE_S: Final = 60
ROUND_COARSE_S: Final = 300
COARSE_FROM_S: Final = 600
SPREAD_LOW: Final = 0.6
SPREAD_HIGH: Final = 1.5

POSITION: Final = "position"
"""The basis of a range: people ahead × usual service time ÷ open counters."""
SIMULATED: Final = "simulated"
"""The basis of a range: the branch simulated forward under its real call rule."""


class Wait(NamedTuple):
    """Between how many seconds somebody will probably wait."""

    low_s: int
    high_s: int


class Said(NamedTuple):
    """What somebody was told, and how far their upper end may come back without a word."""

    wait: Wait
    least_high_s: int
    """The lowest upper end shown since the last reason."""
    reason: str = ""
    """Why it had to go up; shown until it is below again."""


def estimate(ahead: int, usual_s: int, open_counters: int) -> Wait:
    """From the position: people ahead × usual service time ÷ open counters, with a spread for luck.

    With nobody ahead it may still take until a counter is free, so the upper end is half a service.
    """
    counters = max(1, open_counters)
    middle_s = ahead * usual_s / counters
    return rounded(middle_s * SPREAD_LOW, max(middle_s * SPREAD_HIGH, usual_s / 2))


def rounded(low_s: float, high_s: float) -> Wait:
    """A range as it is shown, never promising less than it means."""
    return Wait(_round(max(0.0, low_s), up=False), _round(max(0.0, high_s), up=True))


def say(before: Said | None, low_s: float, high_s: float, why: str) -> Said:
    """What to show now to somebody who was told `before`. `why` is the reason to give if their wait has to grow."""
    wait = rounded(low_s, high_s)
    if before is None:
        return Said(wait, wait.high_s)
    if wait.high_s > before.least_high_s + _step_s(before.least_high_s):
        return Said(wait, wait.high_s, why)
    reason = before.reason if wait.high_s >= before.least_high_s else ""
    return Said(wait, min(wait.high_s, before.least_high_s), reason)


def _step_s(seconds: float) -> int:
    return ROUND_COARSE_S if seconds >= COARSE_FROM_S else ROUND_FINE_S


def _round(seconds: float, *, up: bool) -> int:
    step = ROUND_COARSE_S if seconds > COARSE_FROM_S else ROUND_FINE_S
    return int(-(-seconds // step) * step) if up else int(seconds // step * step)
