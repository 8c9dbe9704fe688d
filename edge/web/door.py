"""The one way through which a request reaches a handler, and its answer the caller.

    who is it ─▶ may they ─▶ not too often ─▶ decode ─▶ handler ─▶ encode

What is the same for every request of a route is worked out when the server is built. All refusals leave as exceptions; the
one place that turns them into problem documents is `server.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from edge.kernel.domain import Rejected
from edge.web import headers
from edge.web.deadlines import Deadlines
from edge.web.decode import BodyDecoder, QueryDecoder
from edge.web.gatekeeper import Gatekeeper
from edge.web.limits import Buckets, Rate, WebLimits
from edge.web.permissions import check
from edge.web.principal import Kind, Principal
from edge.web.routes import JSON, Answer, Call, Reply, Route, Services, command_id

_encode: Final = msgspec.json.Encoder().encode
_NOTHING: Final = frozenset({b"", b"null"})


class Turnstile:
    """Rate limits: by principal, by address for those without one, and stricter ones by name."""

    def __init__(self, limits: WebLimits, now_s: Callable[[], float]) -> None:
        rates: Mapping[str, Rate | None] = {
            Kind.STAFF: limits.staff,
            Kind.DEVICE: limits.device,
            Kind.PHONE: limits.phone,
            Kind.ANONYMOUS: limits.address,
            "login": limits.login,
            "files": limits.files,
        }
        self._buckets = {name: Buckets(rate) for name, rate in rates.items() if rate is not None}
        self._now_s = now_s

    def pass_through(self, name: str, key: str) -> None:
        """Raise Rejected("rate_limited", retry_s=…) where `key` comes too often."""
        buckets = self._buckets.get(name)
        if buckets is None:
            return
        wait_s = buckets.take(key, self._now_s())
        if wait_s:
            raise Rejected("rate_limited", retry_s=int(wait_s) + 1)


@dataclass(frozen=True, slots=True)
class Setting:
    """What all doors of one listener share."""

    services: Services
    gatekeeper: Gatekeeper
    turnstile: Turnstile
    deadlines: Deadlines
    limits: WebLimits


class Door:
    """One route of one listener."""

    def __init__(self, route: Route, setting: Setting) -> None:
        bytes_max = route.body_bytes_max or setting.limits.body_bytes_max
        self.route = route
        self._handler = route.handler
        self._services = setting.services
        self._gatekeeper = setting.gatekeeper
        self._turnstile = setting.turnstile
        self._deadlines = setting.deadlines
        self._query = QueryDecoder(route.takes) if route.takes is not None and route.reads else None
        self._body = BodyDecoder(route.takes, bytes_max) if route.takes is not None and not route.reads else None
        self._kinds = frozenset(kind for kind in Kind if kind.value in route.audience)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Let one request through. Raises Rejected, Overloaded, TimeoutError."""
        route = self.route
        try:
            who = await self._gatekeeper.identify(request, public=route.public)
        except Rejected:
            self._turnstile.pass_through(Kind.ANONYMOUS, f"address:{request.remote}")
            raise
        self._admit(who, request)
        return await self._deadlines.keep(self._handle(request, who))

    async def _handle(self, request: web.Request, who: Principal) -> web.StreamResponse:
        route = self.route
        given = await self._decode(request)
        key = request.headers.get("Idempotency-Key") if route.idempotent else None
        call: Call[Any] = Call(request, who, given, self._services, command_id(who.owner, key))
        answer = await self._handler(call)
        return respond(answer, route.status, repeated=call.repeated)

    def _admit(self, who: Principal, request: web.Request) -> None:
        route = self.route
        self._turnstile.pass_through(who.kind, who.owner)
        if route.rate is not None:
            self._turnstile.pass_through(route.rate, request.remote or "")
        if route.public:
            return
        if who.kind is Kind.ANONYMOUS:
            raise Rejected("unauthenticated")
        if who.kind not in self._kinds:
            raise Rejected("forbidden", audience=",".join(sorted(route.audience)))
        check(who.permissions, route.permission)

    async def _decode(self, request: web.Request) -> Any:
        if self._body is not None:
            return await self._body.read(request)
        if self._query is not None:
            return self._query.read(request.query)
        return None


def respond(answer: Answer, status: int, *, repeated: bool = False) -> web.StreamResponse:
    """The response for what a handler returned."""
    if type(answer) is bytes and answer not in _NOTHING and not repeated:
        return web.Response(body=answer, status=status, headers=headers.API_JSON)
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    if isinstance(reply.body, Path):
        return web.FileResponse(reply.body, headers=_special(reply, repeated=repeated))
    body = _encode(reply.body) if isinstance(reply.body, msgspec.Struct) else reply.body
    if body is None or body in _NOTHING:
        return web.Response(status=204, headers=_special(reply, repeated=repeated, empty=True))
    plain = not reply.headers and not repeated and reply.content_type == JSON
    return web.Response(
        body=body,
        status=reply.status or status,
        headers=headers.API_JSON if plain else _special(reply, repeated=repeated),
    )


def _special(reply: Reply, *, repeated: bool, empty: bool = False) -> CIMultiDict[str]:
    made = CIMultiDict(headers.API)
    if not empty:
        made["Content-Type"] = reply.content_type
    if repeated:
        made["Idempotent-Replayed"] = "true"
    for name, value in reply.headers:
        if name.lower() == "set-cookie":
            made.add(name, value)
        else:
            made[name] = value
    return made
