"""Calls are spoken through the box's loudspeakers, where there are any: an effect of the call, said once.

The key is the call, so the same call is never said twice; a call that could not be begun within a minute is not said at all,
for it would send somebody to a counter that moved on. Nor is one that is over when its turn to be spoken comes: the customer
is at the counter, has gone, or was called again, and the newer call is the one to say. So a backlog falls silent at once. What
broke off, or was under way when the program died, has been half heard: it is not repeated, the teller recalls. Without a
loudspeaker the display page speaks.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from drivers.api import Completion, CompletionCode, Outcome, Started
from drivers.api import Event as DeviceEvent
from drivers.interfaces.voice import Speak
from drivers.voice import words
from edge.devices import gates
from edge.devices.floor import Floor
from edge.kernel.clock import Clock
from edge.kernel.db import Connection, Database
from edge.kernel.domain import Effect, Event
from edge.kernel.outbox import End, Leased
from edge.kernel.pipeline import React
from edge.kernel.runner import Settled, TryAgain
from edge.kernel.runner import Started as StartedNote
from edge.parking.model import GateAsked
from edge.queue import events as e
from edge.queue import views
from edge.queue.model import Language, State
from sync.chain import Record

FAMILY: Final = "voice"
SPEAK: Final = "devices.speak_call"
FRESH_MS: Final = 60_000
"""Later than this a call is not begun; the display page's own limit."""
SPEAK_TIMEOUT_S: Final = 90.0
TIMES: Final = 2


class _Order(msgspec.Struct, frozen=True):
    number: str
    counter_number: int
    language: Language
    ticket: str = ""
    call_no: int = 0


def speak_call(_connection: Connection, event: e.TicketCalled | e.TicketRecalled, record: Record) -> Iterable[Effect]:
    payload = msgspec.json.encode(_Order(event.number, event.counter_number, event.language, event.ticket, event.call_no))
    key = f"speak:{event.ticket}:{event.call_no}"
    return [Effect(kind=SPEAK, key=key, payload=payload, not_after_ms=record.at_ms + FRESH_MS)]


REACTIONS: Final[dict[type[Event], tuple[React, ...]]] = {
    e.TicketCalled: (speak_call,),
    e.TicketRecalled: (speak_call,),
    GateAsked: (gates.ask_gate,),
}


class CallSpeaker:
    """The handler of spoken calls."""

    def __init__(self, db: Database, floor: Floor, clock: Clock) -> None:
        self._db = db
        self._floor = floor
        self._clock = clock

    async def __call__(self, effect: Leased, started: StartedNote) -> Settled | TryAgain:
        if effect.in_doubt:
            return Settled(End.DONE, "unknown")
        order, speakers = msgspec.json.decode(effect.payload, type=_Order), self._floor.of_family(FAMILY)
        silent = "no_loudspeaker" if not speakers else "" if self._stands(order) else "call_over"
        if silent:
            return Settled(End.DROPPED, silent)
        left_ms = max(1, (effect.not_after_ms or 0) - self._clock.now_ms())
        command = Speak(words=sentence(order), begin_within_ms=left_ms)

        async def on_event(event: DeviceEvent) -> None:
            if isinstance(event, Started):
                await started(effect.key)

        completion = await speakers[0].execute(command, timeout_s=SPEAK_TIMEOUT_S, on_event=on_event)
        return _conclude(completion)

    def _stands(self, order: _Order) -> bool:
        """Whether this is still the newest call of somebody who has not come yet."""
        with self._db.reader() as connection:
            record = views.row(connection, order.ticket)
        return record is not None and record.state == State.CALLED and record.calls == order.call_no


def _conclude(completion: Completion) -> Settled | TryAgain:
    match completion.outcome:
        case Outcome.DONE:
            return Settled(End.DONE, "spoken")
        case Outcome.UNKNOWN:
            return Settled(End.DONE, "unknown")
        case _ if completion.code is CompletionCode.TIME_OUT:
            return Settled(End.DROPPED, "too_late")
        case _ if completion.code is CompletionCode.DEVICE_NOT_READY:
            return TryAgain(str(completion.error))
    return Settled(End.DROPPED, str(completion.error or completion.code))


def sentence(order: _Order) -> tuple[str | int, ...]:
    """Chinese twice; once in each where the ticket was taken in English."""
    if order.language is Language.EN:
        return words.call(order.number, order.counter_number, ("zh", "en"), times=1)
    return words.call(order.number, order.counter_number, ("zh",), times=TIMES)
