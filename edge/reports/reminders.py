"""短信状态: what became of the one text message that tells a ticket's holder that their turn is near (S11–S13)."""

from typing import Final

from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.pipeline import Apply
from edge.notify.model import ReminderDue, ReminderSettled, ReminderWithheld
from edge.reports.belonging import key, touch
from sync.chain import Record

DUE: Final = "due"
WITHHELD: Final = "withheld"


def due(connection: Connection, event: ReminderDue, record: Record) -> None:
    _note(connection, event.ticket, DUE, record)


def withheld(connection: Connection, event: ReminderWithheld, record: Record) -> None:
    _note(connection, event.ticket, WITHHELD, record)


def settled(connection: Connection, event: ReminderSettled, record: Record) -> None:
    """May come days later, where no line was up: it belongs to the day of its ticket."""
    _note(connection, event.ticket, event.outcome, record)


def _note(connection: Connection, ticket: str, state: str, record: Record) -> None:
    day, seq = key(connection, ticket)
    connection.execute("UPDATE report_ticket SET sms = ?3 WHERE day = ?1 AND seq = ?2", (day, seq, state))
    touch(connection, day, record)


APPLIES_OF_REMINDERS: Final[dict[type[Event], tuple[Apply, ...]]] = {
    ReminderDue: (due,),
    ReminderWithheld: (withheld,),
    ReminderSettled: (settled,),
}
