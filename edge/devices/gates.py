"""Cars and the barrier: the camera's word becomes a command of the car park, its wish becomes the pulse of a relay (S31–S33).

* **Which barrier.** The branch document says which relay belongs to which camera; where the box has one barrier, it is that.
* **Never late.** A barrier that opens when nobody is there any more lets anybody in: after `FRESH_MS` it is not asked.
* **Dead barrier.** The lobby is told at once, and opens it with the key; that it did is journalled, like every other opening.
* **What staff see** of a plate are its last characters, for some minutes and in memory only.
"""

import asyncio
import secrets
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
import structlog

from drivers.api import Completion, CompletionCode, Outcome
from drivers.api import Event as DeviceEvent
from drivers.api import Started as DeviceStarted
from drivers.envelope import name_of
from drivers.interfaces.barrier import Open
from drivers.interfaces.plate import Heading, Seen
from edge.devices.floor import Floor
from edge.kernel.db import Connection, Overloaded, StorageFull
from edge.kernel.domain import Effect, Rejected
from edge.kernel.outbox import End, Leased
from edge.kernel.pipeline import Pipeline
from edge.kernel.runner import Settled, Started, TryAgain
from edge.notify.notices import NoticeBoard, Severity
from edge.notify.passing import PassingNotices
from edge.org.place import Place
from edge.parking import tables
from edge.parking.model import CarArrived, CarHeld, Cause, GateAsked, Held, MeetCar, RecordGate
from edge.parking.plates import Plates
from edge.parking.policy import CAR_PARK
from edge.policy import tables as policy
from sync.chain import Record

OPEN_GATE: Final = "devices.open_gate"
FRESH_MS: Final = 20_000
OPEN_TIMEOUT_S: Final = 15.0
WAITING_MAX: Final = 32
"""Cars that were seen and not looked at yet; more do not fit before a barrier."""
HELD: Final = "car_"
"""Before the reason: the code of the notice about a car that the barrier stays down for."""
UNSAID: Final = "—"
STUCK: Final = "gate_stuck"
SHOWN_S: Final = 180

log = structlog.get_logger()


class _Order(msgspec.Struct, frozen=True):
    gate: str
    cause: Cause
    stay: str = ""


def ask_gate(_connection: Connection, event: GateAsked, record: Record) -> Iterable[Effect]:
    """A branch without a barrier has nothing to open."""
    if not event.gate:
        return ()
    payload = msgspec.json.encode(_Order(event.gate, event.cause, event.stay))
    return [Effect(kind=OPEN_GATE, key=f"gate:{record.seq}", payload=payload, not_after_ms=record.at_ms + FRESH_MS)]


def barriers(floor: Floor) -> tuple[str, ...]:
    """The devices that open something for cars."""
    return tuple(view.id for view in floor.views() if name_of(Open()) in floor.device(view.id).capabilities().commands)


class _Car(NamedTuple):
    camera: str
    seen: Seen


class GateWatch:
    """Hears the cameras. `run` meets the cars, one after the other, until cancelled."""

    def __init__(self, pipeline: Pipeline, floor: Floor, place: Place, plates: Plates, notices: NoticeBoard) -> None:
        self._pipeline = pipeline
        self._floor = floor
        self._place = place
        self._plates = plates
        self._shown = PassingNotices(notices, place.clock, shown_s=SHOWN_S)
        self._cars: asyncio.Queue[_Car] = asyncio.Queue(WAITING_MAX)

    def heard(self, device: str, event: DeviceEvent) -> None:
        """A device told of itself."""
        if isinstance(event, Seen) and not self._cars.full():
            self._cars.put_nowait(_Car(device, event))

    def follow(self, records: list[Record]) -> None:
        """The pipeline's follower: who is let in stands at the barrier no more."""
        for record in records:
            if record.type == CarArrived.TYPE:
                self._shown.take_down(record.entity)

    async def run(self) -> None:
        while True:
            car = await self._cars.get()
            try:
                await self._meet(car)
            except (Overloaded, StorageFull, Rejected) as error:
                log.warning("car_not_met", camera=car.camera, reason=type(error).__name__)
                self._tell(car, CarHeld(gate=self._gate_of(car.camera), why=Held.UNREADY))

    async def _meet(self, car: _Car) -> None:
        with self._pipeline.db.reader() as connection:
            managed = bool(policy.read(connection, CAR_PARK).bays)
        if not managed:
            return
        plate = car.seen.plate.reveal()
        met, command_id = await self._plates.meet(plate), secrets.token_hex(16)
        ref, kept = self._plates.seen(plate, command_id)
        command = MeetCar(
            gate=self._gate_of(car.camera),
            stay=met.stay,
            similar=met.similar,
            plate_ref=ref,
            leaving=car.seen.heading is Heading.LEAVING,
        )
        outcome = await self._pipeline.submit(command, actor=f"device:{car.camera}", command_id=command_id, secrets_=kept)
        held = msgspec.json.decode(outcome.answer, type=CarHeld | None)
        if held is not None:
            self._tell(car, held)

    def _tell(self, car: _Car, held: CarHeld) -> None:
        with self._pipeline.db.reader() as connection:
            stay = tables.stay(connection, held.stay) if held.stay else None
            view = None if stay is None else tables.for_staff(connection, stay, self._place.zone)
        self._shown.put_up(
            f"{HELD}{held.why}",
            Severity.WARNING,
            about=held.stay or f"{car.camera}:{car.seen.plate.ending}",
            number=UNSAID if view is None else view.number or UNSAID,
            bay=UNSAID if view is None else view.bay or UNSAID,
            ending=car.seen.plate.ending,
        )

    def _gate_of(self, camera: str) -> str:
        """The barrier before which a camera looks; empty where there is none."""
        named = self._place.gates.get(camera)
        if named is not None:
            return named
        known = barriers(self._floor)
        return known[0] if len(known) == 1 else ""


class GateOpener:
    """The handler of wishes to open a barrier."""

    def __init__(self, floor: Floor, notices: NoticeBoard) -> None:
        self._floor = floor
        self._notices = notices

    async def __call__(self, effect: Leased, started: Started) -> Settled | TryAgain:
        order = msgspec.json.decode(effect.payload, type=_Order)
        if effect.in_doubt:
            return self._end(order, "unknown")
        if order.gate not in barriers(self._floor):
            return self._end(order, "no_such_gate")

        async def on_event(event: DeviceEvent) -> None:
            if isinstance(event, DeviceStarted):
                await started(effect.key)

        completion = await self._floor.device(order.gate).execute(Open(), timeout_s=OPEN_TIMEOUT_S, on_event=on_event)
        if completion.code is CompletionCode.DEVICE_NOT_READY:
            self._stuck(order.gate)  # staff should not have to wait for the last attempt
            return TryAgain(str(completion.error))
        return self._end(order, _outcome(completion))

    def too_late(self, effect: Leased) -> Settled:
        """The car has been let in otherwise, or has gone."""
        return self._end(msgspec.json.decode(effect.payload, type=_Order), "too_late")

    def _end(self, order: _Order, outcome: str) -> Settled:
        if outcome == "opened":
            self._notices.take_down(STUCK, about=order.gate)
        else:
            self._stuck(order.gate)
        command = RecordGate(gate=order.gate, cause=order.cause, stay=order.stay, outcome=outcome)
        return Settled(End.DONE if outcome == "opened" else End.DROPPED, outcome, command)

    def _stuck(self, gate: str) -> None:
        self._notices.put_up(STUCK, Severity.WARNING, about=gate, device=gate)


def _outcome(completion: Completion) -> str:
    match completion.outcome:
        case Outcome.DONE:
            return "opened"
        case Outcome.UNKNOWN:
            return "unknown"
    return str(completion.error or completion.code)
