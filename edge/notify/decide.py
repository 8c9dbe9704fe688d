"""Who gets a reminder: whoever left a phone number, had at least three ahead on entry, and has three or fewer now; once.

Also with a remote ticket that waits for activation: then the message asks them to come to the branch.

A number left for one visit is consent to one message about it. A customer whom the branch knows, and who has withdrawn the
consent to be served as somebody known, gets none, also when the message is under way; the books say that it was withheld.

Three is the default of a policy key.
"""

from collections.abc import Sequence
from typing import Final

from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event
from edge.kernel.pipeline import Handler
from edge.notify import tables
from edge.notify.model import (
    AdviserTold,
    RecordArrivalAlert,
    RecordReminder,
    RemindCustomer,
    Reminder,
    ReminderDue,
    ReminderSettled,
    ReminderWithheld,
)


def load(connection: Connection, command: RemindCustomer | RecordReminder, _context: Context) -> Reminder | None:
    return tables.reminder(connection, command.ticket)


def remind(state: Reminder | None, command: RemindCustomer, _context: Context) -> Sequence[Event]:
    """Two ahead on entry: never. From four to two: one message, with the true count. Back and forth: no second (S11–S13)."""
    if state is None or not state.waiting or not state.reachable or state.outcome is not None:
        return ()
    if state.ahead_at_entry < state.remind_ahead or command.ahead > state.remind_ahead:
        return ()
    if state.opted_out:
        return [ReminderWithheld(ticket=state.ticket, number=state.number, ahead=command.ahead)]
    return [ReminderDue(ticket=state.ticket, number=state.number, ahead=command.ahead)]


def record(state: Reminder | None, command: RecordReminder, _context: Context) -> Sequence[Event]:
    if state is None or state.outcome != "due":
        return ()
    return [ReminderSettled(ticket=state.ticket, outcome=command.outcome)]


def for_alert(connection: Connection, command: RecordArrivalAlert, _context: Context) -> str | None:
    return tables.told(connection, command.ticket, command.adviser)


def record_alert(known: str | None, command: RecordArrivalAlert, _context: Context) -> Sequence[Event]:
    """The first outcome stands: there is one message per visit and adviser."""
    if known is not None:
        return ()
    return [AdviserTold(ticket=command.ticket, adviser=command.adviser, outcome=command.outcome)]


HANDLERS: Final[dict[type[Command], Handler]] = {
    RemindCustomer: Handler(load, remind),
    RecordReminder: Handler(load, record),
    RecordArrivalAlert: Handler(for_alert, record_alert),
}
