"""Appointments over HTTP: booking, signing in, codes by text message, the work plan, and how all of it is set."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from edge.appointments import model as m
from edge.appointments import views
from edge.appointments.answers import Admission, SmsCodeGiven
from edge.appointments.codes import CODE_DIGITS, SmsCodes
from edge.appointments.model import Arrival, BookingRules, Currency, Minor, SlotPlan, StaffNo, Text
from edge.appointments.slots import MINUTE_MS
from edge.appointments.views import AppointmentView, WorkItem
from edge.kernel.domain import Money, Rejected
from edge.kernel.identities import IdentityKind
from edge.kernel.pipeline import Secret
from edge.org import tables as org
from edge.org.place import Place
from edge.queue import arrivals
from edge.queue import views as queue_views
from edge.queue.arrivals import Arrivals, Known
from edge.queue.model import CancelTicket, Channel, IssueTicket, Language, Tier, TransferTicket
from edge.queue.tokens import TicketTokens
from edge.queue.views import TicketView
from edge.web.routes import Audience, Call, Routes

routes: Final = Routes("appointments")

HALL: Final[frozenset[Audience]] = frozenset({"staff", "device"})
DayText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
SlotText = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$|^[0-9]{12}$")]
Here = Literal["kiosk", "counter", "lobby", "phone"]
"""Channels of people who are in the branch."""
SIGNED_IN: Final = "appointment_signed_in"
"""Why an early comer's live ticket is cancelled: they got the appointment's."""
TO_EXPERT: Final = "appointment_expert"


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that tells who a customer is; hashed at once, never kept."""

    kind: Text
    value: Text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Rejected("invalid_slot", day=text) from error


def _known(call: Call[Any], identity: Shown | None, phone: str | None) -> Known:
    shown = None if identity is None else (identity.kind, identity.value)
    return call.app[Arrivals].receive(arrivals.Arrival(shown, phone, call.principal.id), call.command_id)


# --- booking


class Cash(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cash to be ready at the appointment."""

    amount_minor: Minor
    currency: Currency = "CNY"


class BookingRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish for a place."""

    service: Text
    day: DayText
    slot: SlotText
    channel: Channel = Channel.COUNTER
    identity: Shown | None = None
    phone: Text | None = None
    expert: StaffNo | None = None
    cash: Cash | None = None


_SLOT_PROBLEMS: Final = (
    *("not_bookable", "invalid_slot", "slot_over", "too_far_ahead", "slot_taken"),
    *("unknown_expert", "expert_taken", "expert_absent", "cash_needs_notice"),
)


@routes.post(
    "/api/appointments",
    body=BookingRequest,
    reply=AppointmentView,
    status=201,
    audience=HALL,
    permission="appointments.book",
    summary="Book a place in a slot",
    problems=("unknown_service", "invalid_identity", "duplicate_appointment", "no_code_free", *_SLOT_PROBLEMS),
)
async def book(call: Call[BookingRequest]) -> bytes:
    command, secrets = wanted(call, call.body)
    return (await call.submit(command, secrets_=secrets)).answer


def wanted(call: Call[Any], wish: BookingRequest) -> tuple[m.BookAppointment, Sequence[Secret]]:
    """The command, and what goes to the vault with it."""
    known = _known(call, wish.identity, wish.phone)
    command = m.BookAppointment(
        service=wish.service,
        day=wish.day,
        slot=wish.slot,
        channel=wish.channel,
        holder=known.holder,
        customer=known.customer,
        phone_ref=known.phone_ref,
        expert=wish.expert,
        cash=None if wish.cash is None else Money(wish.cash.amount_minor, wish.cash.currency),
    )
    return command, known.secrets


class CancelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Text = ""


@routes.post(
    "/api/appointments/{appointment}/cancel",
    body=CancelRequest,
    reply=AppointmentView,
    audience=HALL,
    permission="appointments.book",
    summary="Give the place up; again is the same",
    problems=("unknown_appointment", "appointment_not_in_state"),
)
async def cancel(call: Call[CancelRequest]) -> bytes:
    command = m.CancelAppointment(appointment=call.path["appointment"], reason=call.body.reason)
    return (await call.submit(command)).answer


class RebookingRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to move to."""

    day: DayText
    slot: SlotText
    expert: StaffNo | None = None


@routes.post(
    "/api/appointments/{appointment}/rebook",
    body=RebookingRequest,
    reply=AppointmentView,
    audience=HALL,
    permission="appointments.book",
    summary="Move to another slot; to the same is nothing",
    problems=("unknown_appointment", "appointment_not_in_state", *_SLOT_PROBLEMS),
)
async def rebook(call: Call[RebookingRequest]) -> bytes:
    wish, appointment = call.body, call.path["appointment"]
    command = m.RebookAppointment(appointment=appointment, day=wish.day, slot=wish.slot, expert=wish.expert)
    return (await call.submit(command)).answer


class AppointmentList(msgspec.Struct, frozen=True):
    appointments: list[AppointmentView]


class DayQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    day: DayText | None = None
    """Today where none is given."""


def _asked(call: Call[DayQuery]) -> date:
    return _day(call.query.day) if call.query.day else call.app[Place].now().date()


@routes.get(
    "/api/appointments",
    query=DayQuery,
    permission="appointments.view",
    reply=AppointmentList,
    summary="The appointments of a day, by the clock",
    problems=("invalid_slot",),
)
async def list_appointments(call: Call[DayQuery]) -> AppointmentList:
    day, zone = _asked(call).isoformat(), call.app[Place].zone
    found = await call.app.pipeline.db.scan(lambda connection: views.of_day(connection, day))
    return AppointmentList([views.view(one, zone) for one in found])


class WorkPlan(msgspec.Struct, frozen=True):
    day: str
    items: list[WorkItem]
    cash: dict[str, int]
    """What has to be ready that day, in minor units by currency."""


@routes.get(
    "/api/work-plan",
    query=DayQuery,
    permission="appointments.view",
    reply=WorkPlan,
    summary="Cash to be ordered and experts asked for, on a day",
    problems=("invalid_slot",),
)
async def work_plan(call: Call[DayQuery]) -> WorkPlan:
    day, zone = _asked(call), call.app[Place].zone
    items = await call.app.pipeline.db.scan(lambda connection: views.work_plan(connection, day, zone))
    cash: dict[str, int] = {}
    for one in items:
        if one.cash is not None:
            cash[one.cash.currency] = cash.get(one.cash.currency, 0) + one.cash.amount_minor
    return WorkPlan(day.isoformat(), items, cash)


# --- signing in


class SignedIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket by appointment or by code, and what to tell its holder."""

    ticket: TicketView
    token: str
    phone_url: str
    arrival: Arrival | None = None
    """`on_time`; `early`: a live number, the appointment stays; `late`: a live number, the place was given up."""
    appointment: AppointmentView | None = None
    sign_in_from: datetime | None = None
    """From when on an early comer can sign in for the appointment itself."""


class SignInRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identity that was shown, or a code that was typed."""

    identity: Shown | None = None
    code: Code | None = None
    channel: Here = "kiosk"
    language: Language = Language.ZH
    any_expert: bool = False
    """Content with whoever is free where the expert is away."""


class ByCodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Six digits of an appointment, or twelve of a text message."""

    code: Code
    service: Text | None = None
    """Another service than the text message's."""
    channel: Here = "kiosk"
    language: Language = Language.ZH
    any_expert: bool = False


_SIGN_IN_PROBLEMS: Final = (
    *("no_appointment", "appointment_used", "expert_absent", "identity_or_code_needed", "invalid_identity", "invalid_code"),
    *("day_closed", "ticket_already_taken", "unknown_service", "ticket_not_in_state"),
)


@routes.post(
    "/api/appointments/sign-in",
    body=SignInRequest,
    reply=SignedIn,
    audience=HALL,
    permission="queue.issue_ticket",
    summary="Somebody with an appointment or a code is here: sign them in and give them a number",
    problems=_SIGN_IN_PROBLEMS,
)
async def sign_in(call: Call[SignInRequest]) -> SignedIn:
    wish = call.body
    if wish.code is not None:
        by_code = ByCodeRequest(code=wish.code, channel=wish.channel, language=wish.language, any_expert=wish.any_expert)
        return await _by_code(call, by_code)
    if wish.identity is None:
        raise Rejected("identity_or_code_needed")
    known = _known(call, wish.identity, None)
    command = m.SignInAppointment(holder=known.holder, customer=known.customer, any_expert=wish.any_expert)
    return await _admit(call, command, wish, known.shown)


@routes.post(
    "/api/tickets/by-code",
    body=ByCodeRequest,
    reply=SignedIn,
    status=201,
    audience=HALL,
    permission="queue.issue_ticket",
    summary="Take a number with an appointment's code or a text message's",
    problems=_SIGN_IN_PROBLEMS,
)
async def by_code(call: Call[ByCodeRequest]) -> SignedIn:
    return await _by_code(call, call.body)


async def _by_code(call: Call[Any], wish: ByCodeRequest) -> SignedIn:
    if len(wish.code) != CODE_DIGITS:
        return await _admit(call, m.SignInAppointment(code=wish.code, any_expert=wish.any_expert), wish)
    today = call.app[Place].now().date().isoformat()
    with call.app.pipeline.db.reader() as connection:
        read = call.app[SmsCodes].read(wish.code, today, [service.id for service in org.services(connection)])
        phone_ref = None if read is None else views.sms_phone(connection, today, read.serial)
    if read is None:
        raise Rejected("invalid_code")
    service, ref = wish.service or read.service, m.sms_ref(today, read.serial)
    ticket = await _issue(call, wish, IssueTicket(**_basics(wish), service=service, appointment=ref, phone_ref=phone_ref))
    return _signed_in(call, ticket, None)


async def _admit(
    call: Call[Any], command: m.SignInAppointment, wish: SignInRequest | ByCodeRequest, shown: IdentityKind | None = None
) -> SignedIn:
    """Sign in, then take the ticket: two or more commands of one call, each of which a repeat of the call repeats.

    Whoever repeats without the key (a new swipe after a power cut) finishes it as well: signing in finds what was noted and
    says which ticket is still missing; the queue never gives two for one appointment.
    """
    outcome = await call.submit(command)
    admission = msgspec.json.decode(outcome.answer, type=Admission)
    ticket = admission.ticket
    if ticket is None:
        if admission.replaces is not None:
            await call.submit(CancelTicket(ticket=admission.replaces, reason=SIGNED_IN))
        ticket = await _issue(call, wish, _ticket_of(admission, wish, shown))
    if admission.counter is not None:
        await call.submit(TransferTicket(ticket=ticket, counter=admission.counter, reason=TO_EXPERT))
    return _signed_in(call, ticket, admission)


def _ticket_of(admission: Admission, wish: SignInRequest | ByCodeRequest, shown: IdentityKind | None) -> IssueTicket:
    return IssueTicket(
        **{**_basics(wish), "tier": admission.tier},
        service=admission.service,
        customer=admission.customer,
        shown=shown,
        phone_ref=admission.phone_ref,
        appointment=admission.ref,
        place_ms=admission.place_ms,
    )


def _basics(wish: SignInRequest | ByCodeRequest) -> dict[str, Any]:
    return {"tier": Tier.NORMAL, "channel": Channel(wish.channel), "language": wish.language}


async def _issue(call: Call[Any], wish: SignInRequest | ByCodeRequest, command: IssueTicket) -> str:
    """The id of the ticket."""
    if wish.channel == "kiosk":
        command = msgspec.structs.replace(command, printer=call.app[Place].printer_of(call.principal.id))
    outcome = await call.submit(command)
    return msgspec.json.decode(outcome.answer, type=_Id).id


class _Id(msgspec.Struct, frozen=True):
    id: str


def _signed_in(call: Call[Any], ticket: str, admission: Admission | None) -> SignedIn:
    """As everything is now, also for a repeat."""
    place, token = call.app[Place], call.app[TicketTokens].of(ticket)
    with call.app.pipeline.db.reader() as connection:
        shown = queue_views.ticket(connection, ticket, place.zone)
        found = None if admission is None else views.appointment(connection, admission.appointment)
        early_ms = views.rules(connection).early_min * MINUTE_MS
    if shown is None:
        raise Rejected("unknown_ticket")
    arrival = None if admission is None else admission.arrival
    return SignedIn(
        ticket=shown,
        token=token,
        phone_url=f"{place.guest_url}/t/{token}",
        arrival=arrival,
        appointment=None if found is None else views.view(found, place.zone),
        sign_in_from=queue_views.moment(found.start_ms - early_ms, place.zone) if found and arrival is Arrival.EARLY else None,
    )


# --- codes by text message


class SmsCodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asked by text message for a number today."""

    service: Text
    phone: Text | None = None


class SmsCodeReply(msgspec.Struct, frozen=True):
    code: str
    """Twelve digits, for one number."""
    day: str
    """The day on which it holds."""
    service: str


@routes.post(
    "/api/sms-codes",
    body=SmsCodeRequest,
    reply=SmsCodeReply,
    status=201,
    audience=HALL,
    permission="appointments.book",
    summary="Make a code that is good for one number today",
    problems=("unknown_service", "invalid_identity", "no_code_free"),
)
async def issue_sms_code(call: Call[SmsCodeRequest]) -> SmsCodeReply:
    known = _known(call, None, call.body.phone)
    command = m.IssueSmsCode(service=call.body.service, phone_ref=known.phone_ref)
    given = msgspec.json.decode((await call.submit(command, secrets_=known.secrets)).answer, type=SmsCodeGiven)
    return SmsCodeReply(call.app[SmsCodes].of(given.day, given.serial, given.service), given.day, given.service)


# --- how it is booked


class BookingSettings(msgspec.Struct, frozen=True):
    rules: BookingRules
    plans: dict[str, SlotPlan]
    """By service; a service without one is not booked."""


def _settings(call: Call[Any]) -> BookingSettings:
    with call.app.pipeline.db.reader() as connection:
        return BookingSettings(views.rules(connection), views.plans(connection))


@routes.get("/api/booking-settings", permission="appointments.view", reply=BookingSettings, summary="How services are booked")
async def booking_settings(call: Call[None]) -> BookingSettings:
    return _settings(call)


@routes.put(
    "/api/booking-settings",
    body=BookingRules,
    permission="appointments.set_plan",
    reply=BookingSettings,
    summary="Set the branch's parameters of booking",
    problems=("held_by_policy",),
)
async def set_booking_rules(call: Call[BookingRules]) -> BookingSettings:
    await call.submit(m.SetBookingRules(rules=call.body))
    return _settings(call)


@routes.put(
    "/api/slot-plans/{service}",
    body=SlotPlan,
    permission="appointments.set_plan",
    reply=BookingSettings,
    summary="Set a service's hours, slots and places",
    problems=("unknown_service",),
)
async def set_slot_plan(call: Call[SlotPlan]) -> BookingSettings:
    await call.submit(m.SetSlotPlan(service=call.path["service"], plan=call.body))
    return _settings(call)


class AbsenceRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is away, when."""

    staff_no: StaffNo
    day: DayText
    absent: bool = True


@routes.post(
    "/api/absences",
    body=AbsenceRequest,
    permission="appointments.set_plan",
    status=204,
    summary="Mark an expert absent for a day, or present again",
    problems=("invalid_slot",),
)
async def set_absence(call: Call[AbsenceRequest]) -> None:
    wish = call.body
    await call.submit(m.SetAbsence(staff=wish.staff_no, day=wish.day, absent=wish.absent))
