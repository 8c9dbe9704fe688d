"""How a capability says what it offers over HTTP, and what its handlers get to see.

    routes = Routes("queue")

    @routes.post("/api/tickets", body=TicketRequest, reply=Ticket, status=201, audience={"device", "staff"},
                 permission="queue.issue_ticket", summary="Take a number", problems=("service_closed",))
    async def issue(call: Call[TicketRequest]) -> bytes:
        outcome = await call.submit(IssueTicket(service=call.body.service, …))
        return outcome.answer

A declaration is everything there is to know of a route: the server is built from it, and so is the OpenAPI document.
Audiences:

* `staff`, `device`: whoever shows such a token and has the route's permission.
* `guest`: everybody, on both listeners. Only these routes exist on the guests' listener.
* `open`: everybody, on the branch's own listener only.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypedDict, TypeVar, Unpack, overload

import msgspec
from aiohttp import web

from edge.kernel.domain import Command, Rejected
from edge.kernel.pipeline import Outcome, Pipeline, Secret
from edge.web.principal import Principal

Audience = Literal["staff", "device", "guest", "open"]
Language = Literal["zh-CN", "en"]
In = TypeVar("In")
T = TypeVar("T")

JSON: Final = "application/json"
KEY_CHARS_MAX: Final = 200


class Services:
    """What handlers work with: the pipeline, and everything else by its type, `call.app[QueueViews]`."""

    def __init__(self, pipeline: Pipeline, *others: object) -> None:
        self.pipeline = pipeline
        self._by_type: dict[type, object] = {type(one): one for one in others}

    def __getitem__(self, kind: type[T]) -> T:
        found = self._by_type[kind]
        if not isinstance(found, kind):
            raise TypeError(f"{kind.__name__} is not what was supplied")
        return found

    def joined(self, *others: object) -> "Services":
        """These and `others`."""
        return Services(self.pipeline, *self._by_type.values(), *others)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is more than a body with the route's status."""

    body: bytes | msgspec.Struct | Path | None = None
    """A Path is sent as a file, with ranges and validators. None is 204."""
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON


Answer = bytes | msgspec.Struct | Reply | None
"""Bytes are sent as they are; an empty body and JSON null become 204."""


class Call(Generic[In]):
    """One request, decoded and authenticated."""

    __slots__ = ("_command_id", "_input", "_submitted", "app", "path", "principal", "repeated", "request")

    def __init__(self, request: web.Request, principal: Principal, given: In, app: Services, command_id: str | None) -> None:
        self.request = request
        self.path: Mapping[str, str] = request.match_info
        self.principal = principal
        self.app = app
        self.repeated = False
        self._input = given
        self._command_id = command_id
        self._submitted = 0

    @property
    def body(self) -> In:
        """The decoded body, for routes that declare one."""
        return self._input

    @property
    def query(self) -> In:
        """The decoded query, for routes that declare one."""
        return self._input

    @property
    def command_id(self) -> str:
        """Made of the caller and the Idempotency-Key; random where there is no key."""
        if self._command_id is None:
            self._command_id = secrets.token_hex(16)
        return self._command_id

    @property
    def language(self) -> Language:
        return language_of(self.request)

    async def submit(self, command: Command, *, secrets_: Sequence[Secret] = ()) -> Outcome:
        """Hand a command to the pipeline in the caller's name, under the caller's idempotency key.

        A second command of the same call gets an id of its own, so that a repeat of the call repeats both.
        """
        command_id = self.command_id if self._submitted == 0 else f"{self.command_id}.{self._submitted}"
        self._submitted += 1
        outcome = await self.app.pipeline.submit(command, actor=self.principal.actor, command_id=command_id, secrets_=secrets_)
        self.repeated = self.repeated or outcome.repeated
        return outcome


Handler = Callable[[Call[In]], Awaitable[Answer]]


class Options(TypedDict, total=False):
    """What a route may declare besides its path and its input."""

    reply: type[msgspec.Struct] | None
    """The type of a successful answer, for the documentation."""
    status: int
    audience: AbstractSet[Audience]
    permission: str | None
    summary: str
    problems: tuple[str, ...]
    idempotent: bool
    may_be_empty: bool
    """Takes an Idempotency-Key. True for POST unless said otherwise."""
    content_type: str
    """The media type of a successful answer, for the documentation."""
    also_content_type: str | None
    """Another one, which a query parameter asks for."""
    body_bytes_max: int
    rate: Literal["login"] | None
    """A stricter rate limit per address."""


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route."""

    capability: str
    method: str
    path: str
    handler: Handler[Any]
    takes: type | None = None
    reply: type[msgspec.Struct] | None = None
    status: int = 200
    audience: AbstractSet[Audience] = frozenset({"staff"})
    permission: str | None = None
    summary: str = ""
    problems: tuple[str, ...] = ()
    idempotent: bool = False
    may_be_empty: bool = False
    """Also answers 204, where there is nothing to tell."""
    content_type: str = JSON
    also_content_type: str | None = None
    body_bytes_max: int | None = None
    rate: Literal["login"] | None = None

    @property
    def public(self) -> bool:
        """Whether everybody may come, without any token."""
        return bool(self.audience & {"guest", "open"})

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def name(self) -> str:
        return self.handler.__name__


@dataclass(slots=True)
class Routes:
    """The routes of one capability, in the order of their declaration."""

    capability: str
    declared: list[Route] = field(default_factory=list)

    @overload
    def get(self, path: str, *, query: type[In], **options: Unpack[Options]) -> Callable[[Handler[In]], Handler[In]]: ...
    @overload
    def get(self, path: str, *, query: None = None, **options: Unpack[Options]) -> Callable[[Handler[None]], Handler[None]]: ...
    def get(
        self, path: str, *, query: type[Any] | None = None, **options: Unpack[Options]
    ) -> Callable[[Handler[Any]], Handler[Any]]:
        """Read something. `query` is the struct its query string is decoded to."""
        return self._add("GET", path, query, options)

    @overload
    def post(self, path: str, *, body: type[In], **options: Unpack[Options]) -> Callable[[Handler[In]], Handler[In]]: ...
    @overload
    def post(self, path: str, *, body: None = None, **options: Unpack[Options]) -> Callable[[Handler[None]], Handler[None]]: ...
    def post(
        self, path: str, *, body: type[Any] | None = None, **options: Unpack[Options]
    ) -> Callable[[Handler[Any]], Handler[Any]]:
        """Create or move something. Takes an Idempotency-Key unless `idempotent=False`."""
        return self._add("POST", path, body, options)

    @overload
    def put(self, path: str, *, body: type[In], **options: Unpack[Options]) -> Callable[[Handler[In]], Handler[In]]: ...
    @overload
    def put(self, path: str, *, body: None = None, **options: Unpack[Options]) -> Callable[[Handler[None]], Handler[None]]: ...
    def put(
        self, path: str, *, body: type[Any] | None = None, **options: Unpack[Options]
    ) -> Callable[[Handler[Any]], Handler[Any]]:
        """Replace something as a whole."""
        return self._add("PUT", path, body, options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[Handler[None]], Handler[None]]:
        """End something."""
        return self._add("DELETE", path, None, options)

    def _add(self, method: str, path: str, takes: type | None, options: Options) -> Callable[[Handler[Any]], Handler[Any]]:
        options.setdefault("idempotent", method == "POST")

        def declare(handler: Handler[Any]) -> Handler[Any]:
            self.declared.append(Route(self.capability, method, path, handler, takes, **options))
            return handler

        return declare


def command_id(owner: str, key: str | None) -> str | None:
    """The id of the command that `owner` wishes under an Idempotency-Key; None where there is no key.

    The owner is part of it, so that two callers with the same key never see each other's answers.
    """
    if key is None:
        return None
    if not 0 < len(key) <= KEY_CHARS_MAX or not key.isascii() or not key.isprintable():
        raise Rejected("invalid_idempotency_key", chars_max=KEY_CHARS_MAX)
    return blake2b(f"{owner}\n{key}".encode(), digest_size=16).hexdigest()


def language_of(request: web.BaseRequest) -> Language:
    """The first of the two languages that the caller names; Chinese where they name neither."""
    wanted = request.headers.get("Accept-Language", "").lower()
    english, chinese = wanted.find("en"), wanted.find("zh")
    return "en" if english >= 0 and not 0 <= chinese < english else "zh-CN"
