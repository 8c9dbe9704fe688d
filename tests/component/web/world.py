"""A whole small branch for this room's tests: the real kernel on a real file, a tiny capability, both listeners."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import aiohttp
import msgspec

from edge.kernel import journal as journal_schema
from edge.kernel import outbox, receipts
from edge.kernel.clock import SandboxClock
from edge.kernel.db import Connection, Database, connect
from edge.kernel.domain import Command, Context, Event, InvariantBroken, Rejected
from edge.kernel.journal import Journal
from edge.kernel.migrations import Migration, migrate
from edge.kernel.pipeline import Handler, Pipeline, Rules, Secret
from edge.web import api as web_api
from edge.web import schema
from edge.web.api import Reception, Seat
from edge.web.devices import Devices
from edge.web.feed import Feed, Shown
from edge.web.gatekeeper import Gatekeeper
from edge.web.limits import WebLimits
from edge.web.live import Live
from edge.web.permissions import Permissions
from edge.web.phones import PhoneView
from edge.web.principal import Kind
from edge.web.problems import WEB_PROBLEMS, Problem, Problems
from edge.web.routes import Call, Reply, Routes, Services
from edge.web.server import Listener, Listeners, Site, build
from edge.web.session import Sessions, Staff
from edge.web.static import StaticFiles
from sync.chain import Record

ZONE = ZoneInfo("Asia/Shanghai")
START_MS = 1_780_000_000_000
PASSWORD = "branchbox"
KIOSK_TOKEN = "bbd_" + "k" * 43
DISPLAY_TOKEN = "bbd_" + "d" * 43

GRANTS = {
    "teller": {"till.call", "till.watch"},
    "admin": {"till.watch", "web.enrol_device"},
    "kiosk": {"till.take"},
    "display": {"till.watch"},
}

# --- a capability of three commands


class Taken(Event, frozen=True):
    """A number was taken."""

    TYPE: ClassVar[str] = "till.taken.v1"
    ticket: str
    number: str
    service: str
    token: str

    def entity(self) -> str:
        return self.ticket


class Called(Event, frozen=True):
    """A number was called."""

    TYPE: ClassVar[str] = "till.called.v1"
    ticket: str
    number: str

    def entity(self) -> str:
        return self.ticket


class Take(Command, frozen=True):
    """Take a number."""

    NAME: ClassVar[str] = "till.take"
    service: str


class CallOne(Command, frozen=True):
    """Call a number."""

    NAME: ClassVar[str] = "till.call"
    ticket: str


class Answer(msgspec.Struct):
    """What both commands answer."""

    id: str
    number: str
    token: str


TILL = Migration(
    "till/001",
    "CREATE TABLE till(id TEXT PRIMARY KEY, number TEXT, service TEXT, token TEXT UNIQUE, state TEXT) STRICT;",
)


def load_count(connection: Connection, _command: Take, _context: Context) -> int:
    return int(connection.execute("SELECT coalesce(max(rowid), 0) FROM till").get)


def take(count: int, command: Take, context: Context) -> Sequence[Event]:
    if command.service == "closed":
        raise Rejected("service_closed", service=command.service)
    return [Taken(ticket=context.new_id(), number=f"A{count + 1:03}", service=command.service, token=context.new_token())]


def load_ticket(connection: Connection, command: CallOne, _context: Context) -> tuple[str, str] | None:
    row = connection.execute("SELECT id, number FROM till WHERE id = ?", (command.ticket,)).fetchone()
    return None if row is None else (row[0], row[1])


def call_one(found: tuple[str, str] | None, command: CallOne, _context: Context) -> Sequence[Event]:
    if command.ticket == "broken":
        raise InvariantBroken("made for the test")
    if found is None:
        raise Rejected("ticket_not_found", ticket=command.ticket)
    return [Called(ticket=found[0], number=found[1])]


def apply_taken(connection: Connection, event: Taken, _record: Record) -> None:
    row = (event.ticket, event.number, event.service, event.token)
    connection.execute("INSERT INTO till VALUES (?, ?, ?, ?, 'waiting')", row)


def apply_called(connection: Connection, event: Called, _record: Record) -> None:
    connection.execute("UPDATE till SET state = 'called' WHERE id = ?", (event.ticket,))


def answer(connection: Connection, _state: Any, events: Sequence[Any], _context: Context) -> Answer:
    rows = connection.execute("SELECT id, number, token FROM till WHERE id = ?", (events[0].ticket,))
    return next(Answer(*row) for row in rows)


RULES = Rules(
    handlers={Take: Handler(load_count, take, answer), CallOne: Handler(load_ticket, call_one, answer)},
    events={Taken.TYPE: Taken, Called.TYPE: Called},
    applies={Taken: [apply_taken], Called: [apply_called]},
    reactions={},
)

# --- its routes

till = Routes("till")


class TakeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a kiosk sends."""

    service: str


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query with a list and a number."""

    state: list[str] = msgspec.field(default_factory=list)
    limit: int = 100


class PageView(msgspec.Struct, frozen=True):
    """What the query came to."""

    state: list[str]
    limit: int
    language: str


@till.post(
    "/api/tickets",
    body=TakeRequest,
    reply=Answer,
    status=201,
    audience={"device", "staff"},
    permission="till.take",
    problems=("service_closed",),
    summary="Take a number",
)
async def issue(call: Call[TakeRequest]) -> bytes:
    return (await call.submit(Take(service=call.body.service))).answer


@till.post("/api/tickets/{id}/call", reply=Answer, audience={"staff"}, permission="till.call")
async def call_ticket(call: Call[None]) -> bytes:
    return (await call.submit(CallOne(ticket=call.path["id"]))).answer


@till.get("/api/tickets", query=Page, reply=PageView, audience={"staff", "device"}, permission="till.watch")
async def pages(call: Call[Page]) -> PageView:
    return PageView(call.query.state, call.query.limit, call.language)


@till.get("/api/t/{token}", audience={"guest"})
async def phone_view(call: Call[None]) -> Reply:
    with call.app[Database].reader() as connection:
        row = connection.execute("SELECT id FROM till WHERE token = ?", (call.path["token"],)).fetchone()
        if row is None:
            raise Rejected("not_found")
        return Reply(view_of(connection, row[0]))


@till.get("/api/crash", audience={"open"})
async def crash(call: Call[None]) -> None:
    raise ValueError(f"a customer's name: {call.path}")


@till.get("/api/whoami", audience={"guest"})
async def whoami(call: Call[None]) -> bytes:
    who = call.principal
    return msgspec.json.encode({"kind": who.kind, "actor": who.actor, "owner": who.owner, "roles": sorted(who.roles)})


def view_of(connection: Connection, ticket: str) -> bytes:
    [row] = connection.execute("SELECT number, state FROM till WHERE id = ?", (ticket,))
    ahead = connection.execute("SELECT count(*) FROM till WHERE number < ? AND state = 'waiting'", (row[0],)).get
    return msgspec.json.encode({"number": row[0], "state": row[1], "ahead": ahead})


TILL_PROBLEMS = (Problem("service_closed", 409, "该业务已停止取号", "The service is closed"),)
FEED = Feed(
    [Shown(Called.TYPE, "calls"), Shown(Taken.TYPE, "queue"), Shown(Called.TYPE, "queue")],
    unjournalled={"devices": {Kind.STAFF}},
    zone=ZONE,
)

# --- the branch


@dataclass
class Staffroom:
    """Who works here; tests change it."""

    members: dict[str, Staff] = field(
        default_factory=lambda: {
            "1001": Staff("1001", "王小明", frozenset({"teller"})),
            "9001": Staff("9001", "Ada", frozenset({"admin"})),
        }
    )

    def find(self, staff_no: str) -> Staff | None:
        return self.members.get(staff_no)


@dataclass
class Witness:
    """Sees what the room tells the others, and answers what it asks them."""

    db: Database
    broken: list[BaseException] = field(default_factory=list)
    observed: list[tuple[str, str, int]] = field(default_factory=list)
    live_ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a live connection has ended."""
    unviewable: set[str] = field(default_factory=set)
    """Tickets whose phone view fails."""

    def observe(self, method: str, route: str, status: int, _seconds: float) -> None:
        self.observed.append((method, route, status))
        if route == "/api/live":
            self.live_ended.set()

    def resolve_phone(self, token: str) -> str | None:
        with self.db.reader() as reader:
            found: str | None = reader.execute("SELECT id FROM till WHERE token = ?", (token,)).get
            return found

    def encoded(self, ticket: str) -> bytes | None:
        if ticket in self.unviewable:
            raise KeyError("a bug in a view")
        with self.db.reader() as reader:
            return view_of(reader, ticket)

    def for_everybody(self) -> PhoneView:
        return self.encoded


@dataclass
class World:
    """Everything a test may touch."""

    db: Database
    journal: Journal
    pipeline: Pipeline
    clock: SandboxClock
    steady: list[int]
    staffroom: Staffroom
    sessions: Sessions
    devices: Devices
    gatekeeper: Gatekeeper
    live: Live
    site: Site
    witness: Witness
    base: str = ""
    guest_base: str = ""

    @property
    def http(self) -> aiohttp.ClientSession:
        return self._http

    def __post_init__(self) -> None:
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    def pass_time(self, seconds: float) -> None:
        self.steady[0] += int(seconds * 1000)

    async def log_in(self, staff_no: str = "1001") -> str:
        return (await self.sessions.log_in(staff_no, PASSWORD)).token

    async def take(self, count: int = 1, *, service: str = "personal") -> list[dict[str, str]]:
        """Numbers taken without HTTP."""
        return [
            msgspec.json.decode((await self.pipeline.submit(Take(service=service), actor="device:kiosk-1")).answer)
            for _ in range(count)
        ]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def no_secrets(_connection: Connection, _secret: Secret) -> None:
    """This capability brings no personal data."""


def join(folder: Path, limits: WebLimits, ui: Path) -> World:
    """Build the branch as `edge/app.py` does."""
    path = folder / "core.db"
    connection = connect(path)
    steps = (*journal_schema.MIGRATIONS, *receipts.MIGRATIONS, *outbox.MIGRATIONS, *schema.MIGRATIONS, TILL)
    migrate(connection, steps, now_ms=START_MS)
    connection.close()
    db = Database(path)
    db.start()
    steady = [1_000_000]
    clock = SandboxClock(START_MS, steady=lambda: steady[0])
    journal = Journal(db)
    pipeline = Pipeline(db, journal, clock, RULES, ZONE, no_secrets)
    permissions, staffroom, witness = Permissions(GRANTS), Staffroom(), Witness(db)
    sessions, devices = Sessions(db, clock, staffroom, permissions), Devices(db, clock, permissions)
    gatekeeper = Gatekeeper(witness.resolve_phone, sessions=sessions, devices=devices)
    moves = frozenset({Called.TYPE})
    live = Live(FEED, journal, clock, phones=witness, moves=moves, limits=limits.live)
    pipeline.followers.append(live.follow)
    sessions.ended.append(live.drop)
    devices.ended.append(live.drop)
    seats = {"1001": Seat(id="c1", number=1)}
    site = Site(
        routes=[web_api.routes, till],
        services=Services(pipeline, db, sessions, devices, Reception(ZONE, seats.get)),
        gatekeeper=gatekeeper,
        permissions=permissions,
        problems=Problems(WEB_PROBLEMS, web_api.PROBLEMS, TILL_PROBLEMS),
        live=live,
        static=StaticFiles(ui, relist_s=0.0),
        limits=limits,
        observe=witness.observe,
        fatal=witness.broken.append,
    )
    return World(
        db, journal, pipeline, clock, steady, staffroom, sessions, devices, gatekeeper, live, site, witness
    )  # fmt: skip


async def settle_in(world: World) -> None:
    """Passwords and tokens of a new branch."""
    for staff_no in world.staffroom.members:
        await world.sessions.set_password(staff_no, PASSWORD)
    await world.devices.enrol("kiosk-1", "kiosk", by="system", token=KIOSK_TOKEN)
    await world.devices.enrol("display-1", "display", by="system", token=DISPLAY_TOKEN)


@asynccontextmanager
async def open_world(
    folder: Path, *, limits: WebLimits | None = None, ui: Path | None = None, watched: bool = True
) -> AsyncIterator[World]:
    """The branch in `folder`, new or as it was left, with both listeners open."""
    fresh = not (folder / "core.db").exists()
    world = join(folder, limits or WebLimits(), ui or folder / "no-ui")
    if fresh:
        await settle_in(world)
    listeners = Listeners(world.site.limits)
    for side in Listener:
        port = await listeners.open(build(world.site, side), "127.0.0.1", 0)
        setattr(world, {Listener.BRANCH: "base", Listener.GUEST: "guest_base"}[side], f"http://127.0.0.1:{port}")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(world.db.close)
        stack.callback(world.sessions.close)
        stack.push_async_callback(listeners.close)
        if watched:
            await stack.enter_async_context(running(world.live, world.gatekeeper))
        stack.push_async_callback(world.live.close)
        stack.push_async_callback(world.http.close)
        yield world


@asynccontextmanager
async def running(live: Live, gatekeeper: Gatekeeper) -> AsyncIterator[None]:
    """What the supervisor does for the live feed."""
    task = asyncio.create_task(live.run(gatekeeper.alive))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def staff_routes(site: Site) -> Iterator[tuple[str, str]]:
    """Method and path, with made-up values, of every route that guests must not reach."""
    for route in site.declared():
        if "guest" not in route.audience:
            parts = ["x" if part.startswith("{") else part for part in route.path.split("/")]
            yield route.method, "/".join(parts)
