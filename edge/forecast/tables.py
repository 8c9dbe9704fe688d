"""How often promises held, read from the queue's tables. Definitions as in the report 承诺兑现 (`edge.reports.tally`)."""

from typing import NamedTuple

from edge.kernel.db import Connection


class Kept(NamedTuple):
    """Of one day: customers called, and those called within the range that stood on their ticket."""

    called: int
    kept: int


def kept_today(connection: Connection) -> Kept:
    """Of the open day. A remote ticket's wait counts from its activation, to whole seconds."""
    rows = connection.execute(
        "SELECT count(*), coalesce(sum((called_ms - coalesce(activated_ms, taken_ms)) / 1000"
        " BETWEEN wait_low_s AND wait_high_s), 0)"
        " FROM ticket WHERE day = (SELECT day FROM queue_day WHERE state = 'open') AND called_ms IS NOT NULL"
    )
    return next(Kept(*row) for row in rows)
