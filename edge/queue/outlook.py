"""What the forecast says of everybody who waits and of whoever would come now: the newest outlook, ready to be read.

The forecast is made elsewhere (`edge.forecast`); here it is kept so that a new ticket, a page and a slip find it with a point
read. What is true here:

* A row is there only while it may be believed. When the forecast falls silent its rows are taken away, and the position
  formula answers. So a reader needs no clock.
* It is no fact: it is not folded from the journal, and may be lost at any moment.
* A newcomer's row is valid for the moment it was made. People who came or were called since are taken into account by `step_s`
  for each of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from edge.kernel.db import Connection
from edge.queue.forecast import Said, Wait, rounded, say
from edge.queue.model import Tier, queues_of

OTHERS_FIRST: Final = "others_first"
"""The reason where more people are ahead than before."""


class Expected(NamedTuple):
    """How long somebody who waits will still wait, as forecast."""

    ticket: str
    ahead: int
    low_s: float
    middle_s: float
    high_s: float


class Newcomer(NamedTuple):
    """What somebody who joins a queue would be told; `position` is how many the default rule would have called first then."""

    queue: str
    ahead: int
    position: int
    low_s: float
    high_s: float
    step_s: float
    """What one more person ahead adds."""

    def quote(self, position: int) -> tuple[int, Wait]:
        """People ahead and the range for somebody who comes when `position` is as it is now."""
        more = position - self.position
        later_s = more * self.step_s
        return max(0, self.ahead + more), rounded(self.low_s + later_s, self.high_s + later_s)


class Shown(NamedTuple):
    """A range that is being shown to somebody who waits."""

    ahead: int
    wait: Wait
    middle_s: int
    reason: str


# --- the forecast's side, on the writer


def put(connection: Connection, expected: Sequence[Expected], newcomers: Iterable[Newcomer], why: str) -> None:
    """Replace the whole outlook. `why` is the reason to give to those whose wait has to grow."""
    before = _told(connection)
    connection.execute("DELETE FROM queue_outlook")
    connection.executemany("INSERT INTO queue_outlook VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(expected, before, why))
    connection.execute("DELETE FROM queue_outlook_newcomer")
    connection.executemany("INSERT INTO queue_outlook_newcomer VALUES (?, ?, ?, ?, ?, ?)", newcomers)


def clear(connection: Connection) -> None:
    """The forecast is silent: nobody may believe it any more."""
    connection.execute("DELETE FROM queue_outlook")
    connection.execute("DELETE FROM queue_outlook_newcomer")


def forget(connection: Connection, ticket: str) -> None:
    """What was forecast for somebody who has left their place."""
    connection.execute("DELETE FROM queue_outlook WHERE ticket = ?", (ticket,))


class _Told(NamedTuple):
    ahead: int
    said: Said


def _told(connection: Connection) -> dict[str, _Told]:
    """What everybody who waits was told last: the newest outlook, or what stood on their ticket."""
    rows = connection.execute(
        "SELECT id, coalesce(seen.ahead, ticket.ahead), coalesce(low_s, wait_low_s), coalesce(high_s, wait_high_s),"
        " coalesce(least_high_s, wait_high_s), coalesce(reason, '')"
        " FROM ticket LEFT JOIN queue_outlook AS seen ON seen.ticket = id WHERE state = 'waiting'"
    )
    return {
        str(ticket): _Told(int(ahead), Said(Wait(low_s, high_s), least_s, str(reason)))
        for ticket, ahead, low_s, high_s, least_s, reason in rows
    }


def _rows(
    expected: Sequence[Expected], before: Mapping[str, _Told], why: str
) -> Iterable[tuple[str, int, int, int, int, int, str]]:
    for one in expected:
        told = before.get(one.ticket)
        if told is None:
            continue  # called or gone since
        reason = OTHERS_FIRST if one.ahead > told.ahead else why
        said = say(told.said, one.low_s, one.high_s, reason)
        yield one.ticket, one.ahead, *said.wait, int(one.middle_s), said.least_high_s, said.reason


# --- what others read


def of(connection: Connection, ticket: str) -> Shown | None:
    """What a ticket's holder is being shown; None where only the position formula has an answer."""
    row = connection.execute(
        "SELECT ahead, low_s, high_s, middle_s, reason FROM queue_outlook WHERE ticket = ?", (ticket,)
    ).fetchone()
    return None if row is None else _shown(row)


def everybody(connection: Connection) -> dict[str, Shown]:
    """What each who waits is being shown, by ticket."""
    rows = connection.execute("SELECT ahead, low_s, high_s, middle_s, reason, ticket FROM queue_outlook")
    return {str(row[5]): _shown(row) for row in rows}


def _shown(row: Sequence[object]) -> Shown:
    ahead, low_s, high_s, middle_s, reason = row[:5]
    return Shown(int(str(ahead)), Wait(int(str(low_s)), int(str(high_s))), int(str(middle_s)), str(reason))


def newcomer(connection: Connection, queue: str) -> Newcomer | None:
    """What somebody who joins `queue` would be told."""
    row = connection.execute("SELECT * FROM queue_outlook_newcomer WHERE queue = ?", (queue,)).fetchone()
    return None if row is None else Newcomer(*row)


def queues(connection: Connection) -> frozenset[str]:
    """The queues of which the forecast speaks now."""
    return frozenset(str(queue) for (queue,) in connection.execute("SELECT queue FROM queue_outlook_newcomer"))


def newcomers(connection: Connection, service: str) -> dict[Tier, Newcomer]:
    """The same for each tier of a service."""
    queues = queues_of(service)
    rows = connection.execute("SELECT * FROM queue_outlook_newcomer WHERE queue IN (?, ?, ?)", tuple(queues))
    return {queues[str(row[0])]: Newcomer(*row) for row in rows}
