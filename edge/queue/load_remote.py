"""What decisions need to know of remote tickets: who holds them, and whose turn may pass."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from edge.kernel.db import Connection
from edge.policy import tables as policy
from edge.queue import policy as keys

DAY_MS: Final = 24 * 3600 * 1000
EXPIRED_WITHIN_MS: Final = 30 * DAY_MS
PENDING_MAX: Final = 200


class Pending(NamedTuple):
    """A ticket that waits for its holder."""

    ticket: str
    number: str
    queue: str
    place_ms: int


@dataclass(frozen=True, slots=True)
class HolderState:
    """What is known of somebody who asks for a remote ticket."""

    live: str | None = None
    """The number of a remote ticket they already have."""
    refused_until_ms: int = 0


THEIRS: Final = "holder IS NOT NULL AND (holder = :holder OR customer = :customer)"
"""A remote ticket of this identity, or of the customer it belongs to: a customer is one, with however many cards."""


def holder_state(connection: Connection, holder: str, customer: str | None, now_ms: int) -> HolderState:
    theirs = {"holder": holder, "customer": customer}
    live: str | None = connection.execute(
        f"SELECT number FROM ticket WHERE {THEIRS} AND taken_ms > :since"  # noqa: S608 -- constant text
        " AND state IN ('pending', 'waiting', 'called', 'serving', 'parked') ORDER BY seq LIMIT 1",
        {**theirs, "since": now_ms - DAY_MS},
    ).get
    unused_max = policy.read(connection, keys.REMOTE_UNUSED_MAX)
    expired = connection.execute(
        f"SELECT finished_ms FROM ticket WHERE {THEIRS} AND taken_ms > :since"  # noqa: S608 -- constant text
        " AND state = 'expired' AND activated_ms IS NULL ORDER BY finished_ms DESC LIMIT :most",
        {**theirs, "since": now_ms - EXPIRED_WITHIN_MS, "most": unused_max},
    ).fetchall()
    refused_ms = policy.read(connection, keys.REMOTE_REFUSED_DAYS) * DAY_MS
    until_ms = int(str(expired[0][0])) + refused_ms if len(expired) == unused_max else 0
    return HolderState(live, until_ms)


def pending(connection: Connection) -> tuple[Pending, ...]:
    """Tickets that wait for their holder and whose turn has not passed; few, if any."""
    rows = connection.execute(
        "SELECT id, number, queue, place_ms FROM ticket WHERE state = 'pending' AND passed_ms IS NULL LIMIT ?",
        (PENDING_MAX,),
    )
    return tuple(Pending(*row) for row in rows)
