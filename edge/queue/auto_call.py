"""Calls the next customer where a counter is set to call by itself (R066).

Once a second it looks at counters that are open, have nobody in hand, whose terminal is there and whose wrap-up time is over.
It submits the teller's own Next, which does nothing where the teller was faster.
"""

from typing import Final

from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.pipeline import Pipeline
from edge.org import tables as org
from edge.policy import tables as policy
from edge.queue import desk_policy as keys
from edge.queue.load_heads import heads, offered
from edge.queue.model import CallNext

LOOK_S: Final = 1.0


class AutoCall:
    """Looks at idle counters."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def look(self) -> None:
        """Once."""
        with self._pipeline.db.reader() as connection:
            due = _due(connection, self._pipeline.clock.now_ms())
        for counter, staff in due:
            try:
                await self._pipeline.submit(CallNext(counter=counter, staff=staff, if_free=True), actor="system")
            except Rejected:
                continue  # the teller left or paused in this moment


def _due(connection: Connection, now_ms: int) -> list[tuple[str, str]]:
    """Counter and teller, where somebody waits who may be called there."""
    if not policy.read(connection, keys.AUTO_CALL):
        return []
    wrapped_up_ms = now_ms - policy.read(connection, keys.WRAP_UP_S) * 1000
    rows = connection.execute(
        "SELECT counter, staff FROM queue_counter WHERE state = 'open' AND ticket IS NULL AND lost = 0"
        " AND staff IS NOT NULL AND coalesce(finished_ms, 0) <= ?",
        (wrapped_up_ms,),
    )
    idle = [(str(counter), str(staff)) for counter, staff in rows.fetchall()]
    return [
        (counter, staff)
        for counter, staff in idle
        if keys.auto_call(connection, counter) and _wanted(connection, counter, staff)
    ]


def _wanted(connection: Connection, counter: str, staff: str) -> bool:
    config = org.counter(connection, counter)
    return config is not None and bool(heads(connection, counter, staff, offered(connection, config, staff)))
