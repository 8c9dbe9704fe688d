"""What the consent ledger accepts: a known customer gives, a newer text replaces an older one, and anybody withdraws.

Seeing a customer's data in clear is counted for each member of staff and day, and refused beyond the policy's number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.customers import consents
from edge.customers.consents import Consent, ConsentLedger
from edge.customers.events import ConsentGiven, ConsentWithdrawn, CustomerUnmasked
from edge.customers.model import GiveConsent, UnmaskCustomer, WithdrawConsent
from edge.customers.policy import UNMASKED_PER_DAY
from edge.customers.tables import Standing, standing, unmasked_on
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler
from edge.policy import tables as policy


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What is in force for the customer and the purpose."""

    customer: str
    standing: Standing
    in_force: Consent | None = None


def for_consent(connection: Connection, command: GiveConsent | WithdrawConsent, _context: Context) -> ConsentState:
    return ConsentState(
        customer=command.customer,
        standing=standing(connection, command.customer),
        in_force=consents.in_force(connection, command.customer, command.purpose),
    )


def give(state: ConsentState, command: GiveConsent, context: Context) -> Sequence[Event]:
    """A newer version than the one in force, or the first."""
    state.standing.must_be_known()
    current = state.in_force
    if current is not None and command.version < current.version:
        raise Rejected("consent_text_outdated", version=command.version, in_force=current.version)
    if current is not None and command.version == current.version:
        return ()
    return (
        ConsentGiven(
            customer=command.customer,
            purpose=command.purpose,
            consent=context.new_id(),
            version=command.version,
            channel=command.channel,
            evidence=command.evidence,
        ),
    )


def withdraw(state: ConsentState, command: WithdrawConsent, _context: Context) -> Sequence[Event]:
    """Also of a customer whom the index has lost: taking back is as easy as giving (PIPL article 15)."""
    if state.in_force is None:
        state.standing.must_be_known()
        return ()
    return (
        ConsentWithdrawn(
            customer=command.customer,
            purpose=command.purpose,
            consent=state.in_force.id,
            channel=command.channel,
        ),
    )


def ledger(connection: Connection, state: ConsentState, _events: Sequence[Event], context: Context) -> ConsentLedger:
    return consents.of(connection, state.customer, context.zone)


@dataclass(frozen=True, slots=True)
class UnmaskState:
    """How often this actor has seen data in clear today, and how often they may."""

    standing: Standing
    seen: int
    allowed: int


def for_unmask(connection: Connection, command: UnmaskCustomer, context: Context) -> UnmaskState:
    return UnmaskState(
        standing=standing(connection, command.customer),
        seen=unmasked_on(connection, context.today.isoformat(), context.actor),
        allowed=policy.read(connection, UNMASKED_PER_DAY),
    )


def unmask(state: UnmaskState, command: UnmaskCustomer, context: Context) -> Sequence[Event]:
    state.standing.must_be_known()
    if state.seen >= state.allowed:
        raise Rejected("unmask_limit_reached", allowed=state.allowed)
    return (CustomerUnmasked(customer=command.customer, purpose=command.purpose, day=context.today.isoformat()),)


def left(_connection: Connection, state: UnmaskState, _events: Sequence[Event], _context: Context) -> int:
    """How many more times today. What is seen is no part of the answer that the receipt keeps."""
    return state.allowed - state.seen - 1


HANDLERS: Final[dict[type[Command], Handler]] = {
    GiveConsent: Handler(for_consent, give, ledger),
    WithdrawConsent: Handler(for_consent, withdraw, ledger),
    UnmaskCustomer: Handler(for_unmask, unmask, left),
}
