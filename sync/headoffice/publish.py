"""What head office sets for its branches: signs it, keeps it, and answers `Fetch`.

    POST /v1/sync/{branch}/fetch       Fetch → Fetched

There is one growing order of documents for the whole bank, and a branch sees of it what is meant for everybody, its region and
itself. So publishing for all branches writes one row, however many there are. The stream's name is the branch's place: a branch
that moves to another region has a new stream, and gets from the start whatever is in force there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import structlog
from aiohttp import web

from sync.documents import MAX_DOCUMENT_BYTES, canonical, sign_document
from sync.headoffice.ingest import answering, read_message
from sync.headoffice.metrics import Metrics
from sync.headoffice.store import DocumentLedger, JournalStore, Published, Region
from sync.keys import Sign, Verify, verify
from sync.protocol import MAX_FETCHED_ITEMS, Code, Fetch, Fetched, Item, Message, Refused, signed

log = structlog.get_logger()

MAX_WAITING: Final = 60_000
"""Questions that are held at a time; more are answered at once."""
MAX_ANSWER_BYTES: Final = 256 * 1024
KEPT: Final = {"policy": 3}
"""Documents of one scope and subject that are still sent; of other kinds, the newest."""


class TooLarge(ValueError):
    """A document is longer than what a branch takes."""


class _Named(NamedTuple):
    """What succeeds each other."""

    kind: str
    scope: str
    subject: str = ""


class Publisher:
    """Signs and publishes for one head office."""

    def __init__(
        self,
        store: JournalStore,
        sign: Sign,
        ho_epoch: bytes,
        metrics: Metrics,
        *,
        now_ms: Callable[[], int],
        check: Verify = verify,
    ) -> None:
        self._store = store
        self._sign = sign
        self._ho_epoch = ho_epoch
        self._metrics = metrics
        self._now_ms = now_ms
        self._check = check
        self._news = asyncio.Event()
        self._waiting = 0
        self._closed = False

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/sync/{branch}/fetch", answering(self._fetch, self._metrics))]

    async def let_go(self, _: web.Application) -> None:
        """Signal handler: answer every question that is held, head office is about to end."""
        self._closed = True
        self._tell()

    async def publish(self, kind: str, scope: str, content: dict[str, Any]) -> Published:
        """Sign `content` as the next version, and send it on its way. Raises TooLarge, StoreBusy, StoreFull."""
        placed = await self._store.within(lambda ledger: self._add_version(ledger.documents, kind, scope, content))
        log.info("document_published", kind=kind, scope=scope, version=placed.version, n=placed.n)
        self._tell()
        return placed

    async def answer(self, branch: str, request: str, content: dict[str, Any]) -> Published:
        """Say yes or no to what a branch asked."""
        body = canonical({**content, "branch": branch, "request": request})
        placed = await self._store.within(
            lambda ledger: self._add(ledger.documents, _Named("policy_answer", f"outlet:{branch}", request), body)
        )
        self._tell()
        return placed

    async def assign(self, branch: str, region: str, name: str) -> Published:
        """Say to which region a branch belongs, and then once more what is in force there: it was not for the branch before."""

        def place(documents: DocumentLedger) -> Published:
            content = {"branch": branch, "region": region, "name": name}
            placed = self._add_version(documents, "policy_place", f"outlet:{branch}", content)
            documents.assign(branch, Region(region, name, placed.version, placed.n))
            for one in documents.in_force("policy", f"region:{region}"):
                again = one._replace(
                    scope=f"outlet:{branch}", subject=f"place {placed.version}", published_at_ms=self._now_ms()
                )
                documents.add(again, KEPT["policy"])
            return placed

        placed = await self._store.within(lambda ledger: place(ledger.documents))
        self._tell()
        return placed

    def _add_version(self, documents: DocumentLedger, kind: str, scope: str, content: dict[str, Any]) -> Published:
        named = _Named(kind, scope)
        return self._add(documents, named, canonical({**content, "version": documents.newest_version(*named) + 1}))

    def _add(self, documents: DocumentLedger, named: "_Named", body: bytes) -> Published:
        if len(body) > MAX_DOCUMENT_BYTES:
            raise TooLarge(f"{len(body)} bytes; {MAX_DOCUMENT_BYTES} may be sent")
        version, signature = documents.newest_version(*named) + 1, sign_document(self._sign, named.kind, body)
        draft = Published(0, *named, version, body, signature, self._now_ms())
        return documents.add(draft, KEPT.get(named.kind, 1))

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # -- answering ----------------------------------------------------------------------------------------------------

    async def _fetch(self, request: web.Request) -> Message:
        question = await read_message(request, Fetch)
        await self._admit(question)
        news = self._news
        reply = await self._answer(question)
        if reply.items or not question.wait_s or self._closed or self._waiting >= MAX_WAITING:
            return reply
        self._waiting += 1
        try:
            await _within_s(question.wait_s, news.wait)
        finally:
            self._waiting -= 1
        return await self._answer(question)

    async def _admit(self, question: Fetch) -> None:
        known = await self._store.enrolment(question.branch)
        if known is None:
            raise Refused(Code.UNKNOWN_BRANCH, "no box of this branch is enrolled")
        if not known.approved:
            raise Refused(Code.NOT_APPROVED, "an operator has yet to approve this box")
        if not self._check(known.public_key, question.signature, question.covered()):
            raise Refused(Code.BAD_SIGNATURE, "the question is not signed by the branch's enrolled key")

    async def _answer(self, question: Fetch) -> Fetched:
        stream, after, found = await self._store.look(lambda documents: self._beyond(documents, question))
        sent = _fitting(found[:MAX_FETCHED_ITEMS])
        reply = Fetched(
            ho_epoch=self._ho_epoch,
            stream=stream,
            after=after,
            items=tuple(Item(n=one.n, kind=one.kind, body=one.body, signature=one.signature) for one in sent),
            more=len(sent) < len(found),
            nonce=question.nonce,
            server_time_ms=self._now_ms(),
        )
        return signed(reply, self._sign(reply.covered()))

    def _beyond(self, documents: DocumentLedger, question: Fetch) -> tuple[str, int, list[Published]]:
        """The branch's stream, how far it has it, and what follows.

        From one look: were the branch moved between two, documents of its new place would be sent under the old one's name.
        """
        region = documents.region(question.branch)
        stream = f"{question.branch}@{region.region if region else ''}"
        honoured = (question.ho_epoch, question.stream) == (self._ho_epoch, stream)
        after = question.after if honoured else 0
        return stream, after, documents.after(question.branch, after, MAX_FETCHED_ITEMS + 1)


def _fitting(found: list[Published]) -> list[Published]:
    """As many as one answer may hold, and at least one."""
    size = 0
    for count, one in enumerate(found):
        size += len(one.body)
        if count and size > MAX_ANSWER_BYTES:
            return found[:count]
    return found


async def _within_s(limit_s: float, wait: Callable[[], Awaitable[object]]) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await wait()
    except TimeoutError:
        return
