"""What was deleted, by day; and how the facts of this room destroy what they name.

Destroying happens in the `apply`: a branch that was restored from an older backup gets these facts back from head office, and
what had been destroyed since is destroyed again (`kernel/vault.py`).
"""

from typing import Final

from edge.customers import tables as customers
from edge.customers.privacy import subject_of
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.kernel.vault import Vault
from edge.queue.events import TicketRated
from edge.retention.model import CustomerErased, RetentionApplied
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "retention/001",
        """
        CREATE TABLE retention_run(
            day TEXT PRIMARY KEY,
            at_ms INTEGER NOT NULL,
            contacts INTEGER NOT NULL,
            customers INTEGER NOT NULL,
            finished INTEGER NOT NULL CHECK (finished IN (0, 1))
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        "retention/002-finding",
        """
        CREATE INDEX ticket_phone ON ticket(phone_ref, day) WHERE phone_ref IS NOT NULL;
        CREATE INDEX ticket_customer ON ticket(customer, taken_ms) WHERE customer IS NOT NULL;
        CREATE INDEX appointment_phone ON appointment(phone_ref, day) WHERE phone_ref IS NOT NULL;
        CREATE INDEX appointment_customer ON appointment(customer) WHERE customer IS NOT NULL;
        CREATE INDEX appointment_sms_phone ON appointment_sms_code(phone_ref, day) WHERE phone_ref IS NOT NULL;
        """,
    ),
    Migration(
        "retention/003-comments",
        """
        CREATE TABLE retention_comment(ref TEXT PRIMARY KEY, ticket TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX retention_comment_ticket ON retention_comment(ticket);
        INSERT INTO retention_comment
        SELECT ref, entity FROM (
            SELECT json_extract(CAST(body AS TEXT), '$.comment_ref') AS ref, entity FROM journal
            WHERE type = 'queue.ticket_rated.v1'
        ) WHERE ref IS NOT NULL;
        """,
    ),
    Migration("retention/004-comments-gone", "ALTER TABLE retention_run ADD COLUMN comments INTEGER NOT NULL DEFAULT 0;"),
)
FOLDED: Final = ("retention_run", "retention_comment")


def ticket_rated(connection: Connection, event: TicketRated, _record: Record) -> None:
    """Where the customer's own words are, so that they can be found when their author wants them gone."""
    if event.comment_ref is not None:
        connection.execute("INSERT INTO retention_comment VALUES (?, ?)", (event.comment_ref, event.ticket))


def retention_applied(connection: Connection, event: RetentionApplied, record: Record) -> None:
    for subject in (*event.contacts, *event.comments, *event.plates):
        Vault.shred(connection, subject)
    for customer in event.customers:
        customers.forget(connection, customer)
        Vault.shred(connection, subject_of(customer))
    connection.execute(
        "INSERT INTO retention_run VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (day) DO UPDATE SET at_ms = excluded.at_ms,"
        " contacts = contacts + excluded.contacts, customers = customers + excluded.customers, finished = excluded.finished,"
        " comments = comments + excluded.comments",
        (event.day, record.at_ms, len(event.contacts), len(event.customers), event.finished, len(event.comments)),
    )


def customer_erased(connection: Connection, event: CustomerErased, record: Record) -> None:
    for subject in (*event.contacts, *event.comments):
        Vault.shred(connection, subject)
    Vault.shred(connection, subject_of(event.customer))
    customers.bury(connection, event.customer, record.at_ms)


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    TicketRated: (ticket_rated,),
    RetentionApplied: (retention_applied,),
    CustomerErased: (customer_erased,),
}
