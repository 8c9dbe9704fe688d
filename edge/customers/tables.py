"""The recognition index, and the consent ledger.

Head office owns customers; the branch holds a copy that recognises and no more: identity hash → reference and tier
(reference/lobby §4). The hash is keyed per box and kind, so the table alone tells nobody anything. It is a copy of a document,
not a fact of the branch, and so it is not journalled. Consents are facts of the branch, and their table is a fold of them.
"""

from typing import Final, NamedTuple

from edge.customers import events as e
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "customers/001",
        """
        CREATE TABLE customer(
            ref TEXT PRIMARY KEY,
            tier TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE customer_identity(
            hash BLOB PRIMARY KEY,
            ref TEXT NOT NULL REFERENCES customer(ref)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        "customers/002-consents",
        """
        CREATE TABLE consent(
            id TEXT PRIMARY KEY,
            customer TEXT NOT NULL,
            purpose TEXT NOT NULL,
            version INTEGER NOT NULL,
            channel TEXT NOT NULL,
            evidence TEXT NOT NULL,
            given_ms INTEGER NOT NULL,
            given_to TEXT NOT NULL,
            ended_ms INTEGER,
            withdrawn_to TEXT,
            withdrawn_channel TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX consent_customer ON consent(customer, given_ms);
        CREATE UNIQUE INDEX consent_in_force ON consent(customer, purpose) WHERE ended_ms IS NULL;
        """,
    ),
    Migration(
        "customers/003-unmasked",
        """
        CREATE TABLE customer_unmasked(
            actor TEXT PRIMARY KEY,
            day TEXT NOT NULL,
            times INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
)
FOLDED: Final = ("consent", "customer_unmasked")

ORDINARY: Final = "normal"
"""The tier of whoever is not known."""


class Recognised(NamedTuple):
    """What the branch knows of somebody it recognises."""

    ref: str
    tier: str


def recognise(connection: Connection, identity_hash: bytes) -> Recognised | None:
    """Whose identity this is; None for a stranger, who is served like anybody."""
    row = connection.execute(
        "SELECT ref, tier FROM customer_identity JOIN customer USING (ref) WHERE hash = ?", (identity_hash,)
    ).fetchone()
    return None if row is None else Recognised(*row)


def put(connection: Connection, customer: Recognised, identity_hashes: list[bytes]) -> None:
    """Take over one customer of head office's document."""
    connection.execute("INSERT OR REPLACE INTO customer VALUES (?, ?)", customer)
    connection.execute("DELETE FROM customer_identity WHERE ref = ?", (customer.ref,))
    connection.executemany(
        "INSERT OR REPLACE INTO customer_identity VALUES (?, ?)", [(mark, customer.ref) for mark in identity_hashes]
    )


def is_known(connection: Connection, ref: str) -> bool:
    """Whether head office's document has this customer."""
    return connection.execute("SELECT 1 FROM customer WHERE ref = ?", (ref,)).fetchone() is not None


# --- consents


def consent_given(connection: Connection, event: e.ConsentGiven, record: Record) -> None:
    connection.execute(
        "UPDATE consent SET ended_ms = ? WHERE customer = ? AND purpose = ? AND ended_ms IS NULL",
        (record.at_ms, event.customer, event.purpose.value),
    )
    connection.execute(
        "INSERT INTO consent(id, customer, purpose, version, channel, evidence, given_ms, given_to)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.consent,
            event.customer,
            event.purpose.value,
            event.version,
            event.channel.value,
            event.evidence,
            record.at_ms,
            record.actor,
        ),
    )


def consent_withdrawn(connection: Connection, event: e.ConsentWithdrawn, record: Record) -> None:
    connection.execute(
        "UPDATE consent SET ended_ms = ?, withdrawn_to = ?, withdrawn_channel = ? WHERE id = ?",
        (record.at_ms, record.actor, event.channel.value, event.consent),
    )


# --- who saw data in clear


def customer_unmasked(connection: Connection, event: e.CustomerUnmasked, record: Record) -> None:
    """Only the actor's latest day is counted here; every single time is in the journal."""
    connection.execute(
        "INSERT INTO customer_unmasked VALUES (?, ?, 1) ON CONFLICT (actor) DO UPDATE"
        " SET times = CASE WHEN day = excluded.day THEN times + 1 ELSE 1 END, day = excluded.day",
        (record.actor, event.day),
    )


def unmasked_on(connection: Connection, day: str, actor: str) -> int:
    """How often `actor` has seen a customer's data in clear on `day`."""
    return int(connection.execute("SELECT times FROM customer_unmasked WHERE actor = ? AND day = ?", (actor, day)).get or 0)


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    e.ConsentGiven: (consent_given,),
    e.ConsentWithdrawn: (consent_withdrawn,),
    e.CustomerUnmasked: (customer_unmasked,),
}
