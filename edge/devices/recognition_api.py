"""Who stands at this kiosk: for the kiosk's own page and nobody else."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from edge.appointments import views as appointments
from edge.appointments.model import State as Booked
from edge.customers import tables as customers
from edge.customers.privacy import Names
from edge.devices.recognition import KioskGuests
from edge.kernel.db import Connection
from edge.org.place import Place
from edge.queue import remote, views
from edge.queue.arrivals import Arrivals
from edge.queue.handles import Handle, Handles
from edge.queue.model import State
from edge.web.routes import Call, Reply, Routes

routes: Final = Routes("devices")


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """The appointment somebody has today."""

    service: str
    starts_at: datetime
    ends_at: datetime


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A number somebody already has."""

    ticket: str
    number: str
    service: str
    state: str


class Guest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who stands there, as far as the kiosk needs to know."""

    recognition: str
    """Give it as an identity of kind `recognition`; once, soon."""
    known: bool = False
    tier: str = "normal"
    name: str | None = None
    """Masked; only where a card or a document was shown."""
    code: str | None = None
    appointment: Booking | None = None
    remote: Held | None = None
    """A remote ticket that waits for this person."""
    ticket: Held | None = None
    """The ticket whose slip or page was scanned."""


@routes.get(
    "/api/kiosk/recognition",
    audience={"device"},
    permission="queue.issue_ticket",
    reply=Guest,
    may_be_empty=True,
    summary="Who has just shown something at this kiosk; 204 where nobody has",
)
async def shown_here(call: Call[None]) -> Guest | Reply:
    return _guest(call, call.app[Handles].at(call.principal.id))


class TypedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phone number, an appointment's code or a text message's."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


@routes.post(
    "/api/kiosk/recognition",
    body=TypedRequest,
    audience={"device"},
    permission="queue.issue_ticket",
    reply=Guest,
    may_be_empty=True,
    idempotent=False,
    summary="A number was typed in at this kiosk",
    problems=("invalid_code", "invalid_identity"),
)
async def typed(call: Call[TypedRequest]) -> Guest | Reply:
    call.app[KioskGuests].typed(call.principal.id, call.body.text)
    return _guest(call, call.app[Handles].at(call.principal.id))


@routes.delete(
    "/api/kiosk/recognition",
    audience={"device"},
    permission="queue.issue_ticket",
    status=204,
    summary="Whoever stood at this kiosk is gone",
)
async def gone(call: Call[None]) -> Reply:
    call.app[Handles].forget(call.principal.id)
    return Reply()


def _guest(call: Call[Any], handle: Handle | None) -> Guest | Reply:
    if handle is None:
        return Reply()
    shown, place = handle.shown, call.app[Place]
    with call.app.pipeline.db.reader() as connection:
        if shown.ticket is not None:
            return Guest(recognition=handle.value, ticket=_held(connection, shown.ticket))
        if shown.mark is None:
            return Guest(recognition=handle.value, code=shown.code)
        known = call.app[Arrivals].known(shown.mark)
        ref = None if known is None else known.ref
        from_afar = remote.held_by(connection, shown.mark.hex(), ref)
        return Guest(
            recognition=handle.value,
            known=known is not None,
            tier=customers.ORDINARY if known is None else known.tier,
            name=call.app[Names].masked(connection, ref) if shown.by_document else None,
            appointment=_booking(connection, shown.mark.hex(), ref, place),
            remote=None if from_afar is None else _held(connection, from_afar),
        )


def _held(connection: Connection, ticket: str) -> Held | None:
    found = views.row(connection, ticket)
    if found is None or found.state not in (State.PENDING, State.WAITING, State.PARKED, State.NO_SHOW):
        return None
    return Held(ticket=found.id, number=found.number, service=found.service, state=found.state)


def _booking(connection: Connection, holder: str, customer: str | None, place: Place) -> Booking | None:
    today = place.now().date().isoformat()
    booked = [one for one in appointments.by_holder(connection, today, holder, customer) if one.state is Booked.BOOKED]
    if not booked:
        return None
    first = booked[0]
    starts_at, ends_at = (views.moment(at_ms, place.zone) for at_ms in (first.start_ms, first.end_ms))
    return Booking(service=first.service, starts_at=starts_at, ends_at=ends_at)
