"""Erasing a customer, and what past days have deleted, over HTTP."""

from typing import Final

import msgspec

from edge.customers.model import Evidence, Means
from edge.kernel.db import Connection
from edge.org.place import Place
from edge.policy import tables as policy
from edge.retention import views
from edge.retention.model import EraseCustomer, ErasureReport, RetentionRun
from edge.retention.policy import VISIT_CONTACT_DAYS
from edge.web.routes import Call, Routes

routes: Final = Routes("retention")


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


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long contacts of visits are kept, and what has been deleted."""

    visit_contact_days: int
    runs: list[RetentionRun]


@routes.get("/api/retention", permission="policy.view", reply=Retention, summary="What was deleted because of its age, by day")
async def retention(call: Call[None]) -> Retention:
    zone = call.app[Place].zone

    def read(connection: Connection) -> Retention:
        days = policy.read(connection, VISIT_CONTACT_DAYS)
        return Retention(visit_contact_days=days, runs=views.runs(connection, zone))

    return await call.app.pipeline.db.scan(read)
