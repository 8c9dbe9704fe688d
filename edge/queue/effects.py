"""What the queue asks of the world: slips on paper.

A slip is printed at least never twice: the printer proves it by the process id, and where nobody can say whether it came out
(power lost, process killed after the first byte) the slip is `unknown` and a person decides; a reprint is marked 补打.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol

import msgspec

from drivers.api import Completion, Device, Held, Outcome, Started
from drivers.api import Event as DeviceEvent
from drivers.interfaces.printer import PROCESS_IDS, PrintForm
from edge.kernel.db import Connection, Database
from edge.kernel.domain import Effect, Event, InvariantBroken
from edge.kernel.outbox import End, Leased
from edge.kernel.pipeline import React
from edge.kernel.runner import Settled, TryAgain
from edge.kernel.runner import Started as StartedNote
from edge.org import tables as org
from edge.org.place import Place
from edge.queue import events as e
from edge.queue import views
from edge.queue.model import LIVE, Language, RecordSlip, Slip, Tier
from edge.queue.slip import SlipFacts, document
from edge.queue.tokens import TicketTokens
from sync.chain import Record

COPY_MARK: Final = "补打 COPY"


class SlipOrder(msgspec.Struct, frozen=True):
    """The payload of a print effect."""

    ticket: str
    copy: int
    printer: str


def effect_kind(printer: str) -> str:
    """One lane per printer: a printer without paper holds up nobody but itself."""
    return f"queue.print_slip@{printer}"


def _print(ticket: str, copy: int, printer: str) -> Effect:
    order = SlipOrder(ticket, copy, printer)
    return Effect(kind=effect_kind(printer), key=f"slip:{ticket}:{copy}", payload=msgspec.json.encode(order))


def print_first(_connection: Connection, event: e.TicketIssued, _record: Record) -> Iterable[Effect]:
    return [_print(event.ticket, 0, event.printer)] if event.printer else []


def print_activated(_connection: Connection, event: e.TicketActivated, _record: Record) -> Iterable[Effect]:
    return [_print(event.ticket, 0, event.printer)] if event.printer else []


def print_copy(_connection: Connection, event: e.SlipRequested, _record: Record) -> Iterable[Effect]:
    return [_print(event.ticket, event.copy, event.printer)]


REACTIONS: Final[dict[type[Event], tuple[React, ...]]] = {
    e.TicketIssued: (print_first,),
    e.TicketActivated: (print_activated,),
    e.SlipRequested: (print_copy,),
}


class Printers(Protocol):
    """Where the printers are to be found."""

    def device(self, device_id: str) -> Device: ...


Submit = Callable[[RecordSlip], Awaitable[object]]


class SlipPrinter:
    """The handler of print effects."""

    def __init__(self, db: Database, place: Place, tokens: TicketTokens, printers: Printers, record: Submit) -> None:
        self._db = db
        self._place = place
        self._tokens = tokens
        self._printers = printers
        self._record = record

    async def __call__(self, effect: Leased, started: StartedNote) -> Settled | TryAgain:
        order = msgspec.json.decode(effect.payload, type=SlipOrder)
        if effect.in_doubt:
            return Settled(End.DONE, "unknown", self._news(order, Slip.UNKNOWN, "interrupted"))
        facts = self._facts(order)
        if facts is None:
            return Settled(End.DROPPED, "not_needed", self._news(order, Slip.NONE, "not_needed"))
        process_id = f"{effect.id % PROCESS_IDS + 1:04d}"
        mark = f"{COPY_MARK} {order.copy}" if order.copy else None
        command = PrintForm(process_id=process_id, document=document(facts), mark=mark)

        async def on_event(event: DeviceEvent) -> None:
            match event:
                case Started():
                    await started(process_id)
                case Held(error=error):
                    await self._record(self._news(order, Slip.HELD, str(error)))

        completion = await self._printers.device(order.printer).execute(command, on_event=on_event)
        return self._conclude(order, completion)

    def _conclude(self, order: SlipOrder, completion: Completion) -> Settled | TryAgain:
        reason = str(completion.error or completion.code)
        match completion.outcome:
            case Outcome.DONE:
                return Settled(End.DONE, "printed", self._news(order, Slip.PRINTED, str(completion.proof)))
            case Outcome.UNKNOWN:
                return Settled(End.DONE, "unknown", self._news(order, Slip.UNKNOWN, reason))
            case Outcome.HELD | Outcome.CLEARED:
                return TryAgain(reason, self._news(order, Slip.HELD, reason))

    def _news(self, order: SlipOrder, slip: Slip, proof: str) -> RecordSlip:
        return RecordSlip(ticket=order.ticket, slip=slip, copy=order.copy, proof=proof)

    def _facts(self, order: SlipOrder) -> SlipFacts | None:
        """What stands on the slip.

        None where paper would only confuse: the ticket is over, a copy was asked for since, or the service is offered no more.
        """
        with self._db.reader() as connection:
            record = views.row(connection, order.ticket)
            branch = org.branch(connection)
            service = None if record is None else org.service(connection, record.service)
        if record is None or branch is None:
            raise InvariantBroken(f"a slip was asked for an unknown ticket {order.ticket}")
        if record.state not in LIVE or order.copy < record.copies or service is None:
            return None
        return SlipFacts(
            branch=branch,
            service=service,
            number=record.number,
            taken_at=views.moment(record.taken_ms, self._place.zone),
            ahead=record.ahead,
            wait_low_s=record.wait_low_s,
            wait_high_s=record.wait_high_s,
            language=Language(record.language),
            phone_url=f"{self._place.guest_url}/t/{self._tokens.of(order.ticket)}",
            priority=record.tier == Tier.PRIORITY,
        )
