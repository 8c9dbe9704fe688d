"""A page's world without a box: built files, contract answers and a live feed, all by interception in the browser."""

from __future__ import annotations

import json
import mimetypes
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, WebSocketRoute

BUILT = Path(__file__).resolve().parents[2] / "edge" / "web" / "static"
STATIC = Path(os.environ.get("BRANCHBOX_STATIC", BUILT))
ORIGIN = "http://branchbox.test"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; media-src 'self'; "
    "connect-src 'self' ws://branchbox.test; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
Answer = Any


@dataclass
class Box:
    """Answers by "METHOD /path"; an answer may be JSON, (status, problem) or a function of the request's body."""

    answers: dict[str, Answer]
    live: bool = True
    seq: int = 100
    sockets: list[WebSocketRoute] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Takes over everything this page asks for."""
        page.route("**/*", self._serve)
        page.route_web_socket("**/api/live*", self._connect)
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))

    def send(self, message: dict[str, Any]) -> None:
        """To every open live feed."""
        for socket in self.sockets:
            socket.send(json.dumps(message))

    def drop(self) -> None:
        """The line goes: sockets close and nothing answers any more."""
        self.live = False
        for socket in self.sockets:
            socket.close()
        self.sockets.clear()

    def _connect(self, socket: WebSocketRoute) -> None:
        if not self.live:
            socket.close()
            return
        self.sockets.append(socket)
        now = "2026-03-02T10:24:36+08:00"
        socket.send(json.dumps({"hello": {"seq": self.seq, "now": now}}))

    def _serve(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.path.startswith(("/api", "/sandbox", "/health")):
            self._answer(route, url.path)
            return
        route.fulfill(**_file(url.path))

    def _answer(self, route: Route, path: str) -> None:
        request = route.request
        self.requests.append((request.method, path, request.headers.get("idempotency-key")))
        if not self.live:
            route.abort("connectionrefused")
            return
        answer = self.answers.get(f"{request.method} {path}")
        if callable(answer):
            answer = answer(request.post_data)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        if answer is None:
            status, body = 404, problem(404, "not_found")
        kind = "application/json" if status < 400 else "application/problem+json"
        route.fulfill(status=status, content_type=kind, body=json.dumps(body))


def problem(status: int, code: str, **facts: Any) -> dict[str, Any]:
    """An RFC 9457 answer."""
    return {"type": f"urn:branchbox:{code}", "title": code, "status": status, "code": code, "facts": facts}


def _file(path: str) -> dict[str, Any]:
    name = "phone" if path.startswith("/t/") else path.strip("/") or "front"
    page = STATIC / name / "index.html"
    target = page if page.is_file() else STATIC / path.lstrip("/")
    if not target.is_file():
        return {"status": 404, "body": ""}
    kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
    headers = {"Content-Security-Policy": CSP, "Content-Type": kind}
    return {"status": 200, "headers": headers, "body": target.read_bytes()}
