"""Two applications from one set of routes, their listeners, and the one place where errors become answers.

The guests' application is built from the guests' routes only. A staff route does not exist there: nothing that goes wrong
in a permission check can open it to the Wi-Fi.
"""

import secrets
import socket
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from time import monotonic, perf_counter
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler as Respond
from aiohttp.typedefs import Middleware

from edge.kernel.db import Overloaded, StorageFull
from edge.kernel.domain import InvariantBroken, Rejected
from edge.web import headers
from edge.web.deadlines import Deadlines
from edge.web.door import Door, Setting, Turnstile
from edge.web.doorstep import PROBLEMS, DoorstepRunner
from edge.web.gatekeeper import Gatekeeper
from edge.web.limits import WebLimits
from edge.web.live import Live
from edge.web.openapi import describe
from edge.web.permissions import Permissions
from edge.web.problems import Problems
from edge.web.programs import Programs
from edge.web.refusals import refuse
from edge.web.routes import Reply, Route, Routes, Services
from edge.web.static import StaticFiles

log = structlog.get_logger()

Observe = Callable[[str, str, int, float], None]
"""Called after each request with method, the route's pattern, status and seconds; must return at once."""

BACKLOG: Final = 1024
FRAMES_LOGGED_MAX: Final = 12
HTTP_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 426: "upgrade_required"}


class Listener(StrEnum):
    """Which side a listener faces."""

    BRANCH = "branch"
    GUEST = "guest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that the branch offers over HTTP."""

    routes: Sequence[Routes]
    services: Services
    gatekeeper: Gatekeeper
    permissions: Permissions
    problems: Problems
    live: Live
    static: StaticFiles
    programs: Programs | None = None
    """Devices for other programs, on the branch's listener."""
    title: str = "Branchbox"
    version: str = "0"
    limits: WebLimits = field(default_factory=WebLimits)
    observe: Observe | None = None
    fatal: Callable[[BaseException], None]
    """Told of a broken invariant; it ends the process."""

    def declared(self) -> list[Route]:
        return list(chain.from_iterable(group.declared for group in self.routes))


def build(site: Site, listener: Listener) -> web.Application:
    """The application for one listener. Raises ValueError where a route contradicts the tables."""
    declared = site.declared()
    for route in declared:
        check_declaration(route, site.permissions, site.problems)
    guest = listener is Listener.GUEST
    gatekeeper = site.gatekeeper.for_guests() if guest else site.gatekeeper
    turnstile = Turnstile(site.limits, monotonic)
    deadlines = Deadlines(site.limits.request_s)
    setting = Setting(site.services, gatekeeper, turnstile, deadlines, site.limits)
    offered = [route for route in declared if not guest or "guest" in route.audience]
    bytes_max = max([site.limits.body_bytes_max, *(route.body_bytes_max or 0 for route in offered)])
    app = web.Application(middlewares=[_boundary(site)], client_max_size=bytes_max)
    app[PROBLEMS] = site.problems
    app.cleanup_ctx.append(deadlines.watch)
    for route in offered:
        door = Door(route, setting)
        app.router.add_route(route.method, route.path, door.open)
        if route.reads:
            app.router.add_route("HEAD", route.path, door.open)
    site.live.mount(app, gatekeeper, turnstile)
    if not guest:
        _add_openapi(app, site, declared)
        if site.programs is not None:
            site.programs.mount(app, gatekeeper, turnstile)
    site.static.mount(app, turnstile, guest=guest)
    return app


def check_declaration(route: Route, permissions: Permissions, problems: Problems) -> None:
    """Find a route's mistakes when the server is built, not when it is called."""
    where = f"{route.method} {route.path}"
    if not route.audience:
        raise ValueError(f"{where}: nobody may call it")
    if route.permission is not None and not permissions.granted(route.permission):
        raise ValueError(f"{where}: no role has the permission {route.permission}")
    if route.permission is None and not route.public and not route.reads:
        raise ValueError(f"{where}: a write that is not for everybody needs a permission")
    for code in route.problems:
        if not problems.knows(code):
            raise ValueError(f"{where}: no problem {code} is declared")


def _add_openapi(app: web.Application, site: Site, declared: Sequence[Route]) -> None:
    document = describe(declared, site.problems, title=site.title, version=site.version)

    async def openapi(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=document, headers=headers.API_JSON)

    app.router.add_get("/api/openapi.json", openapi)


# --- errors


def _boundary(site: Site) -> Middleware:
    """The only middleware: refusals and failures become problem documents; the time is taken."""
    observe = site.observe

    @web.middleware
    async def boundary(request: web.Request, handler: Respond) -> web.StreamResponse:
        start_s = perf_counter()
        try:
            response = await handler(request)
        except ConnectionResetError:
            raise  # the caller has gone; aiohttp ends the connection
        except Exception as error:  # noqa: BLE001 -- the server's edge: one failed request must not stop the branch
            response = _explain(site, error, request)
        if observe is not None:
            observe(request.method, pattern_of(request), response.status, perf_counter() - start_s)
        return response

    return boundary


def _explain(site: Site, error: Exception, request: web.Request) -> web.StreamResponse:
    match error:
        case Rejected():
            return refuse(site.problems, error, request)
        case web.HTTPException():
            return _from_router(site.problems, error, request)
        case Overloaded() | StorageFull() | TimeoutError():
            code = next(code for kind, code in _BUSY.items() if isinstance(error, kind))
            return refuse(site.problems, Rejected(code, retry_s=Overloaded.retry_s), request)
        case InvariantBroken():
            site.fatal(error)
    return _incident(site.problems, error, request)


_BUSY: Final[dict[type[BaseException], str]] = {
    Overloaded: "overloaded",
    StorageFull: "storage_full",
    TimeoutError: "timed_out",
}


def _from_router(problems: Problems, error: web.HTTPException, request: web.Request) -> web.StreamResponse:
    """aiohttp's own refusals: no such path, no such method, too large."""
    allow = error.headers.get("Allow", "")
    if allow and request.method == "OPTIONS":
        return web.Response(status=204, headers=[*headers.API.items(), ("Allow", allow + ",OPTIONS")])
    code = HTTP_CODES.get(error.status, "invalid_request" if error.status < 500 else "internal")
    response = refuse(problems, Rejected(code), request)
    if allow:
        response.headers["Allow"] = allow
    return response


def _incident(problems: Problems, error: BaseException, request: web.Request) -> web.StreamResponse:
    """Log a failure under an id that the caller is told. Places in the code only: an error's text may name a customer."""
    incident = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_LOGGED_MAX:]
    log.error(
        "request_failed",
        incident=incident,
        method=request.method,
        route=pattern_of(request),
        error=type(error).__name__,
        at=[f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames],
    )
    return refuse(problems, Rejected("internal", incident=incident), request)


def pattern_of(request: web.Request) -> str:
    """The route as declared, `/api/t/{token}`: for logs and metrics, which must never see a token."""
    resource = request.match_info.route.resource
    return "none" if resource is None else resource.canonical


# --- listeners


class Listeners:
    """The open doors of the branch."""

    def __init__(self, limits: WebLimits | None = None) -> None:
        self._limits = limits or WebLimits()
        self._runners: list[web.AppRunner] = []

    async def open(self, app: web.Application, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port. Raises OSError where it is taken."""
        runner = DoorstepRunner(app, access_log=None, handle_signals=False, shutdown_timeout=self._limits.stop_s)
        await runner.setup()
        site = web.TCPSite(runner, host, port, backlog=BACKLOG)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runners.append(runner)
        return _port_of(runner.addresses)

    async def close(self) -> None:
        """Take no more requests, let those under way finish within `stop_s`, then close. Close the live feed before."""
        while self._runners:
            await self._runners.pop().cleanup()


def _port_of(addresses: Sequence[object]) -> int:
    for address in addresses:
        if isinstance(address, tuple) and isinstance(address[1], int):
            return address[1]
    raise OSError(f"no {socket.AF_INET.name} address to listen on")


__all__ = ["Listener", "Listeners", "Reply", "Site", "build"]
