"""What others predict: the formulas that queue products use, told the same facts as the forecast.

* `position`: own place in the own queue × mean service ÷ open counters: the usual product formula.
* `position by rule`: the same with everybody counted whom the real rule would call first.
* Counters are open that serve now (`serving`), or that served within the last quarter of an hour (`seen`); of both only those
  that the branch says take the service.
* `last 30`: the mean of the last thirty waits of the class. `LES`: the wait of the last to enter service. `HOL`: how
  long the head of the line has waited.
"""

from collections import defaultdict, deque
from statistics import fmean
from typing import Final

from edge.forecast.service_times import ServiceTimes
from edge.forecast.situation import Away, Desk, Expected, Free, Serving, Situation, Waiting

LAST: Final = 30
SEEN_S: Final = 900
POSITION: Final = "position"
NAMES: Final = ("last 30", "LES", "HOL", POSITION, "position, seen", "position by rule", "position by rule, seen")


class Rivals:
    """Keeps the waits that history-only predictors need."""

    def __init__(self, *, skills_known: bool = True) -> None:
        """`skills_known`: the branch has told which counter takes what; else every open counter divides."""
        self._skills_known = skills_known
        self._waits: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=LAST))

    def called(self, service: str, waited_s: float) -> None:
        self._waits[service].append(waited_s)

    def predict(self, one: Waiting, situation: Situation, ahead: int, times: ServiceTimes) -> dict[str, float]:
        """Seconds to wait for `one`, by each name; `ahead` are those the rule would call first."""
        waits = self._waits[one.service]
        queue = [
            other for other in situation.waiting if (other.service, other.tier, other.desk) == (one.service, one.tier, one.desk)
        ]
        place = 1 + sum((other.place_ms, other.seq) < (one.place_ms, one.seq) for other in queue)
        mean_s = times.mean_s(one.service)
        takes = [desk for desk in situation.desks if desk.serves(one.service) or not self._skills_known]
        serving = max(1, sum(isinstance(desk.doing, Serving | Free) for desk in takes))
        seen = max(1, sum(_seen(desk, situation.now_ms) for desk in takes))
        return {
            "last 30": fmean(waits) if waits else mean_s,
            "LES": waits[-1] if waits else mean_s,
            "HOL": (situation.now_ms - min(other.entered_ms for other in queue)) / 1_000,
            POSITION: place * mean_s / serving,
            "position, seen": place * mean_s / seen,
            "position by rule": (ahead + 1) * mean_s / serving,
            "position by rule, seen": (ahead + 1) * mean_s / seen,
        }


def _seen(desk: Desk, now_ms: int) -> bool:
    """At work, or away for not longer than a quarter of an hour."""
    match desk.doing:
        case Away(since_ms):
            return now_ms - since_ms < SEEN_S * 1_000
        case Expected():
            return False
        case _:
            return True
