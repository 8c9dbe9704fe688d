"""A lane and a receiver facing each other without a network: two real state machines, one call apart."""

import random
from typing import Any

from sync.branch import Ask, Identity, Lane, Send
from sync.chain import START, Position
from sync.keys import SigningKey
from sync.protocol import Batch, Budget, Code, Open, Refused
from sync.receiver import Enrolment, Receiver, examine
from tests.sim.office import MemoryLedger
from tests.sync.box import MemoryJournal

EPOCH = b"E" * 16


class Pair:
    """Time stands still unless a test moves it; the dice always fall on the ceiling."""

    def __init__(self, journal: MemoryJournal | None = None, **lane: Any) -> None:
        self.journal = journal if journal is not None else MemoryJournal()
        self.now_s = 0.0
        self.office_key = SigningKey(bytes(31) + b"H")
        self.ledger = MemoryLedger(Enrolment(self.journal.branch, "示范支行", self.journal.key.public, approved=True))
        self.receiver = Receiver(self.office_key.sign, EPOCH, Budget())
        self.lane = self.box(**lane)

    def box(self, *, session: bytes = b"S" * 16, journal: MemoryJournal | None = None, **changed: Any) -> Lane:
        """A further start of the box, or of its clone."""
        own = journal if journal is not None else self.journal
        identity = Identity(own.branch, own.jid, own.parent, session, own.sign, self.office_key.public)
        fields: dict[str, Any] = {
            "receipt": own.last_receipt(),
            "entropy": random.Random(1).randbytes,  # noqa: S311 -- repeatable on purpose
            "uniform": lambda _, ceiling: ceiling,
        }
        return Lane(identity, **(fields | changed))

    def add(self, count: int, size: int = 10) -> None:
        start = len(self.journal.records)
        self.journal.append(*((n, "queue.ticket_issued.v1", f"t{n}", "x", bytes(size)) for n in range(start, start + count)))

    def step(self, lane: Lane | None = None, journal: MemoryJournal | None = None) -> str:
        """Do what the lane wants next; `waits` where that is nothing."""
        lane, journal = lane or self.lane, journal or self.journal
        head = journal.head()
        match lane.next(head.seq, self.now_s):
            case Ask():
                self.ask(lane, lane.open(head, 0), journal)
                return "asks"
            case Send() as step:
                records = journal.read(step.after, step.max_events, step.max_expanded_bytes)
                batch = lane.batch(records, head.seq, 0, self.now_s)
                if batch is not None:
                    self.send(lane, batch)
                return "sends"
            case _:
                return "waits"

    def run(self, lane: Lane | None = None, journal: MemoryJournal | None = None) -> None:
        """Step until the lane waits."""
        for _ in range(1000):
            if self.step(lane, journal) == "waits":
                return
        raise AssertionError("the lane never rests")

    def ask(self, lane: Lane, question: Open, journal: MemoryJournal) -> None:
        try:
            reply = self.receiver.open(self.ledger, question, 1000)
        except Refused as refused:
            lane.refused(refused.refusal, self.now_s)
        else:
            lane.opened(reply, own(journal, reply.cursor.seq), self.now_s)

    def send(self, lane: Lane, batch: Batch, elapsed_s: float = 0.0) -> None:
        try:
            taken = self.receiver.batch(self.ledger, examine(batch, self.ledger.known.public_key), 1000)
        except Refused as refused:
            lane.refused(refused.refusal, self.now_s)
        else:
            receipt = lane.acknowledged(taken.reply, elapsed_s, self.now_s)
            if receipt is not None:
                self.journal.receipts.append(receipt)

    def next_batch(self, lane: Lane | None = None) -> Batch:
        """The batch that the lane would send now; it is then waiting for its answer."""
        lane, head = lane or self.lane, self.journal.head()
        step = lane.next(head.seq, self.now_s)
        assert isinstance(step, Send)
        batch = lane.batch(self.journal.read(step.after, step.max_events, 2**20), head.seq, 0, self.now_s)
        assert batch is not None
        return batch

    def refusal(self, batch: Batch) -> Code | None:
        """Why head office would not take the batch."""
        try:
            self.receiver.batch(self.ledger, examine(batch, self.ledger.known.public_key), 1000)
        except Refused as refused:
            return refused.code
        return None


def own(journal: MemoryJournal, seq: int) -> Position | None:
    head = journal.head()
    if seq >= head.seq:
        return head
    found = journal.hash_at(seq)
    return START if seq == 0 else Position(seq, found) if found is not None else None
