"""Places in a queue: where somebody stands who lets the next few go first.

* A queue goes by place, a moment, and within one millisecond by the order of issue.
* Exactly so many go first, or all where fewer wait: whoever stands further back, but at the same millisecond (those with the
  same slot do), is moved back by one, so that they stay behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from edge.kernel.db import Connection

FURTHER_MAX: Final = 50
"""Of those who come after the next few, so many are looked at: they are in the way only at the same millisecond."""
FRONT: Final = (-1, -1)
"""Before everybody."""


class Behind(NamedTuple):
    """Somebody who stands further back in the same queue; the names are the columns."""

    id: str
    place_ms: int
    seq: int


@dataclass(frozen=True, slots=True)
class Line:
    """Who would go first, and who comes after them."""

    seq: int = 0
    """Whoever is to stand behind the few: their own place among those of the same millisecond."""
    few: tuple[Behind, ...] = ()
    """The next few, in order."""
    further: tuple[Behind, ...] = ()
    """Those who come after them, as far as they can be in the way."""
    full: bool = False
    """As many wait as were asked for."""


NOBODY: Final = Line()


class Place(NamedTuple):
    at_ms: int
    moved_back: dict[str, int]
    """New places of those who must stay behind it, by ticket."""


def line(connection: Connection, ticket: str, queue: str, few: int, after: tuple[int, int] = FRONT) -> Line:
    """Those of `queue` who wait at places later than `after`, without the ticket itself."""
    rows = connection.execute(
        "SELECT id, place_ms, seq FROM ticket WHERE queue = ? AND state = 'waiting' AND (place_ms, seq) > (?, ?) AND id <> ?"
        " ORDER BY place_ms, seq LIMIT ?",
        (queue, *after, ticket, few + FURTHER_MAX),
    )
    found = tuple(Behind(*row) for row in rows)
    return Line(seq_of(connection, ticket), found[:few], found[few:], len(found) >= few)


def seq_of(connection: Connection, ticket: str) -> int:
    seq: int | None = connection.execute("SELECT seq FROM ticket WHERE id = ?", (ticket,)).get
    return seq or 0


def behind(line: Line) -> Place:
    """Right behind the few; there is at least one."""
    at_ms = line.few[-1].place_ms + 1
    return Place(at_ms, moved_back((at_ms, line.seq), line.further))


def joins(line: Line, now_ms: int) -> Place:
    """Somebody comes (again): behind the few, or where fewer wait behind all, even if the clock went back since they came."""
    if not line.few:
        return Place(now_ms, {})
    place = behind(line)
    return place if line.full else Place(max(now_ms, place.at_ms), {})


def moved_back(last: tuple[int, int], further: Sequence[Behind]) -> dict[str, int]:
    """New places for those who would not stand behind `last` (place and seq) any more; whoever does, does not move."""
    moved: dict[str, int] = {}
    for one in further:
        if (one.place_ms, one.seq) > last:
            break
        place_ms = last[0] if one.seq > last[1] else last[0] + 1
        moved[one.id] = place_ms
        last = (place_ms, one.seq)
    return moved
