"""Erasing a customer, and what past days have deleted, over HTTP."""

from datetime import date, timedelta
from typing import Final

import msgspec

from edge.customers.model import Evidence, Means
from edge.customers.policy import INDEX_KEPT_DAYS, INDEX_USABLE_DAYS
from edge.kernel.db import Connection
from edge.org.place import Place
from edge.policy import tables as policy
from edge.retention import views
from edge.retention.model import EraseCustomer, ErasureReport, RetentionRun
from edge.retention.policy import RATING_COMMENT_DAYS, VISIT_CONTACT_DAYS
from edge.web.routes import Call, Routes

routes: Final = Routes("retention")
DUE_COUNTED_MAX: Final = 1001
"""As far as what is due is counted; one more than is shown as a figure."""


class ErasureRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the customer asked for it, and the digest of what they signed."""

    channel: Means = Means.COUNTER
    evidence: Evidence | None = None


@routes.post(
    "/api/customers/{customer}/erase",
    body=ErasureRequest,
    reply=ErasureReport,
    permission="customers.erase",
    summary="Destroy what the branch has of a customer, on their request; again is the same",
    problems=("no_such_customer", "customer_visit_open", "customer_appointment_open", "customer_service_open"),
)
async def erase(call: Call[ErasureRequest]) -> bytes:
    wish = call.body
    command = EraseCustomer(customer=call.path["customer"], channel=wish.channel, evidence=wish.evidence or "")
    return (await call.submit(command)).answer


class DueView(msgspec.Struct, frozen=True, kw_only=True):
    """What the next run of retention deletes, as things stand."""

    day: date
    contacts: int
    customers: int
    comments: int
    more: bool
    """Any figure is a lower bound: so many were counted, and there are others."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept how long, what goes next, and what has gone."""

    visit_contact_days: int
    """A phone number that was given for one visit, counted from that visit."""
    rating_comment_days: int
    """What was written with a rating, counted from then."""
    index_usable_days: int
    """Until a customer whom head office names no more is not recognised."""
    index_kept_days: int
    """Until such a customer is deleted."""
    due: DueView
    runs: list[RetentionRun]


@routes.get(
    "/api/retention",
    permission="policy.view",
    reply=Retention,
    summary="What is kept how long, what goes next, and what was deleted because of its age, by day",
)
async def retention(call: Call[None]) -> Retention:
    place = call.app[Place]
    now = place.now()
    today = now.date()

    def read(connection: Connection) -> Retention:
        done = views.done_on(connection, today.isoformat())
        due = views.due(connection, now + timedelta(days=done), limit=DUE_COUNTED_MAX)
        return Retention(
            visit_contact_days=policy.read(connection, VISIT_CONTACT_DAYS),
            rating_comment_days=policy.read(connection, RATING_COMMENT_DAYS),
            index_usable_days=policy.read(connection, INDEX_USABLE_DAYS),
            index_kept_days=policy.read(connection, INDEX_KEPT_DAYS),
            due=_due(due, today + timedelta(days=done)),
            runs=views.runs(connection, place.zone),
        )

    return await call.app.pipeline.db.scan(read)


def _due(due: views.Due, day: date) -> DueView:
    kinds = (due.contacts, due.customers, due.comments)
    contacts, customers, comments = (min(len(found), DUE_COUNTED_MAX - 1) for found in kinds)
    return DueView(day=day, contacts=contacts, customers=customers, comments=comments, more=due.most == DUE_COUNTED_MAX)
