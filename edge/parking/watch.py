"""Watches the clock for the car park: says when there is something to give up or to give.

It looks every few seconds while anything is live, by the same pure function as the command, and sends the command only where
there is something to do.
"""

import os
from typing import Final

from edge.kernel.db import Connection
from edge.kernel.domain import Context
from edge.kernel.pipeline import Pipeline
from edge.parking import keeping
from edge.parking.model import KeepBays
from edge.parking.tables import anything_live

LOOK_S: Final = 2.0


class BayWatch:
    """Looks whether a bay is to be given up or to be given."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def look(self) -> None:
        """Once."""
        with self._pipeline.db.reader() as connection:
            due = anything_live(connection) and self._due(connection)
        if due:
            await self._pipeline.submit(KeepBays(), actor="system")

    def _due(self, connection: Connection) -> bool:
        context = Context(self._pipeline.clock.now_ms(), self._pipeline.zone, "system", os.urandom(32))
        return bool(keeping.keep(keeping.load(connection, KeepBays(), context), KeepBays(), context))
