"""Small appointments for decisions."""

from edge.appointments.model import Appointment, State
from tests.unit.given import MINUTE_MS


def an_appointment(
    start_ms: int,
    state: State = State.BOOKED,
    *,
    code: str = "123456",
    expert: str | None = None,
    early_ticket: str | None = None,
) -> Appointment:
    """Half an hour from `start_ms`; its id is made of its code."""
    return Appointment(
        id=f"a-{code}",
        code=code,
        service="personal",
        day="2026-11-23",
        start_ms=start_ms,
        end_ms=start_ms + 30 * MINUTE_MS,
        state=state,
        channel="counter",
        holder=None,
        customer=None,
        phone_ref=None,
        expert=expert,
        cash_minor=None,
        cash_currency=None,
        booked_ms=0,
        signed_in_ms=None,
        ticket=None,
        early_ticket=early_ticket,
    )
