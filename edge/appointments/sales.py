"""What head office sold while the branch could not be reached, and how the branch answers (S29).

* A plan keeps places of each slot for a channel, and the branch sells them to nobody else. So head office can sell them without
  asking, and what it sold fits, unless the plan was changed meanwhile, the hour has passed, or the customer booked here too.
* A sale is taken over like a booking made here and now, under the same conditions. Where it cannot be kept, that is a fact
  too: it goes to head office with the code of the refusal and what is free instead, and whoever sold it tells the customer.
* A sale is known by head office's own reference. Sent again, it is answered again, and changes nothing; a refused one stays
  refused, for the customer may have been told: what they agree to instead is another sale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.appointments import decide, load, views
from edge.appointments import events as e
from edge.appointments import model as m
from edge.appointments.load import BookingState
from edge.appointments.views import AppointmentView
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler


@dataclass(frozen=True, slots=True)
class SaleState:
    sale: str
    booking: BookingState
    known: bool = False
    """It came before."""


class SaleAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a sale."""

    sale: str
    appointment: AppointmentView | None = None
    """The branch keeps it."""
    refused: str | None = None
    """The branch cannot keep it, and why: the code of the refusal."""
    next_slot: str | None = None
    """What is free instead that day."""


def for_sale(connection: Connection, command: m.TakeSale, context: Context) -> SaleState:
    known = connection.execute("SELECT count(*) FROM appointment_sale WHERE sale = ?", (command.sale,)).get
    return SaleState(command.sale, load.for_booking(connection, command.wish, context), bool(known))


def take(state: SaleState, command: m.TakeSale, context: Context) -> Sequence[Event]:
    if state.known:
        return ()
    wish = command.wish
    try:
        (booked,) = decide.book(state.booking, wish, context)
    except Rejected as no:
        offer = state.booking.book.offer(wish.channel, after_ms=context.now_ms, expert=wish.expert)
        what = e.SaleRefused(
            sale=command.sale,
            service=wish.service,
            day=wish.day,
            slot=wish.slot,
            channel=wish.channel,
            code=no.code,
            next_slot=offer,
        )
        return [what]
    return [msgspec.structs.replace(booked, sale=command.sale)]


def answered(connection: Connection, state: SaleState, _events: Sequence[Event], context: Context) -> SaleAnswer:
    """As it stands in the books, however often it was sent."""
    row = connection.execute(
        "SELECT appointment, code, next_slot FROM appointment_sale WHERE sale = ?", (state.sale,)
    ).fetchone()
    appointment, code, next_slot = row or (None, None, None)
    found = None if appointment is None else views.appointment(connection, str(appointment))
    kept = None if found is None else views.view(found, context.zone)
    return SaleAnswer(sale=state.sale, appointment=kept, refused=code, next_slot=next_slot)


HANDLERS: Final[dict[type[Command], Handler]] = {m.TakeSale: Handler(for_sale, take, answered)}
