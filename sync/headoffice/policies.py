"""Where head office's own people set what governs the branches.

    GET  /api/policy-keys?scope=|branch=       every key: what each level says, what holds there, whose word it is
    GET  /api/policies                         what was published, newest first
    POST /api/policies {scope, values, …}      publish the next version for `head_office` or `region:ID`
    GET  /api/policies/branches                what became of it: version in force, or why it was refused, by branch
    GET  /api/regions                          which branch belongs to which region
    PUT  /api/branches/{id}/region             say so
    GET  /api/policy-requests?state=           what outlets ask for
    POST /api/policy-requests/{branch}/{id}    yes or no

All need the console token. The keys themselves are the branch's program to know: it is handed in as a `PolicyCatalogue`, by
which a document is checked before it is published; without one it goes as it is, and a branch refuses what it does not know.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple, Protocol

import msgspec
from aiohttp import web

from sync.documents import MAX_DOCUMENT_BYTES, digest
from sync.headoffice.console import iso, read_body
from sync.headoffice.publish import Publisher, TooLarge
from sync.headoffice.store import JournalStore, Published
from sync.headoffice.store_views import Views
from sync.headoffice.web import Problem, json_answer

HISTORY_MAX: Final = 50
DETAIL_MAX: Final = 2000
HEAD_OFFICE: Final = "head_office"

Note = Annotated[str, msgspec.Meta(max_length=200)]
Scope = Annotated[str, msgspec.Meta(pattern=r"^(head_office|region:[a-z0-9][a-z0-9-]{0,31})$")]
RegionId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a level says about one key."""

    value: Any
    lock: bool = False


class PolicyWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next document of a scope, whole."""

    scope: Scope
    values: Annotated[dict[str, Entry], msgspec.Meta(max_length=500)]
    valid_from: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """At once where none is given."""
    note: Note = ""


class RegionWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    region: RegionId
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class AnswerWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    approved: bool
    by: Note = ""
    reason: Note = ""


class PublishedView(msgspec.Struct, frozen=True, kw_only=True):
    n: int
    scope: str
    version: int
    sha256: str
    published_at: str
    document: msgspec.Raw


class Said(NamedTuple):
    """What one level says about a key."""

    level: str
    value: Any
    lock: bool = False
    granted: bool = False


class PolicyCatalogue(Protocol):
    """The branch's program on its own policies."""

    def explain(self, said: Mapping[str, Sequence[Said]]) -> list[Any]:
        """Every key, with what holds where the levels say this; as the branch itself tells it."""
        ...

    def faults(self, scope: str, values: Mapping[str, Any]) -> list[str]:
        """Why a branch would refuse these values of a level; empty where it would not."""
        ...


class _Document(msgspec.Struct):
    """Of a published document, what this desk reads."""

    scope: str
    version: int
    values: dict[str, Entry]
    note: str = ""
    valid_from: datetime | None = None
    """None: as soon as a branch has it."""


class PolicyDesk:
    """The routes."""

    def __init__(
        self,
        store: JournalStore,
        views: Views,
        publisher: Publisher,
        catalogue: PolicyCatalogue | None = None,
        *,
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._views = views
        self._publisher = publisher
        self._catalogue = catalogue
        self._now_ms = now_ms

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/policy-keys", self.keys),
            web.get("/api/policies", self.list_policies),
            web.post("/api/policies", self.publish),
            web.get("/api/policies/branches", self.by_branch),
            web.get("/api/regions", self.list_regions),
            web.put("/api/branches/{id}/region", self.assign),
            web.get("/api/policy-requests", self.list_requests),
            web.post("/api/policy-requests/{branch}/{request}", self.answer),
        ]

    async def keys(self, request: web.Request) -> web.Response:
        scope, branch = request.query.get("scope", HEAD_OFFICE), request.query.get("branch")
        place = None
        if branch is not None:
            if await self._store.enrolment(branch) is None:
                raise Problem(404, "unknown_branch", "No box of this branch is enrolled")
            place = await self._store.look(lambda documents: documents.region(branch))
            scope = f"region:{place.region}" if place else HEAD_OFFICE
        said: dict[str, list[Said]] = defaultdict(list)
        for level, above in (("head_office", HEAD_OFFICE), ("region", scope)):
            if level == "region" and scope == HEAD_OFFICE:
                continue
            if (held := await self._in_force(above)) is not None:
                for name, entry in held.values.items():
                    said[name].append(Said(level, entry.value, entry.lock))
        for row in await self._views.policy_values(branch) if branch is not None else ():
            said[row.policy].append(Said(row.level, msgspec.json.decode(row.value), granted=row.granted))
        keys = [] if self._catalogue is None else self._catalogue.explain(said)
        region = None if place is None else {"region": place.region, "name": place.name}
        return json_answer({"scope": scope, "branch": branch, "region": region, "keys": keys})

    async def _in_force(self, scope: str) -> _Document | None:
        """The newest document of a scope whose time has come."""
        found = await self._store.look(lambda documents: documents.in_force("policy", scope))
        documents = [msgspec.json.decode(one.body, type=_Document) for one in found]
        now_ms = self._now_ms()
        held = [one for one in documents if one.valid_from is None or one.valid_from.timestamp() * 1000 <= now_ms]
        return max(held, key=lambda one: one.version, default=None)

    async def list_policies(self, _: web.Request) -> web.Response:
        found = await self._store.look(lambda documents: documents.history("policy", HISTORY_MAX))
        return json_answer({"policies": [_view(one) for one in found]})

    async def publish(self, request: web.Request) -> web.Response:
        wish = await _wish(request, PolicyWish)
        values = {name: entry.value for name, entry in wish.values.items()}
        if self._catalogue is not None and (faults := self._catalogue.faults(wish.scope, values)):
            raise Problem(422, "invalid_policy", "A branch would refuse this", detail="\n".join(faults)[:DETAIL_MAX])
        content = {
            "scope": wish.scope,
            "note": wish.note,
            "values": wish.values,
            **({} if wish.valid_from is None else {"valid_from": wish.valid_from}),
        }
        try:
            placed = await self._publisher.publish("policy", wish.scope, content)
        except TooLarge as error:
            raise Problem(413, "too_large", "The document is too large", detail=str(error)) from error
        return json_answer(_view(placed), status=201)

    async def by_branch(self, _: web.Request) -> web.Response:
        branches: dict[str, list[dict[str, Any]]] = {}
        for branch, row in await self._views.policies():
            branches.setdefault(branch, []).append({**row._asdict(), "at": iso(row.at_ms)})
        return json_answer({"branches": branches})

    async def list_regions(self, _: web.Request) -> web.Response:
        found = await self._store.look(lambda documents: documents.regions())
        return json_answer({"branches": {branch: one._asdict() for branch, one in found.items()}})

    async def assign(self, request: web.Request) -> web.Response:
        branch, wish = request.match_info["id"], await _wish(request, RegionWish)
        if await self._store.enrolment(branch) is None:
            raise Problem(404, "unknown_branch", "No box of this branch is enrolled")
        placed = await self._publisher.assign(branch, wish.region, wish.name)
        return json_answer({"branch": branch, "region": wish.region, "name": wish.name, "version": placed.version})

    async def list_requests(self, request: web.Request) -> web.Response:
        state = request.query.get("state", "pending")
        found = [
            {**row._asdict(), "branch": branch, "value": msgspec.Raw(row.value.encode()), "asked_at": iso(row.asked_at_ms)}
            for branch, row in await self._views.requests(state)
        ]
        return json_answer({"requests": found})

    async def answer(self, request: web.Request) -> web.Response:
        branch, asked = request.match_info["branch"], request.match_info["request"]
        wish = await _wish(request, AnswerWish)
        if asked not in {row.request for one, row in await self._known_requests() if one == branch}:
            raise Problem(404, "unknown_request", "This branch has not asked for that")
        await self._publisher.answer(branch, asked, msgspec.to_builtins(wish))
        return web.Response(status=204)

    async def _known_requests(self) -> list[Any]:
        return [one for state in ("pending", "approved", "denied") for one in await self._views.requests(state)]


async def _wish(request: web.Request, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(await read_body(request, MAX_DOCUMENT_BYTES), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Problem(422, "invalid", "The request is not well-formed", detail=str(error)) from error


def _view(one: Published) -> PublishedView:
    return PublishedView(
        n=one.n,
        scope=one.scope,
        version=one.version,
        sha256=digest(one.body),
        published_at=iso(one.published_at_ms),
        document=msgspec.Raw(one.body),
    )
