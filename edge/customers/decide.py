"""What the consent ledger accepts: a known customer gives, a newer text replaces an older one, and anybody withdraws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.customers import consents
from edge.customers.consents import Consent, ConsentLedger
from edge.customers.events import ConsentGiven, ConsentWithdrawn
from edge.customers.model import GiveConsent, WithdrawConsent
from edge.customers.tables import is_known
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected
from edge.kernel.pipeline import Handler


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What is in force for the customer and the purpose."""

    customer: str
    known: bool
    """The recognition index has the customer."""
    in_force: Consent | None = None


def for_consent(connection: Connection, command: GiveConsent | WithdrawConsent, _context: Context) -> ConsentState:
    return ConsentState(
        customer=command.customer,
        known=is_known(connection, command.customer),
        in_force=consents.in_force(connection, command.customer, command.purpose),
    )


def give(state: ConsentState, command: GiveConsent, context: Context) -> Sequence[Event]:
    """A newer version than the one in force, or the first."""
    if not state.known:
        raise Rejected("no_such_customer")
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
        if not state.known:
            raise Rejected("no_such_customer")
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


HANDLERS: Final[dict[type[Command], Handler]] = {
    GiveConsent: Handler(for_consent, give, ledger),
    WithdrawConsent: Handler(for_consent, withdraw, ledger),
}
