"""What this room reads: what is due, what ties a customer to today, what past days have deleted."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from edge.customers import tables as customers
from edge.customers.policy import INDEX_KEPT_DAYS
from edge.customers.tables import DAY_MS
from edge.kernel.db import Connection
from edge.kernel.vault import Vault
from edge.parking.model import PLATE
from edge.policy import tables as policy
from edge.queue.arrivals import COMMENT, CONTACT
from edge.queue.model import LIVE
from edge.retention.model import RetentionRun
from edge.retention.policy import RATING_COMMENT_DAYS, VISIT_CONTACT_DAYS

SHOWN_MAX: Final = 92
"""Days in an answer, the newest first."""


@dataclass(frozen=True, slots=True)
class Due:
    """What has been kept long enough; one more than may go at once where there is more."""

    finished: bool
    """This day's work was done before."""
    contacts: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    plates: tuple[str, ...] = ()

    @property
    def most(self) -> int:
        """How many there are of what there is most of."""
        return max(len(self.contacts), len(self.customers), len(self.comments), len(self.plates))


def done_on(connection: Connection, day: str) -> bool:
    """Whether this day's work is finished."""
    return bool(connection.execute("SELECT finished FROM retention_run WHERE day = ?", (day,)).get)


def old_contacts(connection: Connection, first_day_kept: str, before_ms: int, limit: int) -> list[str]:
    """Vault subjects of phone numbers whose last visit was before `first_day_kept`; younger than `before_ms` none can be.

    Numbers of appointments still to come are passed over one by one: there are as many as the slot book has room for.
    """
    old = Vault.born_before(connection, CONTACT, before_ms)
    return list(islice((contact for contact in old if not _needed(connection, contact, first_day_kept)), limit))


def _needed(connection: Connection, contact: str, first_day_kept: str) -> bool:
    """Whether a visit of a day that counts has this number."""
    return bool(
        connection.execute(
            "SELECT EXISTS (SELECT 1 FROM ticket WHERE phone_ref = ?1 AND day >= ?2)"
            " OR EXISTS (SELECT 1 FROM appointment WHERE phone_ref = ?1 AND day >= ?2)"
            " OR EXISTS (SELECT 1 FROM appointment_sms_code WHERE phone_ref = ?1 AND day >= ?2)",
            (contact, first_day_kept),
        ).get
    )


def old_plates(connection: Connection, day_began_ms: int, limit: int) -> list[str]:
    """Vault subjects of number plates of cars that no visit from `day_began_ms` on waits for."""
    old = Vault.born_before(connection, PLATE, day_began_ms)
    coming = (
        "SELECT EXISTS (SELECT 1 FROM parking_stay WHERE plate_ref = ? AND until_ms >= ? AND state IN ('waiting', 'reserved'))"
    )
    return list(islice((plate for plate in old if not connection.execute(coming, (plate, day_began_ms)).get), limit))


def due(connection: Connection, now: datetime, *, limit: int) -> Due:
    """What has been kept long enough at a moment of the branch, at most `limit` of each."""
    today, now_ms = now.date(), int(now.timestamp() * 1000)
    day_began = datetime.combine(today, time.min, now.tzinfo)
    contact_days = policy.read(connection, VISIT_CONTACT_DAYS)
    first_day_kept = (today - timedelta(days=contact_days)).isoformat()
    young_ms = now_ms - contact_days * DAY_MS
    index_ms = now_ms - policy.read(connection, INDEX_KEPT_DAYS) * DAY_MS
    comment_ms = now_ms - policy.read(connection, RATING_COMMENT_DAYS) * DAY_MS
    return Due(
        finished=False,
        contacts=tuple(old_contacts(connection, first_day_kept, young_ms, limit)),
        customers=tuple(customers.not_renewed_since(connection, index_ms, limit)),
        comments=tuple(islice(Vault.born_before(connection, COMMENT, comment_ms), limit)),
        plates=tuple(old_plates(connection, int(day_began.timestamp() * 1000), limit)),
    )


def open_ticket(connection: Connection, customer: str) -> str | None:
    """The number of a visit of this customer that is not over."""
    marks = ", ".join("?" * len(LIVE))
    found: str | None = connection.execute(
        f"SELECT number FROM ticket WHERE customer = ? AND state IN ({marks}) ORDER BY seq DESC LIMIT 1",  # noqa: S608 -- marks
        (customer, *LIVE),
    ).get
    return found


def open_appointment(connection: Connection, customer: str) -> str | None:
    """The day of an appointment that this customer still has."""
    found: str | None = connection.execute(
        "SELECT day FROM appointment WHERE customer = ? AND state = 'booked' ORDER BY day LIMIT 1", (customer,)
    ).get
    return found


def open_service(connection: Connection, customer: str) -> str | None:
    """The kind of a service (a car, cash to the door) that is still to be done for this customer."""
    found: str | None = connection.execute(
        "SELECT kind FROM vip_request WHERE customer = ? AND state IN ('requested', 'accepted', 'on_the_way')"
        " ORDER BY asked_ms LIMIT 1",
        (customer,),
    ).get
    return found


def comments_of(connection: Connection, customer: str, limit: int) -> list[str]:
    """Vault subjects of what this customer wrote about services, those still there."""
    rows = connection.execute(
        "SELECT ref FROM ticket JOIN retention_comment ON retention_comment.ticket = ticket.id"
        " JOIN vault_subject ON subject = ref WHERE customer = ? ORDER BY ref LIMIT ?",
        (customer, limit),
    )
    return [str(ref) for (ref,) in rows]


def contacts_of(connection: Connection, customer: str, limit: int) -> list[str]:
    """Vault subjects of the phone numbers that this customer gave for visits and appointments, those still there."""
    rows = connection.execute(
        "SELECT DISTINCT subject FROM (SELECT phone_ref FROM ticket WHERE customer = ?1 AND phone_ref IS NOT NULL"
        " UNION ALL SELECT phone_ref FROM appointment WHERE customer = ?1 AND phone_ref IS NOT NULL)"
        " JOIN vault_subject ON subject = phone_ref ORDER BY subject LIMIT ?2",
        (customer, limit),
    )
    return [str(subject) for (subject,) in rows]


def runs(connection: Connection, zone: ZoneInfo) -> list[RetentionRun]:
    """The last days, newest first."""
    rows = connection.execute(
        "SELECT day, at_ms, contacts, customers, comments, finished FROM retention_run ORDER BY day DESC LIMIT ?", (SHOWN_MAX,)
    )
    return [
        RetentionRun(
            day=day,
            at=datetime.fromtimestamp(at_ms // 1000, zone),
            contacts=contacts,
            customers=customers,
            comments=comments,
            finished=bool(finished),
        )
        for day, at_ms, contacts, customers, comments, finished in rows
    ]
