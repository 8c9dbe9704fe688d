"""The words of this room: what a customer can agree to, and why somebody may see a customer's data in clear.

A consent is given for one purpose and one version of its text, by a customer who is known only by reference (PIPL articles 14,
15 and 29). Nothing here says what a purpose allows: whoever processes for it asks the ledger (`consents.py`).
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Final

import msgspec

from edge.kernel.domain import Command

VERSION_MAX: Final = 1_000_000

Evidence = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of something signed or recorded, in hex."""


class Purpose(StrEnum):
    """What personal data is used for. Each is asked for by itself."""

    SERVICE = "service"
    """Recognition and queueing by tier."""
    MARKETING = "marketing"
    PROFILING = "profiling"
    """Automated decisions from what the customer does (PIPL article 24)."""
    PHOTO = "photo"
    RECORD = "record"
    """Sound and picture of a sale."""


class Means(StrEnum):
    """Where the customer said it."""

    COUNTER = "counter"
    LOBBY = "lobby"
    KIOSK = "kiosk"
    PHONE = "phone"


class Need(StrEnum):
    """Why somebody has to see a customer's data in clear."""

    SERVE = "serve"
    """The business in hand cannot be done otherwise."""
    CONTACT = "contact"
    """The customer is to be called back or looked for in the hall."""
    VERIFY = "verify"
    """Whether this is the customer that the branch knows."""
    COMPLAINT = "complaint"


class GiveConsent(Command, frozen=True, kw_only=True):
    """The customer agrees to a version of a purpose's text; to the same one again is nothing."""

    NAME: ClassVar[str] = "customers.give_consent"
    customer: str
    purpose: Purpose
    version: int
    """Of the text that was agreed to; head office counts them up."""
    channel: Means
    evidence: str
    """SHA-256 of the signed page or the recording, in hex; the evidence itself is kept elsewhere."""


class WithdrawConsent(Command, frozen=True, kw_only=True):
    """The customer takes a consent back, without a reason and at once; what is not in force needs no taking back."""

    NAME: ClassVar[str] = "customers.withdraw_consent"
    customer: str
    purpose: Purpose
    channel: Means


class UnmaskCustomer(Command, frozen=True, kw_only=True):
    """Somebody wants to see a customer's data in clear, and says why."""

    NAME: ClassVar[str] = "customers.unmask_customer"
    customer: str
    purpose: Need
