"""The words of this room: what has grown too old goes once a day, and a customer goes when they ask.

Both are facts that name references only: a visit's contact, a customer. What was behind them is gone.
"""

from datetime import datetime
from typing import ClassVar

import msgspec

from edge.customers.model import Means
from edge.kernel.domain import Command, Event


class ApplyRetention(Command, frozen=True, kw_only=True):
    """Delete what has been kept long enough; a part of it, where there is much."""

    NAME: ClassVar[str] = "retention.apply_retention"


class EraseCustomer(Command, frozen=True, kw_only=True):
    """The customer wants their data deleted (PIPL article 47); again is the same."""

    NAME: ClassVar[str] = "retention.erase_customer"
    customer: str
    channel: Means
    evidence: str = ""
    """SHA-256 of the signed request, in hex; the request itself is kept elsewhere. Empty where it was only spoken."""


class RetentionApplied(Event, frozen=True, kw_only=True):
    """What was deleted because of its age. A day with nothing to delete has one too: it shows that somebody looked."""

    TYPE: ClassVar[str] = "retention.retention_applied.v1"
    day: str
    """The branch's day, ISO 8601."""
    contacts: tuple[str, ...]
    """Vault subjects of phone numbers that were given for one visit."""
    customers: tuple[str, ...]
    """Customers whom head office has not named for too long."""
    finished: bool
    """Nothing was left over for another run."""
    comments: tuple[str, ...] = ()
    """Vault subjects of what customers wrote with their ratings."""
    plates: tuple[str, ...] = ()
    """Vault subjects of number plates of days that are over (S33)."""

    def entity(self) -> str:
        return self.day


class CustomerErased(Event, frozen=True, kw_only=True):
    """A customer's data was destroyed on their request. Nobody brings the reference back."""

    TYPE: ClassVar[str] = "retention.customer_erased.v1"
    customer: str
    contacts: tuple[str, ...]
    """Vault subjects of phone numbers that this customer gave for visits and appointments."""
    channel: Means
    evidence: str = ""
    comments: tuple[str, ...] = ()
    """Vault subjects of what this customer wrote about services."""

    def entity(self) -> str:
        return self.customer


class ErasureReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed; all are counts, and all 0 where it had been done before."""

    customer: str
    erased_at: datetime
    details: int
    """Names and phones in the vault."""
    identities: int
    """Documents, cards and numbers by which the customer was recognised."""
    contacts: int
    """Phone numbers left for visits and appointments."""
    comments: int
    """Comments on services."""
    consents: int
    """Consents that ended with it."""


class RetentionRun(msgspec.Struct, frozen=True, kw_only=True):
    """What one day's runs deleted."""

    day: str
    at: datetime
    """The last of the day."""
    contacts: int
    customers: int
    comments: int
    finished: bool
