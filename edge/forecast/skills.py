"""Which services a counter takes, learned from whom it took and whom it passed over.

A counter that calls somebody though somebody of another service stood before them does not take that other service, or not now.
Each such sight counts as one against, each call as one for; both fade, because a teller is moved between queues during
the day. In doubt a counter is believed to take a service as counters in general do.
"""

from collections.abc import Iterable
from typing import Final

FADE: Final = 0.95
"""What an earlier sight of the same counter and service still weighs."""
PRIOR: Final = 1.5
TAKES_FROM: Final = 0.5
"""Believed to take a service from this share of the sights on."""


class Skills:
    """Sights for and against, by counter and service."""

    def __init__(self) -> None:
        self._desks: dict[str, dict[str, tuple[float, float]]] = {}
        self._all: dict[str, tuple[float, float]] = {}

    def took(self, desk: str, service: str, passed: Iterable[str]) -> None:
        """It called one of `service`, past others who stood before."""
        known = self._desks.setdefault(desk, {})
        for one, taken in ((service, True), *((other, False) for other in passed if other != service)):
            for sights in (known, self._all):
                seen, took = sights.get(one, (0.0, 0.0))
                sights[one] = (seen * FADE + 1.0, took * FADE + taken)

    def share(self, desk: str, service: str) -> float:
        """How likely it is to take somebody of `service` whose turn it is."""
        all_seen, all_took = self._all.get(service, (0.0, 0.0))
        usual = (all_took + PRIOR) / (all_seen + PRIOR)
        seen, took = self._desks.get(desk, {}).get(service, (0.0, 0.0))
        return (took + PRIOR * usual) / (seen + PRIOR)

    def of(self, desk: str) -> frozenset[str]:
        """The services it takes; never none, since an empty set means all."""
        return frozenset(one for one in self._all if self.share(desk, one) >= TAKES_FROM) or frozenset(self._all)
