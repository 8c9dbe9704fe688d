"""The words of this room: a stay is one car at the branch, from the wish for a bay until the car is gone.

    (asked) ──▶ reserved ──▶ inside ──▶ left          reserved, waiting ──▶ expired, cancelled
       └─────▶ waiting ──┘

A stay belongs to a visit: a ticket, or an appointment until its ticket is taken. A car that nobody announced has a stay, too,
so that its bay counts. A plate points to a person: facts hold a reference to the vault, never the plate (S33).
"""

import enum
from typing import Annotated, ClassVar, Final, NamedTuple

import msgspec

from edge.kernel.domain import Command, Event

BAYS_MAX: Final = 200
WAITERS_MAX: Final = 50
ETA_MAX_MS: Final = 4 * 3600 * 1000
"""A ticket is of today: nobody announces themselves further ahead."""
PLATE: Final = "plate-"
"""How the vault's subjects begin that hold a plate; `MARK` is its keyed hash, `ENDING` its last three characters."""
MARK: Final = "mark"
ENDING: Final = "ending"

Bay = Annotated[str, msgspec.Meta(min_length=1, max_length=8)]
Device = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class State(enum.StrEnum):
    """Where a stay is."""

    WAITING = "waiting"
    """No bay was free: one is given to it when there is."""
    RESERVED = "reserved"
    INSIDE = "inside"
    """到达: the barrier was opened for the car."""
    LEFT = "left"
    EXPIRED = "expired"
    """The car did not come in time."""
    CANCELLED = "cancelled"


LIVE: Final = (State.WAITING, State.RESERVED, State.INSIDE)


class Public(enum.StrEnum):
    """What happens to a car that nobody announced."""

    ADMIT = "admit"
    """It is let in while a bay is free."""
    ASK = "ask"
    """The lobby decides."""
    REFUSE = "refuse"
    """Only announced cars come in."""


class Held(enum.StrEnum):
    """Why the barrier stayed down."""

    UNSURE = "unsure"
    """The plate is one character from an announced one: staff say whether it is that car (S32)."""
    PLATE_TWICE = "plate_twice"
    """A car with this plate is inside already (S33)."""
    NO_BAY = "no_bay"
    UNANNOUNCED = "unannounced"
    UNREADY = "unready"
    """The box could not note the car: its disk is full, or it has too much to do."""


class Cause(enum.StrEnum):
    """Why the barrier was asked to open."""

    ARRIVED = "arrived"
    LEAVING = "leaving"
    STAFF = "staff"


class CarPark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The car park as policy has it. Without bays there is none."""

    bays: Annotated[tuple[Bay, ...], msgspec.Meta(max_length=BAYS_MAX)] = ()
    hold_min: Annotated[int, msgspec.Meta(ge=0, le=120)] = 15
    """So long after the announced time a bay is held (S31)."""
    early_min: Annotated[int, msgspec.Meta(ge=0, le=120)] = 30
    """A bay for an appointment is held from so long before it."""
    usual_min: Annotated[int, msgspec.Meta(ge=5, le=480)] = 60
    """How long a car usually stays: the bay is not promised to another visit within that time."""
    stay_max_min: Annotated[int, msgspec.Meta(ge=10, le=1440)] = 240
    """A car that was not seen leaving counts as gone after this."""
    public: Public = Public.ADMIT

    def __post_init__(self) -> None:
        if len(set(self.bays)) != len(self.bays):
            raise ValueError("two bays have the same name")


class Stay(NamedTuple):
    """One stay as decisions and views see it; the names are the columns."""

    id: str
    visit: str
    """The ticket, or the appointment, it was asked for; empty for a car that nobody announced."""
    ticket: str | None
    appointment: str | None
    customer: str | None
    plate_ref: str | None
    state: State
    bay: str | None
    from_ms: int
    until_ms: int
    """The bay is held from … until …; for a car inside, when it came."""
    asked_ms: int
    changed_ms: int


# --- wishes


class ReserveBay(Command, frozen=True, kw_only=True):
    """Somebody with a ticket or an appointment comes by car."""

    NAME: ClassVar[str] = "parking.reserve_bay"
    visit: str
    plate_ref: str | None = None
    """None: the plate that head office has on file will do."""
    in_min: int = 30
    """For a ticket: in how many minutes the car will be there. An appointment says itself when."""


class CancelBay(Command, frozen=True, kw_only=True):
    """The car does not come after all."""

    NAME: ClassVar[str] = "parking.cancel_bay"
    stay: str
    by_ticket: str | None = None
    """The visit whose phone wishes it: it can only cancel its own."""


class MeetCar(Command, frozen=True, kw_only=True):
    """A camera saw a car before the barrier."""

    NAME: ClassVar[str] = "parking.meet_car"
    gate: str
    stay: str | None
    """Whose plate it is, exactly; None: nobody's."""
    similar: str | None = None
    """A stay whose plate differs in one character."""
    plate_ref: str
    leaving: bool = False


class AdmitCar(Command, frozen=True, kw_only=True):
    """Staff say that this announced car is at the barrier."""

    NAME: ClassVar[str] = "parking.admit_car"
    stay: str
    gate: str


class NoteLeft(Command, frozen=True, kw_only=True):
    """Staff saw that a car is gone."""

    NAME: ClassVar[str] = "parking.note_left"
    stay: str


class OpenGate(Command, frozen=True, kw_only=True):
    """Staff have the barrier opened, or opened it with the key because it did not obey; the reason is kept (S33)."""

    NAME: ClassVar[str] = "parking.open_gate"
    gate: str
    reason: str
    with_key: bool = False


class RecordGate(Command, frozen=True, kw_only=True):
    """What the barrier answered."""

    NAME: ClassVar[str] = "parking.record_gate"
    gate: str
    cause: Cause
    stay: str
    outcome: str


class KeepBays(Command, frozen=True, kw_only=True):
    """Give up what is over, and give what is free to whoever waits for it."""

    NAME: ClassVar[str] = "parking.keep_bays"


# --- facts


class StayFact(Event, frozen=True, kw_only=True):
    """A fact about one stay."""

    TYPE: ClassVar[str] = ""
    stay: str
    visit: str = ""

    def entity(self) -> str:
        return self.stay


class BayAsked(StayFact, frozen=True, kw_only=True):
    """A visit asked for a bay and got one, or waits for one."""

    TYPE: ClassVar[str] = "parking.bay_asked.v1"
    ticket: str | None = None
    appointment: str | None = None
    customer: str | None = None
    plate_ref: str | None = None
    bay: str | None = None
    """None: there was none; it waits."""
    from_ms: int
    until_ms: int


class BayGiven(StayFact, frozen=True, kw_only=True):
    """A bay came free for a visit that waited for one."""

    TYPE: ClassVar[str] = "parking.bay_given.v1"
    bay: str
    from_ms: int
    until_ms: int


class CarArrived(StayFact, frozen=True, kw_only=True):
    """到达: the car of a stay is let in."""

    TYPE: ClassVar[str] = "parking.car_arrived.v1"
    bay: str
    """Where it was sent; another than was held for it where that one was taken."""


class CarAdmitted(StayFact, frozen=True, kw_only=True):
    """A car that nobody announced is let in, by the public rule."""

    TYPE: ClassVar[str] = "parking.car_admitted.v1"
    bay: str
    plate_ref: str


class StayEnded(StayFact, frozen=True, kw_only=True):
    """The bay is free again, or no longer waited for."""

    TYPE: ClassVar[str] = "parking.stay_ended.v1"
    state: State
    reason: str
    """`seen`, `staff`, `phone`, `too_late`, `visit_over`, `not_seen_leaving`, `day_over`."""


class CarHeld(Event, frozen=True, kw_only=True):
    """The barrier stayed down before a car; staff are told."""

    TYPE: ClassVar[str] = "parking.car_held.v1"
    gate: str
    why: Held
    stay: str = ""
    """Whose car it is, or may be."""

    def entity(self) -> str:
        return self.gate


class GateAsked(Event, frozen=True, kw_only=True):
    """The barrier was asked to open."""

    TYPE: ClassVar[str] = "parking.gate_asked.v1"
    gate: str
    cause: Cause
    stay: str = ""
    reason: str = ""
    """What staff said; only where they asked."""

    def entity(self) -> str:
        return self.gate


class GateOpenedWithKey(Event, frozen=True, kw_only=True):
    """Staff opened a barrier that did not obey, and said so."""

    TYPE: ClassVar[str] = "parking.gate_opened_with_key.v1"
    gate: str
    reason: str

    def entity(self) -> str:
        return self.gate


class GateAnswered(Event, frozen=True, kw_only=True):
    """What became of a wish to open the barrier."""

    TYPE: ClassVar[str] = "parking.gate_answered.v1"
    gate: str
    cause: Cause
    outcome: str
    """`opened`, `unknown`, `too_late`, or why it did not."""
    stay: str = ""

    def entity(self) -> str:
        return self.gate
