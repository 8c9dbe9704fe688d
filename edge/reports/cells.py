"""What a day comes to, in small sums that add up over any days: counts, seconds, histograms, extremes. Never an average.

A cell is a key (what it is about) and measures. Measures add up; those whose name ends in `_max` keep the greater one. Cells
are stored by position: a new measure goes at the end with a default, and `LAYOUT` is raised, which rolls every day up again.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from edge.reports.histogram import Histogram

LAYOUT: Final = 1
C = TypeVar("C", bound="Cell")


class Cell(msgspec.Struct, array_like=True):
    """One sum."""

    KEYS: ClassVar[int] = 0

    @property
    def key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__[: self.KEYS])

    def add(self, other: "Cell") -> None:
        for name in self.__struct_fields__[self.KEYS :]:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, dict):
                for place, number in theirs.items():
                    mine[place] = mine.get(place, 0) + number
            elif name.endswith("_max"):
                setattr(self, name, max(mine, theirs))
            elif theirs:
                setattr(self, name, mine + theirs)


class Flow(Cell, array_like=True):
    """Tickets by the half hour they were taken in."""

    KEYS: ClassVar[int] = 3
    band: int
    service: str
    tier: str
    taken: int = 0
    activated: int = 0
    recognised: int = 0
    finished: int = 0
    no_show: int = 0
    cancelled: int = 0
    expired: int = 0
    waits: Histogram = msgspec.field(default_factory=dict)
    wait_s: int = 0
    worst_max: tuple[int, str] = (-1, "")
    """The longest wait in seconds, and whose it was."""
    remote: int = 0
    """Called ones that had been taken from afar, and how long they waited in the branch."""
    remote_s: int = 0
    kept: int = 0
    """Called within the range that was promised; the others were called before it, or after it by so many seconds."""
    early: int = 0
    late: int = 0
    late_s: int = 0


class Order(Cell, array_like=True):
    """Who was called before whom, among those who came for the same service."""

    KEYS: ClassVar[int] = 2
    service: str
    tier: str
    called: int = 0
    overtaken: int = 0
    """Tickets before which at least one was called that had been taken later."""
    overtakes: int = 0
    overtakes_max: int = 0
    ahead_told: int = 0
    ahead_met: int = 0
    """Calls that really came between taking the number and its first call."""


class Hall(Cell, array_like=True):
    """The hall by half hours."""

    KEYS: ClassVar[int] = 1
    band: int
    present_s: int = 0
    """Seconds that customers spent there, all together."""
    peak_max: int = 0
    open_s: int = 0
    """Seconds that counters were open, all together."""
    backlog: int = 0
    """How many waited when the half hour ended."""


class BandCalls(Cell, array_like=True):
    """Calls by the half hour they were made in."""

    KEYS: ClassVar[int] = 3
    band: int
    service: str
    tier: str
    calls: int = 0
    recalls: int = 0
    finished: int = 0
    no_show: int = 0
    promoted: int = 0
    """Calls that a threshold brought forward."""
    named: int = 0
    """Calls under a rule that has a name of its own."""
    response_s: int = 0


class DeskCalls(Cell, array_like=True):
    """Calls by teller."""

    KEYS: ClassVar[int] = 4
    staff: str
    counter: str
    service: str
    tier: str
    calls: int = 0
    finished: int = 0
    transferred: int = 0
    parked: int = 0
    no_show: int = 0
    services: Histogram = msgspec.field(default_factory=dict)
    service_s: int = 0
    response_s: int = 0


class Duty(Cell, array_like=True):
    """Presence by teller."""

    KEYS: ClassVar[int] = 2
    staff: str
    counter: str
    signed_s: int = 0
    paused_s: int = 0
    pauses: int = 0


class Opinion(Cell, array_like=True):
    """What customers thought of whom."""

    KEYS: ClassVar[int] = 4
    staff: str
    counter: str
    service: str
    tier: str
    finished: int = 0
    scores: dict[int, int] = msgspec.field(default_factory=dict)
    complaints: dict[str, int] = msgspec.field(default_factory=dict)
    """Reasons given with 1 or 2."""


class Grounds(Cell, array_like=True):
    """Why calls went to whom they went."""

    KEYS: ClassVar[int] = 4
    rule: str
    reason: str
    service: str
    tier: str
    calls: int = 0


def joined(cells: Sequence[C]) -> list[C]:
    """One cell per key, in the order of keys."""
    found: dict[tuple[Any, ...], C] = {}
    for cell in cells:
        known = found.get(cell.key)
        if known is None:
            found[cell.key] = fresh = type(cell)(*cell.key)
            fresh.add(cell)
        else:
            known.add(cell)
    return [found[key] for key in sorted(found)]
