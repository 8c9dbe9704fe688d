"""What a day comes to, in small sums that add up over any days: counts, seconds, histograms, extremes. Never an average.

A cell is a key (what it is about) and measures. Measures add up; those whose name ends in `_max` keep the greater one. Cells
are stored by position: a new measure goes at the end with a default, and `LAYOUT` is raised, which rolls every day up again.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

import msgspec

from edge.reports.histogram import Histogram

LAYOUT: Final = 6
C = TypeVar("C", bound="Cell")


class Cell(msgspec.Struct, array_like=True):
    """One sum."""

    KEYS: ClassVar[int] = 0

    @property
    def key(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in _layout(type(self)).key])

    def add(self, other: "Cell") -> None:
        layout = _layout(type(self))
        for name in layout.sums:
            theirs = getattr(other, name)
            if theirs:
                setattr(self, name, getattr(self, name) + theirs)
        for name in layout.tallies:
            mine = getattr(self, name)
            for place, number in getattr(other, name).items():
                mine[place] = mine.get(place, 0) + number
        for name in layout.peaks:
            setattr(self, name, max(getattr(self, name), getattr(other, name)))


class _Layout(NamedTuple):
    """What the fields of a kind of cell are."""

    key: tuple[str, ...]
    sums: tuple[str, ...]
    tallies: tuple[str, ...]
    peaks: tuple[str, ...]


@cache
def _layout(kind: type[Cell]) -> _Layout:
    names, fields = kind.__struct_fields__, msgspec.structs.fields(kind)
    tallies = tuple(field.name for field in fields if field.default_factory is dict)
    peaks = tuple(name for name in names if name.endswith("_max"))
    sums = tuple(name for name in names[kind.KEYS :] if name not in tallies and name not in peaks)
    return _Layout(names[: kind.KEYS], sums, tallies, peaks)


class Flow(Cell, array_like=True):
    """Tickets, and what became of them, by who called them last."""

    KEYS: ClassVar[int] = 4
    service: str
    tier: str
    staff: str
    """Empty, like the counter, where nobody ever called."""
    counter: str
    taken: int = 0
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
    later: int = 0
    """Called ones whose phones showed other ranges after the number was taken; how many of those held, were early, late."""
    later_kept: int = 0
    later_early: int = 0
    later_late: int = 0
    later_late_s: int = 0


class Order(Cell, array_like=True):
    """Who was called before whom, among those who came for the same service."""

    KEYS: ClassVar[int] = 4
    service: str
    tier: str
    staff: str
    counter: str
    called: int = 0
    overtaken: int = 0
    """Tickets before which at least one was called that had been taken later."""
    overtakes: int = 0
    overtakes_max: int = 0
    ahead_told: int = 0
    ahead_met: int = 0
    """Calls that really came between taking the number and its first call."""


class Arrivals(Cell, array_like=True):
    """Tickets by the half hour they were taken in."""

    KEYS: ClassVar[int] = 3
    band: int
    service: str
    tier: str
    taken: int = 0
    activated: int = 0
    recognised: int = 0
    appointed: int = 0


class Diverted(Cell, array_like=True):
    """Offers of a machine before a number, by the half hour they were answered in; and whom staff led to one, by the half hour
    their number was taken in."""

    KEYS: ClassVar[int] = 2
    band: int
    service: str
    offered: int = 0
    accepted: int = 0
    by_hand: int = 0


ANY: Final = "*"
"""In the key of a cell that does not tell services, or tiers, apart: most people at once cannot be added up from parts."""


class Hall(Cell, array_like=True):
    """The people in the hall by half hours: all of them, those of each service, of each tier, and of each service and tier."""

    KEYS: ClassVar[int] = 3
    band: int
    service: str
    tier: str
    present_s: int = 0
    """Seconds that customers spent there, all together."""
    peak_max: int = 0
    backlog: int = 0
    """How many waited when the half hour ended."""


class OpenTime(Cell, array_like=True):
    """Seconds that a counter was open, by half hours."""

    KEYS: ClassVar[int] = 3
    band: int
    staff: str
    counter: str
    open_s: int = 0


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
    scheduled: int = 0
    """Calls under a schedule's rule."""
    response_s: int = 0
    promoted_time: int = 0
    """Of the promoted ones: by the time waited, and by the head-count; the books of old calls do not tell which."""
    promoted_count: int = 0


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
    followed_up: int = 0
    """Bad ratings that somebody followed up."""


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
