"""Starts the day's deleting, and goes on until it is finished; for whoever watches the time."""

from edge.kernel.pipeline import Pipeline
from edge.retention import views
from edge.retention.model import ApplyRetention


async def keep_up(pipeline: Pipeline) -> None:
    """One bounded run, where today's work is not finished. Raises Overloaded, StorageFull."""
    today = pipeline.today().isoformat()
    with pipeline.db.reader() as connection:
        done = views.done_on(connection, today)
    if not done:
        await pipeline.submit(ApplyRetention(), actor="system")
