"""Head office in the simulation: the real receiver over a ledger in memory that can be copied and set back."""

import random
from dataclasses import dataclass, field, replace

from sync.chain import START, Position, Record, link
from sync.keys import Sign, Verify
from sync.protocol import (
    Batch,
    Budget,
    Code,
    Message,
    Open,
    ProtocolError,
    Refused,
    decode,
    encode,
)
from sync.receiver import Enrolment, Intake, LaneRow, Receiver, examine
from sync.records import unpack


@dataclass(slots=True)
class MemoryLedger:
    """`receiver.Ledger` of one branch: records and hashes as lists."""

    known: Enrolment
    lane: LaneRow | None = None
    records: list[Record] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=lambda: [START.hash])

    def enrolment(self, branch: str) -> Enrolment | None:
        return self.known if branch == self.known.branch else None

    def grant(self, branch: str, session: bytes, lease: int) -> None:
        if branch == self.known.branch:
            self.known = replace(self.known, session=session, lease=lease)

    def lanes(self, branch: str) -> list[LaneRow]:
        return [self.lane] if self.lane is not None and self.lane.branch == branch else []

    def begin_lane(self, lane: LaneRow, at_ms: int) -> None:
        del at_ms
        self.lane = lane

    def note_fault(self, branch: str, jid: bytes, fault: str) -> None:
        if self.lane is not None and (self.lane.branch, self.lane.jid) == (branch, jid):
            self.lane = replace(self.lane, fault=fault)

    def hash_at(self, branch: str, jid: bytes, seq: int) -> bytes | None:
        del branch, jid
        return self.hashes[seq] if seq < len(self.hashes) else None

    def take(self, intake: Intake) -> None:
        batch = intake.batch
        for record in unpack(batch.payload, batch.before.seq + 1, batch.count):
            if record.seq >= intake.first_new_seq:
                self.records.append(record)
                self.hashes.append(link(self.hashes[-1], record))
        if self.lane is not None:
            self.lane = replace(self.lane, cursor=intake.receipt.position)

    def copied(self) -> "MemoryLedger":
        return replace(self, records=self.records.copy(), hashes=self.hashes.copy())

    @property
    def cursor(self) -> Position:
        return self.lane.cursor if self.lane is not None else START


class Office:
    """One head office that can be down, crash around a commit, be backed up and be set back."""

    def __init__(
        self,
        ledger: MemoryLedger,
        sign: Sign,
        verify: Verify,
        chance: random.Random,
        *,
        receiver_type: type[Receiver] = Receiver,
    ) -> None:
        self.ledger = ledger
        self.up = True
        self.crash_chance = 0.0
        """Per request and side of the commit."""
        self._verify = verify
        self._chance = chance
        self._backup = ledger.copied()
        self._receiver = receiver_type(sign, chance.randbytes(16), Budget(), verify)

    def back_up(self) -> None:
        self._backup = self.ledger.copied()

    def set_back(self, *, declared: bool) -> None:
        """Restore the backup, with a new epoch where the operator does it by the book."""
        self.ledger = self._backup.copied()
        if declared:
            self._receiver.ho_epoch = self._chance.randbytes(16)

    def answer(self, request: bytes, now_ms: int) -> bytes | None:
        """The answer to one request: None where nobody is there to give it."""
        if not self.up:
            return None
        before = self.ledger.copied() if self._chance.random() < self.crash_chance else None
        try:
            reply = self._handle(request[:1], request[1:], now_ms)
        except Refused as refused:
            reply = refused.refusal
        if before is not None:  # power went before the commit: what was done is undone
            self.ledger = before
            return None
        return None if self._chance.random() < self.crash_chance else encode(reply)

    def _handle(self, kind: bytes, body: bytes, now_ms: int) -> Message:
        try:
            message = decode(body, Open) if kind == b"O" else decode(body, Batch)
        except ProtocolError as error:
            raise Refused(Code.MALFORMED, str(error)) from error
        if isinstance(message, Open):
            return self._receiver.open(self.ledger, message, now_ms)
        examined = examine(message, self.ledger.known.public_key, self._verify)
        return self._receiver.batch(self.ledger, examined, now_ms).reply
