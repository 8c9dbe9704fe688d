"""The bad ratings, and what came of following them up."""

from typing import Final, NamedTuple

import msgspec

from edge.follow_ups.model import BAD_MAX, RatingFollowedUp
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.queue.events import TicketRated
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "follow_ups/001",
        """
        CREATE TABLE follow_up(
            ticket TEXT PRIMARY KEY,
            number TEXT NOT NULL,
            score INTEGER NOT NULL,
            reasons TEXT NOT NULL,
            counter TEXT,
            staff TEXT,
            rated_ms INTEGER NOT NULL,
            outcome TEXT,
            note TEXT NOT NULL DEFAULT '',
            done_by TEXT,
            done_ms INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX follow_up_open ON follow_up(rated_ms) WHERE outcome IS NULL;
        CREATE INDEX follow_up_done ON follow_up(done_ms) WHERE outcome IS NOT NULL;
        INSERT INTO follow_up(ticket, number, score, reasons, counter, staff, rated_ms)
        SELECT entity, json_extract(CAST(body AS TEXT), '$.number'), json_extract(CAST(body AS TEXT), '$.score'),
               coalesce(json_extract(CAST(body AS TEXT), '$.reasons'), '[]'),
               json_extract(CAST(body AS TEXT), '$.counter'), json_extract(CAST(body AS TEXT), '$.staff'), at_ms
        FROM journal WHERE type = 'queue.ticket_rated.v1' AND json_extract(CAST(body AS TEXT), '$.score') <= 2;
        """,
    ),
)
FOLDED: Final = ("follow_up",)


class BadRating(NamedTuple):
    """A row of `follow_up`."""

    ticket: str
    number: str
    score: int
    reasons: str
    """As a JSON array."""
    counter: str | None
    """Where the customer was served, and by whom."""
    staff: str | None
    rated_ms: int
    outcome: str | None
    """None while nobody has followed it up."""
    note: str
    done_by: str | None
    done_ms: int | None


_SELECT: Final = f"SELECT {', '.join(BadRating._fields)} FROM follow_up "  # noqa: S608


def rated(connection: Connection, event: TicketRated, record: Record) -> None:
    if event.score <= BAD_MAX:
        reasons = msgspec.json.encode(event.reasons).decode()
        connection.execute(
            "INSERT INTO follow_up(ticket, number, score, reasons, counter, staff, rated_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (event.ticket, event.number, event.score, reasons, event.counter, event.staff, record.at_ms),
        )


def followed_up(connection: Connection, event: RatingFollowedUp, record: Record) -> None:
    connection.execute(
        "UPDATE follow_up SET outcome = ?2, note = ?3, done_by = ?4, done_ms = ?5 WHERE ticket = ?1",
        (event.ticket, event.outcome, event.note, record.actor.removeprefix("staff:"), record.at_ms),
    )


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    TicketRated: (rated,),
    RatingFollowedUp: (followed_up,),
}


# --- views


def bad_rating(connection: Connection, ticket: str) -> BadRating | None:
    row = connection.execute(f"{_SELECT} WHERE ticket = ?", (ticket,)).fetchone()
    return None if row is None else BadRating(*row)


def waiting(connection: Connection, limit: int) -> list[BadRating]:
    """Those that nobody has followed up, the newest first."""
    rows = connection.execute(f"{_SELECT} WHERE outcome IS NULL ORDER BY rated_ms DESC, ticket LIMIT ?", (limit,))
    return [BadRating(*row) for row in rows]


def done_since(connection: Connection, since_ms: int, limit: int) -> list[BadRating]:
    """Those that were followed up lately, the newest first."""
    query = f"{_SELECT} WHERE outcome IS NOT NULL AND done_ms >= ? ORDER BY done_ms DESC, ticket LIMIT ?"
    return [BadRating(*row) for row in connection.execute(query, (since_ms, limit))]
