"""What the slot book decides. Pure. There is one writer, so two who race for the last place are decided one after the other."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from edge.appointments import answers, load, slots
from edge.appointments import events as e
from edge.appointments import model as m
from edge.appointments.load import BookingState, SignInState, SmsState
from edge.appointments.model import Appointment, Arrival, State
from edge.appointments.slots import Slot
from edge.kernel.domain import Command, Context, Event, Money, Rejected
from edge.kernel.pipeline import Handler
from edge.policy.keys import Level
from edge.queue.model import Channel

# --- how it is booked


def set_slot_plan(service_known: bool, command: m.SetSlotPlan, _context: Context) -> Sequence[Event]:  # noqa: FBT001 -- loaded
    if not service_known:
        raise Rejected("unknown_service", service=command.service)
    return [e.SlotPlanSet(service=command.service, plan=command.plan)]


def set_booking_rules(held: tuple[str, Level] | None, command: m.SetBookingRules, _context: Context) -> Sequence[Event]:
    if held is not None:
        policy, level = held
        raise Rejected("held_by_policy", policy=policy, level=level)
    return [e.BookingRulesSet(rules=command.rules)]


def set_absence(_state: None, command: m.SetAbsence, _context: Context) -> Sequence[Event]:
    """What is booked with an absent expert stays: the work plan shows it, and sign-in offers others (S30)."""
    load.day_of(command.day)
    return [e.AbsenceSet(staff=command.staff, day=command.day, absent=command.absent)]


# --- a place


def book(state: BookingState, command: m.BookAppointment, context: Context) -> Sequence[Event]:
    if not state.service_known:
        raise Rejected("unknown_service", service=command.service)
    slot = bookable(state, command.slot, context)
    in_notice(state, command.cash, context)
    if state.already is not None:
        raise Rejected("duplicate_appointment", code=state.already)
    fits(state, slot, command.channel, command.expert)
    if not state.codes:
        raise Rejected("no_code_free")
    booked = e.AppointmentBooked(
        appointment=context.new_id(),
        code=state.codes[0],
        service=command.service,
        day=state.day.isoformat(),
        start_ms=slot.start_ms,
        end_ms=slot.end_ms,
        channel=command.channel,
        holder=command.holder,
        customer=command.customer,
        phone_ref=command.phone_ref,
        expert=command.expert,
        cash=command.cash,
    )
    return [booked]


def rebook(state: BookingState, command: m.RebookAppointment, context: Context) -> Sequence[Event]:
    """Move it; to where it is already, nothing happens (S29)."""
    found = may(state.appointment, "rebook")
    slot = bookable(state, command.slot, context)
    if (found.start_ms, found.expert) == (slot.start_ms, command.expert):
        return ()
    in_notice(state, found.cash, context)
    fits(state, slot, Channel(found.channel), command.expert)
    moved = e.AppointmentRebooked(
        appointment=found.id,
        day=state.day.isoformat(),
        start_ms=slot.start_ms,
        end_ms=slot.end_ms,
        expert=command.expert,
    )
    return [moved]


def cancel(found: Appointment | None, command: m.CancelAppointment, _context: Context) -> Sequence[Event]:
    """Cancelled twice is cancelled."""
    if found is not None and found.state is State.CANCELLED:
        return ()
    known = may(found, "cancel")
    return [e.AppointmentCancelled(appointment=known.id, reason=command.reason)]


def may(found: Appointment | None, move: str) -> Appointment:
    """The appointment, if nobody has come for it and it is not over."""
    if found is None:
        raise Rejected("unknown_appointment")
    if found.state is not State.BOOKED:
        raise Rejected("appointment_not_in_state", move=move, state=found.state.value)
    return found


def bookable(state: BookingState, start: str, context: Context) -> Slot:
    """The slot, if it exists and lies where people may book. Raises Rejected."""
    if not state.book.plan.capacity:
        raise Rejected("not_bookable")
    if state.day > context.today + timedelta(days=state.rules.horizon_days):
        raise Rejected("too_far_ahead", days_max=state.rules.horizon_days)
    slot = state.book.slot(start)
    if slot is None:
        raise Rejected("invalid_slot", day=state.day.isoformat(), slot=start)
    if slot.start_ms <= context.now_ms:
        raise Rejected("slot_over", next_slot=state.book.offer(Channel.COUNTER, after_ms=context.now_ms))
    return slot


def in_notice(state: BookingState, cash: Money | None, context: Context) -> None:
    """Raise Rejected where so much cash cannot be there by then, with the first day on which it can (S30)."""
    if not slots.needs_notice(cash, state.rules):
        return
    earliest = slots.ready_day(context.today, state.rules.notice_days, state.calendar)
    if state.day < earliest:
        raise Rejected("cash_needs_notice", earliest_day=earliest.isoformat(), working_days=state.rules.notice_days)


def fits(state: BookingState, slot: Slot, channel: Channel, expert: str | None) -> None:
    """Raise Rejected where the slot or the expert is taken, with what to offer instead."""
    day_book = state.book
    if not day_book.free(slot, channel):
        raise Rejected("slot_taken", next_slot=day_book.offer(channel, after_ms=slot.start_ms, expert=expert))
    if expert is None or expert in day_book.experts(slot):
        return
    if expert not in day_book.plan.experts:
        raise Rejected("unknown_expert", expert=expert)
    others = day_book.experts(slot)
    raise Rejected(
        "expert_absent" if expert in day_book.absent else "expert_taken",
        expert=expert,
        other_expert=others[0] if others else None,
        next_slot=day_book.offer(channel, after_ms=slot.start_ms, expert=expert),
    )


# --- arriving


def sign_in(state: SignInState, command: m.SignInAppointment, context: Context) -> Sequence[Event]:
    """Note that somebody is here. What was noted before is not noted twice: then only their ticket is looked for (S17).

    Whose ticket was served, missed or given back hears so: an old number on the screen would let them wait for nothing."""
    found = state.appointment
    if found is None:
        raise Rejected("no_appointment")
    if state.day_closed:
        raise Rejected("day_closed", day=context.today.isoformat())
    if state.used is not None:
        raise Rejected("appointment_used", number=state.used)
    if found.state is not State.BOOKED:
        return ()
    match slots.arrival(found, state.rules, context.now_ms):
        case Arrival.EARLY:
            return () if found.early_ticket else [e.AppointmentCameEarly(appointment=found.id)]
        case Arrival.LATE:
            late_s = (context.now_ms - found.start_ms) // 1000
            return [e.AppointmentReleased(appointment=found.id, late_s=late_s)]
        case Arrival.ON_TIME:
            return [e.AppointmentSignedIn(appointment=found.id, expert=_expert(state, found, command))]


def _expert(state: SignInState, found: Appointment, command: m.SignInAppointment) -> str | None:
    """Who is going to serve them. Raises Rejected with offers where the expert is away (S30)."""
    if found.expert is None or state.expert_here:
        return found.expert
    if command.any_expert:
        return None
    raise Rejected("expert_absent", expert=found.expert, **state.offers)


def mark_missed(late: list[str], _command: m.MarkMissed, _context: Context) -> Sequence[Event]:
    return [e.AppointmentMissed(appointment=appointment) for appointment in late]


# --- codes


def issue_sms_code(state: SmsState, command: m.IssueSmsCode, context: Context) -> Sequence[Event]:
    if not state.service_known:
        raise Rejected("unknown_service", service=command.service)
    serial = state.last + 1
    if serial >= m.HEAD_OFFICE_SERIALS_FROM:
        raise Rejected("no_code_free")
    day = context.today.isoformat()
    return [e.SmsCodeIssued(day=day, serial=serial, service=command.service, phone_ref=command.phone_ref)]


HANDLERS: Final[dict[type[Command], Handler]] = {
    m.SetSlotPlan: Handler(load.for_plan, set_slot_plan),
    m.SetBookingRules: Handler(load.for_rules, set_booking_rules),
    m.SetAbsence: Handler(load.nothing, set_absence),
    m.BookAppointment: Handler(load.for_booking, book, answers.appointment),
    m.RebookAppointment: Handler(load.for_rebooking, rebook, answers.appointment),
    m.CancelAppointment: Handler(load.for_appointment, cancel, answers.appointment),
    m.SignInAppointment: Handler(load.for_sign_in, sign_in, answers.admission),
    m.MarkMissed: Handler(load.for_missed, mark_missed),
    m.IssueSmsCode: Handler(load.for_sms_code, issue_sms_code, answers.sms_code),
}
