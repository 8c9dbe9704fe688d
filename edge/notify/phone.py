"""The customer's phone: their ticket and nothing else, without a name, an account or an app.

After each call every phone is told its new place. What five hundred of them have in common is read once for all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from edge.kernel.db import Connection, Database
from edge.kernel.journal import head
from edge.org import tables as org
from edge.org.model import Way
from edge.org.place import Place
from edge.parking import tables as parking
from edge.parking.tables import VisitParking
from edge.queue import more_time, views
from edge.queue.forecast import Wait
from edge.queue.model import State
from edge.queue.more_time import MoreTime
from edge.queue.views import Prospect, TicketRow, WaitView
from edge.vip_services import tables as services
from edge.vip_services.tables import VisitServices
from edge.web.phones import PhoneView

Shown = Callable[[str, Wait, Wait], None]

RATEABLE: Final = frozenset({State.SERVING, State.FINISHED})


class ServiceName(msgspec.Struct, frozen=True):
    id: str
    name: str
    name_en: str


class BranchName(msgspec.Struct, frozen=True):
    name: str
    name_en: str


class CounterName(msgspec.Struct, frozen=True):
    number: int
    name: str


class PhoneTicket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a phone shows."""

    number: str
    service: ServiceName
    branch: BranchName
    state: str
    taken_at: datetime
    calls: int
    may_rate: bool
    language: str
    as_of: datetime
    seq: int
    ahead: int | None = None
    wait: WaitView | None = None
    counter: CounterName | None = None
    way: Way | None = None
    """For whoever is not here yet; absent where the branch document does not say it (S14)."""
    more_time: MoreTime | None = None
    """What whoever is not ready may ask for; absent where there is nothing to ask for."""
    rating: int | None = None
    vip: VisitServices | None = None
    """Services that this customer may ask for, and those they asked for; absent where there are none (S34)."""
    parking: VisitParking | None = None
    """The bay of this visit, or that one may be asked for; absent where there is nothing to say (S31)."""


@dataclass(frozen=True, slots=True)
class Hall:
    """What a view says of others than the ticket itself, as of one moment."""

    seq: int
    branch: BranchName
    way: Way | None
    services: Mapping[str, ServiceName]
    prospect: Callable[[TicketRow], Prospect | None]
    more_time: Callable[[str], MoreTime | None]


class PhoneTickets:
    """Makes the views of phones."""

    def __init__(self, db: Database, place: Place, shown: Shown = lambda _ticket, _wait, _on_slip: None) -> None:
        """`shown` hears of every waiting range that a phone gets: of which ticket, and what stood on its slip."""
        self._db = db
        self._place = place
        self._shown = shown

    def view(self, ticket: str) -> PhoneTicket | None:
        """The phone's view of a ticket; None where the ticket is unknown."""
        with self._db.reader() as connection:
            hall = _hall(connection, partial(views.prospect, connection), partial(more_time.offer, connection))
            return self._view(connection, ticket, hall)

    def encoded(self, ticket: str) -> bytes | None:
        """The same as JSON."""
        found = self.view(ticket)
        return None if found is None else msgspec.json.encode(found)

    def for_everybody(self) -> PhoneView:
        """`encoded` for many tickets, one soon after the other: what they have in common is as of now."""
        with self._db.reader() as connection:
            hall = _hall(connection, views.prospects(connection), more_time.offers(connection))

        def encoded(ticket: str) -> bytes | None:
            with self._db.reader() as connection:
                found = self._view(connection, ticket, hall)
            return None if found is None else msgspec.json.encode(found)

        return encoded

    def _view(self, connection: Connection, ticket: str, hall: Hall) -> PhoneTicket | None:
        record = views.row(connection, ticket)
        return None if record is None else self._make(connection, record, hall)

    def _make(self, connection: Connection, record: TicketRow, hall: Hall) -> PhoneTicket:
        waits = record.state == State.WAITING
        prospect = hall.prospect(record) if waits else None
        if prospect is not None:
            wait = Wait(prospect.wait.low_s, prospect.wait.high_s)
            self._shown(record.id, wait, Wait(record.wait_low_s, record.wait_high_s))
        return PhoneTicket(
            number=record.number,
            service=hall.services.get(record.service) or ServiceName(record.service, record.service, record.service),
            branch=hall.branch,
            state=record.state,
            taken_at=views.moment(record.taken_ms, self._place.zone),
            calls=record.calls,
            may_rate=record.state in RATEABLE and record.rating is None,
            language=record.language,
            as_of=self._place.now(),
            seq=hall.seq,
            ahead=None if prospect is None else prospect.ahead,
            wait=None if prospect is None else prospect.wait,
            counter=self._counter(connection, record),
            way=hall.way if record.state == State.PENDING else None,
            more_time=hall.more_time(record.id) if waits else None,
            rating=record.rating,
            vip=services.of_visit(connection, record.id, record.customer, record.state, self._place.zone),
            parking=parking.of_visit(connection, record.id, record.customer, record.state, self._place.zone),
        )

    def _counter(self, connection: Connection, record: TicketRow) -> CounterName | None:
        if record.counter is None or record.state not in (State.CALLED, State.SERVING):
            return None
        counter = org.counter(connection, record.counter)
        return None if counter is None else CounterName(counter.number, counter.name)


def _hall(
    connection: Connection,
    prospect: Callable[[TicketRow], Prospect | None],
    offered: Callable[[str], MoreTime | None],
) -> Hall:
    seq = head(connection).seq  # first: the view is at least that new
    branch = org.branch(connection)
    name = BranchName(branch.name, branch.name_en) if branch else BranchName("", "")
    way = None if branch is None else branch.way or None
    names = {one.id: ServiceName(one.id, one.name, one.name_en) for one in org.services(connection)}
    return Hall(seq, name, way, names, prospect, offered)
