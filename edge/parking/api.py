"""The car park over HTTP: bays asked for by phones, staff and channels; cars and barriers handled by staff."""

from typing import Annotated, Any, Final

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.journal import head
from edge.org.place import Place
from edge.parking import model as m
from edge.parking import tables
from edge.parking.gates import Gates
from edge.parking.plates import Plates
from edge.parking.policy import CAR_PARK
from edge.parking.tables import CarParkView, FreeBays, StayView
from edge.policy import tables as policy
from edge.queue.said import said
from edge.queue.tokens import TicketTokens
from edge.web.routes import Call, Routes

routes: Final = Routes("parking")

Plate = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Minutes = Annotated[int, msgspec.Meta(ge=0, le=m.ETA_MAX_MS // 60_000)]
_ASK_PROBLEMS: Final = (
    *("no_car_park", "unknown_visit", "visit_over", "bay_asked_already", "plate_needed", "car_park_full", "invalid_identity"),
)


class Coming(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody comes by car."""

    plate: Plate | None = None
    """None: the one that the bank has on file."""
    in_min: Minutes = 30
    """In how many minutes the car will be there; an appointment says itself when."""


class ComingFor(Coming, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, told by staff or a channel."""

    visit: Id
    """Id of the ticket or the appointment."""


async def _ask(call: Call[Any], visit: str, wish: Coming) -> bytes:
    noted = None if wish.plate is None else call.app[Plates].note(wish.plate, call.command_id)
    ref, secrets = (None, ()) if noted is None else noted
    command = m.ReserveBay(visit=visit, plate_ref=ref, in_min=wish.in_min)
    return (await call.submit(command, secrets_=secrets)).answer


def _visit(call: Call[Any]) -> str:
    ticket = call.app[TicketTokens].ticket(call.path["token"])
    if ticket is None:
        raise Rejected("unknown_ticket")
    return ticket


@routes.get("/api/parking/free", audience={"guest"}, reply=FreeBays, summary="How many bays are free, before coming")
async def free(call: Call[None]) -> FreeBays:
    place = call.app[Place]
    with call.app.pipeline.db.reader() as connection:
        return tables.free_bays(connection, place.now(), place.clock.now_ms())


@routes.post(
    "/api/t/{token}/parking",
    body=Coming,
    audience={"guest"},
    reply=StayView,
    status=201,
    summary="The phone asks for a bay (S31)",
    problems=("unknown_ticket", *_ASK_PROBLEMS),
)
async def ask(call: Call[Coming]) -> bytes:
    return await _ask(call, _visit(call), call.body)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


@routes.post(
    "/api/t/{token}/parking/cancel",
    body=Nothing,
    audience={"guest"},
    reply=StayView,
    summary="The phone gives its bay up",
    problems=("unknown_ticket", "unknown_stay", "stay_not_in_state"),
)
async def give_up(call: Call[Nothing]) -> bytes:
    ticket = _visit(call)
    with call.app.pipeline.db.reader() as connection:
        found = tables.of_ticket(connection, ticket)
    if found is None:
        raise Rejected("unknown_stay")
    return (await call.submit(m.CancelBay(stay=found.id, by_ticket=ticket))).answer


@routes.post(
    "/api/parking/reservations",
    body=ComingFor,
    permission="parking.reserve",
    reply=StayView,
    status=201,
    summary="Ask for a bay for a ticket or an appointment (S31)",
    problems=_ASK_PROBLEMS,
)
async def ask_for(call: Call[ComingFor]) -> bytes:
    return await _ask(call, call.body.visit, call.body)


@routes.post(
    "/api/parking/stays/{stay}/cancel",
    body=Nothing,
    permission="parking.reserve",
    reply=StayView,
    summary="Give a bay up",
    problems=("unknown_stay", "stay_not_in_state"),
)
async def cancel(call: Call[Nothing]) -> bytes:
    return (await call.submit(m.CancelBay(stay=call.path["stay"]))).answer


class AtGate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At which barrier the car stands."""

    gate: m.Device


@routes.post(
    "/api/parking/stays/{stay}/admit",
    body=AtGate,
    permission="parking.handle",
    reply=StayView,
    summary="It is this car: let it in (S32)",
    problems=("unknown_stay", "stay_not_in_state", "no_bay_free", "unknown_gate"),
)
async def admit(call: Call[AtGate]) -> bytes:
    call.app[Gates].must_be_one(call.body.gate)
    return (await call.submit(m.AdmitCar(stay=call.path["stay"], gate=call.body.gate))).answer


@routes.post(
    "/api/parking/stays/{stay}/left",
    body=Nothing,
    permission="parking.handle",
    reply=StayView,
    summary="The car is gone; its bay is free",
    problems=("unknown_stay", "stay_not_in_state"),
)
async def left(call: Call[Nothing]) -> bytes:
    return (await call.submit(m.NoteLeft(stay=call.path["stay"]))).answer


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a barrier is opened by staff."""

    reason: m.Why
    with_key: bool = False
    """It did not obey and was opened by hand; only noted (S33)."""


@routes.post(
    "/api/parking/gates/{gate}/open",
    body=Opening,
    permission="parking.handle",
    summary="Open the barrier, or note that it was opened with the key",
    problems=("unknown_gate", "number_in_text"),
)
async def open_gate(call: Call[Opening]) -> None:
    call.app[Gates].must_be_one(call.path["gate"])
    command = m.OpenGate(gate=call.path["gate"], reason=said(call.body.reason), with_key=call.body.with_key)
    await call.submit(command)


@routes.get("/api/parking", permission="queue.view", reply=CarParkView, summary="Bays, cars and barriers")
async def car_park(call: Call[None]) -> CarParkView:
    place, gates, plates = call.app[Place], call.app[Gates], call.app[Plates]
    now_ms = place.clock.now_ms()

    def read(connection: Connection) -> CarParkView:
        seq = head(connection).seq  # first: the view is at least that new
        park = policy.read(connection, CAR_PARK)
        return CarParkView(
            bays=park.bays,
            free=tables.free_now(connection, park, now_ms),
            stays=[
                msgspec.structs.replace(tables.for_staff(connection, one, place.zone), ending=plates.ending(connection, one))
                for one in tables.live(connection)
            ],
            gates=gates.known(),
            seq=seq,
        )

    return await call.app.pipeline.db.scan(read)
