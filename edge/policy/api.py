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
from edge.policy.keys import LOCAL, Catalogue, Key, Layer, Level, effective, refused_by
from edge.policy.model import Note, Wish
from edge.policy.shape import Shape, shape_of
from edge.policy.tables import DocumentRow, RefusalRow, RequestRow
from edge.web.routes import Call, Routes

routes: Final = Routes("policy")


class LayerView(msgspec.Struct, frozen=True, kw_only=True):
    """What one level says."""

    level: str
    value: Any
    lock: bool
    granted: bool
    counts: bool
    """Whether it has a say, or waits for a lock to go."""


class RequestView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A wish that a higher level was asked for."""

    id: str
    policy: str
    value: Any
    held_by: str
    reason: str
    state: str
    asked_by: str
    asked_at: datetime
    answered_by: str | None = None
    answer: str | None = None
    answered_at: datetime | None = None


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key: what holds, who made it so, and who keeps it so."""

    policy: str
    zh: str
    en: str
    unit: str
    shape: Shape
    merge: str
    value: Any
    default: Any
    level: str
    locked_by: str | None
    may_set: bool
    """Whether this outlet may change it at all; a bound may still refuse a value."""
    layers: list[LayerView]
    request: RequestView | None
    """The newest wish for it."""


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
            keys=[_key(key, said.get(name, ()), asked.get(name), zone) for name, key in catalogue.items()],
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
    return _key(key, said, asked.get(key.name), call.app[Place].zone)


def _newest(requests: Sequence[RequestRow]) -> dict[str, RequestRow]:
    """By key; they come newest first."""
    return {one.policy: one for one in reversed(requests)}


def _key(key: Key[Any], layers: Sequence[Layer], asked: RequestRow | None, zone: ZoneInfo) -> KeyView:
    held = effective(key, layers)
    upper = [layer for layer in layers if layer.level not in LOCAL]
    locked_by = held.locked_by or (key.lowest if Level.OUTLET.below(key.lowest) else None)
    return KeyView(
        policy=key.name,
        zh=key.zh,
        en=key.en,
        unit=key.unit,
        shape=shape_of(key),
        merge=key.merge,
        value=held.value,
        default=msgspec.to_builtins(key.default, str_keys=True),
        level=held.level,
        locked_by=locked_by,
        may_set=refused_by(key, upper, Level.OUTLET, effective(key, upper).value) is None,
        layers=[
            LayerView(level=one.level, value=one.value, lock=one.lock, granted=one.granted, counts=one.level in held.counted)
            for one in sorted(layers, key=lambda layer: layer.level.rank)
        ],
        request=None if asked is None else _request(asked, zone),
    )


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
