"""The branches' door: `Enrol`, `Open` and `Batch` over HTTP.

    POST /v1/enrol                     Enrol → Enrolled
    POST /v1/sync/{branch}/open        Open  → OpenReply
    POST /v1/sync/{branch}/batch       Batch → BatchReply

The answer is 200 with the message, or the status of the refusal's code with a `Refusal`; both in `protocol.MEDIA_TYPE`.
Signature, decompression and chain are checked in threads beside the loop; what depends on the cursor is decided inside
the store's transaction; the answer leaves after its commit.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from aiohttp import web

from sync.headoffice.fleet import Fleet
from sync.headoffice.metrics import Metrics
from sync.headoffice.store import FleetLedger, JournalStore, StoreBusy, StoreFull
from sync.protocol import (
    MAX_REQUEST_BYTES,
    MEDIA_TYPE,
    STATUS,
    Batch,
    Code,
    Enrol,
    Message,
    Open,
    ProtocolError,
    Refused,
    decode,
    encode,
)
from sync.receiver import Receiver, examine

log = structlog.get_logger()

T = TypeVar("T")
Said = TypeVar("Said", bound=Message)

RETRY_S = 5.0
READ_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """How much of head office the branches may take up."""

    batches_max: int = 64
    """Being checked or written; more are told to come back: each may expand to a megabyte."""
    read_timeout_s: float = READ_TIMEOUT_S
    """For one request's body; the branch halves its batches until they fit the time."""


@dataclass(frozen=True, slots=True)
class Contact:
    """The last believable word of a branch."""

    at_ms: int
    """Head office's clock."""
    offset_ms: int
    """Head office's clock less the branch's."""
    head_seq: int
    """How far its journal went."""


class Ingest:
    """Serves the branches' routes."""

    def __init__(
        self,
        store: JournalStore,
        receiver: Receiver,
        fleet: Fleet,
        metrics: Metrics,
        *,
        now_ms: Callable[[], int],
        on_taken: Callable[[str], None],
        limits: DoorLimits,
    ) -> None:
        """`on_taken(branch)` is called after new events of a branch were committed."""
        self.contacts: dict[str, Contact] = {}
        """Per branch, since this start; bounded by the number of enrolled branches."""
        self._store = store
        self._receiver = receiver
        self._fleet = fleet
        self._metrics = metrics
        self._now_ms = now_ms
        self._on_taken = on_taken
        self._limits = limits
        self._batches = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/enrol", answering(self._enrol, self._metrics)),
            web.post("/v1/sync/{branch}/open", answering(self._open, self._metrics)),
            web.post("/v1/sync/{branch}/batch", answering(self._batch, self._metrics)),
        ]

    async def _enrol(self, request: web.Request) -> Message:
        wish = await self._read(request, Enrol)
        reply = await self._within(lambda ledger: self._fleet.enrol(ledger, wish, self._now_ms()))
        log.info("box_enrolled", branch=wish.branch, approved=reply.approved)
        return reply

    async def _open(self, request: web.Request) -> Message:
        question = await self._read(request, Open)
        now_ms = self._now_ms()
        reply = await self._within(lambda ledger: self._receiver.open(ledger, question, now_ms))
        self.contacts[question.branch] = Contact(now_ms, now_ms - question.sent_at_ms, question.head.seq)
        self._metrics.questions.inc()
        return reply

    async def _batch(self, request: web.Request) -> Message:
        batch = await self._read(request, Batch)
        if self._batches >= self._limits.batches_max:
            raise Refused(Code.OVERLOADED, "too many batches at once", RETRY_S)
        self._batches += 1
        try:
            with self._metrics.ingest_seconds.time():
                return await self._take(batch)
        finally:
            self._batches -= 1

    async def _read(self, request: web.Request, kind: type[Said]) -> Said:
        return await read_message(request, kind, timeout_s=self._limits.read_timeout_s)

    async def _take(self, batch: Batch) -> Message:
        known = await self._store.enrolment(batch.branch)
        if known is None:
            raise Refused(Code.UNKNOWN_BRANCH, "no box of this branch is enrolled")
        examined = await asyncio.to_thread(examine, batch, known.public_key)
        now_ms = self._now_ms()
        taken = await self._within(lambda ledger: self._receiver.batch(ledger, examined, now_ms))
        self.contacts[batch.branch] = Contact(now_ms, now_ms - batch.sent_at_ms, batch.head_seq)
        self._metrics.batches.labels("taken" if taken.new_events else "duplicate").inc()
        if taken.new_events:
            self._metrics.events.inc(taken.new_events)
            self._metrics.payload_bytes.inc(len(batch.payload))
            self._on_taken(batch.branch)
        return taken.reply

    async def _within(self, work: Callable[[FleetLedger], T]) -> T:
        """`work` in one transaction. A refusal is an outcome: what was noted before it is committed, then it is raised."""

        def outcome(ledger: FleetLedger) -> T | Refused:
            try:
                return work(ledger)
            except Refused as refused:
                return refused

        try:
            result = await self._store.within(outcome)
        except (StoreBusy, StoreFull) as error:
            raise Refused(Code.OVERLOADED, str(error), RETRY_S) from error
        if isinstance(result, Refused):
            raise result
        return result


def answering(
    handle: Callable[[web.Request], Awaitable[Message]], metrics: Metrics
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A route that answers with a message, or with the refusal it was given."""

    async def answer(request: web.Request) -> web.Response:
        try:
            message, status = await handle(request), 200
        except Refused as refused:
            metrics.refusals.labels(refused.code).inc()
            log.warning("refused", path=request.path, code=refused.code, detail=refused.refusal.detail)
            message, status = refused.refusal, STATUS[refused.code]
        return web.Response(body=encode(message), status=status, content_type=MEDIA_TYPE)

    return answer


async def read_message(request: web.Request, kind: type[Said], *, timeout_s: float = READ_TIMEOUT_S) -> Said:
    """The request's message, which must be of the branch that the path names. Raises Refused."""
    try:
        async with asyncio.timeout(timeout_s):
            body = await _limited(request)
        message = decode(body, kind)
    except TimeoutError:
        raise Refused(Code.OVERLOADED, f"the request took longer than {timeout_s:.0f} s") from None
    except ProtocolError as error:
        raise Refused(Code.MALFORMED, str(error)) from error
    named = request.match_info.get("branch")
    if named is not None and named != getattr(message, "branch", None):
        raise Refused(Code.MALFORMED, "the path names another branch")
    return message


async def _limited(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_REQUEST_BYTES:
        raise Refused(Code.TOO_LARGE, f"{MAX_REQUEST_BYTES} bytes are allowed")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            raise Refused(Code.TOO_LARGE, f"{MAX_REQUEST_BYTES} bytes are allowed")
    return bytes(body)


def wall_ms() -> int:
    """Head office's clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000
