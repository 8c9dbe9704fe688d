"""The customer's phone: their ticket and nothing else, without a name, an account or an app."""

from datetime import datetime
from typing import Final

import msgspec

from edge.kernel.db import Connection, Database
from edge.kernel.journal import head
from edge.org import tables as org
from edge.org.place import Place
from edge.queue import more_time, views
from edge.queue.model import State
from edge.queue.more_time import MoreTime
from edge.queue.views import WaitView
from edge.vip_services import tables as services
from edge.vip_services.tables import VisitServices

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
    more_time: MoreTime | None = None
    """What whoever is not ready may ask for; absent where there is nothing to ask for."""
    rating: int | None = None
    vip: VisitServices | None = None
    """Services that this customer may ask for, and those they asked for; absent where there are none (S34)."""


class PhoneTickets:
    """Makes the views of phones."""

    def __init__(self, db: Database, place: Place) -> None:
        self._db = db
        self._place = place

    def view(self, ticket: str) -> PhoneTicket | None:
        """The phone's view of a ticket; None where the ticket is unknown."""
        with self._db.reader() as connection:
            seq = head(connection).seq  # first: the view is at least that new
            record = views.row(connection, ticket)
            return None if record is None else self._make(connection, record, seq)

    def encoded(self, ticket: str) -> bytes | None:
        found = self.view(ticket)
        return None if found is None else msgspec.json.encode(found)

    def _make(self, connection: Connection, record: views.TicketRow, seq: int) -> PhoneTicket:
        service = org.service(connection, record.service)
        branch = org.branch(connection)
        prospect = views.prospect(connection, record) if record.state == State.WAITING else None
        return PhoneTicket(
            number=record.number,
            service=ServiceName(
                record.service, service.name if service else record.service, service.name_en if service else record.service
            ),
            branch=BranchName(branch.name if branch else "", branch.name_en if branch else ""),
            state=record.state,
            taken_at=views.moment(record.taken_ms, self._place.zone),
            calls=record.calls,
            may_rate=record.state in RATEABLE and record.rating is None,
            language=record.language,
            as_of=self._place.now(),
            seq=seq,
            ahead=None if prospect is None else prospect.ahead,
            wait=None if prospect is None else prospect.wait,
            counter=self._counter(connection, record),
            more_time=more_time.offer(connection, record.id) if record.state == State.WAITING else None,
            rating=record.rating,
            vip=services.of_visit(connection, record.id, record.customer, record.state, self._place.zone),
        )

    def _counter(self, connection: Connection, record: views.TicketRow) -> CounterName | None:
        if record.counter is None or record.state not in (State.CALLED, State.SERVING):
            return None
        counter = org.counter(connection, record.counter)
        return None if counter is None else CounterName(counter.number, counter.name)
