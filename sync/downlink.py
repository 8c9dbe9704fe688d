"""A branch's ear for what head office sets: asks, carries out in order, remembers how far it is.

The question is held at head office until there is something to say, so a document is here within a second while the line
stands; after a cut it is asked again within `RETRY_CAP_S`. Nothing is trusted but what head office signed: the whole answer,
which must be to this very question, and each document again by itself, which the branch checks where it carries it out.

Carrying out and remembering are two steps, in this order. A crash between them repeats the item, which must do nothing twice.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import structlog

from sync.keys import verify
from sync.protocol import (
    MAX_FETCHED_BYTES,
    NONCE_BYTES,
    Fetch,
    Fetched,
    Item,
    Refusal,
    signed,
)
from sync.uplink import CONNECT_TIMEOUT_S, Destination, Unreachable, World, exchange

log = structlog.get_logger()

WAIT_S = 25.0
"""How long head office may hold a question: less than what proxies cut."""
GRACE_S = 10.0
"""Beyond the wait, until an answer counts as lost."""
RETRY_BASE_S = 1.0
RETRY_CAP_S = 20.0
"""A change must be here within a minute of the line being back."""
IDLE_S = 1.0
"""Between two answers that had nothing to say."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a branch has carried out what head office set."""

    ho_epoch: bytes = bytes(NONCE_BYTES)
    stream: str = ""
    n: int = 0


class Inbox(Protocol):
    """Where documents go."""

    branch: str

    def sign(self, data: bytes) -> bytes: ...
    def cursor(self) -> Cursor: ...
    async def take(self, item: Item, at: Cursor) -> None:
        """Carry it out, durably when this returns. The same item again, at the same place, does nothing."""
        ...

    async def move(self, to: Cursor) -> None:
        """Remember it, durably when this returns."""
        ...


class Downlink:
    """Fetches for as long as `run` runs."""

    def __init__(self, inbox: Inbox, head_office: Destination, *, world: World | None = None, wait_s: float = WAIT_S) -> None:
        self._inbox = inbox
        self._head_office = head_office
        self._world = world if world is not None else World()
        self._wait_s = wait_s
        self._woken = asyncio.Event()
        self._failures = 0

    def wake(self) -> None:
        """The line may be back: ask now."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled. Raises what the inbox raises; nothing is lost by it."""
        url = f"{self._head_office.url.rstrip('/')}/v1/sync/{self._inbox.branch}/fetch"
        timeout = aiohttp.ClientTimeout(total=self._wait_s + GRACE_S, sock_connect=CONNECT_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            while True:
                await self._pause(await self._step(http, url))

    async def _step(self, http: aiohttp.ClientSession, url: str) -> float:
        """Ask once and carry out the answer; returns how long to pause."""
        question = self._question()
        try:
            reply = await exchange(http, url, question, Fetched, max_bytes=MAX_FETCHED_BYTES)
        except Unreachable as error:
            return self._failed(str(error))
        if isinstance(reply, Refusal):
            return max(reply.retry_after_s, self._failed(f"{reply.code}: {reply.detail}"))
        if reply.nonce != question.nonce or not verify(self._head_office.key, reply.signature, reply.covered()):
            return self._failed("the answer is not head office's, or not to this question")
        self._failures = 0
        for item in reply.items:
            await self._inbox.take(item, Cursor(reply.ho_epoch, reply.stream, item.n))
        reached = Cursor(reply.ho_epoch, reply.stream, reply.items[-1].n if reply.items else reply.after)
        if reached != self._inbox.cursor():
            await self._inbox.move(reached)
        return 0.0 if reply.items else IDLE_S

    def _question(self) -> Fetch:
        at = self._inbox.cursor()
        question = Fetch(
            branch=self._inbox.branch,
            ho_epoch=at.ho_epoch,
            stream=at.stream,
            after=at.n,
            wait_s=self._wait_s,
            nonce=self._world.entropy(NONCE_BYTES),
            sent_at_ms=self._world.wall_ms(),
        )
        return signed(question, self._inbox.sign(question.covered()))

    def _failed(self, why: str) -> float:
        if not self._failures:
            log.warning("downlink_lost", reason=why)
        self._failures += 1
        ceiling_s = min(RETRY_CAP_S, RETRY_BASE_S * 2.0 ** min(self._failures, 10))
        return self._world.uniform(RETRY_BASE_S / 2, ceiling_s)

    async def _pause(self, delay_s: float) -> None:
        if delay_s:
            try:
                async with asyncio.timeout(delay_s):
                    await self._woken.wait()
            except TimeoutError:
                return
        self._woken.clear()
