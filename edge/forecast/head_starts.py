"""By how much a class of customers is put forward, learned from who was called before whom.

Where a queue orders by arrival minus a head start, every call past somebody else of another class bounds the difference
of their head starts. The head start that contradicts the fewest such sights is the queue's. The telephone bank's is
said to be 90 s for preferred customers; its calls show 90 s for each step of priority (docs/explanation/forecast.md).
"""

from collections import defaultdict
from typing import Final

STEP_S: Final = 10
LARGEST_S: Final = 300
SIGHTS_MIN: Final = 30
ROUNDS: Final = 3


class HeadStarts:
    """Sights of one class called while another waited."""

    def __init__(self) -> None:
        self._sights: dict[tuple[int, int], list[int]] = defaultdict(list)

    def saw(self, called: int, passed: int, later_s: int) -> None:
        """`called` went first though `passed` was there, who had come `later_s` after (negative: before)."""
        if called != passed:
            self._sights[called, passed].append(later_s)

    def learned_s(self, classes: tuple[int, ...]) -> dict[int, int]:
        """Each class's head start over the first of `classes`."""
        found = dict.fromkeys(classes, 0)
        for _ in range(ROUNDS):
            for one in classes[1:]:
                if sum(len(self._sights[pair]) for pair in self._pairs(one, classes)) >= SIGHTS_MIN:
                    found[one] = min(
                        range(0, LARGEST_S + 1, STEP_S), key=lambda start_s: self._against({**found, one: start_s}, one)
                    )
        return found

    def _pairs(self, one: int, classes: tuple[int, ...]) -> list[tuple[int, int]]:
        return [pair for other in classes if other != one for pair in ((one, other), (other, one))]

    def _against(self, starts_s: dict[int, int], one: int) -> int:
        """Sights that contradict these head starts: the called one's place was behind the other's."""
        pairs = self._pairs(one, tuple(starts_s))
        return sum(
            later_s < starts_s[passed] - starts_s[called]
            for called, passed in pairs
            for later_s in self._sights[called, passed]
        )
