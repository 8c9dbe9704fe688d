"""The recognition index, and the consent ledger.

Head office owns customers; the branch holds a copy that recognises and no more: identity hash → reference and tier
(reference/lobby §4). The hash is keyed per box and kind, so the table alone tells nobody anything. It is a copy of a document,
not a fact of the branch, and so it is not journalled. Consents are facts of the branch, and their table is a fold of them.

A copy grows old. An entry that head office has not renewed for some days (thirty) recognises nobody any more; later (after
ninety) the `retention` room deletes it. Whoever was erased on their own request stays erased: a document that still names them
changes nothing. The figures in brackets are the defaults of policy keys.
"""

import enum
from typing import Final, NamedTuple

import msgspec

from edge.customers import events as e
from edge.customers.policy import INDEX_USABLE_DAYS
from edge.kernel.db import Connection
from edge.kernel.domain import Event, Rejected
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.policy import tables as policy
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
    Migration(
        "customers/004-adviser",
        """
        ALTER TABLE customer ADD COLUMN adviser TEXT;
        ALTER TABLE customer ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
        """,
    ),
    Migration(
        "customers/005-retention",
        """
        ALTER TABLE customer ADD COLUMN renewed_ms INTEGER NOT NULL DEFAULT 0;
        UPDATE customer SET renewed_ms = unixepoch() * 1000;
        CREATE INDEX customer_renewed ON customer(renewed_ms);
        CREATE INDEX customer_identity_ref ON customer_identity(ref);
        CREATE TABLE customer_erased(
            ref TEXT PRIMARY KEY,
            erased_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        "customers/006-unmaskings",
        """
        DROP TABLE customer_unmasked;
        CREATE TABLE customer_unmasking(
            seq INTEGER PRIMARY KEY,
            day TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            actor TEXT NOT NULL,
            customer TEXT NOT NULL,
            purpose TEXT NOT NULL
        ) STRICT;
        CREATE INDEX customer_unmasking_day ON customer_unmasking(day, seq);
        CREATE INDEX customer_unmasking_actor ON customer_unmasking(actor, day);
        INSERT INTO customer_unmasking
        SELECT seq, json_extract(CAST(body AS TEXT), '$.day'), at_ms, actor, entity,
               json_extract(CAST(body AS TEXT), '$.purpose')
        FROM journal WHERE type = 'customers.customer_unmasked.v1';
        """,
    ),
)
FOLDED: Final = ("consent", "customer_unmasking", "customer_erased")

DAY_MS: Final = 24 * 60 * 60 * 1000

ORDINARY: Final = "normal"
"""The tier of whoever is not known."""
TAGS_MAX: Final = 4
"""As many as a row of the tablet can show."""


class Recognised(NamedTuple):
    """What the branch knows of somebody it recognises."""

    ref: str
    tier: str
    adviser: str | None = None
    """Staff number of whoever looks after them (客户经理)."""
    tags: tuple[str, ...] = ()
    """What head office says of them in a word or two; for staff, never for a public screen."""


def recognise(connection: Connection, identity_hash: bytes, *, now_ms: int) -> Recognised | None:
    """Whose identity this is; None for a stranger, who is served like anybody, and where the branch's copy is too old."""
    ref = connection.execute(
        "SELECT ref FROM customer_identity JOIN customer USING (ref) WHERE hash = ? AND renewed_ms > ?",
        (identity_hash, now_ms - policy.read(connection, INDEX_USABLE_DAYS) * DAY_MS),
    ).get
    return None if ref is None else known(connection, str(ref))


def known(connection: Connection, ref: str) -> Recognised | None:
    """The customer behind a reference; None where the branch's copy has it no more."""
    row = connection.execute("SELECT tier, adviser, tags FROM customer WHERE ref = ?", (ref,)).fetchone()
    if row is None:
        return None
    tier, adviser, tags = row
    return Recognised(ref, tier, adviser, tuple(msgspec.json.decode(tags, type=list[str])))


def put(connection: Connection, customer: Recognised, identity_hashes: list[bytes], *, now_ms: int) -> bool:
    """Take over one customer of head office's document, or renew the copy; not one who was erased. Whether it was done."""
    if erased_ms(connection, customer.ref) is not None:
        return False
    forget(connection, customer.ref)
    tags = msgspec.json.encode(customer.tags[:TAGS_MAX]).decode()
    connection.execute(
        "INSERT INTO customer(ref, tier, adviser, tags, renewed_ms) VALUES (?, ?, ?, ?, ?)",
        (customer.ref, customer.tier, customer.adviser, tags, now_ms),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO customer_identity VALUES (?, ?)", [(mark, customer.ref) for mark in identity_hashes]
    )
    return True


def is_known(connection: Connection, ref: str) -> bool:
    """Whether head office's document has this customer."""
    return connection.execute("SELECT 1 FROM customer WHERE ref = ?", (ref,)).fetchone() is not None


# --- growing old, and being erased


class Standing(enum.Enum):
    """How the branch stands to a customer's reference."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    ERASED = "erased"

    def must_be_known(self) -> None:
        """Raise Rejected where there is nothing to work with."""
        if self is Standing.ERASED:
            raise Rejected("customer_erased")
        if self is Standing.UNKNOWN:
            raise Rejected("no_such_customer")


def standing(connection: Connection, ref: str) -> Standing:
    if erased_ms(connection, ref) is not None:
        return Standing.ERASED
    return Standing.KNOWN if is_known(connection, ref) else Standing.UNKNOWN


def erased_ms(connection: Connection, ref: str) -> int | None:
    """When the customer was erased on request."""
    found: int | None = connection.execute("SELECT erased_ms FROM customer_erased WHERE ref = ?", (ref,)).get
    return found


def not_renewed_since(connection: Connection, before_ms: int, limit: int) -> list[str]:
    """Whom head office has not named for so long, the oldest first."""
    rows = connection.execute(
        "SELECT ref FROM customer WHERE renewed_ms < ? ORDER BY renewed_ms, ref LIMIT ?", (before_ms, limit)
    )
    return [str(ref) for (ref,) in rows]


def identities(connection: Connection, ref: str) -> int:
    """By how many identities the customer is recognised."""
    return int(connection.execute("SELECT count(*) FROM customer_identity WHERE ref = ?", (ref,)).get or 0)


def forget(connection: Connection, ref: str) -> None:
    """Take the customer out of the index; inside the transaction of a fact that says so, or of a newer copy."""
    connection.execute("DELETE FROM customer_identity WHERE ref = ?", (ref,))
    connection.execute("DELETE FROM customer WHERE ref = ?", (ref,))


def bury(connection: Connection, ref: str, at_ms: int) -> None:
    """Take the customer out of the index for good."""
    forget(connection, ref)
    connection.execute("INSERT OR IGNORE INTO customer_erased VALUES (?, ?)", (ref, at_ms))


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


class Unmasking(NamedTuple):
    """One time that somebody was let see a customer's data; a row of `customer_unmasking`."""

    seq: int
    at_ms: int
    actor: str
    customer: str
    purpose: str


def customer_unmasked(connection: Connection, event: e.CustomerUnmasked, record: Record) -> None:
    connection.execute(
        "INSERT INTO customer_unmasking VALUES (?, ?, ?, ?, ?, ?)",
        (record.seq, event.day, record.at_ms, record.actor, event.customer, event.purpose),
    )


def unmasked_on(connection: Connection, day: str, actor: str) -> int:
    """How often `actor` has seen a customer's data in clear on `day`."""
    query = "SELECT count(*) FROM customer_unmasking WHERE actor = ? AND day = ?"
    return int(connection.execute(query, (actor, day)).get or 0)


def unmaskings(connection: Connection, first: str, last: str, *, actor: str | None, limit: int) -> list[Unmasking]:
    """Who saw whose data on the days from `first` to `last`, newest first; of everybody, or of one."""
    rows = connection.execute(
        "SELECT seq, at_ms, actor, customer, purpose FROM customer_unmasking"
        " WHERE day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR actor = ?3) ORDER BY day DESC, seq DESC LIMIT ?4",
        (first, last, actor, limit),
    )
    return [Unmasking(*row) for row in rows]


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    e.ConsentGiven: (consent_given,),
    e.ConsentWithdrawn: (consent_withdrawn,),
    e.CustomerUnmasked: (customer_unmasked,),
}
