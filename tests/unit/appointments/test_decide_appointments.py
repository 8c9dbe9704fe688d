"""What the slot book decides, without a database."""

from dataclasses import replace
from datetime import date

import pytest

from edge.appointments import events as e
from edge.appointments import model as m
from edge.appointments.decide import book, cancel, issue_sms_code, rebook, sign_in
from edge.appointments.load import BookingState, SignInState, SmsState, choose
from edge.appointments.model import Appointment, BookingRules, SlotPlan, State
from edge.appointments.slots import DayBook, slots_of
from edge.kernel.domain import Context, Money
from edge.queue.model import Channel
from tests.unit.appointments.given_appointments import an_appointment
from tests.unit.given import CONTEXT, MINUTE_MS, NOW_MS, ZONE, refused

TODAY = date(2026, 11, 23)
PLAN = SlotPlan(capacity=1, experts=("1003",))
BOOK = DayBook(PLAN, slots_of(PLAN, TODAY, {}, ZONE))
STATE = BookingState(BookingRules(), TODAY, BOOK, codes=("123456",))
ELEVEN_MS = NOW_MS + 60 * MINUTE_MS
WISH = m.BookAppointment(service="personal", day="2026-11-23", slot="11:00", channel=Channel.COUNTER)


TO_NOON = m.RebookAppointment(appointment="a-123456", day="2026-11-23", slot="12:00")


def coming(appointment: Appointment) -> SignInState:
    return SignInState(appointment, BookingRules())


def at(minutes: int) -> Context:
    """So many minutes after eleven."""
    return replace(CONTEXT, now_ms=ELEVEN_MS + minutes * MINUTE_MS)


def test_a_booking_says_all_that_was_agreed() -> None:
    (booked,) = book(STATE, WISH, CONTEXT)
    assert isinstance(booked, e.AppointmentBooked)
    assert (booked.code, booked.start_ms, booked.end_ms) == ("123456", ELEVEN_MS, ELEVEN_MS + 30 * MINUTE_MS)
    assert booked.entity() == booked.appointment


def test_the_slot_that_runs_already_is_over() -> None:
    """It is ten o'clock."""
    with refused("slot_over") as no:
        book(STATE, m.BookAppointment(service="personal", day="2026-11-23", slot="10:00", channel=Channel.COUNTER), CONTEXT)
    assert no.facts == {"next_slot": "10:30"}


def test_cash_is_refused_before_the_slot_is_looked_at() -> None:
    """Whoever cannot have the money that day is not sent to another slot of it."""
    full = replace(STATE, book=replace(BOOK, taken={(ELEVEN_MS, "counter"): 1}))
    wish = m.BookAppointment(
        service="personal", day="2026-11-23", slot="11:00", channel=Channel.COUNTER, cash=Money(20_000_000)
    )
    with refused("cash_needs_notice") as no:
        book(full, wish, CONTEXT)
    assert no.facts == {"earliest_day": "2026-11-24", "working_days": 1}


def test_without_a_free_code_nobody_gets_one_that_is_taken() -> None:
    with refused("no_code_free"):
        book(replace(STATE, codes=()), WISH, CONTEXT)


@pytest.mark.parametrize("state", [State.SIGNED_IN, State.SERVED, State.NO_SHOW, State.RELEASED])
def test_what_somebody_came_for_is_not_changed_any_more(state: State) -> None:
    found = an_appointment(ELEVEN_MS, state=state)
    with refused("appointment_not_in_state"):
        cancel(found, m.CancelAppointment(appointment="a-123456"), CONTEXT)
    with refused("appointment_not_in_state"):
        rebook(
            replace(STATE, appointment=found),
            m.RebookAppointment(appointment="a-123456", day="2026-11-23", slot="12:00"),
            CONTEXT,
        )


def test_an_unknown_appointment_is_refused() -> None:
    with refused("unknown_appointment"):
        cancel(None, m.CancelAppointment(appointment="a-123456"), CONTEXT)


@pytest.mark.parametrize(
    ("minutes", "fact"),
    [(-31, e.AppointmentCameEarly), (-10, e.AppointmentSignedIn), (15, e.AppointmentSignedIn), (16, e.AppointmentReleased)],
)
def test_when_they_come(minutes: int, fact: type[e.AppointmentFact]) -> None:
    (event,) = sign_in(coming(an_appointment(ELEVEN_MS)), m.SignInAppointment(code="123456"), at(minutes))
    assert type(event) is fact


def test_signing_in_again_notes_nothing() -> None:
    assert sign_in(coming(an_appointment(ELEVEN_MS, state=State.SIGNED_IN)), m.SignInAppointment(code="123456"), at(0)) == ()
    assert sign_in(coming(an_appointment(ELEVEN_MS, early_ticket="t")), m.SignInAppointment(code="123456"), at(-40)) == ()


def test_an_expert_who_is_away_is_not_signed_in_for() -> None:
    found = coming(an_appointment(ELEVEN_MS, expert="1003"))
    with refused("expert_absent"):
        sign_in(found, m.SignInAppointment(code="123456"), at(0))
    (event,) = sign_in(found, m.SignInAppointment(code="123456", any_expert=True), at(0))
    assert event == e.AppointmentSignedIn(appointment="a-123456")
    (event,) = sign_in(replace(found, expert_here=True), m.SignInAppointment(code="123456"), at(0))
    assert event == e.AppointmentSignedIn(appointment="a-123456", expert="1003")


def test_somebody_with_several_appointments_comes_for_the_one_that_fits() -> None:
    missed, due, later = (an_appointment(ELEVEN_MS + minutes * MINUTE_MS, code=str(minutes)) for minutes in (-120, 0, 120))
    rules = BookingRules()
    assert choose([missed, due, later], rules, ELEVEN_MS) == due
    assert choose([missed, later], rules, ELEVEN_MS) == later
    assert choose([missed], rules, ELEVEN_MS) == missed
    assert choose([due._replace(state=State.SIGNED_IN), later], rules, ELEVEN_MS) == due._replace(state=State.SIGNED_IN)
    assert choose([], rules, ELEVEN_MS) is None


def test_the_branch_does_not_give_head_offices_serials() -> None:
    wish = m.IssueSmsCode(service="personal")
    (given,) = issue_sms_code(SmsState(service_known=True, last=16), wish, CONTEXT)
    assert given == e.SmsCodeIssued(day="2026-11-23", serial=17, service="personal")
    with refused("no_code_free"):
        issue_sms_code(SmsState(service_known=True, last=m.HEAD_OFFICE_SERIALS_FROM - 1), wish, CONTEXT)
