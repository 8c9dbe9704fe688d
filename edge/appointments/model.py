"""What can be wished of the slot book, and what it is made of."""

import enum
from typing import Annotated, ClassVar, Final, NamedTuple

import msgspec
from msgspec import field

from edge.kernel.domain import Command, Money
from edge.queue.call_rules import Clock, DayClass
from edge.queue.model import Channel

EXPERTS_MAX: Final = 50
CAPACITY_MAX: Final = 100
HORIZON_DAYS_MAX: Final = 90

Text = Annotated[str, msgspec.Meta(max_length=80)]
StaffNo = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,16}$")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
Places = Annotated[int, msgspec.Meta(ge=0, le=CAPACITY_MAX)]
Minor = Annotated[int, msgspec.Meta(ge=1, le=10**13)]
"""An amount in minor units."""


class State(enum.StrEnum):
    """What has become of an appointment."""

    BOOKED = "booked"
    SIGNED_IN = "signed_in"
    SERVED = "served"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    RELEASED = "released"
    """Its holder came too late: the place is free again, and they wait like anybody."""


HOLDING: Final = (State.BOOKED, State.SIGNED_IN, State.SERVED, State.NO_SHOW)
"""In these states an appointment takes a place of its slot."""


class Arrival(enum.StrEnum):
    """When somebody with an appointment comes (S17)."""

    ON_TIME = "on_time"
    EARLY = "early"
    LATE = "late"


class SlotPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one service is booked: its hours, cut into slots, and the places in each."""

    capacity: Places = 2
    """Places per slot; 0 closes the service to booking."""
    slot_min: Annotated[int, msgspec.Meta(ge=10, le=240)] = 30
    opens: Clock = "09:00"
    closes: Clock = "17:00"
    days: tuple[DayClass, ...] = (DayClass.WORKDAY,)
    quotas: dict[Channel, Places] = field(default_factory=dict)
    """Places that only this channel may sell. Head office's channels will sell theirs when the branch cannot be asked (S29)."""
    experts: Annotated[tuple[StaffNo, ...], msgspec.Meta(max_length=EXPERTS_MAX)] = ()
    """Who may be asked for by name; each has one place per slot."""

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError("a day's hours end after they begin")
        if sum(self.quotas.values()) > self.capacity:
            raise ValueError("the channels' quotas are more than the places of a slot")


class BookingRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The branch's parameters of booking."""

    early_min: Annotated[int, msgspec.Meta(ge=0, le=240)] = 30
    """Who comes earlier than this gets a live number, and keeps the appointment."""
    late_min: Annotated[int, msgspec.Meta(ge=0, le=240)] = 15
    """Who comes later than this after the slot's beginning gets a live number; also how long after its end it is a no-show."""
    horizon_days: Annotated[int, msgspec.Meta(ge=0, le=HORIZON_DAYS_MAX)] = 30
    """How far ahead may be booked."""
    cash_limits: dict[Currency, Minor] = field(default_factory=lambda: {"CNY": 20_000_000})
    """From this amount on, in minor units, cash has to be ordered (S30)."""
    notice_days: Annotated[int, msgspec.Meta(ge=0, le=20)] = 1
    """Working days that ordering cash takes."""


NO_PLAN: Final = SlotPlan(capacity=0)


class Appointment(NamedTuple):
    """One appointment as decisions and views see it; the names are the columns."""

    id: str
    code: str
    service: str
    day: str
    start_ms: int
    end_ms: int
    state: State
    channel: str
    holder: str | None
    """Keyed hash of the identity that was given."""
    customer: str | None
    phone_ref: str | None
    expert: str | None
    cash_minor: int | None
    cash_currency: str | None
    booked_ms: int
    signed_in_ms: int | None
    ticket: str | None
    early_ticket: str | None
    """The live number of somebody who came too early."""

    @property
    def cash(self) -> Money | None:
        if self.cash_minor is None or self.cash_currency is None:
            return None
        return Money(self.cash_minor, self.cash_currency)


SERIAL_MAX: Final = 99_999
HEAD_OFFICE_SERIALS_FROM: Final = 50_000
"""Serials of a day's codes from here on are head office's to give, so that both can give codes without asking each other."""
EARLY_MARK: Final = ".early"
SMS_MARK: Final = "sms:"


def early_ref(appointment: str) -> str:
    """By what the live ticket of an early comer is known; the appointment's own ticket is still to come."""
    return appointment + EARLY_MARK


def sms_ref(day: str, serial: int) -> str:
    """By what a ticket taken with a text message's code is known; it is taken once."""
    return f"{SMS_MARK}{day}:{serial:05d}"


class SetSlotPlan(Command, frozen=True, kw_only=True):
    """Change how a service is booked, from the next booking on; what is booked stays."""

    NAME: ClassVar[str] = "appointments.set_slot_plan"
    service: str
    plan: SlotPlan


class SetBookingRules(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "appointments.set_booking_rules"
    rules: BookingRules


class SetAbsence(Command, frozen=True, kw_only=True):
    """An expert is away for a day, or is there after all."""

    NAME: ClassVar[str] = "appointments.set_absence"
    staff: str
    day: str
    absent: bool = True


class BookAppointment(Command, frozen=True, kw_only=True):
    """Take a place in a slot."""

    NAME: ClassVar[str] = "appointments.book_appointment"
    service: str
    day: str
    """ISO 8601."""
    slot: str
    """When it begins, `10:00`."""
    channel: Channel
    holder: str | None = None
    customer: str | None = None
    phone_ref: str | None = None
    expert: str | None = None
    cash: Money | None = None


class TakeSale(Command, frozen=True, kw_only=True):
    """Take over what head office sold of its quota while the branch could not be reached (S29)."""

    NAME: ClassVar[str] = "appointments.take_sale"
    sale: str
    """By what head office knows it; the same again is the same."""
    wish: BookAppointment


class CancelAppointment(Command, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "appointments.cancel_appointment"
    appointment: str
    reason: str = ""


class RebookAppointment(Command, frozen=True, kw_only=True):
    """Move an appointment to another slot; its code stays."""

    NAME: ClassVar[str] = "appointments.rebook_appointment"
    appointment: str
    day: str
    slot: str
    expert: str | None = None


class SignInAppointment(Command, frozen=True, kw_only=True):
    """Somebody with an appointment today is here, and shows who they are or says their code."""

    NAME: ClassVar[str] = "appointments.sign_in_appointment"
    holder: str | None = None
    code: str | None = None
    customer: str | None = None
    any_expert: bool = False
    """Content with whoever is free where the expert is away."""


class MarkMissed(Command, frozen=True, kw_only=True):
    """Close the books on appointments nobody came to."""

    NAME: ClassVar[str] = "appointments.mark_missed"


class IssueSmsCode(Command, frozen=True, kw_only=True):
    """Give a code that is good for one number today (S18)."""

    NAME: ClassVar[str] = "appointments.issue_sms_code"
    service: str
    phone_ref: str | None = None
