"""What a branch and head office say to each other about the branch's journal.

Theory of operation
-------------------
A branch's journal is a hash chain (`sync.chain`). Head office keeps a copy of it per *lane*, one lane per journal
incarnation (`jid`), and a *cursor*: the position up to which the copy is on its disk. Four statements hold, and every
fault case of a branch network is one of them being used:

1. **The cursor is head office's.** A branch has no memory of what it has sent that it would trust over the answer to
   `Open`. So a lost acknowledgement, a crash at either end and a head office restored from backup are one case: ask,
   and go on from there.
2. **A position is a number and a hash.** Two histories that agree in the hash at a number agree in everything before
   it; where they do not agree, both sides stop and say so. Nothing is ever merged or guessed.
3. **A batch continues the cursor, repeats what lies before it, or is refused.** Repeating is harmless, a gap is refused
   and never buffered, a contradiction is a fork.
4. **Acknowledged means on disk.** Each acknowledgement is a receipt that head office has signed after its commit; each
   batch is signed by the box. Neither side can deny its half.

The talk is request and answer, always begun by the branch, one at a time:

    Enrol  → Enrolled     once in a box's life: a claim code becomes a known key
    Open   → OpenReply    where do we stand?  (first, after any doubt, and as the heartbeat)
    Batch  → BatchReply   here is what follows
    Fetch  → Fetched      what has head office set for me since?  (answered at once, or when there is something)
    any    → Refusal      no, and why

This file is the vocabulary: immutable messages and the bytes their signatures cover. Decoding checks every field; what a
field cannot say alone is checked whenever a message is made, so that a contradictory one cannot exist. Who may say what,
and when, is in `sync.branch` and `sync.receiver`; how records are packed is in `sync.records`; none of them touches a
clock, a disk or a socket.

Wire format
-----------
MessagePack; each message is an array of its fields in the order below. Fields are only ever added at the end, with a
default; a reader ignores what it does not know. Anything beyond that is a new protocol version, agreed in `Open`.
"""

import hashlib
import hmac
import struct
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from sync.chain import HASH_BYTES, Position
from sync.documents import MAX_DOCUMENT_BYTES
from sync.keys import KEY_BYTES, SIGNATURE_BYTES
from sync.records import MAX_BATCH_EVENTS, MAX_PAYLOAD_BYTES

MEDIA_TYPE = "application/vnd.branchbox.sync"
VERSION_MIN = 1
VERSION_MAX = 1

MAX_REQUEST_BYTES = MAX_PAYLOAD_BYTES + 4096
MAX_REPLY_BYTES = 64 * 1024
MAX_LANES = 64
"""Journal incarnations of one branch that an answer lists."""

MAX_FETCH_WAIT_S = 60.0
MAX_FETCHED_ITEMS = 16
MAX_FETCHED_BYTES = 512 * 1024

MAX_DETAIL_CHARS = 500
MAX_SEQ = 2**62

JID_BYTES = 16
NONCE_BYTES = 16

BranchId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]
Title = Annotated[str, Meta(min_length=1, max_length=80)]
Jid = Annotated[bytes, Meta(min_length=JID_BYTES, max_length=JID_BYTES)]
Nonce = Annotated[bytes, Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
Key = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
Proof = Annotated[bytes, Meta(min_length=32, max_length=32)]
Signature = Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]
Seq = Annotated[int, Meta(ge=0, le=MAX_SEQ)]
Stream = Annotated[str, Meta(max_length=80)]
Millis = Annotated[int, Meta(ge=0, le=2**53)]
Version = Annotated[int, Meta(ge=1, le=2**16)]

OBSERVER = bytes(NONCE_BYTES)
"""The session of a question that only looks: it is answered, and claims no lease."""

UNSIGNED = bytes(SIGNATURE_BYTES)
"""What stands in the place of a signature until `signed` has been called."""


class Code(StrEnum):
    """Why head office said no."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    NO_COMMON_VERSION = "no_common_version"
    UNKNOWN_BRANCH = "unknown_branch"
    NOT_APPROVED = "not_approved"
    BAD_SIGNATURE = "bad_signature"
    CLAIM_REFUSED = "claim_refused"
    KEY_CONFLICT = "key_conflict"
    UNKNOWN_LANE = "unknown_lane"
    STALE_LEASE = "stale_lease"
    GAP = "gap"
    FORKED = "forked"
    OVERLOADED = "overloaded"


STATUS = {
    Code.MALFORMED: 400,
    Code.TOO_LARGE: 413,
    Code.NO_COMMON_VERSION: 400,
    Code.UNKNOWN_BRANCH: 404,
    Code.NOT_APPROVED: 403,
    Code.BAD_SIGNATURE: 403,
    Code.CLAIM_REFUSED: 403,
    Code.KEY_CONFLICT: 409,
    Code.UNKNOWN_LANE: 409,
    Code.STALE_LEASE: 409,
    Code.GAP: 409,
    Code.FORKED: 409,
    Code.OVERLOADED: 429,
}
"""The HTTP status that carries each refusal."""


class ProtocolError(ValueError):
    """What arrived is not a message of this protocol."""


class Message(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Anything said. Making one whose fields contradict each other raises ValueError."""


class Parent(Message, frozen=True):
    """Where a journal incarnation left the one before it: after a declared restore, or at an ordered fork."""

    jid: Jid
    position: Position

    def __post_init__(self) -> None:
        _check(self.position)


class LaneCursor(Message, frozen=True):
    """How far head office holds one of the branch's journal incarnations."""

    jid: Jid
    cursor: Position
    archived_seq: Seq = 0

    def __post_init__(self) -> None:
        _check(self.cursor)


class Budget(Message, frozen=True):
    """What head office can take at present; the branch keeps within both this and the protocol's own limits."""

    max_events: Annotated[int, Meta(ge=1)] = MAX_BATCH_EVENTS
    heartbeat_s: Annotated[float, Meta(ge=1, le=86_400)] = 30.0


class Enrol(Message, frozen=True):
    """A box asks to be known. The claim code itself is never sent: `proof` shows that the box has it."""

    branch: BranchId
    name: Title
    public_key: Key
    nonce: Nonce
    proof: Proof
    signature: Signature = UNSIGNED

    def covered(self) -> bytes:
        return _framed("enrol", self.branch, self.name, self.public_key, self.nonce, self.proof)


class Enrolled(Message, frozen=True):
    """Head office knows the box. `proof` shows that it has the same claim code, so its key can be believed."""

    head_office_key: Key
    ho_epoch: Nonce
    approved: bool
    """False: an operator has yet to approve; `Open` is refused with `not_approved` until then."""
    proof: Proof


class Open(Message, frozen=True):
    """Where do we stand? Says where the branch stands."""

    branch: BranchId
    jid: Jid
    parent: Parent | None
    head: Position
    session: Nonce
    """Minted when the box starts: the same session keeps its lease however often it asks. `OBSERVER` claims none."""
    nonce: Nonce
    """Comes back under head office's signature: the answer is to this question."""
    sent_at_ms: Millis
    """The branch's clock, so that head office knows its offset."""
    version_min: Version = VERSION_MIN
    version_max: Version = VERSION_MAX
    signature: Signature = UNSIGNED

    def __post_init__(self) -> None:
        _check(self.head)

    def covered(self) -> bytes:
        parent = (self.parent.jid, *self.parent.position) if self.parent else ()
        return _framed(
            "open", self.branch, self.jid, *self.head, self.session, self.nonce, self.sent_at_ms,
            self.version_min, self.version_max, *parent,
        )  # fmt: skip


class OpenReply(Message, frozen=True):
    """Here is where you stand with me."""

    version: Version
    ho_epoch: Nonce
    """Changes when head office was restored from a backup: cursors may then lie behind receipts."""
    cursor: Position
    archived_seq: Seq
    """Up to here the journal is also in a backup whose restore was verified: the box may prune, never beyond."""
    lease: Seq
    """Fencing number: of two live boxes with one identity only the holder of the newest lease is heard."""
    nonce: Nonce
    server_time_ms: Millis
    lanes: Annotated[tuple[LaneCursor, ...], Meta(max_length=MAX_LANES)] = ()
    budget: Budget = Budget()
    signature: Signature = UNSIGNED

    def __post_init__(self) -> None:
        _check(self.cursor)

    def covered(self) -> bytes:
        lanes = (part for lane in self.lanes for part in (lane.jid, *lane.cursor, lane.archived_seq))
        return _framed(
            "open-reply", self.version, self.ho_epoch, *self.cursor, self.archived_seq, self.lease, self.nonce,
            self.server_time_ms, self.budget.max_events, round(self.budget.heartbeat_s * 1000), len(self.lanes), *lanes,
        )  # fmt: skip


class Batch(Message, frozen=True):
    """The records from `before.seq + 1` to `after.seq`, packed by `sync.records`."""

    branch: BranchId
    jid: Jid
    before: Position
    after: Position
    count: Annotated[int, Meta(ge=1, le=MAX_BATCH_EVENTS)]
    payload: Annotated[bytes, Meta(min_length=1, max_length=MAX_PAYLOAD_BYTES)]
    lease: Seq
    head_seq: Seq
    """How far the journal goes beyond this batch: head office shows how old its picture is."""
    sent_at_ms: Millis
    signature: Signature = UNSIGNED

    def __post_init__(self) -> None:
        _check(self.before)
        _check(self.after)
        if self.after.seq - self.before.seq != self.count:
            raise ValueError(f"{self.count} records cannot lead from {self.before.seq} to {self.after.seq}")

    def covered(self) -> bytes:
        """Who, which journal, from, to, the hash before, the hash after, how many: evidence that outlives the talk."""
        return _framed(
            "batch", self.branch, self.jid, self.before.seq + 1, self.after.seq,
            self.before.hash, self.after.hash, self.count,
        )  # fmt: skip


class Receipt(Message, frozen=True):
    """Head office's signed word that it holds the journal up to `position`."""

    branch: BranchId
    jid: Jid
    position: Position
    ho_epoch: Nonce
    received_at_ms: Millis
    signature: Signature = UNSIGNED

    def __post_init__(self) -> None:
        _check(self.position)

    def covered(self) -> bytes:
        return _framed("receipt", self.branch, self.jid, *self.position, self.ho_epoch, self.received_at_ms)


class BatchReply(Message, frozen=True):
    """Taken, or had already. The receipt's position is the new cursor."""

    receipt: Receipt
    archived_seq: Seq
    server_time_ms: Millis


class Fetch(Message, frozen=True):
    """What has head office set for this branch since? The cursor is the branch's: epoch, stream, number."""

    branch: BranchId
    ho_epoch: Nonce
    stream: Stream
    after: Seq
    wait_s: Annotated[float, Meta(ge=0, le=MAX_FETCH_WAIT_S)]
    """How long head office may hold the question while it has nothing to say."""
    nonce: Nonce
    sent_at_ms: Millis
    signature: Signature = UNSIGNED

    def covered(self) -> bytes:
        return _framed(
            "fetch", self.branch, self.ho_epoch, self.stream, self.after, round(self.wait_s * 1000), self.nonce, self.sent_at_ms
        )


class Item(Message, frozen=True):
    """One signed document on its way down; `sync.documents` says what its signature covers."""

    n: Seq
    """Grows along a stream; numbers may be missing, never out of order."""
    kind: Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,39}\Z")]
    body: Annotated[bytes, Meta(max_length=MAX_DOCUMENT_BYTES)]
    signature: Signature


class Fetched(Message, frozen=True):
    """What follows the cursor, in order."""

    ho_epoch: Nonce
    stream: Stream
    """The branch's place in the bank. A cursor of another stream or epoch is not honoured: everything in force comes again."""
    after: Seq
    """Where these items begin."""
    items: Annotated[tuple[Item, ...], Meta(max_length=MAX_FETCHED_ITEMS)]
    more: bool
    nonce: Nonce
    server_time_ms: Millis
    signature: Signature = UNSIGNED

    def __post_init__(self) -> None:
        numbers = [self.after, *(item.n for item in self.items)]
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            raise ValueError("items do not follow the cursor in order")

    def covered(self) -> bytes:
        parts = (part for item in self.items for part in (item.n, item.kind, item.signature))
        return _framed(
            "fetched", self.ho_epoch, self.stream, self.after, int(self.more), self.nonce, self.server_time_ms, *parts
        )


class Refusal(Message, frozen=True):
    """No. Not signed: it can make the branch ask or stop, never believe that something was received."""

    code: Annotated[str, Meta(max_length=40)]
    """One of `Code`, or one that a newer head office knows."""
    detail: Annotated[str, Meta(max_length=MAX_DETAIL_CHARS)] = ""
    retry_after_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0


class Refused(Exception):
    """Raised by head office's side where it will answer with a `Refusal`."""

    def __init__(self, code: Code, detail: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.refusal = Refusal(code=code, detail=detail[:MAX_DETAIL_CHARS], retry_after_s=retry_after_s)


Said = TypeVar("Said", bound=Message)
Signed = TypeVar("Signed", Enrol, Open, OpenReply, Batch, Receipt, Fetch, Fetched)

_encoder = msgspec.msgpack.Encoder()
_decoders: dict[type[Message], msgspec.msgpack.Decoder[Message]] = {
    kind: msgspec.msgpack.Decoder(kind)
    for kind in (Enrol, Enrolled, Open, OpenReply, Batch, BatchReply, Receipt, Fetch, Fetched, Refusal)
}


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def decode(data: bytes, kind: type[Said]) -> Said:
    """The message of `kind` in `data`. Raises ProtocolError."""
    try:
        message = _decoders[kind].decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProtocolError(f"not a {kind.__name__}: {error}") from error
    return message  # type: ignore[return-value]  # the decoder under `kind` makes nothing else


def signed(message: Signed, signature: bytes) -> Signed:
    """`message` with its signature in place."""
    return msgspec.structs.replace(message, signature=signature)


def claim_key(code: str) -> bytes:
    """What both sides keep of a claim code: upper and lower case, spaces and hyphens do not matter to people."""
    return hashlib.sha256("".join(code.split()).replace("-", "").upper().encode()).digest()


def claim_proof(key: bytes, side: str, *facts: bytes | str) -> bytes:
    """Shows knowledge of the claim code behind `key` without telling it."""
    return hmac.digest(key, _framed(side, *facts), "sha256")


def _check(position: Position) -> None:
    if not 0 <= position.seq <= MAX_SEQ or len(position.hash) != HASH_BYTES:
        raise ValueError(f"a position is a number from 0 to {MAX_SEQ} and a hash of {HASH_BYTES} bytes")


def _framed(kind: str, *parts: int | str | bytes) -> bytes:
    """Unambiguous bytes to sign: the kind, then each part behind its length; numbers as eight bytes, big-endian."""
    frames = [b"branchbox sync 1 ", kind.encode(), b"\0"]
    for part in parts:
        match part:
            case int():
                data = struct.pack(">q", part)
            case str():
                data = part.encode()
            case _:
                data = part
        frames += (struct.pack(">I", len(data)), data)
    return b"".join(frames)
