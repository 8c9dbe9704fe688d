"""Gives up a customer who was recalled often enough and did not come: three recalls, then 过号 (S19).

Once a second it looks at counters whose ticket was only called. After the last recall there is still `queue.unanswered_s` to
come. It marks the call that it saw: where the teller has pressed anything meanwhile, nothing happens.
"""

from typing import Final

from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.pipeline import Pipeline
from edge.policy import tables as policy
from edge.queue import desk_policy as keys
from edge.queue.model import MarkNoShow

LOOK_S: Final = 1.0


class Unanswered:
    """Looks at calls that nobody answers."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def look(self) -> None:
        """Once."""
        with self._pipeline.db.reader() as connection:
            due = _due(connection, self._pipeline.clock.now_ms())
        for command in due:
            try:
                await self._pipeline.submit(command, actor="system")
            except Rejected:
                continue  # the teller left in this moment, or more calls are needed


def _due(connection: Connection, now_ms: int) -> list[MarkNoShow]:
    recalls = policy.read(connection, keys.RECALLS_UNANSWERED)
    if recalls is None:
        return []
    rows = connection.execute(
        "SELECT queue_counter.counter, queue_counter.staff, ticket.id, ticket.calls"
        " FROM queue_counter JOIN ticket ON ticket.id = queue_counter.ticket"
        " WHERE ticket.state = 'called' AND queue_counter.staff IS NOT NULL AND calls > ? AND last_call_ms <= ?",
        (recalls, now_ms - policy.read(connection, keys.UNANSWERED_S) * 1000),
    )
    return [
        MarkNoShow(counter=str(counter), staff=str(staff), unanswered=(str(ticket), int(str(calls))))
        for counter, staff, ticket, calls in rows
    ]
