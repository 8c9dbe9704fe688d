"""Head office's half of the protocol: what an incoming question or batch means. Sans-IO, over a ledger.

Two rules: whether a batch is taken is decided here and nowhere else; and every method of `Receiver` is called inside ONE
transaction of the ledger, so that batch, cursor and receipt are on disk together or not at all. A refusal is an outcome
too: what was noted before it is committed. Bodies are not interpreted: no event can poison the intake.

Checking a batch has two halves. `examine` needs nothing but the batch and a key (signature, payload, own chain), costs
the processor time, and may run anywhere in parallel. `Receiver.batch` compares the result with the cursor, in order.

    where the batch lies                             answer
    ----------------------------------------------   --------------------------------------------------
    starts at the cursor, hash equal                 taken; cursor moves to its end
    starts before, ends behind, hash at cursor equal taken; only what lies behind the cursor counts as new
    ends at or before the cursor, hash there equal   receipt for the cursor, nothing changes  (duplicate)
    starts behind the cursor                         `gap`: never buffered, the branch asks and restarts
    hash differs at a common number                  `forked`: nothing changes, the lane's fault is noted
    from a session that lost its lease               `stale_lease`: nothing changes
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sync.chain import START, Position, Record, link
from sync.keys import Sign, Verify, verify
from sync.protocol import (
    MAX_LANES,
    OBSERVER,
    VERSION_MAX,
    VERSION_MIN,
    Batch,
    BatchReply,
    Budget,
    Code,
    LaneCursor,
    Open,
    OpenReply,
    Parent,
    Receipt,
    Refused,
    signed,
)
from sync.records import PayloadError, unpack


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What head office knows of a branch's box."""

    branch: str
    name: str
    public_key: bytes
    approved: bool
    lease: int = 0
    session: bytes = b""
    """Holder of the lease; empty before the first question."""


class LaneKind(StrEnum):
    """What a lane's records are good for. Only live lanes are shown; the others are kept as evidence."""

    LIVE = "live"
    PARKED = "parked"
    """Left by a fork: kept until archived, compared by hash at each question."""
    QUARANTINE = "quarantine"
    """From a second live box with the branch's identity: kept, not shown, until an operator decides."""


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One journal incarnation of a branch, as far as head office holds it."""

    branch: str
    jid: bytes
    parent: Parent | None
    cursor: Position
    archived_seq: int
    fault: str
    """The code of what is wrong with it, empty while nothing is."""
    kind: LaneKind = LaneKind.LIVE


@dataclass(frozen=True, slots=True)
class Intake:
    """A batch that is taken: what the ledger must write in one transaction."""

    batch: Batch
    first_new_seq: int
    """Records before it were held already: an overlap that agreed by hash."""
    receipt: Receipt


class Ledger(Protocol):
    """What the receiver needs of head office's store, inside a transaction."""

    def enrolment(self, branch: str) -> Enrolment | None: ...
    def grant(self, branch: str, session: bytes, lease: int) -> None: ...
    def lanes(self, branch: str) -> list[LaneRow]: ...
    def begin_lane(self, lane: LaneRow, at_ms: int) -> None: ...
    def note_fault(self, branch: str, jid: bytes, fault: str) -> None: ...
    def hash_at(self, branch: str, jid: bytes, seq: int) -> bytes | None:
        """The chain's hash at `seq`, which lies at or before the lane's cursor."""
        ...

    def take(self, intake: Intake) -> None:
        """Write batch and receipt, and move the lane's cursor to the receipt's position."""
        ...


@dataclass(frozen=True, slots=True)
class Examined:
    """A batch that is what it says it is: its signature and its own chain hold."""

    batch: Batch
    records: list[Record]
    hashes: list[bytes]

    def hash_at(self, seq: int) -> bytes:
        """The hash at `seq`, from the position before the batch to its last."""
        offset = seq - self.batch.before.seq
        return self.hashes[offset - 1] if offset else self.batch.before.hash


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: the answer, and how many of its events were new."""

    reply: BatchReply
    new_events: int


def examine(batch: Batch, public_key: bytes, verify: Verify = verify) -> Examined:
    """Check a batch as far as it can be checked alone. Raises Refused."""
    if not verify(public_key, batch.signature, batch.covered()):
        raise Refused(Code.BAD_SIGNATURE, "the batch is not signed by the branch's enrolled key")
    try:
        records = unpack(batch.payload, batch.before.seq + 1, batch.count)
    except PayloadError as error:
        raise Refused(Code.MALFORMED, str(error)) from error
    hashes, tip = [], batch.before.hash
    for record in records:
        tip = link(tip, record)
        hashes.append(tip)
    if tip != batch.after.hash:
        raise Refused(Code.MALFORMED, "the records do not lead to the hash that was signed")
    return Examined(batch, records, hashes)


class Receiver:
    """Answers for one head office, whose key and epoch it speaks with."""

    def __init__(self, sign: Sign, ho_epoch: bytes, budget: Budget, verify: Verify = verify) -> None:
        self._sign = sign
        self._verify = verify
        self.ho_epoch = ho_epoch
        self.budget = budget

    def open(self, ledger: Ledger, question: Open, now_ms: int) -> OpenReply:
        """Where the branch stands. Raises Refused."""
        known = self._known(ledger, question.branch)
        if not self._verify(known.public_key, question.signature, question.covered()):
            raise Refused(Code.BAD_SIGNATURE, "the question is not signed by the branch's enrolled key")
        version = min(VERSION_MAX, question.version_max)
        if version < max(VERSION_MIN, question.version_min):
            raise Refused(Code.NO_COMMON_VERSION, f"head office speaks {VERSION_MIN} to {VERSION_MAX}")
        lane = self._lane(ledger, question, now_ms)
        fault = self._fault(ledger, lane, question.head)
        if fault and fault != lane.fault:
            ledger.note_fault(lane.branch, lane.jid, fault)
        claims_lease = not fault and question.session != OBSERVER
        reply = OpenReply(
            version=version,
            ho_epoch=self.ho_epoch,
            cursor=lane.cursor,
            archived_seq=lane.archived_seq,
            lease=self._lease(ledger, known, question.session) if claims_lease else known.lease,
            nonce=question.nonce,
            server_time_ms=now_ms,
            lanes=tuple(
                LaneCursor(jid=other.jid, cursor=other.cursor, archived_seq=other.archived_seq)
                for other in ledger.lanes(question.branch)[:MAX_LANES]
            ),
            budget=self.budget,
        )
        return signed(reply, self._sign(reply.covered()))

    def batch(self, ledger: Ledger, examined: Examined, now_ms: int) -> Taken:
        """Take the batch, or find that it was taken before. Raises Refused."""
        batch = examined.batch
        known = self._known(ledger, batch.branch)
        if batch.lease != known.lease:
            raise Refused(Code.STALE_LEASE, f"lease {batch.lease} was succeeded by {known.lease}")
        lane = _find(ledger, batch.branch, batch.jid)
        if lane is None:
            raise Refused(Code.UNKNOWN_LANE, "open this journal before sending from it")
        if batch.before.seq > lane.cursor.seq:
            raise Refused(Code.GAP, f"the cursor is at {lane.cursor.seq}")
        if not self._agrees(ledger, lane, examined):
            ledger.note_fault(lane.branch, lane.jid, Code.FORKED)
            raise Refused(Code.FORKED, f"the histories differ at or before {min(lane.cursor.seq, batch.after.seq)}")
        if batch.after.seq <= lane.cursor.seq:
            return Taken(self._reply(self._receipt(batch, lane.cursor, now_ms), lane, now_ms), new_events=0)
        receipt = self._receipt(batch, batch.after, now_ms)
        ledger.take(Intake(batch, lane.cursor.seq + 1, receipt))
        if lane.fault:
            ledger.note_fault(lane.branch, lane.jid, "")
        return Taken(self._reply(receipt, lane, now_ms), new_events=batch.after.seq - lane.cursor.seq)

    @staticmethod
    def _known(ledger: Ledger, branch: str) -> Enrolment:
        known = ledger.enrolment(branch)
        if known is None:
            raise Refused(Code.UNKNOWN_BRANCH, "no box of this branch is enrolled")
        if not known.approved:
            raise Refused(Code.NOT_APPROVED, "an operator has yet to approve this box")
        return known

    @staticmethod
    def _lane(ledger: Ledger, question: Open, now_ms: int) -> LaneRow:
        """The lane asked for. The first journal of a branch begins one; a further one needs the branch's first to end."""
        lane = _find(ledger, question.branch, question.jid)
        if lane is not None:
            return lane
        if question.parent is not None or ledger.lanes(question.branch):
            raise Refused(Code.UNKNOWN_LANE, "head office holds another journal of this branch")
        lane = LaneRow(question.branch, question.jid, question.parent, START, archived_seq=0, fault="")
        ledger.begin_lane(lane, now_ms)
        return lane

    @staticmethod
    def _fault(ledger: Ledger, lane: LaneRow, head: Position) -> str:
        """What head office can see to be wrong with a branch that stands at `head`; the branch finds the same and halts.

        A head beyond the cursor tells nothing. A noted fault stays until a batch is taken.
        """
        if head.seq > lane.cursor.seq:
            return ""
        if head.seq and ledger.hash_at(lane.branch, lane.jid, head.seq) != head.hash:
            return Code.FORKED
        return "cursor_ahead" if head.seq < lane.cursor.seq else ""

    @staticmethod
    def _lease(ledger: Ledger, known: Enrolment, session: bytes) -> int:
        if known.session == session:
            return known.lease
        ledger.grant(known.branch, session, known.lease + 1)
        return known.lease + 1

    @staticmethod
    def _agrees(ledger: Ledger, lane: LaneRow, examined: Examined) -> bool:
        """Whether the batch and the lane have one hash at the last number they share."""
        end = examined.batch.after
        if end.seq < lane.cursor.seq:
            return ledger.hash_at(lane.branch, lane.jid, end.seq) == end.hash
        return examined.hash_at(lane.cursor.seq) == lane.cursor.hash

    def _receipt(self, batch: Batch, position: Position, now_ms: int) -> Receipt:
        receipt = Receipt(branch=batch.branch, jid=batch.jid, position=position, ho_epoch=self.ho_epoch, received_at_ms=now_ms)
        return signed(receipt, self._sign(receipt.covered()))

    @staticmethod
    def _reply(receipt: Receipt, lane: LaneRow, now_ms: int) -> BatchReply:
        return BatchReply(receipt=receipt, archived_seq=lane.archived_seq, server_time_ms=now_ms)


def _find(ledger: Ledger, branch: str, jid: bytes) -> LaneRow | None:
    return next((lane for lane in ledger.lanes(branch) if lane.jid == jid), None)
