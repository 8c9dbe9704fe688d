"""What stands at a window and acts by itself: the customer's rating pad, the teller's call keypad (S22).

* **Whose it is.** A keypad's address on its bus is the number of its window. A rating pad's device id ends in that number:
  `evaluator-3` stands at window 3.
* **Rating.** A service that ends asks the pad of its window for `ASK_S`. The key is the customer's opinion, once: the command's
  id is the ticket's. No key in time leaves the ticket unrated (未评价). A key that nobody asked for counts for nobody.
* **Calling.** A key does what the teller's own button does, as the teller who sits there, by the same commands. One press is
  one command: its id is made of this life of the box, the bus, the keypad and the press. What is refused beeps.
* **Showing.** A call is written on the keypad of its window. The end of the service clears it, and so does whatever takes the
  customer away from there: not come, parked, moved on, given back.

Nothing here can hold up the branch: what is to be done waits in a bounded queue, and what does not fit is dropped.
"""

import asyncio
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
import structlog

from drivers.api import Command as DeviceCommand
from drivers.api import Completion, Event
from drivers.interfaces.call_unit import Beep, KeyPressed, Show, UnitKey
from drivers.interfaces.evaluator import AskRating, RatingGiven
from drivers.supervisor import UnknownDevice
from edge.devices.floor import Floor
from edge.devices.signs import GONE
from edge.kernel.domain import Command, Rejected
from edge.kernel.pipeline import Pipeline
from edge.org.place import Place
from edge.queue import model as m
from edge.queue import views
from edge.queue.events import TicketCalled, TicketFinished
from edge.queue.views import CounterView
from sync.chain import Record

ASK_S: Final = 30.0
"""S22: how long the customer is asked."""
SHOW_S: Final = 5.0
WAITING_MAX: Final = 200
PAD_FAMILY: Final = "evaluator"
KEYPAD_FAMILY: Final = "call_keypad"

log = structlog.get_logger()


class _Called(msgspec.Struct, frozen=True):
    ticket: str
    number: str
    counter: str


class _Finished(msgspec.Struct, frozen=True):
    ticket: str
    counter: str


class _Gone(msgspec.Struct, frozen=True):
    ticket: str


class _Pressed(NamedTuple):
    bus: str
    event: KeyPressed


_Job = _Called | _Finished | _Gone | _Pressed
_FACTS: Final[Mapping[str, type[_Called | _Finished | _Gone]]] = MappingProxyType(
    {TicketCalled.TYPE: _Called, TicketFinished.TYPE: _Finished, **dict.fromkeys(GONE, _Gone)}
)


def _pause(counter: str, staff: str, now: CounterView) -> Command:
    if now.state == "paused":
        return m.ResumeCounter(counter=counter, staff=staff)
    return m.PauseCounter(counter=counter, staff=staff)


_KEYS: Final[Mapping[UnitKey, Callable[[str, str, CounterView], Command]]] = MappingProxyType(
    {
        UnitKey.NEXT: lambda counter, staff, _now: m.CallNext(counter=counter, staff=staff),
        UnitKey.RECALL: lambda counter, staff, _now: m.RecallTicket(counter=counter, staff=staff),
        UnitKey.NO_SHOW: lambda counter, staff, _now: m.MarkNoShow(counter=counter, staff=staff),
        UnitKey.FINISH: lambda counter, staff, _now: m.FinishTicket(counter=counter, staff=staff),
        UnitKey.PAUSE: _pause,
    }
)


class WindowDevices:
    """Hears keypads and the journal, and does what follows."""

    def __init__(self, pipeline: Pipeline, floor: Floor, place: Place, *, boot: str) -> None:
        self._pipeline = pipeline
        self._floor = floor
        self._place = place
        self._boot = boot
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(WAITING_MAX)
        self._written: dict[str, str] = {}
        """Ticket → the counter whose keypad shows its number."""
        self._asking: dict[str, asyncio.Task[None]] = {}
        """By pad: the question that is open."""

    def heard(self, device: str, event: Event) -> None:
        """A device told of itself."""
        if isinstance(event, KeyPressed):
            self._add(_Pressed(device, event))

    def follow(self, records: list[Record]) -> None:
        """The pipeline's follower."""
        for record in records:
            fact = _FACTS.get(record.type)
            if fact is not None:
                self._add(msgspec.json.decode(record.body, type=fact))

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                job = await self._jobs.get()
                match job:
                    case _Pressed(bus=bus, event=event):
                        await self._press(bus, event)
                    case _Called(ticket=ticket, number=number, counter=counter):
                        self._written = {one: at for one, at in self._written.items() if at != counter} | {ticket: counter}
                        group.create_task(self._show(counter, number))
                    case _Gone(ticket=ticket):
                        if (at := self._written.pop(ticket, None)) is not None:
                            group.create_task(self._show(at, ""))
                    case _Finished():
                        self._written.pop(job.ticket, None)
                        group.create_task(self._show(job.counter, ""))
                        self._ask(group, job)

    # The keypad.

    async def _press(self, bus: str, event: KeyPressed) -> None:
        counter = self._counter(lambda one: one.number == event.unit)
        make = _KEYS.get(event.key)
        if counter is None or counter.staff is None or make is None:
            await self._do(bus, Beep(unit=event.unit))
            return
        command_id = f"keypad:{self._boot}:{bus}:{event.unit}:{event.press}"
        try:
            command = make(counter.id, counter.staff.staff_no, counter)
            await self._pipeline.submit(command, actor=f"device:{bus}", command_id=command_id)
        except Rejected:
            await self._do(bus, Beep(unit=event.unit))

    async def _show(self, counter_id: str, text: str) -> None:
        counter = self._counter(lambda one: one.id == counter_id)
        if counter is not None:
            for bus in self._devices(KEYPAD_FAMILY):
                await self._do(bus, Show(unit=counter.number, text=text))

    # The rating pad.

    def _ask(self, group: asyncio.TaskGroup, service: _Finished) -> None:
        """Ask about this service; a question that is still open is about one that is over."""
        counter = self._counter(lambda one: one.id == service.counter)
        pads = [] if counter is None else [pad for pad in self._devices(PAD_FAMILY) if window_of(pad) == counter.number]
        for pad in pads:
            if pad in self._asking:
                self._asking.pop(pad).cancel()
            self._asking[pad] = asking = group.create_task(self._opinion(pad, service.ticket))
            asking.add_done_callback(functools.partial(self._forget, pad))

    async def _opinion(self, pad: str, ticket: str) -> None:
        told = await self._do(pad, AskRating(), timeout_s=ASK_S)
        if told is None or not isinstance(told.payload, RatingGiven):
            return
        command = m.RateService(ticket=ticket, score=told.payload.score)
        try:
            await self._pipeline.submit(command, actor=f"device:{pad}", command_id=f"evaluator:{ticket}")
        except Rejected as refusal:  # rated by phone meanwhile, or too late
            log.info("rating_refused", device=pad, code=refusal.code)

    def _forget(self, pad: str, done: "asyncio.Task[None]") -> None:
        if self._asking.get(pad) is done:
            del self._asking[pad]

    # Both.

    def _add(self, job: _Job) -> None:
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            log.warning("window_devices_overrun", dropped=type(job).__name__)

    def _devices(self, family: str) -> list[str]:
        return [view.id for view in self._floor.views() if view.family == family]

    def _counter(self, wanted: Callable[[CounterView], bool]) -> CounterView | None:
        with self._pipeline.db.reader() as connection:
            found = views.counters(connection, self._place.zone)
        return next((counter for counter in found if wanted(counter)), None)

    async def _do(self, device_id: str, command: DeviceCommand, *, timeout_s: float = SHOW_S) -> Completion | None:
        """What came of it; None for a device that is not there any more."""
        try:
            return await self._floor.device(device_id).execute(command, timeout_s=timeout_s)
        except UnknownDevice:
            return None


def window_of(pad: str) -> int | None:
    """`evaluator-3` stands at window 3."""
    tail = pad.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else None
