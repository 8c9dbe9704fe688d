"""Consents and unmasking over HTTP, for staff at the counter and in the lobby."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec

from edge.customers import consents, tables
from edge.customers.consents import ConsentLedger
from edge.customers.model import VERSION_MAX, Evidence, GiveConsent, Means, Need, Purpose, UnmaskCustomer, WithdrawConsent
from edge.customers.privacy import InClear, Names
from edge.customers.tables import standing
from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.org import tables as org
from edge.org.place import Place
from edge.web.routes import Call, Routes

routes: Final = Routes("customers")
STAFF: Final = "staff:"
UNMASKINGS_DAYS: Final = 30
UNMASKINGS_SHOWN_MAX: Final = 300

Version = Annotated[int, msgspec.Meta(ge=1, le=VERSION_MAX)]


@routes.get(
    "/api/customers/{customer}/consents",
    permission="customers.view_consents",
    reply=ConsentLedger,
    summary="What a customer agrees to, and how that came about",
    problems=("no_such_customer",),
)
async def ledger(call: Call[None]) -> ConsentLedger:
    customer, zone = call.path["customer"], call.app[Place].zone

    def read(connection: Connection) -> ConsentLedger:
        found = consents.of(connection, customer, zone)
        if not found.lines and found.erased_at is None:
            standing(connection, customer).must_be_known()
        return found

    return await call.app.pipeline.db.scan(read)


class ConsentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer agreed to, and the proof of it."""

    purpose: Purpose
    version: Version
    channel: Means = Means.COUNTER
    evidence: Evidence


@routes.post(
    "/api/customers/{customer}/consents",
    body=ConsentRequest,
    reply=ConsentLedger,
    permission="customers.record_consent",
    summary="Take a consent down; the same version again is the same",
    problems=("no_such_customer", "customer_erased", "consent_text_outdated"),
)
async def give(call: Call[ConsentRequest]) -> bytes:
    wish = call.body
    command = GiveConsent(
        customer=call.path["customer"],
        purpose=wish.purpose,
        version=wish.version,
        channel=wish.channel,
        evidence=wish.evidence,
    )
    return (await call.submit(command)).answer


class WithdrawalRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer does not agree to any more; no reason is asked."""

    purpose: Purpose
    channel: Means = Means.COUNTER


@routes.post(
    "/api/customers/{customer}/consents/withdraw",
    body=WithdrawalRequest,
    reply=ConsentLedger,
    permission="customers.record_consent",
    summary="Take a consent back; again is the same",
    problems=("no_such_customer", "customer_erased"),
)
async def withdraw(call: Call[WithdrawalRequest]) -> bytes:
    wish = call.body
    command = WithdrawConsent(customer=call.path["customer"], purpose=wish.purpose, channel=wish.channel)
    return (await call.submit(command)).answer


class UnmaskRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it has to be seen."""

    purpose: Need


class Unmasked(msgspec.Struct, frozen=True, kw_only=True):
    """What the branch keeps of the customer, in clear."""

    name: str | None
    phone: str | None
    left_today: int
    """How many more times this member of staff may ask today."""


@routes.post(
    "/api/customers/{customer}/unmask",
    body=UnmaskRequest,
    reply=Unmasked,
    permission="customers.unmask",
    summary="See a customer's name and phone in clear; who and why is journalled first",
    problems=("no_such_customer", "customer_erased", "nothing_to_unmask", "unmask_limit_reached"),
)
async def unmask(call: Call[UnmaskRequest]) -> Unmasked:
    customer, names = call.path["customer"], call.app[Names]

    def read(connection: Connection) -> InClear:
        standing(connection, customer).must_be_known()
        kept = names.in_clear(connection, customer)
        if kept is None:
            raise Rejected("nothing_to_unmask")
        return kept

    kept = await call.app.pipeline.db.scan(read)
    outcome = await call.submit(UnmaskCustomer(customer=customer, purpose=call.body.purpose))
    return Unmasked(name=kept.name, phone=kept.phone, left_today=msgspec.json.decode(outcome.answer, type=int))


# --- who looked


class UnmaskingsQuery(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}
):
    """Which days, and of whom; without days the last thirty."""

    first: date | None = None
    last: date | None = None
    staff: Annotated[str, msgspec.Meta(min_length=1, max_length=16)] | None = None


class UnmaskingView(msgspec.Struct, frozen=True, kw_only=True):
    """Who saw whose data in clear, when and why."""

    at: datetime
    staff: str
    staff_name: str | None
    """None for somebody who is no longer in the directory."""
    customer: str
    name: str | None
    """Masked; None where the branch keeps no name any more."""
    purpose: Need


class Unmaskings(msgspec.Struct, frozen=True, kw_only=True):
    first: date
    last: date
    unmaskings: list[UnmaskingView]
    more: bool
    """There are older ones: ask for fewer days."""


@routes.get(
    "/api/unmaskings",
    query=UnmaskingsQuery,
    permission="customers.review_unmaskings",
    reply=Unmaskings,
    summary="Who saw which customer's data in clear, when and why; newest first, names masked",
)
async def unmaskings(call: Call[UnmaskingsQuery]) -> Unmaskings:
    wish, place, names = call.query, call.app[Place], call.app[Names]
    last = wish.last or place.now().date()
    first = wish.first or last - timedelta(days=UNMASKINGS_DAYS)
    actor = None if wish.staff is None else STAFF + wish.staff

    def read(connection: Connection) -> Unmaskings:
        found = tables.unmaskings(connection, first.isoformat(), last.isoformat(), actor=actor, limit=UNMASKINGS_SHOWN_MAX + 1)
        return Unmaskings(
            first=first,
            last=last,
            unmaskings=[_view(connection, names, one, place.zone) for one in found[:UNMASKINGS_SHOWN_MAX]],
            more=len(found) > UNMASKINGS_SHOWN_MAX,
        )

    return await call.app.pipeline.db.scan(read)


def _view(connection: Connection, names: Names, one: tables.Unmasking, zone: ZoneInfo) -> UnmaskingView:
    staff_no = one.actor.removeprefix(STAFF)
    staff = org.staff(connection, staff_no)
    return UnmaskingView(
        at=datetime.fromtimestamp(one.at_ms // 1000, zone),
        staff=staff_no,
        staff_name=None if staff is None else staff.name,
        customer=one.customer,
        name=names.masked(connection, one.customer),
        purpose=Need(one.purpose),
    )
