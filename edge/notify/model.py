"""Reminders: the one text message that tells a customer who went to the bookshop that it is time to come back (R094, R110)."""

from typing import ClassVar, Final

import msgspec

from edge.kernel.domain import Command, Event

SEND_SMS: Final = "notify.send_sms"
"""The effect that sends one."""
TELL_ADVISER: Final = "notify.tell_adviser"
"""The effect that tells an adviser that a customer of theirs has come in."""

TELL_OF_SERVICE: Final = "notify.tell_of_service"
"""The effect that tells an adviser how a service stands that a customer of theirs asked for."""
TEXTS: Final = (SEND_SMS, TELL_ADVISER, TELL_OF_SERVICE)
"""The effects that are text messages."""


class RemindCustomer(Command, frozen=True, kw_only=True):
    """Somebody's turn is near; `ahead` as the rule counts it, now."""

    NAME: ClassVar[str] = "notify.remind_customer"
    ticket: str
    ahead: int


class RecordReminder(Command, frozen=True, kw_only=True):
    """What became of a reminder: `sent`, `expired`, `refused`, `suppressed` (nobody waits for it any more), `withheld` (the
    consent is withdrawn), or `unknown`: it may have gone out."""

    NAME: ClassVar[str] = "notify.record_reminder"
    ticket: str
    outcome: str


class RecordArrivalAlert(Command, frozen=True, kw_only=True):
    """What became of the message to an adviser; the reminder's outcomes, and `no_phone`: the directory has no number."""

    NAME: ClassVar[str] = "notify.record_arrival_alert"
    ticket: str
    adviser: str
    outcome: str


class AdviserTold(Event, frozen=True, kw_only=True):
    """An adviser was told of a customer's arrival, or could not be; once per visit (S15)."""

    TYPE: ClassVar[str] = "notify.adviser_told.v1"
    ticket: str
    adviser: str
    """Staff number."""
    outcome: str

    def entity(self) -> str:
        return self.ticket


class ReminderDue(Event, frozen=True, kw_only=True):
    """A reminder is to be sent, once in a ticket's life."""

    TYPE: ClassVar[str] = "notify.reminder_due.v1"
    ticket: str
    number: str
    ahead: int

    def entity(self) -> str:
        return self.ticket


class ReminderWithheld(Event, frozen=True, kw_only=True):
    """It was due, and is not sent: the customer has withdrawn the consent it stands on (S13)."""

    TYPE: ClassVar[str] = "notify.reminder_withheld.v1"
    ticket: str
    number: str
    ahead: int

    def entity(self) -> str:
        return self.ticket


class ReminderSettled(Event, frozen=True, kw_only=True):
    """It was sent, came too late, was refused by the platform, or nobody needed it any more."""

    TYPE: ClassVar[str] = "notify.reminder_settled.v1"
    ticket: str
    outcome: str

    def entity(self) -> str:
        return self.ticket


class Reminder(msgspec.Struct, frozen=True):
    """What is known of a ticket's reminder."""

    ticket: str
    number: str
    waiting: bool
    ahead_at_entry: int
    reachable: bool
    """A phone number was given for this visit."""
    outcome: str | None
    """None: not asked for yet; `due`: under way; else how it ended."""
    opted_out: bool = False
    """Whoever holds the ticket is known, and has withdrawn the consent to be served as somebody known."""
    remind_ahead: int = 3
    """People ahead when the reminder is sent (S11)."""
