"""The branch at a glance: the one route that every page, also a phone's, asks first."""

from datetime import datetime
from typing import Final

import msgspec

from edge.kernel.domain import Rejected
from edge.org import tables as org
from edge.org.model import Service
from edge.org.place import Place
from edge.policy import tables as policy
from edge.queue import model as m
from edge.queue import ruling, self_service, views
from edge.queue.policy import KIOSK_HOURS, kiosk_open
from edge.queue.self_service import SelfService
from edge.queue.views import DayView
from edge.web.routes import Call, Routes

routes: Final = Routes("queue")


class BranchView(msgspec.Struct, frozen=True):
    id: str
    name: str
    name_en: str
    timezone: str


class ServiceView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    name_en: str
    letter: str
    hint: str
    hint_en: str
    open: bool


class CounterPlace(msgspec.Struct, frozen=True):
    id: str
    number: int
    name: str


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a page needs to draw itself before it knows anything live."""

    branch: BranchView
    services: list[ServiceView]
    counters: list[CounterPlace]
    tiers: tuple[str, ...]
    day: DayView | None
    kiosk_open: bool
    """Whether the kiosk gives numbers at this hour; who is served is another matter."""
    self_service: SelfService
    """What the kiosk may offer before a number."""
    languages: tuple[str, ...]
    guest_url: str
    sandbox: bool
    now: datetime


@routes.get(
    "/api/branch",
    audience={"guest"},
    reply=Glance,
    summary="The branch, its services, counters and day",
    problems=("branch_not_configured",),
)
async def glance(call: Call[None]) -> Glance:
    place = call.app[Place]
    with call.app.pipeline.db.reader() as connection:
        branch = org.branch(connection)
        if branch is None:
            raise Rejected("branch_not_configured")
        services, counters, day = org.services(connection), org.counters(connection), views.day(connection)
        hours = policy.read(connection, KIOSK_HOURS)
        open_now = not hours or kiosk_open(hours, place.now(), ruling.calendar(connection))
        machines = self_service.now(connection, call.app.pipeline.clock.now_ms())
    return Glance(
        branch=msgspec.convert(branch, BranchView, from_attributes=True),
        services=[ServiceView(open=True, **_named(service)) for service in services],
        counters=[CounterPlace(counter.id, counter.number, counter.name) for counter in counters],
        tiers=tuple(tier.value for tier in m.Tier),
        day=day,
        kiosk_open=open_now,
        self_service=machines,
        languages=tuple(language.value for language in m.Language),
        guest_url=place.guest_url,
        sandbox=place.sandbox,
        now=place.now(),
    )


def _named(service: Service) -> dict[str, str]:
    names = ("id", "name", "name_en", "letter", "hint", "hint_en")
    return {name: getattr(service, name) for name in names}
