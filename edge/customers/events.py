"""Facts about consents and about who saw what. They name a customer by reference only.

Additive: a field may be added with a default; anything else is a new version.
"""

from typing import ClassVar

from edge.customers.model import Means, Need, Purpose
from edge.kernel.domain import Event


class ConsentFact(Event, frozen=True, kw_only=True):
    """A fact about one customer's consents."""

    TYPE: ClassVar[str] = ""
    customer: str
    purpose: Purpose

    def entity(self) -> str:
        return self.customer


class ConsentGiven(ConsentFact, frozen=True, kw_only=True):
    """A customer agreed; an older version of the same purpose is replaced by it."""

    TYPE: ClassVar[str] = "customers.consent_given.v1"
    consent: str
    version: int
    channel: Means
    evidence: str


class ConsentWithdrawn(ConsentFact, frozen=True, kw_only=True):
    """A customer took back what was in force for a purpose."""

    TYPE: ClassVar[str] = "customers.consent_withdrawn.v1"
    consent: str
    channel: Means


class CustomerUnmasked(Event, frozen=True, kw_only=True):
    """The actor was let see a customer's data in clear; what was seen is not here."""

    TYPE: ClassVar[str] = "customers.customer_unmasked.v1"
    customer: str
    purpose: Need
    day: str
    """The branch's day, by which it is counted; ISO 8601."""

    def entity(self) -> str:
        return self.customer
