"""What the forecast is told: who waits, who serves, under which rule, now.

Plain frozen values, without a database, a clock or a catalogue behind them, so that a worker process, a test and the replay of
a past day build them alike. Times are milliseconds since the same (any) epoch; lengths are seconds.
"""

from dataclasses import dataclass
from typing import Final

from edge.queue.model import Tier
from edge.queue.rules import DEFAULT, FRESH, Memory, Rule

WAITING_MAX: Final = 2_000
"""More people than this in one hall are not forecast one by one."""
DESKS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits. A queue is one service and tier; within it the earliest place goes first."""

    ticket: str
    service: str
    tier: Tier
    place_ms: int
    seq: int
    entered_ms: int
    """When this wait began: patience is measured from here."""
    waits_from_ms: int | None = None
    """Since when its wait counts for the rule, where that is not its place."""
    desk: str = ""
    """Sent to this counter by name."""
    appointment: bool = False
    """Its holder has an appointment and came in time for it."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The counter has somebody in hand."""

    service: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Free:
    """The counter takes somebody as soon as it can."""


@dataclass(frozen=True, slots=True)
class Away:
    """Free, somebody waits whom it serves, and it does not call: it comes back as counters do that have been away so."""

    since_ms: int
    """When it became free."""
    wanted_ms: int | None = None
    """Since when it is wanted; None: since it became free."""


@dataclass(frozen=True, slots=True)
class Paused:
    """Its teller said so: it comes back as counters do that have been paused for this long."""

    since_ms: int


@dataclass(frozen=True, slots=True)
class Expected:
    """Not there yet: it opens when counters usually do."""


@dataclass(frozen=True, slots=True)
class Opens:
    """It opens at this moment: the rota says so, or somebody asks what if."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when a counter is closed though its teller is there: lunch, a planned break."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Desk:
    """A counter: what it may call, by which rule, and what it is doing."""

    id: str
    staff: str
    services: frozenset[str]
    """Empty: every service."""
    doing: Serving | Free | Away | Paused | Expected | Opens
    rule: Rule = DEFAULT
    memory: Memory = FRESH
    breaks: tuple[Span, ...] = ()
    closes_ms: int | None = None
    """It calls nobody from here on."""

    def serves(self, service: str) -> bool:
        return not self.services or service in self.services


@dataclass(frozen=True, slots=True)
class Situation:
    """A moment of a branch."""

    now_ms: int
    waiting: tuple[Waiting, ...]
    desks: tuple[Desk, ...]
    minute_of_day: int
    """Local time, for what usually happens at this time of day."""
    day_class: str = "workday"
    issues_until_ms: int | None = None
    """When the kiosk stops giving numbers."""
    newcomers: tuple[Waiting, ...] = ()
    """People who are only imagined: when would they be called? They take nobody's time and are no crowd."""

    def __post_init__(self) -> None:
        if len(self.waiting) > WAITING_MAX or len(self.desks) > DESKS_MAX:
            raise ValueError(f"more than {WAITING_MAX} waiting or {DESKS_MAX} counters")
