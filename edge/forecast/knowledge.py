"""Everything the forecast has learned of a branch, in one place, and what it believes before it has learned anything."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

import msgspec

from edge.forecast.arrivals import Arrivals
from edge.forecast.hazard import Hazard, HazardState
from edge.forecast.service_times import ServiceTimes
from edge.forecast.turnaround import Turnaround

PATIENCE_EDGES_S: Final = (0, 15, 30, 60, 120, 180, 300, 600, 1_200, 2_400)
PATIENCE_RATES: Final = (2e-5,) * len(PATIENCE_EDGES_S)
"""One in twenty leaves in three quarters of an hour."""
PAUSE_EDGES_S: Final = (0, 60, 300, 600, 1_200, 2_400, 4_800)
PAUSE_RATES: Final = (1 / 600, 1 / 500, 1 / 500, 1 / 600, 1 / 900, 1 / 1_200, 1 / 3_600)
"""A pause of ten minutes, or a lunch."""
SERVICE_PRIOR: Final = 5.0


class PatienceState(msgspec.Struct, frozen=True):
    """Patience as it is kept."""

    everybody: HazardState
    left: dict[str, float]
    expected: dict[str, float]


class Patience:
    """How long people stay: one hazard for everybody, and a factor for each service, drawn towards 1."""

    def __init__(self) -> None:
        self._everybody = Hazard(PATIENCE_EDGES_S, PATIENCE_RATES)
        self._left: dict[str, float] = {}
        self._expected: dict[str, float] = {}

    @property
    def state(self) -> PatienceState:
        """What was learned, to be kept."""
        return PatienceState(self._everybody.state, self._left.copy(), self._expected.copy())

    def restore(self, state: PatienceState) -> None:
        """Go on from what was kept."""
        self._everybody.restore(state.everybody)
        self._left, self._expected = state.left.copy(), state.expected.copy()

    def observe(self, service: str, waited_s: float, *, left: bool) -> None:
        """Somebody waited so long, and then left or was called."""
        self._left[service] = self._left.get(service, 0.0) + left
        self._expected[service] = self._expected.get(service, 0.0) + self._everybody.summed(0.0, waited_s)
        self._everybody.observe(0.0, waited_s, happened=left)

    def factor(self, service: str) -> float:
        """How much sooner than everybody these people leave."""
        return (self._left.get(service, 0.0) + SERVICE_PRIOR) / (self._expected.get(service, 0.0) + SERVICE_PRIOR)

    def sample(self, service: str, waited_s: float, random: Random) -> float:
        """How long somebody stays altogether who has waited so long already."""
        return self._everybody.at(waited_s, random.expovariate(self.factor(service)))

    def survival(self, service: str, from_s: float, to_s: float) -> float:
        return float(self._everybody.survival(from_s, to_s) ** self.factor(service))


@dataclass(slots=True)
class Knowledge:
    """Grows with every event of the branch; the simulation only reads it."""

    service_times: ServiceTimes = field(default_factory=ServiceTimes)
    patience: Patience = field(default_factory=Patience)
    turnaround: Turnaround = field(default_factory=Turnaround)
    pauses: Hazard = field(default_factory=lambda: Hazard(PAUSE_EDGES_S, PAUSE_RATES))
    """From saying so to calling again."""
    openings: Hazard = field(default_factory=lambda: Hazard([1_800.0 * n for n in range(48)], [1 / 900] * 48, 0.25))
    """By the time of day: how soon one more counter opens while people wait."""
    arrivals: Arrivals = field(default_factory=Arrivals)
    missed_s: float = 0.0
    """What calling somebody costs who has left."""
    head_start_s: dict[str, float] = field(default_factory=dict)
    """By how much a service's place in time is put before its arrival."""
