"""A branch in the simulation: the real lane machine, a journal that survives crashes, and nothing else that does."""

import random
from collections.abc import Callable

from sync.branch import Ask, Identity, Lane, Send
from sync.chain import START, Position
from sync.keys import Sign, Verify
from sync.protocol import BatchReply, Message, OpenReply, ProtocolError, Receipt, Refusal, decode, encode
from tests.sim.world import TIMEOUT_S, Clock, Network
from tests.sync.box import MemoryJournal

MakeLane = Callable[..., Lane]


class Branch:
    """Drives a lane as the uplink does, on virtual time."""

    def __init__(
        self,
        journal: MemoryJournal,
        network: Network,
        clock: Clock,
        chance: random.Random,
        *,
        keys: tuple[Sign, Verify, bytes],
        make_lane: MakeLane = Lane,
    ) -> None:
        self.journal = journal
        self.receipts: list[Receipt] = []
        """Every receipt ever seen, saved or not: what head office has promised."""
        self.up = False
        self._saved: Receipt | None = None
        self._network = network
        self._clock = clock
        self._chance = chance
        self._keys = keys
        self._make_lane = make_lane
        self._request = 0
        self._wake = 0
        self.start()

    def start(self) -> None:
        """Power on: everything but the journal and the saved receipt is new."""
        sign, verify, office_key = self._keys
        self.up = True
        self.lane = self._make_lane(
            Identity(
                branch=self.journal.branch,
                jid=self.journal.jid,
                parent=None,
                session=self._chance.randbytes(16),
                sign=sign,
                head_office_key=office_key,
                verify=verify,
            ),
            receipt=self._saved,
            entropy=self._chance.randbytes,
            uniform=self._chance.uniform,
        )
        self._busy = False
        self._pump()

    def crash(self) -> None:
        self.up = False
        self._request += 1
        self._wake += 1

    def grew(self) -> None:
        """The journal has new facts."""
        if self.up and not self._busy:
            self._pump()

    def _pump(self) -> None:
        head = self.journal.head()
        match self.lane.next(head.seq, self._clock.now_s):
            case Ask():
                message: Message | None = self.lane.open(head, self._now_ms())
                self._say(b"O", message, self._opened)
            case Send() as step:
                records = self.journal.read(step.after, step.max_events, step.max_expanded_bytes)
                message = self.lane.batch(records, head.seq, self._now_ms(), self._clock.now_s)
                self._say(b"B", message, self._acknowledged)
            case wait:
                self._pump_after(max(0.001, min(wait.until_s - self._clock.now_s, 1e6)))

    def _say(self, kind: bytes, message: Message | None, take: Callable[[bytes], None]) -> None:
        if message is None:
            self._pump_after(0.001)
            return
        self._busy = True
        self._request += 1
        mine, sent_s = self._request, self._clock.now_s
        self._sent_s = sent_s

        def answered(answer: bytes) -> None:
            if self._request == mine and self._busy:
                self._settle(lambda: self._hear(answer, take))

        def given_up() -> None:
            if self._request == mine and self._busy:
                self._settle(lambda: self.lane.lost(self._clock.now_s))

        self._clock.after(TIMEOUT_S, given_up)
        self._network.ask(kind + encode(message), answered)

    def _settle(self, settle: Callable[[], None]) -> None:
        self._busy = False
        settle()
        self._pump()

    def _hear(self, answer: bytes, take: Callable[[bytes], None]) -> None:
        try:
            refusal = decode(answer, Refusal)
        except ProtocolError:
            take(answer)
        else:
            self.lane.refused(refusal, self._clock.now_s)

    def _opened(self, answer: bytes) -> None:
        reply = decode(answer, OpenReply)
        self.lane.opened(reply, self._own(reply.cursor.seq), self._clock.now_s)

    def _acknowledged(self, answer: bytes) -> None:
        now_s = self._clock.now_s
        receipt = self.lane.acknowledged(decode(answer, BatchReply), now_s - self._sent_s, now_s)
        if receipt is not None:
            self.receipts.append(receipt)
            if self._chance.random() < 0.9:  # else it crashes before the receipt is saved
                self._saved = receipt

    def _own(self, seq: int) -> Position | None:
        head = self.journal.head()
        if seq >= head.seq:
            return head
        own = self.journal.hash_at(seq)
        return START if seq == 0 else Position(seq, own) if own is not None else None

    def _pump_after(self, delay_s: float) -> None:
        self._wake += 1
        mine = self._wake

        def wake() -> None:
            if self._wake == mine and self.up and not self._busy:
                self._pump()

        self._clock.after(delay_s, wake)

    def _now_ms(self) -> int:
        return int(self._clock.now_s * 1000)
