"""What every answer of the console has in common: JSON, problems, the token, security headers."""

import hmac
import http
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Server": "branchbox",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_encoder = msgspec.json.Encoder()


class Problem(Exception):
    """An error as RFC 9457 has it; `code` is stable."""

    def __init__(self, status: int, code: str, title: str, *, detail: str | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"type": f"urn:branchbox:problem:{code}", "title": title, "status": status, "code": code}
        if detail is not None:
            self.body["detail"] = detail
        self.body["facts"] = {}

    def answer(self) -> web.Response:
        return web.Response(body=_encoder.encode(self.body), status=self.status, content_type="application/problem+json")


def json_answer(content: Any, *, status: int = 200) -> web.Response:
    return web.Response(
        body=_encoder.encode(content),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal is a problem document; what the framework raises itself too."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.answer()
    except web.HTTPException as error:
        if error.status < 400:
            raise
        phrase = http.HTTPStatus(error.status).phrase
        return Problem(error.status, phrase.lower().replace(" ", "_"), phrase).answer()


async def secure(_: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: headers on everything that leaves."""
    for name, value in SECURITY_HEADERS.items():
        response.headers[name] = value


def guarded(token: str) -> Middleware:
    """Everything under /api needs the console token."""
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode()
        if request.path.startswith("/api/") and not hmac.compare_digest(given, expected):
            response = Problem(401, "unauthenticated", "The console token is needed").answer()
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        return await handler(request)

    return guard
