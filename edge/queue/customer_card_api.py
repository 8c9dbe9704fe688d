"""The masked card of whoever holds a ticket, and the search by a number that was typed (S16), over HTTP."""

from typing import Final

import msgspec

from edge.customers.privacy import Names
from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind
from edge.org.place import Place
from edge.queue import customer_card, views
from edge.queue.api import Identity
from edge.queue.arrivals import Arrivals
from edge.queue.customer_card import CustomerCard, Found
from edge.queue.handles import Handles, Shown
from edge.web.routes import Call, Reply, Routes

routes: Final = Routes("queue")


@routes.get(
    "/api/tickets/{ticket}/customer",
    permission="customers.view_card",
    reply=CustomerCard,
    may_be_empty=True,
    summary="Who holds this ticket, masked; 204 where the branch does not know",
    problems=("unknown_ticket",),
)
async def holder(call: Call[None]) -> CustomerCard | Reply:
    place, names = call.app[Place], call.app[Names]

    def read(connection: Connection) -> CustomerCard | Reply:
        record = views.row(connection, call.path["ticket"])
        if record is None:
            raise Rejected("unknown_ticket")
        if record.customer is None:
            return Reply()
        return customer_card.card(connection, record.customer, names, place)

    return await call.app.pipeline.db.scan(read)


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document's, card's, passbook's or phone's number, as it was typed in."""

    identity: Identity


@routes.post(
    "/api/customers/search",
    body=SearchRequest,
    permission="queue.bind_customer",
    reply=Found,
    idempotent=False,
    summary="Whose number this is; the number is hashed at once and kept nowhere",
    problems=("customer_unknown", "invalid_identity"),
)
async def search(call: Call[SearchRequest]) -> Found:
    place, names, wish = call.app[Place], call.app[Names], call.body.identity
    arrivals = call.app[Arrivals]
    mark = arrivals.typed(wish.kind, wish.value)
    known = arrivals.known(mark)
    if known is None:
        raise Rejected("customer_unknown")
    handle = call.app[Handles].give(call.principal.id, Shown(mark, kind=IdentityKind(wish.kind)))

    def read(connection: Connection) -> Found:
        return Found(
            recognition=handle.value,
            card=customer_card.card(connection, known.ref, names, place),
            tickets=customer_card.open_tickets(connection, known.ref, place),
        )

    return await call.app.pipeline.db.scan(read)
