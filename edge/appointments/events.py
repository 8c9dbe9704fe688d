"""Facts of the slot book. Additive only: a field may be added with a default; anything else is a new version."""

from typing import ClassVar

from edge.appointments.model import BookingRules, SlotPlan
from edge.kernel.domain import Event, Money
from edge.queue.model import Channel


class AppointmentFact(Event, frozen=True, kw_only=True):
    """A fact about one appointment."""

    TYPE: ClassVar[str] = ""
    appointment: str

    def entity(self) -> str:
        return self.appointment


class SlotPlanSet(Event, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "appointments.slot_plan_set.v1"
    service: str
    plan: SlotPlan

    def entity(self) -> str:
        return self.service


class BookingRulesSet(Event, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "appointments.booking_rules_set.v1"
    rules: BookingRules

    def entity(self) -> str:
        return "booking_rules"


class AbsenceSet(Event, frozen=True, kw_only=True):
    """An expert is away for a day, or is there after all."""

    TYPE: ClassVar[str] = "appointments.absence_set.v1"
    staff: str
    day: str
    absent: bool

    def entity(self) -> str:
        return self.staff


class AppointmentBooked(AppointmentFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "appointments.appointment_booked.v1"
    code: str
    service: str
    day: str
    start_ms: int
    end_ms: int
    channel: Channel
    holder: str | None = None
    customer: str | None = None
    phone_ref: str | None = None
    expert: str | None = None
    cash: Money | None = None
    sale: str | None = None
    """By what head office knows it, where head office sold it while the branch could not be reached."""


class SaleRefused(Event, frozen=True, kw_only=True):
    """What head office sold could not be kept; whoever sold it tells the customer (S29)."""

    TYPE: ClassVar[str] = "appointments.sale_refused.v1"
    sale: str
    service: str
    day: str
    slot: str
    channel: Channel
    code: str
    """Of the refusal, as a booking here would have got it."""
    next_slot: str | None = None
    """What is free instead that day, for the same channel."""

    def entity(self) -> str:
        return self.sale


class AppointmentRebooked(AppointmentFact, frozen=True, kw_only=True):
    """It moved to another slot. The fact before it in the journal says from where."""

    TYPE: ClassVar[str] = "appointments.appointment_rebooked.v1"
    day: str
    start_ms: int
    end_ms: int
    expert: str | None = None


class AppointmentCancelled(AppointmentFact, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "appointments.appointment_cancelled.v1"
    reason: str = ""


class AppointmentSignedIn(AppointmentFact, frozen=True, kw_only=True):
    """Its holder is here in time."""

    TYPE: ClassVar[str] = "appointments.appointment_signed_in.v1"
    expert: str | None = None
    """Who is going to serve, where somebody was asked for and is here."""


class AppointmentCameEarly(AppointmentFact, frozen=True, kw_only=True):
    """Its holder came long before the slot: they wait with a live number, and the appointment stays."""

    TYPE: ClassVar[str] = "appointments.appointment_came_early.v1"


class AppointmentReleased(AppointmentFact, frozen=True, kw_only=True):
    """Its holder came too late: the place is given up."""

    TYPE: ClassVar[str] = "appointments.appointment_released.v1"
    late_s: int


class AppointmentMissed(AppointmentFact, frozen=True, kw_only=True):
    """Nobody came (爽约)."""

    TYPE: ClassVar[str] = "appointments.appointment_missed.v1"


class SmsCodeIssued(Event, frozen=True, kw_only=True):
    """A code went out. The fact holds its serial; the code itself can only be made with the box's key."""

    TYPE: ClassVar[str] = "appointments.sms_code_issued.v1"
    day: str
    serial: int
    service: str
    phone_ref: str | None = None

    def entity(self) -> str:
        return f"{self.day}:{self.serial:05d}"
