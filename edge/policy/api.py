"""Policy over HTTP: every key with its value and origin, setting one here, asking the level that holds it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.org.place import Place
from edge.policy import model as m
from edge.policy import tables
from edge.policy.keys import Catalogue
from edge.policy.model import Note, Wish
from edge.policy.tables import DocumentRow, RefusalRow, RequestRow
from edge.policy.views import KeyView, RequestView, key_view
from edge.web.routes import Call, Routes

routes: Final = Routes("policy")


class PlaceView(msgspec.Struct, frozen=True):
    region: str
    name: str


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    scope: str
    version: int
    valid_from: datetime
    state: str
    sha256: str


class RefusalView(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    scope: str
    version: int
    reason: str
    detail: str
    refused_at: datetime


class PolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is set, and by whom."""

    region: PlaceView | None
    keys: list[KeyView]
    documents: list[DocumentView]
    refusals: list[RefusalView]


class RequestList(msgspec.Struct, frozen=True):
    requests: list[RequestView]


class ValueRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a key should be here."""

    value: Any
    temporary: bool = False
    """Until the end of the business day."""
    reason: Note = ""


class ClearRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    temporary: bool = False


@routes.get("/api/policy", permission="policy.view", reply=PolicyView, summary="Every policy: value, origin, lock")
async def list_policy(call: Call[None]) -> PolicyView:
    catalogue, zone = call.app[Catalogue], call.app[Place].zone

    def look(connection: Connection) -> PolicyView:
        said, asked = tables.all_layers(connection), _newest(tables.requests(connection))
        place = tables.place(connection)
        return PolicyView(
            region=None if place is None else PlaceView(place.region, place.name),
            keys=[key_view(key, said.get(name, ()), _asked(asked.get(name), zone)) for name, key in catalogue.items()],
            documents=[_document(one, zone) for one in tables.documents(connection)],
            refusals=[_refusal(one, zone) for one in tables.refusals(connection)],
        )

    return await call.app.pipeline.db.scan(look)


@routes.get("/api/policy-requests", permission="policy.view", reply=RequestList, summary="What upper levels were asked for")
async def list_requests(call: Call[None]) -> RequestList:
    found = await call.app.pipeline.db.scan(tables.requests)
    return RequestList([_request(one, call.app[Place].zone) for one in found])


@routes.get(
    "/api/policy/{policy}",
    permission="policy.view",
    reply=KeyView,
    summary="What holds for one key, which level made it so, and which keeps it so",
    problems=("unknown_policy",),
)
async def explain(call: Call[None]) -> KeyView:
    return _explain(call)


@routes.put(
    "/api/policy/{policy}",
    body=ValueRequest,
    permission="policy.set",
    reply=KeyView,
    summary="Set a key here; where a higher level holds it, the wish is stored as a request to it",
    problems=("unknown_policy", "invalid_policy_value", "policy_locked", "policy_set_elsewhere", "too_many_requests_pending"),
)
async def set_value(call: Call[ValueRequest]) -> KeyView:
    body, policy = call.body, call.path["policy"]
    command = m.SetValue(policy=policy, value=body.value, temporary=body.temporary, reason=body.reason)
    told = msgspec.json.decode((await call.submit(command)).answer, type=Wish)
    if told.held_by is not None:
        raise Rejected("policy_locked", policy=policy, level=told.held_by, request=told.request)
    return _explain(call)


@routes.post(
    "/api/policy/{policy}/clear",
    body=ClearRequest,
    permission="policy.set",
    reply=KeyView,
    summary="Follow the upper levels again",
    problems=("unknown_policy",),
)
async def clear_value(call: Call[ClearRequest]) -> KeyView:
    await call.submit(m.ClearValue(policy=call.path["policy"], temporary=call.body.temporary))
    return _explain(call)


def _explain(call: Call[Any]) -> KeyView:
    key = call.app[Catalogue].get(call.path["policy"])
    if key is None:
        raise Rejected("unknown_policy")
    with call.app.pipeline.db.reader() as connection:
        said, asked = tables.layers(connection, key.name), _newest(tables.requests(connection))
    return key_view(key, said, _asked(asked.get(key.name), call.app[Place].zone))


def _newest(requests: Sequence[RequestRow]) -> dict[str, RequestRow]:
    """By key; they come newest first."""
    return {one.policy: one for one in reversed(requests)}


def _asked(row: RequestRow | None, zone: ZoneInfo) -> RequestView | None:
    return None if row is None else _request(row, zone)


def _request(row: RequestRow, zone: ZoneInfo) -> RequestView:
    return RequestView(
        id=row.id,
        policy=row.policy,
        value=msgspec.json.decode(row.value),
        held_by=row.held_by,
        reason=row.reason,
        state=row.state,
        asked_by=row.asked_by,
        asked_at=_moment(row.asked_ms, zone),
        answered_by=row.answered_by or None,
        answer=row.answer or None,
        answered_at=None if row.answered_ms is None else _moment(row.answered_ms, zone),
    )


def _document(row: DocumentRow, zone: ZoneInfo) -> DocumentView:
    return DocumentView(
        scope=row.scope,
        version=row.version,
        valid_from=_moment(row.valid_from_ms, zone),
        state=row.state,
        sha256=row.sha256,
    )


def _refusal(row: RefusalRow, zone: ZoneInfo) -> RefusalView:
    return RefusalView(
        kind=row.kind,
        scope=row.scope,
        version=row.version,
        reason=row.reason,
        detail=row.detail,
        refused_at=_moment(row.refused_ms, zone),
    )


def _moment(at_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, zone)
