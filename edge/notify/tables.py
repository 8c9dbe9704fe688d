"""The reminders of tickets, who still waits for one, and which advisers were told of whom."""

from datetime import datetime
from typing import Final

from edge.customers import consents
from edge.customers.model import Purpose
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.notify.model import AdviserTold, Reminder, ReminderDue, ReminderSettled, ReminderWithheld
from edge.notify.policy import REMIND_AHEAD
from edge.policy import tables as policy
from edge.queue import order
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "notify/001",
        """
        CREATE TABLE notify_reminder(
            ticket TEXT PRIMARY KEY,
            number TEXT NOT NULL,
            ahead INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            changed_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration(
        "notify/002-near",
        "CREATE INDEX ticket_reachable ON ticket(ahead) WHERE state = 'waiting' AND phone_ref IS NOT NULL;",
    ),
    Migration(
        "notify/003-adviser",
        """
        CREATE TABLE notify_adviser(
            ticket TEXT NOT NULL,
            adviser TEXT NOT NULL,
            outcome TEXT NOT NULL,
            told_ms INTEGER NOT NULL,
            PRIMARY KEY (ticket, adviser)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
)
FOLDED: Final = ("notify_reminder", "notify_adviser")
LIST_MAX: Final = 200
WITHHELD: Final = "withheld"


def reminder_due(connection: Connection, event: ReminderDue, record: Record) -> None:
    connection.execute(
        "INSERT INTO notify_reminder VALUES (?, ?, ?, 'due', ?)", (event.ticket, event.number, event.ahead, record.at_ms)
    )


def reminder_withheld(connection: Connection, event: ReminderWithheld, record: Record) -> None:
    connection.execute(
        "INSERT INTO notify_reminder VALUES (?, ?, ?, ?, ?)", (event.ticket, event.number, event.ahead, WITHHELD, record.at_ms)
    )


def reminder_settled(connection: Connection, event: ReminderSettled, record: Record) -> None:
    connection.execute(
        "UPDATE notify_reminder SET outcome = ?, changed_ms = ? WHERE ticket = ?", (event.outcome, record.at_ms, event.ticket)
    )


def adviser_told(connection: Connection, event: AdviserTold, record: Record) -> None:
    connection.execute(
        "INSERT INTO notify_adviser VALUES (?, ?, ?, ?)", (event.ticket, event.adviser, event.outcome, record.at_ms)
    )


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    ReminderDue: (reminder_due,),
    ReminderWithheld: (reminder_withheld,),
    ReminderSettled: (reminder_settled,),
    AdviserTold: (adviser_told,),
}


# --- views


def reminder(connection: Connection, ticket: str) -> Reminder | None:
    row = connection.execute(
        "SELECT id, ticket.number, state IN ('waiting', 'pending'), ticket.ahead, phone_ref IS NOT NULL, outcome_of.outcome,"
        " customer FROM ticket LEFT JOIN notify_reminder AS outcome_of ON outcome_of.ticket = ticket.id WHERE id = ?",
        (ticket,),
    ).fetchone()
    if row is None:
        return None
    ticket_id, number, waiting, ahead, reachable, outcome, customer = row
    remind_ahead = policy.read(connection, REMIND_AHEAD)
    refused = opted_out(connection, customer)
    return Reminder(ticket_id, number, bool(waiting), ahead, bool(reachable), outcome, refused, remind_ahead)


def opted_out(connection: Connection, customer: str | None) -> bool:
    """Whether the customer does not want to be written to about the queue."""
    return customer is not None and consents.is_withdrawn(connection, customer, Purpose.SERVICE)


def near(connection: Connection, now: datetime) -> list[tuple[str, int]]:
    """Tickets whose turn is near and who are to be told: ticket, and people ahead as the rules in force would call (S11)."""
    remind_ahead = policy.read(connection, REMIND_AHEAD)
    wanted = {
        str(ticket)
        for (ticket,) in connection.execute(
            "SELECT id FROM (SELECT id, ahead FROM ticket WHERE state = 'waiting' AND phone_ref IS NOT NULL"
            " UNION ALL SELECT id, ahead FROM ticket WHERE state = 'pending' AND phone_ref IS NOT NULL AND passed_ms IS NULL)"
            " WHERE ahead >= ? AND NOT EXISTS (SELECT 1 FROM notify_reminder WHERE notify_reminder.ticket = id)",
            (remind_ahead,),
        )
    }
    if not wanted:
        return []
    ahead = order.by_rule(connection, now)
    return [(ticket, people) for ticket, people in ahead.items() if ticket in wanted and people <= remind_ahead]


def phone_ref(connection: Connection, ticket: str) -> str | None:
    """Where to send it; None where nobody left a number, or whoever is not here yet has missed their turn (S09)."""
    found: str | None = connection.execute(
        "SELECT phone_ref FROM ticket WHERE id = ? AND (state <> 'pending' OR passed_ms IS NULL)", (ticket,)
    ).get
    return found


def reminders(connection: Connection) -> list[tuple[str, str, int, str]]:
    """The newest reminders: ticket, number, people ahead, outcome."""
    rows = connection.execute(
        "SELECT ticket, number, ahead, outcome FROM notify_reminder ORDER BY changed_ms DESC, ticket LIMIT ?", (LIST_MAX,)
    )
    return [(str(ticket), str(number), int(ahead), str(outcome)) for ticket, number, ahead, outcome in rows]


def told(connection: Connection, ticket: str, adviser: str) -> str | None:
    """What became of the message to an adviser about a visit; None while it is on its way, or where none was due."""
    outcome: str | None = connection.execute(
        "SELECT outcome FROM notify_adviser WHERE ticket = ? AND adviser = ?", (ticket, adviser)
    ).get
    return outcome
