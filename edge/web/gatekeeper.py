"""From a request to a principal: bearer token, session cookie, or the WebSocket's sub-protocol.

What is true here:

* A token that is shown and not valid is refused, also where no token was needed: a revoked kiosk must notice. Only a stale
  cookie is passed over on public routes, since a browser sends it without being asked.
* The guests' listener knows phones' tokens only. A staff token is worth nothing there.
* A write, or a WebSocket, that came with a cookie must come from our own page: browsers say so in Sec-Fetch-Site or Origin.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import web
from multidict import CIMultiDictProxy

from edge.kernel.domain import Rejected
from edge.web import principal
from edge.web.devices import Devices
from edge.web.principal import DEVICE_PREFIX, STAFF_PREFIX, Kind, Principal
from edge.web.session import Sessions, digest_of

COOKIE: Final = "bb_session"
PROTOCOL: Final = "branchbox"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE_IS: Final = COOKIE + "="
_BEARER: Final = "Bearer "
_PROTOCOL_BEARER: Final = "bearer."

ResolvePhone = Callable[[str], str | None]
"""From a phone's token to its ticket's id; a point read."""


class Shown(NamedTuple):
    """A token, and whether the browser added it by itself."""

    token: str
    by_cookie: bool


class Gatekeeper:
    """Knows everybody who may come in through one listener."""

    def __init__(
        self, resolve_phone: ResolvePhone, *, sessions: Sessions | None = None, devices: Devices | None = None
    ) -> None:
        self._resolve_phone = resolve_phone
        self._sessions = sessions
        self._devices = devices

    def for_guests(self) -> "Gatekeeper":
        """The one for the guests' listener: phones only."""
        return Gatekeeper(self._resolve_phone)

    async def identify(self, request: web.Request, *, public: bool) -> Principal:
        """Who asks. Raises Rejected("unauthenticated") for a token that is not valid, ("cross_site") for a forged write."""
        headers = request.headers
        shown = credential(headers)
        if request.method not in SAFE_METHODS or "Upgrade" in headers:
            _check_forgery(shown, headers)
        if shown is None:
            return principal.anonymous(request.remote or "")
        found = await self._resolve(shown.token)
        if found is not None:
            return found
        if shown.by_cookie and public:
            return principal.anonymous(request.remote or "")
        raise Rejected("unauthenticated")

    def alive(self, who: Principal) -> bool:
        """Whether a connection that was opened by `who` may stay open."""
        match who.kind:
            case Kind.STAFF:
                return self._sessions is not None and self._sessions.alive(who.credential)
            case Kind.DEVICE:
                return self._devices is not None and self._devices.resolve(who.credential) is not None
            case Kind.PHONE | Kind.ANONYMOUS:
                return True

    async def _resolve(self, token: str) -> Principal | None:
        if token.startswith(STAFF_PREFIX):
            return None if self._sessions is None else await self._sessions.resolve(digest_of(token))
        if token.startswith(DEVICE_PREFIX):
            return None if self._devices is None else self._devices.resolve(digest_of(token))
        ticket = self._resolve_phone(token) if token.isascii() else None
        return None if ticket is None else principal.phone(ticket, digest_of(token))


def credential(headers: CIMultiDictProxy[str]) -> Shown | None:
    """The token in a request's headers. Raises Rejected for another scheme than Bearer."""
    authorization = headers.get("Authorization")
    if authorization is not None:
        if not authorization.startswith(_BEARER):
            raise Rejected("unauthenticated")
        return Shown(authorization[len(_BEARER) :].strip(), by_cookie=False)
    offered = _named(headers.get("Sec-WebSocket-Protocol", ""), ",", _PROTOCOL_BEARER)
    if offered is not None:
        return Shown(offered, by_cookie=False)
    cookie = _named(headers.get("Cookie", ""), ";", _COOKIE_IS)
    return None if cookie is None else Shown(cookie, by_cookie=True)


def _named(listed: str, divider: str, prefix: str) -> str | None:
    """What follows `prefix` in the first entry that begins with it."""
    for entry in listed.split(divider) if listed else ():
        stripped = entry.strip()
        if stripped.startswith(prefix):
            return stripped[len(prefix) :]
    return None


def _check_forgery(shown: Shown | None, headers: CIMultiDictProxy[str]) -> None:
    """A page of another site can neither use a visitor's cookie nor log the visitor in as somebody else."""
    if (shown is not None and shown.by_cookie) or (shown is None and "Sec-Fetch-Site" in headers):
        check_same_site(headers)


def check_same_site(headers: CIMultiDictProxy[str]) -> None:
    """Raise Rejected("cross_site") unless a browser says that the request came from our own page."""
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise Rejected("cross_site")
        return
    origin = headers.get("Origin")
    if origin is None or origin.partition("://")[2] != headers.get("Host"):
        raise Rejected("cross_site")
