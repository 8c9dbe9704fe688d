"""The lobby manager's tablet over HTTP."""

from datetime import datetime
from typing import Final

import msgspec

from edge.kernel.db import Connection
from edge.kernel.journal import head
from edge.lobby import views
from edge.lobby.views import Arrival, Deferral, Diversion, Risk
from edge.org.place import Place
from edge.queue.ruling import targets_s
from edge.web.routes import Call, Routes

routes: Final = Routes("lobby")


class Lobby(msgspec.Struct, frozen=True, kw_only=True):
    """Who needs attention, now."""

    arrivals: list[Arrival]
    at_risk: list[Risk]
    targets: dict[str, int]
    as_of: datetime
    seq: int


@routes.get("/api/lobby", permission="queue.view", reply=Lobby, summary="Who has arrived, and who will wait too long")
async def lobby(call: Call[None]) -> Lobby:
    place = call.app[Place]
    now_ms = place.clock.now_ms()

    def read(connection: Connection) -> Lobby:
        seq = head(connection).seq
        return Lobby(
            arrivals=views.arrivals(connection, place.zone),
            at_risk=views.at_risk(connection, now_ms),
            targets={tier.value: seconds for tier, seconds in targets_s(connection).items()},
            as_of=place.now(),
            seq=seq,
        )

    return await call.app.pipeline.db.scan(read)


class Arrivals(msgspec.Struct, frozen=True):
    """Who has come in that staff should know of."""

    arrivals: list[Arrival]
    seq: int


@routes.get("/api/arrivals", permission="queue.view", reply=Arrivals, summary="Who important has arrived, newest first (S15)")
async def arrivals(call: Call[None]) -> Arrivals:
    zone = call.app[Place].zone
    with call.app.pipeline.db.reader() as connection:
        seq = head(connection).seq  # first: the list is at least that new
        return Arrivals(views.arrivals(connection, zone), seq)


class Wishes(msgspec.Struct, frozen=True):
    """What customers answered and asked for by themselves today, newest first."""

    diversions: list[Diversion]
    more_time: list[Deferral]
    seq: int


@routes.get(
    "/api/wishes", permission="queue.view", reply=Wishes, summary="Today's answers to the machine, and who needs more time"
)
async def wishes(call: Call[None]) -> Wishes:
    zone = call.app[Place].zone

    def read(connection: Connection) -> Wishes:
        seq = head(connection).seq  # first: the lists are at least that new
        return Wishes(views.diversions(connection, zone), views.deferrals(connection, zone), seq)

    return await call.app.pipeline.db.scan(read)
