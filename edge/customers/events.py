"""Facts about consents. They name a customer by reference only. Additive: anything else is a new version."""

from typing import ClassVar

from edge.customers.model import Means, Purpose
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
