"""The consent ledger, as it is read: what is in force, and what was.

Each giving is a line that stays. It ends when a newer version of the text is agreed to or the consent is withdrawn, so at most
one line of a customer and purpose is in force.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from edge.customers.model import Means, Purpose
from edge.customers.tables import erased_ms
from edge.kernel.db import Connection

SHOWN_MAX: Final = 200
"""Lines of one customer in an answer, the newest first; older ones stay in the ledger."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The line in force."""

    id: str
    version: int


class ConsentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One giving and how it ended."""

    consent: str
    purpose: Purpose
    version: int
    given_at: datetime
    given_to: str
    """The staff member or device that took it down."""
    channel: Means
    evidence: str
    replaced_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_to: str | None = None
    withdrawn_channel: Means | None = None


class ConsentLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer agrees to now, and how that came about."""

    customer: str
    in_force: list[Purpose]
    lines: list[ConsentLine]
    erased_at: datetime | None = None
    """The customer's data was erased on their request; the lines stay as proof, and name nobody any more."""


def in_force(connection: Connection, customer: str, purpose: Purpose) -> Consent | None:
    """What the customer agrees to for this purpose; None is a no."""
    row = connection.execute(
        "SELECT id, version FROM consent WHERE customer = ? AND purpose = ? AND ended_ms IS NULL", (customer, purpose.value)
    ).fetchone()
    return None if row is None else Consent(*row)


def is_withdrawn(connection: Connection, customer: str, purpose: Purpose) -> bool:
    """Whether the customer has taken it back, which says more than never having been asked."""
    withdrawn_to = connection.execute(
        "SELECT withdrawn_to FROM consent WHERE customer = ? AND purpose = ? ORDER BY given_ms DESC, id DESC LIMIT 1",
        (customer, purpose.value),
    ).get
    return withdrawn_to is not None


def purposes_in_force(connection: Connection, customer: str) -> list[Purpose]:
    rows = connection.execute(
        "SELECT purpose FROM consent WHERE customer = ? AND ended_ms IS NULL ORDER BY purpose", (customer,)
    )
    return [Purpose(str(purpose)) for (purpose,) in rows]


def of(connection: Connection, customer: str, zone: ZoneInfo) -> ConsentLedger:
    """The ledger of one customer; empty for one who never gave any."""
    erased = erased_ms(connection, customer)
    rows = connection.execute(
        "SELECT id, purpose, version, given_ms, given_to, channel, evidence, ended_ms, withdrawn_to, withdrawn_channel"
        " FROM consent WHERE customer = ? ORDER BY given_ms DESC, id DESC LIMIT ?",
        (customer, SHOWN_MAX),
    ).fetchall()
    return ConsentLedger(
        customer=customer,
        in_force=purposes_in_force(connection, customer),
        lines=[_line(row, zone) for row in rows],
        erased_at=None if erased is None else datetime.fromtimestamp(erased // 1000, zone),
    )


def _line(row: Any, zone: ZoneInfo) -> ConsentLine:
    consent, purpose, version, given_ms, given_to, channel, evidence, ended_ms, withdrawn_to, withdrawn_channel = row
    ended = None if ended_ms is None else datetime.fromtimestamp(ended_ms / 1000, zone)
    return ConsentLine(
        consent=consent,
        purpose=Purpose(str(purpose)),
        version=version,
        given_at=datetime.fromtimestamp(given_ms / 1000, zone),
        given_to=given_to,
        channel=Means(channel),
        evidence=evidence,
        replaced_at=ended if withdrawn_to is None else None,
        withdrawn_at=None if withdrawn_to is None else ended,
        withdrawn_to=withdrawn_to,
        withdrawn_channel=None if withdrawn_channel is None else Means(withdrawn_channel),
    )
