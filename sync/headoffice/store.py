"""What head office needs of a database, whichever it is.

`JournalStore` is the port. The embedded adapter is `store_sqlite`; an adapter for a replicated database stands beside
it behind the same port. What any adapter must promise:

* `within` runs the work in one transaction and returns after it is durable. A work that raises changes nothing.
* Transactions on one branch are serialised.
* Batches are kept as they were received, byte for byte: they are the evidence, projections are made from them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from sync.chain import Position
from sync.receiver import Enrolment, LaneKind, Ledger

T = TypeVar("T")


class StoreBusy(Exception):
    """More work waits than the bound allows. Nothing was done."""


class StoreFull(Exception):
    """The disk has no room. Nothing was done."""


class StoreRefused(Exception):
    """This library, this place or this file cannot keep the promise; head office must not start."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A one-time permission to enrol a branch's box."""

    branch: str
    name: str
    key: bytes
    """`protocol.claim_key` of the code; the code itself is not kept."""
    expires_at_ms: int
    used_by: bytes = b""
    """Public key of the box that has used it."""


class Region(NamedTuple):
    """To which region a branch belongs."""

    region: str
    name: str
    version: int
    n: int
    """The place of the document that said so."""


class Published(NamedTuple):
    """A signed document in its place in the order of all."""

    n: int
    kind: str
    scope: str
    """`head_office`, `region:ID` or `outlet:BRANCH`."""
    subject: str
    """What it is about, where one scope has several of a kind."""
    version: int
    body: bytes
    signature: bytes
    published_at_ms: int


class DocumentLedger(Protocol):
    """What was published, for whom, and who belongs where."""

    def add(self, draft: Published, kept: int) -> Published: ...
    def newest_version(self, kind: str, scope: str, subject: str) -> int: ...
    def after(self, branch: str, n: int, limit: int) -> list[Published]: ...
    def in_force(self, kind: str, scope: str) -> list[Published]: ...
    def history(self, kind: str, limit: int) -> list[Published]: ...
    def region(self, branch: str) -> Region | None: ...
    def regions(self) -> dict[str, Region]: ...
    def assign(self, branch: str, region: Region) -> None: ...


class FleetLedger(Ledger, Protocol):
    """A ledger that can also enrol."""

    @property
    def documents(self) -> DocumentLedger: ...

    def claim(self, branch: str) -> Claim | None: ...
    def put_claim(self, claim: Claim) -> None: ...
    def enrol(self, enrolment: Enrolment, at_ms: int) -> None: ...
    def approve(self, branch: str) -> bool:
        """Whether there is such a branch."""
        ...


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """One batch as received; what is before `first_new_seq` was held already."""

    branch: str
    jid: bytes
    before_seq: int
    first_new_seq: int
    after: Position
    received_at_ms: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class LaneSummary:
    """A lane with what the console shows of it."""

    branch: str
    name: str
    jid: bytes
    kind: LaneKind
    cursor: Position
    archived_seq: int
    fault: str
    received_at_ms: int
    """When the last batch came by head office's clock; 0 before the first."""
    offset_ms: int
    """Head office's clock less the branch's, at that batch."""
    head_seq: int
    """How far the branch's journal went, at that batch."""


@dataclass(frozen=True, slots=True)
class Totals:
    branches: int
    batches: int
    """Ever taken: it only grows, unless the database is set back."""
    events: int


class JournalStore(Protocol):
    """Head office's durable memory."""

    @property
    def failed(self) -> "asyncio.Future[None]":
        """Completes with the error after which nothing can be promised any more: the process must end."""
        ...

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def within(self, work: Callable[[FleetLedger], T]) -> T:
        """Run `work` in one durable transaction. Raises StoreBusy, StoreFull, and what `work` raises."""
        ...

    async def look(self, work: Callable[[DocumentLedger], T]) -> T:
        """Read what was published, all of it as at one moment; `work` must not write."""
        ...

    async def enrolment(self, branch: str) -> Enrolment | None: ...
    async def enrolments(self) -> list[Enrolment]: ...
    async def lanes(self, branch: str | None = None) -> list[LaneSummary]: ...
    async def batches(self, branch: str, jid: bytes, after_seq: int, limit: int) -> list[StoredBatch]:
        """The lane's first `limit` batches that reach beyond `after_seq`, in order."""
        ...

    async def hash_at(self, branch: str, jid: bytes, seq: int) -> bytes | None:
        """The chain's hash at `seq`; None where the lane does not reach it."""
        ...

    async def totals(self) -> Totals: ...
