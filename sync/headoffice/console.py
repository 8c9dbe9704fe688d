"""What people at head office see: the overview page and its data.

    GET  /                                    the page (its data needs the token)
    GET  /assets/*                            what the page loads; names carry a hash, so they are kept for ever
    GET  /api/branches                        every branch's live picture and how old it is
    GET  /api/branches/{id}/tickets?day=      one business day's tickets; without `day`, the newest
    GET  /api/branches/{id}/devices           what stands in a branch, how it is, how its last whole day was
    GET  /api/branches/{id}/events?after=&limit=   the journal as received
    POST /api/claims {branch, name}           a one-time claim code for a new box
    POST /api/branches/{id}/approve           let an enrolled box in

Everything under /api needs `Authorization: Bearer` with the console token. A picture is as old as the branch's last word
while all it has was shown, and as old as the last event that was shown while more is known to wait.
"""

import base64
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from aiohttp import web

from sync.chain import Record
from sync.headoffice.fleet import Fleet, new_code
from sync.headoffice.ingest import Contact
from sync.headoffice.projections import CounterRow, DeviceRow, TicketRow
from sync.headoffice.store import JournalStore, LaneSummary
from sync.headoffice.store_views import Picture, Views
from sync.headoffice.web import Problem, json_answer
from sync.protocol import BranchId, Title
from sync.receiver import Enrolment, LaneKind
from sync.records import unpack

LIVE_S = 90
"""Three heartbeats: without a word for longer, the picture is stale."""
LOST_S = 15 * 60
MAX_EVENTS = 500
MAX_BODY_BYTES = 4096


class QueueView(msgspec.Struct, frozen=True):
    service: str
    tier: str
    waiting: int
    longest_wait_s: int


class CounterView(msgspec.Struct, frozen=True, omit_defaults=True):
    number: int | str
    state: str
    ticket_number: str | None = None


class BranchView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    state: str
    """live, stale or lost; `pending` while the box is not approved."""
    fault: str
    """Why the branch's journal is not taken; empty while it is."""
    last_contact_at: str | None
    picture_age_s: int | None
    received_seq: int
    head_seq: int
    events: int
    dead_letters: int
    tickets_today: int
    day: str | None
    waiting: int
    longest_wait_s: int
    queues: list[QueueView]
    counters: list[CounterView]
    services: msgspec.Raw
    devices: int
    devices_away: int
    """Those that do not work or wait for somebody's hand."""


class TicketView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    number: str
    service: str
    queue: str
    tier: str
    state: str
    channel: str
    taken_at: str
    called_at: str | None = None
    served_at: str | None = None
    finished_at: str | None = None
    counter: str | None = None
    calls: int = 0


class DeviceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    family: str
    model: str
    state: str
    """`ready`, `needs_help`, `away`."""
    error: str | None = None
    since: str
    day: str | None = None
    """The last whole day; what follows is about it."""
    ready_share: float | None = None
    failures: int = 0


class EventView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    seq: int
    at: str
    type: str
    entity: str
    actor: str
    body: msgspec.Raw = msgspec.Raw(b"null")
    body_base64: str | None = None
    """Instead of `body`, where that is not JSON."""


class ClaimWish(msgspec.Struct, frozen=True):
    branch: BranchId
    name: Title


class _Card(msgspec.Struct):
    services: msgspec.Raw = msgspec.Raw(b"[]")


class Console:
    """The routes of head office's own people."""

    def __init__(
        self,
        store: JournalStore,
        views: Views,
        contacts: Mapping[str, Contact],
        *,
        now_ms: Callable[[], int],
        static: Path | None,
    ) -> None:
        self._store = store
        self._views = views
        self._contacts = contacts
        self._now_ms = now_ms
        self._static = static

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.page),
            web.get("/assets/{name:.+}", self.asset),
            web.get("/api/branches", self.branches),
            web.get("/api/branches/{id}/tickets", self.tickets),
            web.get("/api/branches/{id}/devices", self.devices),
            web.get("/api/branches/{id}/events", self.events),
            web.post("/api/branches/{id}/approve", self.approve),
            web.post("/api/claims", self.claim),
        ]

    async def page(self, _: web.Request) -> web.StreamResponse:
        return self._file("headoffice/index.html", cache="no-cache")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        return self._file(f"assets/{request.match_info['name']}", cache="public, max-age=31536000, immutable")

    async def branches(self, _: web.Request) -> web.Response:
        now_ms = self._now_ms()
        lanes = {lane.branch: lane for lane in await self._store.lanes() if lane.kind is LaneKind.LIVE}
        views = [
            self._branch(known, lanes.get(known.branch), await self._views.picture(known.branch), now_ms)
            for known in await self._store.enrolments()
        ]
        return json_answer({"branches": views, "now": iso(now_ms)})

    async def tickets(self, request: web.Request) -> web.Response:
        branch = await self._named(request)
        picture = await self._views.picture(branch.branch)
        day = request.query.get("day") or (picture.card.day if picture else "")
        rows = await self._views.tickets(branch.branch, day)
        return json_answer({"day": day or None, "tickets": [_ticket(row) for row in rows]})

    async def devices(self, request: web.Request) -> web.Response:
        branch = await self._named(request)
        return json_answer({"devices": [_device(row) for row in await self._views.devices(branch.branch)]})

    async def events(self, request: web.Request) -> web.Response:
        branch = await self._named(request)
        after, limit = _number(request, "after", 0), min(MAX_EVENTS, _number(request, "limit", 100))
        lanes = [lane for lane in await self._store.lanes(branch.branch) if lane.kind is LaneKind.LIVE]
        found: list[Record] = []
        if lanes and limit:
            for batch in await self._store.batches(branch.branch, lanes[-1].jid, after, limit):
                records = unpack(batch.payload, batch.before_seq + 1, batch.after.seq - batch.before_seq)
                found += [record for record in records if record.seq > max(after, batch.first_new_seq - 1)]
                if len(found) >= limit:
                    break
        return json_answer({"events": [_event(record) for record in found[:limit]]})

    async def claim(self, request: web.Request) -> web.Response:
        try:
            wish = msgspec.json.decode(await read_body(request, MAX_BODY_BYTES), type=ClaimWish)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Problem(422, "invalid", "The claim names no possible branch", detail=str(error)) from error
        code, now_ms = new_code(os.urandom), self._now_ms()
        made = await self._store.within(lambda ledger: Fleet.claim(ledger, wish.branch, wish.name, code, now_ms))
        answer = {"branch": made.branch, "name": made.name, "code": code, "expires_at": iso(made.expires_at_ms)}
        return json_answer(answer, status=201)

    async def approve(self, request: web.Request) -> web.Response:
        branch = request.match_info["id"]
        if not await self._store.within(lambda ledger: ledger.approve(branch)):
            raise Problem(404, "unknown_branch", "No box of this branch is enrolled")
        return web.Response(status=204)

    async def _named(self, request: web.Request) -> Enrolment:
        known = await self._store.enrolment(request.match_info["id"])
        if known is None:
            raise Problem(404, "unknown_branch", "No box of this branch is enrolled")
        return known

    def _file(self, name: str, *, cache: str) -> web.StreamResponse:
        """A file below the static folder, never beside it."""
        if self._static is not None:
            root = self._static.resolve()
            path = (root / name).resolve()
            if path.is_relative_to(root) and path.is_file():
                return web.FileResponse(path, headers={"Cache-Control": cache})
        raise Problem(404, "not_found", "There is no such page")

    def _branch(self, known: Enrolment, lane: LaneSummary | None, picture: Picture | None, now_ms: int) -> BranchView:
        contact = self._contact(known.branch, lane)
        as_of_ms = _as_of(contact, picture)
        return BranchView(
            id=known.branch,
            name=known.name,
            state=_liveness(known, contact, now_ms),
            fault=lane.fault if lane else "",
            last_contact_at=iso(contact.at_ms) if contact else None,
            picture_age_s=max(0, now_ms - as_of_ms) // 1000 if as_of_ms is not None else None,
            received_seq=lane.cursor.seq if lane else 0,
            head_seq=max(contact.head_seq if contact else 0, lane.cursor.seq if lane else 0),
            events=picture.progress.position.seq if picture else 0,
            dead_letters=picture.dead_letters if picture else 0,
            tickets_today=picture.tickets_today if picture else 0,
            day=(picture.card.day or None) if picture else None,
            waiting=sum(line.waiting for line in picture.queues) if picture else 0,
            queues=(queues := _queues(picture, contact, as_of_ms)),
            longest_wait_s=max((queue.longest_wait_s for queue in queues), default=0),
            counters=[_counter(row) for row in picture.counters] if picture else [],
            services=_services(picture),
            devices=picture.devices if picture else 0,
            devices_away=picture.devices_away if picture else 0,
        )

    def _contact(self, branch: str, lane: LaneSummary | None) -> Contact | None:
        """The branch's last word: of this start, or what the journal kept of the one before."""
        if branch in self._contacts:
            return self._contacts[branch]
        if lane is None or not lane.received_at_ms:
            return None
        return Contact(lane.received_at_ms, lane.offset_ms, lane.head_seq)


def _liveness(known: Enrolment, contact: Contact | None, now_ms: int) -> str:
    if not known.approved:
        return "pending"
    silent_s = (now_ms - contact.at_ms) / 1000 if contact else LOST_S
    return "live" if silent_s < LIVE_S else "stale" if silent_s < LOST_S else "lost"


def _as_of(contact: Contact | None, picture: Picture | None) -> int | None:
    """The moment, by head office's clock, that the picture shows."""
    if contact is None or picture is None:
        return None
    if picture.progress.position.seq >= contact.head_seq:
        return contact.at_ms
    return min(contact.at_ms, picture.progress.at_ms + contact.offset_ms)


def _queues(picture: Picture | None, contact: Contact | None, as_of_ms: int | None) -> list[QueueView]:
    """Waits are measured at the moment that the picture shows, by the branch's clock."""
    if picture is None or contact is None or as_of_ms is None:
        return []
    then_ms = as_of_ms - contact.offset_ms
    return [
        QueueView(line.service, line.tier, line.waiting, max(0, then_ms - line.oldest_taken_at_ms) // 1000)
        for line in picture.queues
    ]


def _counter(row: CounterRow) -> CounterView:
    return CounterView(row.number, row.state, row.ticket_number)


def _services(picture: Picture | None) -> msgspec.Raw:
    """As the branch configured them: names in both languages for the page."""
    return msgspec.json.decode(picture.card.config, type=_Card).services if picture else msgspec.Raw(b"[]")


def _ticket(row: TicketRow) -> TicketView:
    return TicketView(
        id=row.ticket,
        number=row.number,
        service=row.service,
        queue=row.queue,
        tier=row.tier,
        state=row.state,
        channel=row.channel,
        taken_at=iso(row.taken_at_ms),
        called_at=iso(row.called_at_ms) if row.called_at_ms is not None else None,
        served_at=iso(row.served_at_ms) if row.served_at_ms is not None else None,
        finished_at=iso(row.ended_at_ms) if row.ended_at_ms is not None else None,
        counter=row.counter,
        calls=row.calls,
    )


def _device(row: DeviceRow) -> DeviceView:
    whole_s = row.ready_s + row.away_s
    return DeviceView(
        id=row.device,
        family=row.family,
        model=row.model,
        state=row.state,
        error=row.error,
        since=iso(row.since_ms),
        day=row.day or None,
        ready_share=row.ready_s / whole_s if whole_s else None,
        failures=row.failures,
    )


def _event(record: Record) -> EventView:
    readable = _is_json(record.body)
    return EventView(
        seq=record.seq,
        at=iso(record.at_ms),
        type=record.type,
        entity=record.entity,
        actor=record.actor,
        body=msgspec.Raw(record.body if readable else b"null"),
        body_base64=None if readable else base64.b64encode(record.body).decode(),
    )


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def iso(at_ms: int) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Problem(422, "invalid", f"{name} is a number from 0", detail=f"{name}={text[:40]}")
    return int(text)


async def read_body(request: web.Request, max_bytes: int) -> bytes:
    """Raises Problem where it is longer."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise Problem(413, "too_large", "The request is too large")
    return bytes(body)
