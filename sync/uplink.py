"""A branch's line to head office: drives `sync.branch.Lane` over HTTP.

All decisions are the lane's; this file reads the journal, speaks HTTP and waits. One request is in flight at most. A
journal that grows wakes it at once while the line stands; while the line is down it keeps its distance (full jitter)
until somebody who knows better calls `wake`.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

import aiohttp
import structlog

from sync.branch import Ask, Identity, Lane, Phase, Send, Wait
from sync.chain import START, Position, Record
from sync.keys import SigningKey
from sync.protocol import (
    MAX_REPLY_BYTES,
    MEDIA_TYPE,
    NONCE_BYTES,
    BatchReply,
    Enrol,
    Enrolled,
    Message,
    OpenReply,
    Parent,
    ProtocolError,
    Receipt,
    Refusal,
    claim_key,
    claim_proof,
    decode,
    encode,
    signed,
)

log = structlog.get_logger()

Said = TypeVar("Said", bound=Message)

REQUEST_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 10.0
MAX_WAIT_S = 3600.0
"""However far away the lane's next step is, the uplink looks again."""


class JournalSource(Protocol):
    """What the uplink needs of the branch's journal. `head`, `read` and `hash_at` may be called from another thread."""

    branch: str
    jid: bytes
    """Sixteen random bytes of this journal incarnation."""
    parent: Parent | None

    def head(self) -> Position: ...
    def read(self, after: int, limit: int, max_bytes: int) -> list[Record]:
        """At most `limit` records after `after`, about `max_bytes` of them and at least one where there is one."""
        ...

    def hash_at(self, seq: int) -> bytes | None:
        """The chain's hash at `seq`; None where the journal no longer, or not yet, has that record."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Ed25519 with the box's key, the one that was enrolled."""
        ...

    async def changed(self, seq: int) -> None:
        """Return when the head lies beyond `seq`."""
        ...

    async def save_receipt(self, receipt: Receipt) -> None:
        """Keep it, durably when this returns. Receipts of different `ho_epoch` do not replace each other."""
        ...

    def last_receipt(self) -> Receipt | None:
        """The one saved last."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where head office is, and the key it signs with, as learnt by `enrol`."""

    url: str
    key: bytes


class Contact(StrEnum):
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    UNCONFIGURED = "unconfigured"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class UplinkState:
    """What staff pages and metrics show of the line."""

    head_office: Contact
    received_seq: int
    """Head office has signed that it holds the journal up to here."""
    head_seq: int
    pending: int
    last_contact_ms: int | None
    """The branch's clock at the last believable answer of this start."""
    offset_ms: int | None
    """Head office's clock less the branch's."""
    halted_reason: str | None
    """One of `sync.branch.Halt`."""
    detail: str
    """What head office said to it, for the technician."""
    failures: int
    """Tries in a row that came to nothing."""
    setbacks: int
    """How often, in this start, head office held less than it had signed for."""


@dataclass(frozen=True, slots=True)
class World:
    """The clocks and the dice; replaced where time is simulated."""

    wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    """The branch's journal clock: what stamps the records."""
    monotonic_s: Callable[[], float] = time.monotonic
    entropy: Callable[[int], bytes] = os.urandom
    uniform: Callable[[float, float], float] = random.SystemRandom().uniform
    request_timeout_s: float = REQUEST_TIMEOUT_S


class EnrolmentRefused(Exception):
    """Head office did not accept the box, or could not prove that it knows the claim code."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class Unreachable(Exception):
    """No answer, or an answer that is not head office's: a captive portal, a broken proxy."""


class Uplink:
    """Sends one journal to head office, for as long as `run` runs."""

    def __init__(
        self,
        source: JournalSource,
        head_office: Destination | None,
        *,
        world: World | None = None,
        on_change: Callable[[UplinkState], None] = lambda _: None,
    ) -> None:
        self._source = source
        self._head_office = head_office
        self._world = world if world is not None else World()
        self._on_change = on_change
        self._woken = asyncio.Event()
        self._last_contact_ms: int | None = None
        self._offset_ms: int | None = None
        self._reached = False
        self._lane = Lane(
            Identity(
                branch=source.branch,
                jid=source.jid,
                parent=source.parent,
                session=self._world.entropy(NONCE_BYTES),
                sign=source.sign,
                head_office_key=head_office.key if head_office else b"",
            ),
            receipt=source.last_receipt(),
            entropy=self._world.entropy,
            uniform=self._world.uniform,
        )
        self._told = self._summary()

    def state(self) -> UplinkState:
        """Now. The head is read afresh, so that `pending` is true also while nothing is sent."""
        return self._summary()

    def wake(self) -> None:
        """The line has changed, or a fault was mended: ask head office at once."""
        self._lane.wake()
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        if self._head_office is None:
            await asyncio.Event().wait()
            return
        timeout = aiohttp.ClientTimeout(total=self._world.request_timeout_s, sock_connect=CONNECT_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            while True:
                await self._step(http, f"{self._head_office.url.rstrip('/')}/v1/sync/{self._source.branch}")
                self._tell()

    async def _step(self, http: aiohttp.ClientSession, url: str) -> None:
        head = self._source.head()
        match self._lane.next(head.seq, self._world.monotonic_s()):
            case Ask():
                await self._ask(http, url, head)
            case Send() as step:
                await self._send(http, url, head, step)
            case Wait() as step:
                await self._wait(head, step)

    async def _ask(self, http: aiohttp.ClientSession, url: str, head: Position) -> None:
        question = self._lane.open(head, sent_ms := self._world.wall_ms())
        reply = await self._talk(http, f"{url}/open", question, OpenReply)
        if reply is None:
            return
        own = await self._own_position(reply.cursor.seq, head)
        setbacks = self._lane.setbacks
        self._lane.opened(reply, own, self._world.monotonic_s())
        if self._lane.phase is Phase.READY:
            self._note_contact(reply.server_time_ms, sent_ms)
        if self._lane.setbacks > setbacks:
            log.error("head_office_set_back", cursor=reply.cursor.seq, resending_to=head.seq)

    async def _send(self, http: aiohttp.ClientSession, url: str, head: Position, step: Send) -> None:
        records = await asyncio.to_thread(self._source.read, step.after, step.max_events, step.max_expanded_bytes)
        sent_ms, started_s = self._world.wall_ms(), self._world.monotonic_s()
        batch = self._lane.batch(records, head.seq, sent_ms, started_s)
        if batch is None:
            return
        reply = await self._talk(http, f"{url}/batch", batch, BatchReply)
        if reply is None:
            return
        now_s = self._world.monotonic_s()
        receipt = self._lane.acknowledged(reply, now_s - started_s, now_s)
        if receipt is not None:
            self._note_contact(reply.server_time_ms, sent_ms)
            await self._source.save_receipt(receipt)

    async def _talk(self, http: aiohttp.ClientSession, url: str, message: Message, kind: type[Said]) -> Said | None:
        """Say it; the answer, or None after the lane was told why there is none."""
        try:
            reply = await exchange(http, url, message, kind)
        except Unreachable as error:
            if self._reached:
                log.warning("head_office_unreachable", reason=str(error))
            self._reached = False
            self._lane.lost(self._world.monotonic_s())
            return None
        self._reached = True
        if isinstance(reply, Refusal):
            log.warning("head_office_refused", code=reply.code, detail=reply.detail)
            self._lane.refused(reply, self._world.monotonic_s())
            return None
        return reply

    async def _own_position(self, seq: int, head: Position) -> Position | None:
        """Our position at `seq`, our head where that lies before it, None where the record is pruned."""
        if seq >= head.seq:
            return head
        if seq == 0:
            return START
        own = await asyncio.to_thread(self._source.hash_at, seq)
        return Position(seq, own) if own is not None else None

    async def _wait(self, head: Position, step: Wait) -> None:
        """Until the step's time, a call of `wake`, or a new fact where that matters."""
        self._tell()
        delay_s = min(MAX_WAIT_S, max(0.0, step.until_s - self._world.monotonic_s()))
        signals: list[asyncio.Future[object]] = [asyncio.ensure_future(self._woken.wait())]
        if step.facts_wake:
            signals.append(asyncio.ensure_future(self._source.changed(head.seq)))
        try:
            done, _ = await asyncio.wait(signals, timeout=delay_s, return_when=asyncio.FIRST_COMPLETED)
            for signal in done:
                signal.result()
        finally:
            for signal in signals:
                signal.cancel()
            await asyncio.gather(*signals, return_exceptions=True)
        self._woken.clear()

    def _note_contact(self, server_time_ms: int, sent_ms: int) -> None:
        now_ms = self._world.wall_ms()
        self._last_contact_ms = now_ms
        self._offset_ms = server_time_ms - (sent_ms + now_ms) // 2

    def _summary(self) -> UplinkState:
        head_seq = self._source.head().seq
        lane = self._lane
        return UplinkState(
            head_office=self._contact(),
            received_seq=lane.received_seq,
            head_seq=head_seq,
            pending=max(0, head_seq - lane.received_seq),
            last_contact_ms=self._last_contact_ms,
            offset_ms=self._offset_ms,
            halted_reason=lane.halt,
            detail=lane.detail,
            failures=lane.failures,
            setbacks=lane.setbacks,
        )

    def _contact(self) -> Contact:
        if self._head_office is None:
            return Contact.UNCONFIGURED
        if self._lane.halt is not None:
            return Contact.HALTED
        return Contact.CONNECTED if self._reached and self._last_contact_ms is not None else Contact.UNREACHABLE

    def _tell(self) -> None:
        state = self._summary()
        if state != self._told:
            if state.halted_reason and state.halted_reason != self._told.halted_reason:
                log.error("uplink_halted", reason=state.halted_reason, detail=state.detail, pending=state.pending)
            self._told = state
            self._on_change(state)


async def exchange(
    http: aiohttp.ClientSession, url: str, message: Message, kind: type[Said], *, max_bytes: int = MAX_REPLY_BYTES
) -> Said | Refusal:
    """Post a message; the answer of `kind`, or a refusal. Raises Unreachable."""
    try:
        async with http.post(
            url, data=encode(message), headers={"Content-Type": MEDIA_TYPE}, allow_redirects=False
        ) as response:
            if response.content_type != MEDIA_TYPE:
                raise Unreachable(f"{response.status} with {response.content_type}: not head office")
            body = await _limited(response, max_bytes)
            return decode(body, kind) if response.status == 200 else decode(body, Refusal)
    except (aiohttp.ClientError, TimeoutError, OSError, ProtocolError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


async def _limited(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise Unreachable("the answer is longer than head office's can be")
    return bytes(body)


async def enrol(
    url: str, claim_code: str, *, branch: str, name: str, key: SigningKey, entropy: Callable[[int], bytes] = os.urandom
) -> Enrolled:
    """Make the box's key known to head office and learn head office's key. Repeating it is harmless.

    Both sides prove that they know the claim code, which is not sent. Raises EnrolmentRefused, Unreachable.
    """
    secret, nonce = claim_key(claim_code), entropy(NONCE_BYTES)
    wish = Enrol(
        branch=branch,
        name=name,
        public_key=key.public,
        nonce=nonce,
        proof=claim_proof(secret, "box", branch, key.public, nonce),
    )
    wish = signed(wish, key.sign(wish.covered()))
    timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        reply = await exchange(http, f"{url.rstrip('/')}/v1/enrol", wish, Enrolled)
    if isinstance(reply, Refusal):
        raise EnrolmentRefused(reply.code, reply.detail)
    if reply.proof != claim_proof(secret, "head-office", branch, reply.head_office_key, nonce, reply.ho_epoch):
        raise EnrolmentRefused("untrusted", "whoever answered does not know the claim code")
    return reply
