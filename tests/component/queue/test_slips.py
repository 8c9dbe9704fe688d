"""Paper that would only confuse is not printed, and nobody is asked to look after it."""

import msgspec
import pytest

from drivers.api import Device
from edge.kernel import outbox
from edge.kernel.outbox import End, Leased
from edge.kernel.runner import Settled
from edge.notify.feed import MOVES
from edge.org.place import Place
from edge.queue import events as e
from edge.queue import model as m
from edge.queue import views
from edge.queue.effects import SlipPrinter, effect_kind
from edge.queue.tokens import TicketTokens
from tests.component.queue.hall import CONFIGURE, ZONE, Hall

KIND = effect_kind("printer-1")


class NoPrinters:
    """A floor where nothing may be printed."""

    def device(self, device_id: str) -> Device:
        raise AssertionError(f"{device_id} was asked to print")


async def nobody(_news: m.RecordSlip) -> None:
    raise AssertionError("nothing was held")


async def started(_note: str) -> None:
    raise AssertionError("nothing was started")


async def lease(hall: Hall) -> Leased:
    now_ms = hall.clock.now_ms()
    effect = await hall.db.write(lambda connection: outbox.lease(connection, KIND, boot="boot-1", now_ms=now_ms))
    assert effect is not None
    return effect


async def carry_out(hall: Hall, effect: Leased) -> Settled:
    place = Place(hall.clock, ZONE, "http://192.168.50.1")
    printer = SlipPrinter(hall.db, place, TicketTokens(b"k" * 32), NoPrinters(), nobody)
    settled = await printer(effect, started)
    assert isinstance(settled, Settled)
    return settled


def in_need_of_a_person(hall: Hall) -> list[str]:
    with hall.db.reader() as connection:
        return [record.number for record in views.slips(connection, ["held", "unknown"])]


@pytest.mark.parametrize("reason", ["the ticket is over", "a copy was asked for since", "the service is offered no more"])
async def test_paper_that_would_only_confuse_is_dropped_and_the_books_say_so(hall: Hall, reason: str) -> None:
    taken = await hall.take(printer="printer-1")
    effect = await lease(hall)
    await hall.do(m.RecordSlip(ticket=taken.id, slip=m.Slip.HELD, copy=0, proof="paperOut"))
    assert in_need_of_a_person(hall) == ["A001"]
    match reason:
        case "the ticket is over":
            await hall.do(m.CancelTicket(ticket=taken.id))
            assert in_need_of_a_person(hall) == []
        case "a copy was asked for since":
            await hall.do(m.ReprintSlip(ticket=taken.id, printer="printer-2"))
        case _:
            left = tuple(service for service in CONFIGURE.services if service.id != "personal")
            counters = tuple(msgspec.structs.replace(counter, services=()) for counter in CONFIGURE.counters)
            await hall.do(msgspec.structs.replace(CONFIGURE, version=2, services=left, counters=counters))
    settled = await carry_out(hall, effect)
    assert (settled.end, settled.note) == (End.DROPPED, "not_needed")
    assert isinstance(settled.command, m.RecordSlip)
    await hall.do(settled.command)
    copies = 1 if reason == "a copy was asked for since" else 0
    seen = hall.ticket(taken.id)
    assert (seen.slip, seen.copies) == ("queued" if copies else "none", copies)
    assert hall.verdict().sound


async def test_a_slip_in_doubt_is_unknown_and_is_never_printed_by_itself(hall: Hall) -> None:
    taken = await hall.take(printer="printer-1")
    settled = await carry_out(hall, (await lease(hall))._replace(in_doubt=True))
    assert settled.command is not None
    await hall.do(settled.command)
    assert hall.ticket(taken.id).slip == "unknown"
    assert in_need_of_a_person(hall) == ["A001"]


def test_phones_are_told_of_newcomers_too() -> None:
    """A gold or priority newcomer goes before others: their people ahead have changed."""
    assert {e.TicketIssued.TYPE, e.TicketCalled.TYPE, e.TicketRequeued.TYPE, e.TicketTransferred.TYPE} <= MOVES
