"""How long a service takes, learned per service and per teller.

* The shape of a service's times is the times themselves (the newest `WINDOW`), not a formula: real services mix a question
  answered in ten seconds with half an hour of papers, which no lognormal follows. A service seen rarely borrows the
  shape of all.
* A teller is faster or slower by a factor: the mean of log(time ÷ usual time of that service), drawn towards 1 the
  more the services scatter (shrinkage), and limited. Today is faster or slower for everybody in the same way.
* A service that has lasted this long takes what those took that lasted longer: its residual.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from random import Random
from typing import Final

import msgspec

WINDOW: Final = 3_000
"""Services whose times shape the table."""
POINTS: Final = 256
"""Quantiles in a table."""
REFRESH: Final = 25
"""A table is made anew after so many services."""
BORROWED: Final = 40
"""Times borrowed from all services, as a weight."""
USUAL_PACE_SIGMA: Final = 0.12
"""How much tellers, and days, usually differ in pace: the more services scatter, the more of them prove a difference."""
PRIOR_SERVICES: Final = 50.0
SPEED_LIMIT: Final = math.log(2.0)
"""No teller is believed to be more than twice as slow or fast as usual."""
FLOOR_S: Final = 1.0
USUAL_S: Final = 240.0
"""Before anything was seen: four minutes, spread as waiting-room services are (cv 0.8)."""
USUAL_SIGMA: Final = 0.7
CEILING_S: Final = 4 * 3600.0

Table = tuple[float, ...]


class ServiceTimesState(msgspec.Struct, frozen=True):
    """Service times as they are kept; a mean is its sum and count."""

    all: list[float]
    seen: dict[str, list[float]]
    tellers: dict[str, tuple[float, float]]
    day: tuple[float, float]
    scatter: tuple[float, float]


class ServiceTimes:
    """What is known of service times; `observe` after every service."""

    def __init__(self) -> None:
        self._usual: dict[str, float] = {}
        self._all: deque[float] = deque(_prior(), WINDOW)
        self._seen: dict[str, deque[float]] = {}
        self._fresh: dict[str, int] = {}
        self._tables: dict[str, Table] = {}
        self._tellers: dict[str, _Mean] = {}
        self._day = _Mean()
        self._scatter = _Mean()
        """Of log times around their mean: its square."""

    def expect(self, usual_s: dict[str, float]) -> None:
        """What the branch's configuration says of its services, until experience says more."""
        if usual_s != self._usual:
            self._usual = usual_s.copy()
            self._tables.clear()

    @property
    def state(self) -> ServiceTimesState:
        """What was learned, to be kept."""
        return ServiceTimesState(
            list(self._all),
            {service: list(lengths_s) for service, lengths_s in self._seen.items()},
            {staff: mean.state for staff, mean in self._tellers.items()},
            self._day.state,
            self._scatter.state,
        )

    def restore(self, state: ServiceTimesState) -> None:
        """Go on from what was kept."""
        self._all = deque(state.all, WINDOW)
        self._seen = {service: deque(lengths_s, WINDOW) for service, lengths_s in state.seen.items()}
        self._tellers = {staff: _Mean(*mean) for staff, mean in state.tellers.items()}
        self._day, self._scatter = _Mean(*state.day), _Mean(*state.scatter)
        self._tables.clear()

    def observe(self, service: str, staff: str, length_s: float) -> None:
        length_s = min(max(length_s, FLOOR_S), CEILING_S)
        surprise = math.log(length_s) - self._log_mean(service)
        teller = self._tellers.setdefault(staff, _Mean())
        self._scatter.add(_limited(surprise) ** 2)
        prior = self._prior
        self._day.add(_limited(surprise - teller.drawn(prior)))
        teller.add(_limited(surprise - self._day.drawn(prior)))
        self._seen.setdefault(service, deque(maxlen=WINDOW)).append(length_s)
        self._all.append(length_s)
        self._fresh[service] = self._fresh.get(service, REFRESH) + 1

    def new_day(self) -> None:
        """Yesterday's pace says nothing about today's."""
        self._day = _Mean()

    def factor(self, staff: str) -> float:
        """How much longer than usual this teller takes today."""
        teller = self._tellers.get(staff)
        own = teller.drawn(self._prior) if teller else 0.0
        return math.exp(max(-SPEED_LIMIT, min(SPEED_LIMIT, self._day.drawn(self._prior) + own)))

    @property
    def _prior(self) -> float:
        """As many services as it takes to outweigh the belief that everybody works at the usual pace."""
        return (
            self._scatter.drawn(PRIOR_SERVICES) + USUAL_SIGMA**2 * self._scatter.share(PRIOR_SERVICES)
        ) / USUAL_PACE_SIGMA**2

    def table(self, service: str) -> Table:
        """`POINTS` equally likely lengths in seconds, rising."""
        if service not in self._tables or self._fresh.get(service, 0) >= REFRESH:
            self._tables[service] = _quantiles([*self._seen.get(service, ()), *self._borrowed(service)])
            self._fresh[service] = 0
        return self._tables[service]

    def mean_s(self, service: str) -> float:
        table = self.table(service)
        return sum(table) / len(table)

    def overall_mean_s(self) -> float:
        return sum(self._all) / len(self._all)

    def _borrowed(self, service: str) -> Iterable[float]:
        """The shape of all services, as long as this one is said to be where that is said."""
        ranked = sorted(self._all)
        usual_s = self._usual.get(service)
        scale = 1.0 if usual_s is None else usual_s / self.overall_mean_s()
        return (scale * ranked[int((n + 0.5) / BORROWED * len(ranked))] for n in range(BORROWED))

    def _log_mean(self, service: str) -> float:
        table = self.table(service)
        return sum(map(math.log, table)) / len(table)


def residual_s(table: Table, factor: float, elapsed_s: float, random: Random) -> float:
    """How much longer a service takes that has lasted `elapsed_s`."""
    usual_s = elapsed_s / factor
    first = bisect_right(table, usual_s)
    left = len(table) - first
    if left < _TAIL:
        return random.expovariate(1.0) * max(_excess(table), usual_s * 0.3) * factor
    return (table[first + int(random.random() * left)] - usual_s) * factor


_TAIL: Final = 4
"""Below so many points the table's end says too little, and services end at a constant rate."""


def _excess(table: Table) -> float:
    """By how much the longest tenth exceeds its beginning, on average."""
    tail = table[-len(table) // 10 :]
    return sum(tail) / len(tail) - tail[0] + FLOOR_S


def _quantiles(lengths_s: list[float]) -> Table:
    ranked = sorted(lengths_s)
    return tuple(ranked[int((n + 0.5) / POINTS * len(ranked))] for n in range(POINTS))


def _prior() -> Iterable[float]:
    random = Random(0)  # noqa: S311 -- a fixed shape, not a secret
    return (USUAL_S * random.lognormvariate(-(USUAL_SIGMA**2) / 2, USUAL_SIGMA) for _ in range(BORROWED))


def _limited(surprise: float) -> float:
    return max(-3.0, min(3.0, surprise))


class _Mean:
    """A mean; old observations fade."""

    __slots__ = ("_count", "_sum")
    _LONGEST: Final = 600.0

    def __init__(self, total: float = 0.0, count: float = 0.0) -> None:
        self._sum = total
        self._count = count

    @property
    def state(self) -> tuple[float, float]:
        return self._sum, self._count

    def add(self, value: float) -> None:
        fade = min(1.0, self._LONGEST / (self._count + 1.0))
        self._sum = self._sum * fade + value
        self._count = self._count * fade + 1.0

    def drawn(self, prior: float) -> float:
        """Drawn towards 0 by `prior` observations of 0."""
        return self._sum / (self._count + prior)

    def share(self, prior: float) -> float:
        """How much of that is the prior."""
        return prior / (self._count + prior)
