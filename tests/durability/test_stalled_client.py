"""One page that stopped reading, among fifty that did not, on the real daemon: nobody waits for it."""

import asyncio
import base64
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.harness.api import Api
from tests.harness.programs import BranchProcess

CLIENTS = 50
CALLS = 120
HISTORY = 5000
"""Facts replayed to the stalled page: more bytes than the machine's buffers take from a sender whose peer does not read."""
TAKERS = 50
PATIENCE_S = 20.0
"""How fast it is beside a stalled phone, `make bench` says."""


def open_and_never_read(branch: BranchProcess, token: str) -> socket.socket:
    """A WebSocket whose owner has gone to lunch: tiny buffers, no reads after the handshake."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    line.connect(("127.0.0.1", branch.port))
    head = [
        "GET /api/live?after=0&topics=queue,calls HTTP/1.1",
        f"Host: 127.0.0.1:{branch.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        f"Authorization: Bearer {token}",
    ]
    line.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    assert line.recv(64).startswith(b"HTTP/1.1 101")
    return line


async def make_history(kiosk: Api) -> None:
    async def take(share: int) -> None:
        for _ in range(share):
            await kiosk.post("/api/tickets", {"service": "wealth", "channel": "phone"})

    await asyncio.gather(*(take(HISTORY // TAKERS) for _ in range(TAKERS)))


async def next_call(feed: aiohttp.ClientWebSocketResponse) -> int:
    """The seq of the next call that this page hears."""
    while True:
        message: dict[str, Any] = msgspec.json.decode((await feed.receive_str()).encode())
        if message.get("type") == "queue.ticket_recalled.v1":
            return int(message["seq"])


async def recall_often(teller: Api, waiting: Api, feeds: Sequence[aiohttp.ClientWebSocketResponse]) -> list[set[int]]:
    """Call again and again, each time after all pages have heard of the last one; a new ticket whenever one has been called too
    often. What the pages heard, call by call."""
    heard: list[set[int]] = []
    while len(heard) < CALLS:
        if len(heard) % 15 == 0:
            await waiting.post("/api/tickets", {"service": "personal", "channel": "phone"})
            await teller.post("/api/counters/counter-1/next")
        await teller.post("/api/counters/counter-1/recall")
        async with asyncio.timeout(PATIENCE_S):
            heard.append(set(await asyncio.gather(*(next_call(feed) for feed in feeds))))
    return heard


@pytest.mark.slow
async def test_a_stalled_page_delays_none_of_fifty(tmp_path: Path) -> None:
    with BranchProcess(tmp_path / "branch") as branch:
        async with Api(branch.url) as guest:
            kiosk, display = await guest.as_kiosk(), await guest.as_display()
            teller = await guest.at_counter("1001", "counter-1")
            await make_history(kiosk)
            tokens = [display] * 18 + [kiosk] * 19
            staff = [await guest.as_staff("2001")] * 13
            feeds = [await caller.live(topics="calls") for caller in (*tokens, *staff)]
            assert len(feeds) == CLIENTS
            assert display.token is not None
            stalled = open_and_never_read(branch, display.token)
            try:
                heard = await recall_often(teller, kiosk, feeds)
            finally:
                stalled.close()
            for feed in feeds:
                await feed.close()
        assert branch.running
    assert [len(seqs) for seqs in heard] == [1] * CALLS
    order = [seq for (seq,) in heard]
    assert order == sorted(set(order))
