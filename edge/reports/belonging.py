"""To which business day, and to which row, a fact belongs."""

from edge.kernel.db import Connection
from sync.chain import Record


def touch(connection: Connection, day: str, record: Record) -> None:
    """A fact belongs to `day`: what was rolled up of it before is old."""
    connection.execute(
        "INSERT INTO report_day_fact VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET seq = excluded.seq", (day, record.seq)
    )


def device_of(record: Record) -> str | None:
    """The enrolled device that a fact came from: a kiosk, the lobby's tablet; None for people and their phones."""
    kind, _, name = record.actor.partition(":")
    return name if kind == "device" else None


def key(connection: Connection, ticket: str) -> tuple[str, int]:
    """The day and the place of a ticket."""
    rows = connection.execute("SELECT day, seq FROM ticket WHERE id = ?", (ticket,))
    return next((str(day), int(seq)) for day, seq in rows)
