"""What becomes of cars. Pure.

* One bay per visit, held from when the car is expected until some minutes after; none free leaves the ticket as it is and puts
  the visit on the list of those who wait for one (S31).
* A plate is met exactly or not at all: one that differs in a character is a question to staff, never an opened barrier (S32).
* A plate that is inside already stays outside, but for a moment after it was let in: a driver who hesitates is not a second
  car (S33).
* Nobody is locked in: whoever leaves is let out, whoever they are.
* What is over, and who gets a bay that comes free: `keeping.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.parking import bays, keeping, tables
from edge.parking import model as m
from edge.parking.bays import MINUTE_MS, Span
from edge.parking.model import CarPark, Cause, Held, Public, State, Stay
from edge.parking.policy import CAR_PARK
from edge.parking.tables import StayView
from edge.parking.visits import Visit, visit_of
from edge.policy import tables as policy

HESITATES_MS: Final = 180_000
"""So long after it was let in a car before the barrier is the same car once more."""
COMING: Final = frozenset({State.WAITING, State.RESERVED, State.EXPIRED})
"""A car of such a stay may still drive up."""


# --- asking for a bay


@dataclass(frozen=True, slots=True)
class AskState:
    park: CarPark
    visit: Visit | None
    stays: Sequence[Stay]


def for_ask(connection: Connection, command: m.ReserveBay, _context: Context) -> AskState:
    return AskState(policy.read(connection, CAR_PARK), visit_of(connection, command.visit), tables.live(connection))


def reserve(state: AskState, command: m.ReserveBay, context: Context) -> Sequence[Event]:
    park, visit = state.park, state.visit
    if not park.bays:
        raise Rejected("no_car_park")
    if visit is None:
        raise Rejected("unknown_visit")
    if visit.over:
        raise Rejected("visit_over")
    if command.plate_ref is None and visit.customer is None:
        raise Rejected("plate_needed")
    if any(stay.visit == visit.id or (visit.ticket is not None and stay.ticket == visit.ticket) for stay in state.stays):
        raise Rejected("bay_asked_already")
    if sum(stay.state is State.WAITING for stay in state.stays) >= m.WAITERS_MAX:
        raise Rejected("car_park_full", waiting_max=m.WAITERS_MAX)
    span = _held(park, visit, command, context.now_ms)
    asked = m.BayAsked(
        stay=context.new_id(),
        visit=visit.id,
        ticket=visit.ticket,
        appointment=visit.appointment,
        customer=visit.customer,
        plate_ref=command.plate_ref,
        bay=bays.for_hold(park, state.stays, span, context.now_ms),
        from_ms=span.from_ms,
        until_ms=span.until_ms,
    )
    return [asked]


def _held(park: CarPark, visit: Visit, command: m.ReserveBay, now_ms: int) -> Span:
    """From when until when a bay is held: for a ticket from now on, for an appointment from somewhat before."""
    hold_ms = park.hold_min * MINUTE_MS
    if visit.starts_ms is None:
        return Span(now_ms, now_ms + command.in_min * MINUTE_MS + hold_ms)
    until_ms = max(visit.starts_ms, now_ms) + hold_ms
    return Span(min(max(now_ms, visit.starts_ms - park.early_min * MINUTE_MS), until_ms), until_ms)


# --- a car at the barrier


@dataclass(frozen=True, slots=True)
class GateState:
    park: CarPark
    stays: Sequence[Stay]
    found: Stay | None = None
    over: bool = False
    """The visit of the stay that was found is over."""


def for_gate(connection: Connection, command: m.MeetCar | m.AdmitCar, _context: Context) -> GateState:
    found = None if command.stay is None else tables.stay(connection, command.stay)
    visit = None if found is None or not found.visit else visit_of(connection, found.visit)
    return GateState(policy.read(connection, CAR_PARK), tables.live(connection), found, over=visit is not None and visit.over)


def meet(state: GateState, command: m.MeetCar, context: Context) -> Sequence[Event]:
    if not state.park.bays:
        return ()
    gate, found = command.gate, state.found
    if command.leaving:
        return _let_out(found, gate)
    if found is not None and found.state is State.INSIDE:
        return [_once_more(found, gate, context.now_ms)]
    if found is not None and found.state in COMING and not state.over:
        return _let_in(state, found, gate, context.now_ms) or [m.CarHeld(gate=gate, why=Held.NO_BAY, stay=found.id)]
    if command.similar is not None:
        return [m.CarHeld(gate=gate, why=Held.UNSURE, stay=command.similar)]
    return _public(state, command, context)


def _let_out(found: Stay | None, gate: str) -> list[Event]:
    if found is None or found.state is not State.INSIDE:
        return [m.GateAsked(gate=gate, cause=Cause.LEAVING)]
    ended = m.StayEnded(stay=found.id, visit=found.visit, state=State.LEFT, reason="seen")
    return [ended, m.GateAsked(gate=gate, cause=Cause.LEAVING, stay=found.id)]


def _once_more(found: Stay, gate: str, now_ms: int) -> Event:
    """The plate of a car inside."""
    if now_ms - found.from_ms < HESITATES_MS:
        return m.GateAsked(gate=gate, cause=Cause.ARRIVED, stay=found.id)
    return m.CarHeld(gate=gate, why=Held.PLATE_TWICE, stay=found.id)


def _let_in(state: GateState, found: Stay, gate: str, now_ms: int) -> list[Event]:
    """Nothing where there is no bay for it."""
    bay = bays.for_arrival(state.park, state.stays, found, now_ms)
    if bay is None:
        return []
    arrived = m.CarArrived(stay=found.id, visit=found.visit, bay=bay)
    return [arrived, m.GateAsked(gate=gate, cause=Cause.ARRIVED, stay=found.id)]


def _public(state: GateState, command: m.MeetCar, context: Context) -> list[Event]:
    gate, rule = command.gate, state.park.public
    if rule is not Public.ADMIT:
        return [m.CarHeld(gate=gate, why=Held.UNANNOUNCED)]
    bay = bays.for_arrival(state.park, state.stays, None, context.now_ms)
    if bay is None:
        return [m.CarHeld(gate=gate, why=Held.NO_BAY)]
    stay = context.new_id()
    admitted = m.CarAdmitted(stay=stay, bay=bay, plate_ref=command.plate_ref)
    return [admitted, m.GateAsked(gate=gate, cause=Cause.ARRIVED, stay=stay)]


def admit(state: GateState, command: m.AdmitCar, context: Context) -> Sequence[Event]:
    found = state.found
    if found is None:
        raise Rejected("unknown_stay")
    if found.state not in COMING or state.over:
        raise Rejected("stay_not_in_state", state=found.state)
    events = _let_in(state, found, command.gate, context.now_ms)
    if not events:
        raise Rejected("no_bay_free")
    return events


# --- the end of a stay


def for_stay(connection: Connection, command: m.CancelBay | m.NoteLeft, _context: Context) -> Stay | None:
    return tables.stay(connection, command.stay)


def cancel(found: Stay | None, command: m.CancelBay, _context: Context) -> Sequence[Event]:
    if found is None or command.by_ticket not in (None, found.ticket):
        raise Rejected("unknown_stay")
    if found.state not in (State.WAITING, State.RESERVED):
        raise Rejected("stay_not_in_state", state=found.state)
    reason = "staff" if command.by_ticket is None else "phone"
    return [m.StayEnded(stay=found.id, visit=found.visit, state=State.CANCELLED, reason=reason)]


def note_left(found: Stay | None, _command: m.NoteLeft, _context: Context) -> Sequence[Event]:
    if found is None:
        raise Rejected("unknown_stay")
    if found.state is not State.INSIDE:
        raise Rejected("stay_not_in_state", state=found.state)
    return [m.StayEnded(stay=found.id, visit=found.visit, state=State.LEFT, reason="staff")]


# --- the barrier


def for_gate_words(_connection: Connection, _command: m.OpenGate | m.RecordGate, _context: Context) -> None:
    """Nothing is needed."""


def open_gate(_state: None, command: m.OpenGate, _context: Context) -> Sequence[Event]:
    if command.with_key:
        return [m.GateOpenedWithKey(gate=command.gate, reason=command.reason)]
    return [m.GateAsked(gate=command.gate, cause=Cause.STAFF, reason=command.reason)]


def record_gate(_state: None, command: m.RecordGate, _context: Context) -> Sequence[Event]:
    return [m.GateAnswered(gate=command.gate, cause=command.cause, outcome=command.outcome, stay=command.stay)]


# --- answers


def asked_view(connection: Connection, _state: AskState, events: Sequence[Event], context: Context) -> StayView | None:
    return _view(connection, next((event.stay for event in events if isinstance(event, m.BayAsked)), None), context)


def stay_view(connection: Connection, state: Stay | None, _events: Sequence[Event], context: Context) -> StayView | None:
    return _view(connection, None if state is None else state.id, context)


def admitted_view(connection: Connection, state: GateState, _events: Sequence[Event], context: Context) -> StayView | None:
    return _view(connection, None if state.found is None else state.found.id, context)


def _view(connection: Connection, stay: str | None, context: Context) -> StayView | None:
    found = None if stay is None else tables.stay(connection, stay)
    return None if found is None else tables.for_staff(connection, found, context.zone)


def held_why(_connection: Connection, _state: GateState, events: Sequence[Event], _context: Context) -> m.CarHeld | None:
    """Why the barrier stayed down, for whoever tells staff."""
    return next((event for event in events if isinstance(event, m.CarHeld)), None)


HANDLERS: Final[dict[type[Command], Handler]] = {
    m.ReserveBay: Handler(for_ask, reserve, asked_view),
    m.MeetCar: Handler(for_gate, meet, held_why),
    m.AdmitCar: Handler(for_gate, admit, admitted_view),
    m.CancelBay: Handler(for_stay, cancel, stay_view),
    m.NoteLeft: Handler(for_stay, note_left, stay_view),
    m.KeepBays: Handler(keeping.load, keeping.keep),
    m.OpenGate: Handler(for_gate_words, open_gate),
    m.RecordGate: Handler(for_gate_words, record_gate),
}
