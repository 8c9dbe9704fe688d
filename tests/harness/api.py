"""A client of the public HTTP API, as a kiosk, a terminal, a phone or a program would speak it.

async with Api(branch.url) as guest:
    kiosk, teller = await guest.as_kiosk(), await guest.as_staff("1001")
    ticket = await kiosk.post("/api/tickets", {"service": "personal"}, key="k-1")
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

import aiohttp
import msgspec

PASSWORD: Final = "branchbox"
TIMEOUT_S: Final = 20.0


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: Any
    """Decoded JSON; None where there was none."""
    headers: Mapping[str, str]
    raw: bytes

    @property
    def code(self) -> str | None:
        """The stable code of a refusal."""
        return self.body.get("code") if self.status >= 400 and isinstance(self.body, dict) else None


class ApiRefused(Exception):
    """The answer was a refusal or an error."""

    def __init__(self, reply: Reply, wish: str) -> None:
        super().__init__(f"{wish}: {reply.status} {reply.raw[:500]!r}")
        self.reply = reply
        self.status = reply.status
        self.code = reply.code


class Api:
    """One caller. Callers made from it (`as_staff`, `as_kiosk`) share its connections."""

    def __init__(self, url: str, token: str | None = None, session: aiohttp.ClientSession | None = None) -> None:
        self.url = url
        self.token = token
        self._given = session
        self._session = session

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None and self._given is None:
            await self._session.close()
        self._session = None

    # --- who

    def bearing(self, token: str | None) -> "Api":
        """The same line, another caller."""
        return Api(self.url, token, self._session)

    async def as_staff(self, staff_no: str, password: str = PASSWORD) -> "Api":
        body = await self.post("/api/session", {"staff_no": staff_no, "password": password})
        return self.bearing(body["token"])

    async def as_kiosk(self) -> "Api":
        return self.bearing((await self.sandbox())["kiosk_token"])

    async def as_display(self) -> "Api":
        return self.bearing((await self.sandbox())["display_token"])

    async def at_counter(self, staff_no: str, counter: str) -> "Api":
        """A teller, signed in and open at a counter."""
        teller = await self.as_staff(staff_no)
        await teller.post(f"/api/counters/{counter}/sign-in")
        await teller.post(f"/api/counters/{counter}/open")
        return teller

    async def sandbox(self) -> Any:
        return await self.get("/sandbox")

    # --- what

    async def get(self, path: str, **query: str | int) -> Any:
        """The decoded body. Raises ApiRefused."""
        return self._checked(await self.send("GET", path, query=query), f"GET {path}")

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The decoded body. Raises ApiRefused."""
        return self._checked(await self.send("POST", path, {} if body is None else body, key=key), f"POST {path}")

    async def delete(self, path: str) -> Any:
        return self._checked(await self.send("DELETE", path), f"DELETE {path}")

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> Reply:
        """Whatever came back. Raises aiohttp.ClientError or TimeoutError where nothing did."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        raw = None if body is None else msgspec.json.encode(body)
        if raw is not None:
            headers["Content-Type"] = "application/json"
        wish = self._line().request(method, self.url + path, data=raw, headers=headers, params=query or None)
        async with wish as answer:
            got = await answer.read()
            decoded = msgspec.json.decode(got) if "json" in answer.content_type and got else None
            return Reply(answer.status, decoded, answer.headers, got)

    async def live(self, *, after: int | None = None, topics: str = "queue") -> aiohttp.ClientWebSocketResponse:
        """The live feed; close it after use."""
        query: dict[str, str | int] = {"topics": topics}
        if after is not None:
            query["after"] = after
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return await self._line().ws_connect(f"{self.url}/api/live", params=query, headers=headers, max_msg_size=2**22)

    def _line(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use `async with Api(...)`")
        return self._session

    @staticmethod
    def _checked(reply: Reply, wish: str) -> Any:
        if reply.status >= 400:
            raise ApiRefused(reply, wish)
        return reply.body
