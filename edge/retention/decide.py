"""What is kept too long is deleted, a bounded part at a time; what a customer wants deleted is, unless they are here.

* Retention looks at ages by the branch's clock, which never runs behind what has already happened. A box that was off for a
  month deletes a month's worth when it is back, in portions of `DELETED_AT_ONCE_MAX`.
* A visit is over at the end of its day; a phone number is deleted when that day is more than the policy's days ago (seven).
* A number plate is deleted when the day of its visit is over (S33).
* What a customer wrote with a rating is deleted after the policy's days (180); the score stays, for it names nobody.
* A customer is erased only when nothing of theirs is under way: whoever still waits has to be served or let go first,
  whoever has an appointment has to cancel it, and a car or cash on its way has to arrive or be called off. What they wrote
  about services goes with them; the scores stay, for they name nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.customers import consents
from edge.customers import tables as customers
from edge.customers.events import ConsentWithdrawn
from edge.customers.model import Purpose
from edge.customers.privacy import subject_of
from edge.customers.tables import Standing
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event, Rejected, invariant
from edge.kernel.pipeline import Handler
from edge.kernel.vault import Vault
from edge.queue.views import moment
from edge.retention import views
from edge.retention.model import ApplyRetention, CustomerErased, EraseCustomer, ErasureReport, RetentionApplied

DELETED_AT_ONCE_MAX: Final = 50
"""Contacts in one run, customers, and comments: about a hundredth of a second of the writer."""
OF_ONE_MAX: Final = 1000
"""Phone numbers, and comments, of one customer; after the policy's days there are no numbers of older visits."""


def for_retention(connection: Connection, _command: ApplyRetention, context: Context) -> views.Due:
    if views.done_on(connection, context.today.isoformat()):
        return views.Due(finished=True)
    return views.due(connection, context.now, limit=DELETED_AT_ONCE_MAX + 1)


def apply_retention(state: views.Due, _command: ApplyRetention, context: Context) -> Sequence[Event]:
    """Once a day, and again at once where more was due than goes at once."""
    if state.finished:
        return ()
    return [
        RetentionApplied(
            day=context.today.isoformat(),
            contacts=state.contacts[:DELETED_AT_ONCE_MAX],
            customers=state.customers[:DELETED_AT_ONCE_MAX],
            comments=state.comments[:DELETED_AT_ONCE_MAX],
            plates=state.plates[:DELETED_AT_ONCE_MAX],
            finished=state.most <= DELETED_AT_ONCE_MAX,
        )
    ]


@dataclass(frozen=True, slots=True)
class ErasureState:
    """What the branch has of a customer."""

    customer: str
    standing: Standing
    ticket: str | None = None
    """The number of a visit that is not over."""
    appointment: str | None = None
    """The day of an appointment still to come."""
    service: str | None = None
    """The kind of a service that is still to be done for them."""
    details: int = 0
    identities: int = 0
    contacts: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    consents: tuple[tuple[Purpose, str], ...] = ()
    """What is in force, by purpose and id."""


def for_erasure(connection: Connection, command: EraseCustomer, _context: Context) -> ErasureState:
    customer = command.customer
    in_force = ((purpose, consents.in_force(connection, customer, purpose)) for purpose in Purpose)
    return ErasureState(
        customer=customer,
        standing=customers.standing(connection, customer),
        ticket=views.open_ticket(connection, customer),
        appointment=views.open_appointment(connection, customer),
        service=views.open_service(connection, customer),
        details=len(Vault.names(connection, subject_of(customer))),
        identities=customers.identities(connection, customer),
        contacts=tuple(views.contacts_of(connection, customer, OF_ONE_MAX)),
        comments=tuple(views.comments_of(connection, customer, OF_ONE_MAX)),
        consents=tuple((purpose, consent.id) for purpose, consent in in_force if consent is not None),
    )


def erase(state: ErasureState, command: EraseCustomer, _context: Context) -> Sequence[Event]:
    """Also one whom the index has lost, as long as anything of them is left here."""
    if state.standing is Standing.ERASED:
        return ()
    if state.ticket is not None:
        raise Rejected("customer_visit_open", number=state.ticket)
    if state.appointment is not None:
        raise Rejected("customer_appointment_open", day=state.appointment)
    if state.service is not None:
        raise Rejected("customer_service_open", kind=state.service)
    if state.standing is Standing.UNKNOWN and not (state.details or state.contacts or state.comments or state.consents):
        raise Rejected("no_such_customer")
    ended = [
        ConsentWithdrawn(customer=command.customer, purpose=purpose, consent=consent, channel=command.channel)
        for purpose, consent in state.consents
    ]
    erased = CustomerErased(
        customer=command.customer,
        contacts=state.contacts,
        channel=command.channel,
        evidence=command.evidence,
        comments=state.comments,
    )
    return [*ended, erased]


def report(connection: Connection, state: ErasureState, events: Sequence[Event], context: Context) -> ErasureReport:
    """What this command removed; nothing where it had been done before."""
    erased_ms = customers.erased_ms(connection, state.customer)
    invariant(erased_ms is not None, "a customer was erased and is not in the books")
    gone = state if events else ErasureState(state.customer, state.standing)
    return ErasureReport(
        customer=state.customer,
        erased_at=moment(erased_ms or 0, context.zone),
        details=gone.details,
        identities=gone.identities,
        contacts=len(gone.contacts),
        comments=len(gone.comments),
        consents=len(gone.consents),
    )


HANDLERS: Final[dict[type[Command], Handler]] = {
    ApplyRetention: Handler(for_retention, apply_retention),
    EraseCustomer: Handler(for_erasure, erase, report),
}
