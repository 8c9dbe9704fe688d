"""What staff see of a customer whom the branch recognises: enough to greet and to serve them, nothing to copy down.

* The name is masked; phone and numbers are not there at all. Whoever needs them in clear says why (`customers.unmask`).
* Visits are days on which they came to this branch, of those for which it keeps its copy of a customer (ninety by default); a
  number taken from afar and never activated is none.
* Of a customer who was erased the card says so, and nothing else.
* A search (客户快速查询, S16) turns what was typed into a keyed hash at once. What comes back is the card and a recognition,
  good for a minute and a half, for this member of staff, once: it binds the customer to a ticket, and nothing is typed twice.
"""

from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec

from edge.customers import consents
from edge.customers import tables as customers
from edge.customers.model import Purpose
from edge.customers.policy import INDEX_KEPT_DAYS
from edge.customers.privacy import Names
from edge.kernel.db import Connection
from edge.org import tables as org
from edge.org.place import Place
from edge.policy import tables as policy
from edge.queue import views
from edge.queue.model import LIVE, REMOTE
from edge.queue.views import StaffView, TicketView

TICKETS_MAX: Final = 10
"""Of one customer, on one day."""


class CustomerCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer, masked."""

    customer: str
    """The reference under which consents are kept and data is unmasked or erased."""
    visits: int
    """Days on which they were in this branch, within `visits_days`, today included."""
    visits_days: int
    name: str | None = None
    """Masked; None where the branch does not know it."""
    tier: str | None = None
    """None where the branch's copy has the customer no more."""
    tags: list[str] = []
    """What head office says of them in a word or two."""
    adviser: StaffView | None = None
    """Who looks after them (客户经理)."""
    last_visit: datetime | None = None
    """The one before today's."""
    consents: list[Purpose] = []
    """In force."""
    erased_at: datetime | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a search found, and what they have waiting."""

    recognition: str
    """Stands for the customer as an identity of kind `recognition`."""
    card: CustomerCard
    tickets: list[TicketView]
    """Numbers of today that are not over."""


def card(connection: Connection, customer: str, names: Names, place: Place) -> CustomerCard:
    """The card of a reference, whatever has become of it."""
    days = policy.read(connection, INDEX_KEPT_DAYS)
    erased_ms = customers.erased_ms(connection, customer)
    if erased_ms is not None:
        return CustomerCard(customer=customer, visits=0, visits_days=days, erased_at=views.moment(erased_ms, place.zone))
    known = customers.known(connection, customer) or customers.Recognised(customer, "")
    first_day = place.now().date() - timedelta(days=days)
    visits, last_ms = _visits(connection, customer, first_day, place)
    return CustomerCard(
        customer=customer,
        visits=visits,
        visits_days=days,
        name=names.masked(connection, customer),
        tier=known.tier or None,
        tags=list(known.tags),
        adviser=_adviser(connection, known.adviser),
        last_visit=views.maybe_moment(last_ms, place.zone),
        consents=consents.purposes_in_force(connection, customer),
    )


def _visits(connection: Connection, customer: str, first_day: date, place: Place) -> tuple[int, int | None]:
    """How often the customer has been here since `first_day`, and when last before today."""
    marks = ", ".join("?" * len(REMOTE))
    midnight, today = (datetime.combine(day, time(), place.zone) for day in (first_day, place.now().date()))
    row: tuple[int, int | None] | None = connection.execute(
        "SELECT count(DISTINCT day), max(CASE WHEN taken_ms < ? THEN taken_ms END) FROM ticket"  # noqa: S608 -- marks
        f" WHERE customer = ? AND taken_ms >= ? AND (activated_ms IS NOT NULL OR channel NOT IN ({marks}))",
        (int(today.timestamp() * 1000), customer, int(midnight.timestamp() * 1000), *REMOTE),
    ).fetchone()
    return row or (0, None)


def _adviser(connection: Connection, staff_no: str | None) -> StaffView | None:
    if staff_no is None:
        return None
    member = org.staff(connection, staff_no)
    return StaffView(staff_no, "" if member is None else member.name)


def open_tickets(connection: Connection, customer: str, place: Place) -> list[TicketView]:
    """What this customer has under way."""
    marks = ", ".join("?" * len(LIVE))
    rows = views.rows(
        connection, f"customer = ? AND state IN ({marks}) ORDER BY seq DESC LIMIT {TICKETS_MAX}", (customer, *LIVE)
    )
    found = (views.ticket(connection, row.id, place.zone) for row in rows)
    return [ticket for ticket in found if ticket is not None]
