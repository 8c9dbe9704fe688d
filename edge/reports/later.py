"""The promises after the first one: what became of the ranges that a ticket's phone showed while its holder waited."""

from edge.forecast.model import PromisesScored
from edge.kernel.db import Connection
from edge.reports.belonging import key, touch
from sync.chain import Record


def promises_scored(connection: Connection, event: PromisesScored, record: Record) -> None:
    """A ticket that was missed and waited again is scored once for each wait."""
    day, seq = key(connection, event.ticket)
    connection.execute(
        "UPDATE report_ticket SET later_kept = later_kept + ?3, later_early = later_early + ?4,"
        " later_late = later_late + ?5, later_late_s = later_late_s + ?6 WHERE day = ?1 AND seq = ?2",
        (day, seq, event.kept, event.early, event.late, event.late_s),
    )
    touch(connection, day, record)
