"""From the teller's key to the hall display and the customer's phone, with five hundred phones and a stalled one; and from an
important customer's card to the lobby's tablet and the adviser (S15)."""

import asyncio
import os
import tempfile
from base64 import b64encode
from contextlib import AsyncExitStack
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET, socket
from time import perf_counter
from typing import Any, Final

import aiohttp
import msgspec

from tests.bench.report import Figure, at_most, fact, percentile
from tests.harness.api import Api
from tests.harness.programs import BranchProcess

PHONES: Final = 500
CALLS: Final = 150
PAUSE_S: Final = 0.08
MARK_MS: Final = 50.0
ALERTS: Final = 30
ALERT_MARK_MS: Final = 2000.0
PATIENCE_S: Final = 10.0


def run(_seconds: float) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, BranchProcess(Path(scratch) / "branch") as branch:
        hall = asyncio.run(_measure(branch))
        used_mb = branch.rss_bytes() / 2**20
    return [
        at_most(f"key to display, {PHONES} phones, p95", percentile(hall.display_ms, 0.95), MARK_MS, "ms"),
        at_most(f"key to phone, {PHONES} phones, p95", percentile(hall.phone_ms, 0.95), MARK_MS, "ms"),
        at_most("gold card to tablet and adviser, slowest", max(hall.alert_ms), ALERT_MARK_MS, "ms"),
        fact("key to phone, slowest", max(hall.phone_ms), "ms"),
        fact(f"memory with {PHONES} phones", used_mb, "MB"),
    ]


class Hall:
    """Everybody who looks at something, and when they saw a call."""

    def __init__(self) -> None:
        self.display_ms: list[float] = []
        self.phone_ms: list[float] = []
        self.alert_ms: list[float] = []
        self.asked_s = 0.0
        self.display_saw = asyncio.Event()
        self.phone_saw: dict[str, asyncio.Event] = {}

    async def watch_display(self, feed: aiohttp.ClientWebSocketResponse) -> None:
        async for message in feed:
            if b"ticket_called" in message.data.encode():
                self.display_ms.append((perf_counter() - self.asked_s) * 1000)
                self.display_saw.set()

    async def watch_phone(self, feed: aiohttp.ClientWebSocketResponse, ticket: str) -> None:
        seen = self.phone_saw[ticket]
        async for message in feed:
            if not seen.is_set() and _state(message.data) == "called":
                self.phone_ms.append((perf_counter() - self.asked_s) * 1000)
                seen.set()


def _state(text: str) -> str | None:
    if '"called"' not in text:
        return None
    body: dict[str, Any] = msgspec.json.decode(text.encode())
    return str(body.get("ticket", {}).get("state"))


async def _measure(branch: BranchProcess) -> Hall:
    hall = Hall()
    async with AsyncExitStack() as stack:
        guest = await stack.enter_async_context(Api(branch.url))
        kiosk, display = await guest.as_kiosk(), await guest.as_display()
        teller = await guest.at_counter("1001", "counter-1")
        watching = [asyncio.create_task(hall.watch_display(await display.live(topics="calls")))]
        for _ in range(PHONES):
            ticket = await kiosk.post("/api/tickets", {"service": "personal", "channel": "phone"})
            hall.phone_saw[ticket["id"]] = asyncio.Event()
            feed = await guest.bearing(ticket["token"]).live(topics="ticket")
            watching.append(asyncio.create_task(hall.watch_phone(feed, ticket["id"])))
        stalled = stack.enter_context(_stalled(branch, (await kiosk.post("/api/tickets", {"service": "fx"}))["token"]))
        await _call_often(hall, teller)
        await _come_in(hall, kiosk, await guest.as_staff("2001"))
        stalled.close()
        for task in watching:
            task.cancel()
        await asyncio.wait(watching)
    return hall


async def _call_often(hall: Hall, teller: Api) -> None:
    """As fast as no branch ever calls, yet each call on its own."""
    for _ in range(CALLS):
        hall.display_saw.clear()
        hall.asked_s = perf_counter()
        called = await teller.post("/api/counters/counter-1/next")
        async with asyncio.timeout(PATIENCE_S):
            await hall.display_saw.wait()
            await hall.phone_saw[called["ticket"]["id"]].wait()
        await asyncio.sleep(PAUSE_S)


async def _come_in(hall: Hall, kiosk: Api, lobby: Api) -> None:
    """Gold customers, one after the other, each until the tablet lists them and their adviser has been told."""
    gold = next(one for one in (await kiosk.sandbox())["customers"] if one["tier"] == "gold")
    card = next(one for one in gold["identities"] if one["kind"] == "bank_card")
    feed = await lobby.live(topics="queue")
    for _ in range(ALERTS):
        began_s = perf_counter()
        ticket = await kiosk.post("/api/tickets", {"service": "wealth", "channel": "kiosk", "identity": card})
        async with asyncio.timeout(PATIENCE_S):
            while (await feed.receive_json()).get("type") != "notify.adviser_told.v1":
                continue
            listed = (await lobby.get("/api/lobby"))["arrivals"]
        if ticket["id"] not in {one["ticket"] for one in listed}:
            raise RuntimeError("the tablet does not list who has come")
        hall.alert_ms.append((perf_counter() - began_s) * 1000)
    await feed.close()


def _stalled(branch: BranchProcess, token: str) -> socket:
    """A phone that was put away: the connection stands and nobody reads."""
    line = socket()
    line.setsockopt(SOL_SOCKET, SO_RCVBUF, 1024)
    line.connect(("127.0.0.1", branch.port))
    head = [
        "GET /api/live?topics=ticket HTTP/1.1",
        f"Host: 127.0.0.1:{branch.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}",
        f"Authorization: Bearer {token}",
    ]
    line.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    return line
