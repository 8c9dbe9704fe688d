"""What head office has signed for, and how far its documents were carried out. State of the line: it is not journalled."""

from typing import Final

import msgspec

from edge.kernel.db import Connection
from edge.kernel.migrations import Migration
from sync.downlink import Cursor
from sync.protocol import Receipt

MIGRATIONS: Final = (
    Migration(
        "uplink/001",
        """
        CREATE TABLE uplink_receipt(
            ho_epoch BLOB PRIMARY KEY,
            saved_ms INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        """,
    ),
    Migration(
        "uplink/002-downlink",
        """
        CREATE TABLE downlink_cursor(
            id INTEGER PRIMARY KEY CHECK (id = 1),
            ho_epoch BLOB NOT NULL,
            stream TEXT NOT NULL,
            n INTEGER NOT NULL
        ) STRICT;
        """,
    ),
)


def save(connection: Connection, receipt: Receipt, *, now_ms: int) -> None:
    """Keep the newest receipt of each head-office epoch: receipts of different epochs do not replace each other."""
    connection.execute(
        "INSERT INTO uplink_receipt VALUES (?, ?, ?)"
        " ON CONFLICT (ho_epoch) DO UPDATE SET saved_ms = excluded.saved_ms, body = excluded.body",
        (receipt.ho_epoch, now_ms, msgspec.msgpack.encode(receipt)),
    )


def last(connection: Connection) -> Receipt | None:
    body = connection.execute("SELECT body FROM uplink_receipt ORDER BY saved_ms DESC, rowid DESC LIMIT 1").get
    return None if body is None else msgspec.msgpack.decode(body, type=Receipt)


def cursor(connection: Connection) -> Cursor:
    row = connection.execute("SELECT ho_epoch, stream, n FROM downlink_cursor").fetchone()
    return Cursor() if row is None else Cursor(*row)


def move(connection: Connection, to: Cursor) -> None:
    connection.execute(
        "INSERT INTO downlink_cursor VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " ho_epoch = excluded.ho_epoch, stream = excluded.stream, n = excluded.n",
        (to.ho_epoch, to.stream, to.n),
    )
