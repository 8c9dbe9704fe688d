"""What anybody may ask before coming: which places are free, and how the branch stands (S28)."""

from datetime import date, datetime
from typing import Annotated, Final

import msgspec

from edge.appointments import views
from edge.appointments.model import SlotPlan, Text
from edge.appointments.slots import DayBook
from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.kernel.journal import head
from edge.org import tables as org
from edge.org.model import Service, Way
from edge.org.place import Place
from edge.queue import views as queue_views
from edge.queue.model import Channel, Tier, queue_id
from edge.queue.views import WaitView
from edge.web.routes import Call, Routes

routes: Final = Routes("appointments")

STALE_AFTER_S: Final = 300
"""Whoever shows an answer that is older than this says that it is for reference only (仅供参考)."""


class SlotQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    service: Text
    day: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    channel: Channel = Channel.COUNTER
    """Who asks: other channels' quotas are not theirs."""


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    """A slot and what is left of it."""

    slot: str
    starts_at: datetime
    ends_at: datetime
    free: int
    experts: list[str]
    """Who can be asked for."""


class SlotList(msgspec.Struct, frozen=True, kw_only=True):
    service: str
    day: str
    slots: list[SlotView]
    """Those that have not begun; none on a day the branch does not book."""
    as_of: datetime


@routes.get(
    "/api/slots",
    query=SlotQuery,
    audience={"staff", "device"},
    permission="appointments.book",
    reply=SlotList,
    summary="Free places of a service on a day",
    problems=("unknown_service", "invalid_slot"),
)
async def list_slots(call: Call[SlotQuery]) -> SlotList:
    wish, place = call.query, call.app[Place]
    try:
        day = date.fromisoformat(wish.day)
    except ValueError as error:
        raise Rejected("invalid_slot", day=wish.day) from error
    with call.app.pipeline.db.reader() as connection:
        if org.service(connection, wish.service) is None:
            raise Rejected("unknown_service", service=wish.service)
        book = views.day_book(connection, wish.service, day, place.zone)
    return SlotList(service=wish.service, day=wish.day, slots=_free(book, wish.channel, place), as_of=place.now())


def _free(book: DayBook, channel: Channel, place: Place) -> list[SlotView]:
    if not book.plan.capacity:
        return []
    now_ms = place.clock.now_ms()
    return [
        SlotView(
            slot=slot.start,
            starts_at=queue_views.moment(slot.start_ms, place.zone),
            ends_at=queue_views.moment(slot.end_ms, place.zone),
            free=book.free(slot, channel),
            experts=book.experts(slot),
        )
        for slot in book.slots
        if slot.start_ms > now_ms
    ]


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """A service as somebody at home wants to know it."""

    id: str
    name: str
    name_en: str
    waiting: int
    waiting_by_tier: dict[Tier, int]
    """The same, queue by queue; tiers that nobody waits in are there, too."""
    wait: WaitView | None
    """What somebody without standing who took a number now could expect; null while the branch is closed: nobody can say."""
    bookable: bool


class BranchState(msgspec.Struct, frozen=True, kw_only=True):
    """How the branch stands."""

    id: str
    name: str
    name_en: str
    way: Way | None
    """Where it is and how to come, where the branch document says so."""
    open: bool
    counters_open: int
    services: list[ServiceState]
    as_of: datetime
    stale_after_s: int = STALE_AFTER_S
    seq: int


@routes.get(
    "/api/branch-state",
    audience={"guest"},
    reply=BranchState,
    summary="Is it open, who waits, how long will it take",
    problems=("branch_not_configured",),
)
async def branch_state(call: Call[None]) -> BranchState:
    place = call.app[Place]

    def read(connection: Connection) -> BranchState:
        branch, day = org.branch(connection), queue_views.day(connection)
        if branch is None:
            raise Rejected("branch_not_configured")
        counters = connection.execute("SELECT count(*) FROM queue_counter WHERE state = 'open'").get
        is_open = day is not None and (day.date, day.state) == (place.now().date().isoformat(), "open")
        plans = views.plans(connection)
        return BranchState(
            id=branch.id,
            name=branch.name,
            name_en=branch.name_en,
            way=branch.way or None,
            open=is_open,
            counters_open=int(counters or 0),
            services=[
                _service(connection, service, plans.get(service.id), is_open=is_open) for service in org.services(connection)
            ],
            as_of=place.now(),
            seq=head(connection).seq,
        )

    return await call.app.pipeline.db.scan(read)


def _service(connection: Connection, service: Service, plan: SlotPlan | None, *, is_open: bool) -> ServiceState:
    queue = queue_id(service.id, Tier.NORMAL)
    waiting = {tier: queue_views.length(connection, queue_id(service.id, tier)) for tier in Tier}
    return ServiceState(
        id=service.id,
        name=service.name,
        name_en=service.name_en,
        waiting=sum(waiting.values()),
        waiting_by_tier=waiting,
        wait=queue_views.newcomer_wait(connection, service.id, Tier.NORMAL, queue) if is_open else None,
        bookable=plan is not None and plan.capacity > 0,
    )
