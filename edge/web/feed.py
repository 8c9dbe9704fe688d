"""What of the journal is shown to whom: the table of topics, and the message made of a record."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from edge.kernel.domain import Rejected
from edge.web.principal import Kind
from sync.chain import Record

View = Callable[[Record], bytes | None]
"""From a record to the JSON of its message's body; None where this one is not shown."""

TICKET_TOPIC: Final = "ticket"
"""The phone's own ticket; it carries views, not events."""
INSIDE: Final = frozenset({Kind.STAFF, Kind.DEVICE})


def body_of(record: Record) -> bytes:
    """The view that shows the event as it is in the journal."""
    return record.body


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the table: this event appears under this topic, for these, like this."""

    event: str
    topic: str
    audience: AbstractSet[Kind] = INSIDE
    view: View = body_of


@dataclass(frozen=True, slots=True)
class Plan:
    """What one kind of client with one choice of topics gets."""

    topics: AbstractSet[str]
    lines: Mapping[str, Shown]


class Feed:
    """The table."""

    def __init__(self, lines: Iterable[Shown], *, unjournalled: Mapping[str, AbstractSet[Kind]], zone: ZoneInfo) -> None:
        """`unjournalled` are topics of states that are published without being facts, such as `devices`."""
        self._lines = tuple(lines)
        self._zone = zone
        allowed: dict[str, set[Kind]] = {topic: set(kinds) for topic, kinds in unjournalled.items()}
        for line in self._lines:
            allowed.setdefault(line.topic, set()).update(line.audience)
        allowed[TICKET_TOPIC] = {Kind.PHONE}
        self._allowed = allowed

    def plan(self, kind: Kind, topics: Iterable[str]) -> Plan:
        """What a client gets; no topics means all that are open to it. Raises Rejected("topic_forbidden").

        An event that stands under several of the topics is sent once, under the one that the table names first.
        """
        chosen = frozenset(topics) or {topic for topic, kinds in self._allowed.items() if kind in kinds}
        for topic in sorted(chosen):
            if kind not in self._allowed.get(topic, ()):
                raise Rejected("topic_forbidden", topic=topic)
        lines: dict[str, Shown] = {}
        for line in self._lines:
            if line.topic in chosen and kind in line.audience:
                lines.setdefault(line.event, line)
        return Plan(frozenset(chosen), lines)

    def message(self, record: Record, line: Shown) -> bytes | None:
        """The message for a record, complete."""
        body = line.view(record)
        if body is None:
            return None
        at = self.time(record.at_ms).encode()
        head = b'{"seq":%d,"type":"%b","at":"%b","topic":"%b","body":' % (
            record.seq,
            record.type.encode(),
            at,
            line.topic.encode(),
        )
        return head + body + b"}"

    def time(self, at_ms: int) -> str:
        """ISO 8601 with the branch's offset, to the millisecond."""
        return datetime.fromtimestamp(at_ms / 1000, self._zone).isoformat(timespec="milliseconds")
