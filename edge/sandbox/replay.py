"""Plays a recorded day into a running branch through its public HTTP API, so that every page moves as in a real branch.

A small discrete-event simulation decides what people do next (arrive, lose patience, finish); everything that happens in the
branch is decided by the branch. Each counter calls whoever the rule picks and serves as long as that person took that day.
"""

import asyncio
import heapq
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone
from typing import Any, Final

import aiohttp

from edge.sandbox.branch import PASSWORD
from edge.sandbox.day_file import DAY_S, Customer, RecordedDay

ZONE: Final = timezone(timedelta(hours=8))
LAST_S: Final = DAY_S - 1
"""What runs past midnight happens in the day's last second: the business day is one day."""
TRIES_MAX: Final = 5
OnHour = Callable[[int], Awaitable[None]]
"""Hears each hour of the day as it begins; a test cuts the line there."""


class ReplayFailed(Exception):
    """The branch answered what it should not."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class Tally:
    """What the replay did, by the branch's own answers."""

    issued: dict[str, Customer] = field(default_factory=dict)
    """Ticket id → who holds it."""
    finished: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Desk:
    counter: str
    token: str
    closes_s: int
    open: bool = False
    ticket: str | None = None


class Replay:
    """One day in one branch."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        day: RecordedDay,
        *,
        speed: float | None = None,
        on_hour: OnHour | None = None,
    ) -> None:
        """`speed`: how many seconds of that day pass in one of ours; None is as fast as the branch answers."""
        self.tally = Tally()
        self._http = http
        self._url = url
        self._day = day
        self._speed = speed
        self._on_hour = on_hour
        self._desks: dict[str, _Desk] = {}
        self._waiting: set[str] = set()
        self._heap: list[tuple[int, int, Callable[[], Awaitable[None]]]] = []
        self._order = 0
        self._now_s = 0
        self._kiosk = ""
        self._gold: dict[str, str] = {}

    async def run(self) -> Tally:
        """Play the whole day."""
        sandbox = await self._get("/sandbox")
        self._kiosk = sandbox["kiosk_token"]
        self._gold = next(person["identities"][0] for person in sandbox["customers"] if person["tier"] == "gold")
        for staff, shift in zip(sandbox["staff"], self._day.shifts, strict=False):
            opened = await self._post("/api/session", {"staff_no": staff["staff_no"], "password": PASSWORD})
            self._desks[shift.counter] = _Desk(shift.counter, opened["token"], shift.to_s)
            self._at(shift.from_s, self._opening(shift.counter))
        for customer in self._day.customers:
            self._at(customer.arrives_s, self._arrival(customer))
        while self._heap:
            at_s, _, act = heapq.heappop(self._heap)
            await self._pass_to(at_s)
            await act()
        return self.tally

    # --- time

    def _at(self, at_s: int, act: Callable[[], Awaitable[None]]) -> None:
        self._order += 1
        heapq.heappush(self._heap, (min(at_s, LAST_S), self._order, act))

    async def _pass_to(self, at_s: int) -> None:
        if at_s <= self._now_s and self._now_s:
            return
        if self._speed is not None and self._now_s:
            await asyncio.sleep((at_s - self._now_s) / self._speed)
        if self._on_hour is not None and at_s // 3600 != self._now_s // 3600:
            await self._on_hour(at_s // 3600)
        self._now_s = at_s
        now = datetime.combine(self._day.day, time(), ZONE) + timedelta(seconds=at_s)
        await self._post("/sandbox/clock", {"now": now.isoformat()})

    # --- what people do

    def _opening(self, counter: str) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            desk = self._desks[counter]
            try:
                for verb in ("sign-in", "open"):
                    await self._desk(desk, verb)
            except ReplayFailed as error:
                if error.code == "counter_taken":
                    return  # somebody sits there themselves: their counter is theirs
                raise
            desk.open = True
            await self._call_next(desk)

        return act

    def _arrival(self, customer: Customer) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            wish: dict[str, Any] = {"service": customer.service, "channel": "phone"}
            if customer.gold:
                wish["identity"] = self._gold
            ticket = await self._post("/api/tickets", wish, self._kiosk)
            self.tally.issued[ticket["id"]] = customer
            self._waiting.add(ticket["id"])
            if customer.patience_s is not None:
                self._at(self._now_s + customer.patience_s, self._hanging_up(ticket["id"], ticket["token"]))
            for desk in self._desks.values():
                if desk.open and desk.ticket is None and self._waiting:
                    await self._call_next(desk)

        return act

    def _hanging_up(self, ticket: str, token: str) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            if ticket in self._waiting:
                self._waiting.discard(ticket)
                await self._post(f"/api/t/{token}/leave", {})
                self.tally.cancelled.add(ticket)

        return act

    # --- what tellers do

    async def _call_next(self, desk: _Desk) -> None:
        while True:
            called = await self._desk(desk, "next")
            if called is None:
                await self._close_late(desk)
                return
            ticket = called["ticket"]["id"]
            self._waiting.discard(ticket)
            customer = self.tally.issued[ticket]
            if customer.patience_s is None:
                await self._serve(desk, ticket, customer)
                return
            await self._desk(desk, "no-show")
            self.tally.missed.add(ticket)

    async def _serve(self, desk: _Desk, ticket: str, customer: Customer) -> None:
        await self._desk(desk, "serve")
        desk.ticket = ticket

        async def finish() -> None:
            await self._desk(desk, "finish")
            self.tally.finished.add(ticket)
            desk.ticket = None
            await self._call_next(desk)

        self._at(self._now_s + customer.service_s, finish)

    async def _close_late(self, desk: _Desk) -> None:
        """A teller goes home when the shift is over, nobody waits, and somebody else is still there."""
        others = [other for other in self._desks.values() if other.open and other is not desk]
        if self._now_s >= desk.closes_s and others:
            desk.open = False
            await self._desk(desk, "sign-out")

    # --- HTTP

    async def _desk(self, desk: _Desk, verb: str) -> Any:
        return await self._post(f"/api/counters/{desk.counter}/{verb}", {}, desk.token)

    async def _get(self, path: str) -> Any:
        async with self._http.get(self._url + path) as answer:
            return await answer.json()

    async def _post(self, path: str, body: dict[str, Any], token: str | None = None) -> Any:
        """The same Idempotency-Key however often it has to be tried: a lost answer does nothing twice."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        for left in reversed(range(TRIES_MAX)):
            try:
                async with self._http.post(self._url + path, json=body, headers=headers) as answer:
                    if answer.status < 300:
                        return None if answer.status == 204 else await answer.json()
                    if answer.status < 500 or not left:
                        problem = await answer.json(content_type=None)
                        raise ReplayFailed(f"{path}: {answer.status} {problem}", problem.get("code", ""))
            except aiohttp.ClientConnectionError:
                if not left:
                    raise
            await asyncio.sleep(0.5)
        raise ReplayFailed(path)
