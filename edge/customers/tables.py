"""The recognition index.

Head office owns customers; the branch holds a copy that recognises and no more: identity hash → reference and tier
(reference/lobby §4). The hash is keyed per box and kind, so the table alone tells nobody anything. It is a copy of a document,
not a fact of the branch, and so it is not journalled.
"""

from typing import Final, NamedTuple

from edge.kernel.db import Connection
from edge.kernel.migrations import Migration

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
)


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
