"""How often promises held, and the ranges that phones showed until it is known whether they were true.

`forecast_shown` is telemetry on its way to becoming a fact: not folded from the journal, and what is lost of it is only not
scored. A range leaves it when it was scored, or when it stopped being a promise: its holder asked for more time, was sent
elsewhere or to the front, left, or the day ended.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from edge.forecast.model import PromisesScored
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.queue import events as e
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "forecast/001-shown",
        """
        CREATE TABLE forecast_shown(
            ticket TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            low_s INTEGER NOT NULL,
            high_s INTEGER NOT NULL,
            PRIMARY KEY (ticket, at_ms)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
)


class Kept(NamedTuple):
    """Of one day: customers called, and those called within the range that stood on their ticket."""

    called: int
    kept: int


def kept_today(connection: Connection) -> Kept:
    """Of the open day, as the report 承诺兑现 counts it: to whole seconds, a remote ticket's wait from its activation."""
    rows = connection.execute(
        "SELECT count(*), coalesce(sum((called_ms - coalesce(activated_ms, taken_ms)) / 1000"
        " BETWEEN wait_low_s AND wait_high_s), 0)"
        " FROM ticket WHERE day = (SELECT day FROM queue_day WHERE state = 'open') AND called_ms IS NOT NULL"
    )
    return next(Kept(*row) for row in rows)


# --- what phones showed


class ShownRange(NamedTuple):
    """A range as a phone showed it; the names are the columns."""

    ticket: str
    at_ms: int
    low_s: int
    high_s: int


def keep(connection: Connection, ranges: Sequence[ShownRange]) -> None:
    """Of tickets that still wait; who was called in the meantime had no time to read it."""
    connection.executemany(
        "INSERT OR IGNORE INTO forecast_shown SELECT ?1, ?2, ?3, ?4 FROM ticket WHERE id = ?1"
        " AND (state = 'waiting' OR last_call_ms >= ?2)",
        ranges,
    )


def shown(connection: Connection, ticket: str) -> list[ShownRange]:
    """In the order in which they were shown."""
    rows = connection.execute("SELECT * FROM forecast_shown WHERE ticket = ? ORDER BY at_ms", (ticket,))
    return [ShownRange(*row) for row in rows]


def newest(connection: Connection) -> list[ShownRange]:
    """The newest of each ticket."""
    rows = connection.execute("SELECT ticket, max(at_ms), low_s, high_s FROM forecast_shown GROUP BY ticket")
    return [ShownRange(*row) for row in rows]


def due(connection: Connection, limit: int) -> list[str]:
    """Tickets that were called after something was shown of them."""
    rows = connection.execute(
        "SELECT DISTINCT ticket FROM forecast_shown JOIN ticket ON id = ticket WHERE last_call_ms >= at_ms LIMIT ?", (limit,)
    )
    return [str(ticket) for (ticket,) in rows]


def calls_ms(connection: Connection, ticket: str) -> tuple[int, ...]:
    """The first and the last call of a ticket."""
    row = connection.execute("SELECT called_ms, last_call_ms FROM ticket WHERE id = ?", (ticket,)).fetchone()
    return () if row is None else tuple(int(str(at_ms)) for at_ms in row if at_ms is not None)


def promises_scored(connection: Connection, event: PromisesScored, _record: Record) -> None:
    connection.execute(
        "DELETE FROM forecast_shown WHERE ticket = ?1 AND at_ms <= (SELECT last_call_ms FROM ticket WHERE id = ?1)",
        (event.ticket,),
    )


def forget(connection: Connection, event: Any, _record: Record) -> None:
    """No promise any more: what was shown since the last call."""
    connection.execute(
        "DELETE FROM forecast_shown WHERE ticket = ?1 AND at_ms > coalesce((SELECT last_call_ms FROM ticket WHERE id = ?1), 0)",
        (event.ticket,),
    )


def day_closed(connection: Connection, _event: e.DayClosed, _record: Record) -> None:
    """What was called is scored by then, or within the next seconds; the others were never called."""
    connection.execute(
        "DELETE FROM forecast_shown WHERE at_ms > coalesce((SELECT last_call_ms FROM ticket WHERE id = ticket), 0)"
    )


ENDED: Final = (e.TicketDeferred, e.TicketTransferred, e.TicketPinned, e.TicketCancelled, e.TicketExpired)
"""After these, what was shown is no promise any more."""

APPLIES: Final[dict[type[Event], Sequence[Apply]]] = {
    PromisesScored: (promises_scored,),
    **dict.fromkeys(ENDED, (forget,)),
    e.DayClosed: (day_closed,),
}
