"""The branch's half of the protocol: one journal incarnation on its way to head office, as a state machine.

Two rules: everything that decides what is sent, when, and what an answer means is in this file; and this file does no
I/O. Time, randomness, keys and records arrive as arguments. `sync.uplink` drives it over HTTP, `tests/sim` drives the
same object through a hostile network on a virtual clock.

Theory of operation
-------------------
Ask `next` what to do, do it, and tell what came of it:

    Ask   → send `open(...)`,  then  `opened(reply)`, `refused(refusal)` or `lost()`
    Send  → read records, send `batch(records)`,  then  `acknowledged(reply)`, `refused(refusal)` or `lost()`
    Wait  → until a time, or until there are new facts, whichever the step allows; then ask again

One request is in flight at most. The machine trusts only what head office has signed: an `OpenReply` that answers this
very question, and a `Receipt`. Anything unsigned can at most make it doubt, and doubt means: ask again.

When something is wrong with the *histories*, waiting does not mend it. The lane halts under a name from `Halt`. Nothing
is sent from a halted lane and nothing of it is dropped; it only looks from time to time, without claiming the lease, and
goes on by itself where the two histories agree again, which the hashes prove.

    phase     event        becomes
    -------   ----------   -------
    DOUBT     ASKED        OPENING
    OPENING   AGREED       READY        the cursor lies on our own chain
    OPENING   LOST         DOUBT        no answer; or a halted lane that has seen the fault gone asks in earnest
    READY     SENT         SENDING
    READY     ASKED        OPENING      heartbeat
    READY     FAULT        HALTED       the records to send are pruned, or too large
    SENDING   RECEIVED     READY
    SENDING   LOST         DOUBT
    any talk  FAULT        HALTED
    HALTED    ASKED        OPENING      a look now and then; `halt` stays until the histories agree
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sync.chain import START, Position, Record, follow
from sync.keys import Sign, Verify, verify
from sync.protocol import (
    NONCE_BYTES,
    OBSERVER,
    VERSION_MAX,
    VERSION_MIN,
    Batch,
    BatchReply,
    Budget,
    Code,
    Open,
    OpenReply,
    Parent,
    Receipt,
    Refusal,
    signed,
)
from sync.records import MAX_BATCH_EVENTS, MAX_EXPANDED_BYTES, MAX_PAYLOAD_BYTES, RecordTooLarge, fitting, pack

BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 15 * 60.0
FIRST_BATCH_EVENTS = 64
SLOW_BATCH_S = 10.0
"""A batch should not occupy the line for longer: an urgent fact would wait behind it."""
MAX_TAKEOVERS = 3
"""How often one start of the box claims its lease back before it believes that a second box lives."""


class Phase(StrEnum):
    DOUBT = "doubt"
    OPENING = "opening"
    READY = "ready"
    SENDING = "sending"
    HALTED = "halted"


class Halt(StrEnum):
    """Why a lane has stopped. Each needs a person, or head office, to do something."""

    FORKED = "forked"
    """Head office holds another history under our numbers."""
    CURSOR_AHEAD = "cursor_ahead"
    """Head office holds more of our journal than we do: this box was set back without telling."""
    PRUNED = "pruned"
    """Head office was set back further than our journal still reaches."""
    LEASE_CONTESTED = "lease_contested"
    """A second box with our identity is alive."""
    LANE_REFUSED = "lane_refused"
    """Head office knows the branch under another journal."""
    UNKNOWN_BRANCH = "unknown_branch"
    NOT_APPROVED = "not_approved"
    KEY_REFUSED = "key_refused"
    """Head office does not accept our signature: the box must be enrolled again."""
    UNTRUSTED = "untrusted"
    """Whoever answers cannot sign as the head office we were enrolled with."""
    NO_COMMON_VERSION = "no_common_version"
    RECORD_TOO_LARGE = "record_too_large"
    REFUSED = "refused"
    """Head office says no for a reason that this version does not know."""


class _Event(StrEnum):
    ASKED = "asked"
    AGREED = "agreed"
    SENT = "sent"
    RECEIVED = "received"
    LOST = "lost"
    FAULT = "fault"


_TRANSITIONS = {
    (Phase.DOUBT, _Event.ASKED): Phase.OPENING,
    (Phase.OPENING, _Event.AGREED): Phase.READY,
    (Phase.OPENING, _Event.LOST): Phase.DOUBT,
    (Phase.OPENING, _Event.FAULT): Phase.HALTED,
    (Phase.READY, _Event.SENT): Phase.SENDING,
    (Phase.READY, _Event.ASKED): Phase.OPENING,
    (Phase.READY, _Event.FAULT): Phase.HALTED,
    (Phase.SENDING, _Event.RECEIVED): Phase.READY,
    (Phase.SENDING, _Event.LOST): Phase.DOUBT,
    (Phase.SENDING, _Event.FAULT): Phase.HALTED,
    (Phase.HALTED, _Event.ASKED): Phase.OPENING,
}

_FAULT_OF_REFUSAL: dict[str, Halt] = {
    Code.FORKED: Halt.FORKED,
    Code.UNKNOWN_LANE: Halt.LANE_REFUSED,
    Code.UNKNOWN_BRANCH: Halt.UNKNOWN_BRANCH,
    Code.NOT_APPROVED: Halt.NOT_APPROVED,
    Code.BAD_SIGNATURE: Halt.KEY_REFUSED,
    Code.NO_COMMON_VERSION: Halt.NO_COMMON_VERSION,
}
_DOUBTED_REFUSALS = {Code.GAP, Code.OVERLOADED, Code.TOO_LARGE}
"""Refusals that asking again, later or with less, can mend."""


class OutOfOrder(Exception):
    """The driver told the machine of something that cannot happen now: a bug in the driver."""


class JournalBroken(Exception):
    """The journal gave records that do not follow each other."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Send `open(...)`."""


@dataclass(frozen=True, slots=True)
class Send:
    """Read at most `max_events` records after `after` and send `batch(records)`."""

    after: int
    max_events: int
    max_expanded_bytes: int = MAX_EXPANDED_BYTES


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until `until_s`, or, where `facts_wake`, until the journal grows."""

    until_s: float
    facts_wake: bool


Step = Ask | Send | Wait


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the lane is and whom it talks to."""

    branch: str
    jid: bytes
    parent: Parent | None
    session: bytes
    sign: Sign
    head_office_key: bytes
    verify: Verify = verify


class Lane:
    """One journal incarnation on its way to head office."""

    def __init__(
        self,
        identity: Identity,
        *,
        receipt: Receipt | None,
        entropy: Callable[[int], bytes],
        uniform: Callable[[float, float], float],
    ) -> None:
        """`receipt` is the newest one kept from earlier starts; `entropy(n)` gives n random bytes."""
        self.phase = Phase.DOUBT
        self.halt: Halt | None = None
        self.detail = ""
        """More about the last fault or refusal; for the log and the technician."""
        self.cursor: Position | None = None
        """As head office last signed it; None until the first answer of this start."""
        self.receipt = receipt
        self.archived_seq = 0
        self.setbacks = 0
        """How often head office turned out to hold less than it had signed for: it was restored from a backup."""
        self.batch_events = FIRST_BATCH_EVENTS
        self.failures = 0
        """Tries in a row that came to nothing; the delay grows with them."""
        self._identity = identity
        self._entropy = entropy
        self._uniform = uniform
        self._lease = 0
        self._epoch = b""
        self._budget = Budget()
        self._nonce = b""
        self._sent_to = START
        self._send_failed = False
        self._takeovers = 0
        self._not_before_s = float("-inf")
        self._heartbeat_at_s = float("-inf")

    @property
    def received_seq(self) -> int:
        """How far head office is known to hold this journal."""
        if self.cursor is not None:
            return self.cursor.seq
        return self.receipt.position.seq if self.receipt is not None else 0

    # -- what to do ---------------------------------------------------------------------------------------------------

    def next(self, head_seq: int, now_s: float) -> Step:
        """What to do now, the journal reaching to `head_seq`. Not to be asked while a request is in flight."""
        if self.phase in (Phase.OPENING, Phase.SENDING):
            raise OutOfOrder(f"next while {self.phase}")
        if now_s < self._not_before_s:
            return Wait(self._not_before_s, facts_wake=False)
        if self.phase is not Phase.READY or self.cursor is None:
            return Ask()
        if head_seq > self.cursor.seq:
            return Send(self.cursor.seq, min(self.batch_events, self._budget.max_events))
        if now_s >= self._heartbeat_at_s:
            return Ask()
        return Wait(self._heartbeat_at_s, facts_wake=True)

    def wake(self) -> None:
        """The line has changed, or somebody mended something: ask at once."""
        if self.halt is not Halt.LEASE_CONTESTED:
            self._not_before_s = self._heartbeat_at_s = float("-inf")
            self.failures = 0

    # -- what to say --------------------------------------------------------------------------------------------------

    def open(self, head: Position, sent_at_ms: int) -> Open:
        """The question where we stand."""
        self._move(_Event.ASKED)
        self._nonce = self._entropy(NONCE_BYTES)
        message = Open(
            branch=self._identity.branch,
            jid=self._identity.jid,
            parent=self._identity.parent,
            head=head,
            session=self._identity.session if self.halt is None else OBSERVER,
            nonce=self._nonce,
            sent_at_ms=sent_at_ms,
        )
        return signed(message, self._identity.sign(message.covered()))

    def batch(self, records: Sequence[Record], head_seq: int, sent_at_ms: int, now_s: float) -> Batch | None:
        """The batch of the first of `records` that fit, to be sent; None where the lane has halted over them.

        Raises JournalBroken where they do not continue the cursor.
        """
        if self.phase is not Phase.READY or self.cursor is None:
            raise OutOfOrder(f"batch while {self.phase}")
        if not records:
            self._halt(Halt.PRUNED, now_s, f"head office needs the records after {self.cursor.seq}")
            return None
        try:
            chosen = fitting(records, min(self.batch_events, self._budget.max_events), MAX_EXPANDED_BYTES)
        except RecordTooLarge as error:
            self._halt(Halt.RECORD_TOO_LARGE, now_s, str(error))
            return None
        payload = pack(chosen)
        while len(payload) > MAX_PAYLOAD_BYTES:
            chosen = chosen[: len(chosen) // 2]
            payload = pack(chosen)
        message = Batch(
            branch=self._identity.branch,
            jid=self._identity.jid,
            before=self.cursor,
            after=_after(self.cursor, chosen),
            count=len(chosen),
            payload=payload,
            lease=self._lease,
            head_seq=head_seq,
            sent_at_ms=sent_at_ms,
        )
        self._move(_Event.SENT)
        self._sent_to = message.after
        return signed(message, self._identity.sign(message.covered()))

    # -- what came of it ----------------------------------------------------------------------------------------------

    def opened(self, reply: OpenReply, own: Position | None, now_s: float) -> None:
        """Head office has answered. `own` is our own position at its cursor's number; None where we have none there."""
        self._expect(Phase.OPENING)
        if not self._believable(reply):
            self._halt(Halt.UNTRUSTED, now_s, "the answer is not signed by the head office of our enrolment")
        elif not VERSION_MIN <= reply.version <= VERSION_MAX:
            self._halt(Halt.NO_COMMON_VERSION, now_s, f"head office chose version {reply.version}")
        elif (fault := self._compare(reply.cursor, own)) is not None:
            self._halt(fault, now_s, f"head office holds {reply.cursor.seq}, we compare {own.seq if own else 'nothing'}")
        elif self.halt is not None:
            self._recover()
        else:
            self._agree(reply, now_s)

    def acknowledged(self, reply: BatchReply, elapsed_s: float, now_s: float) -> Receipt | None:
        """Head office has the batch: the receipt to keep, or None where it is not the one to expect."""
        self._expect(Phase.SENDING)
        receipt = reply.receipt
        if not self._identity.verify(self._identity.head_office_key, receipt.signature, receipt.covered()):
            self._halt(Halt.UNTRUSTED, now_s, "the receipt is not signed by the head office of our enrolment")
            return None
        expected = (self._identity.branch, self._identity.jid, self._epoch, self._sent_to)
        if (receipt.branch, receipt.jid, receipt.ho_epoch, receipt.position) != expected:
            self._doubt(now_s)
            return None
        self._move(_Event.RECEIVED)
        self._send_failed = False
        self.cursor = receipt.position
        self.receipt = receipt
        self.archived_seq = max(self.archived_seq, reply.archived_seq)
        self.failures = 0
        self._pace(elapsed_s)
        self._beat(now_s)
        return receipt

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """Head office said no."""
        self.detail = refusal.detail
        if refusal.code == Code.STALE_LEASE:
            self._fenced(now_s)
        elif refusal.code in _DOUBTED_REFUSALS:
            self._doubt(now_s, refusal.retry_after_s)
        else:
            self._halt(_FAULT_OF_REFUSAL.get(refusal.code, Halt.REFUSED), now_s, refusal.detail)

    def lost(self, now_s: float) -> None:
        """No answer came, or none that is an answer. It may have been done all the same: ask."""
        self._doubt(now_s)

    # -- the parts ----------------------------------------------------------------------------------------------------

    def _believable(self, reply: OpenReply) -> bool:
        key = self._identity.head_office_key
        return reply.nonce == self._nonce and self._identity.verify(key, reply.signature, reply.covered())

    @staticmethod
    def _compare(cursor: Position, own: Position | None) -> Halt | None:
        """What is wrong between head office's cursor and our own chain; `own` is our head where that lies before it."""
        if cursor == START:
            return None
        if own is None:
            return Halt.PRUNED
        if own.seq < cursor.seq:
            return Halt.CURSOR_AHEAD
        return Halt.FORKED if own != cursor else None

    def _recover(self) -> None:
        """The fault is gone. What was looked at claimed no lease, so ask once more, in earnest and at once."""
        self._move(_Event.LOST)
        self.halt = None
        self._not_before_s = float("-inf")

    def _agree(self, reply: OpenReply, now_s: float) -> None:
        self._move(_Event.AGREED)
        if self.receipt is not None and self._set_back(self.receipt, reply):
            self.setbacks += 1
        self.detail = ""
        self.cursor = reply.cursor
        self.archived_seq = reply.archived_seq
        self._lease = reply.lease
        self._epoch = reply.ho_epoch
        self._budget = reply.budget
        self._not_before_s = float("-inf")
        if not self._send_failed:
            self.failures = 0
        self._beat(now_s)

    def _set_back(self, receipt: Receipt, reply: OpenReply) -> bool:
        known = self.cursor.seq if self.cursor is not None else receipt.position.seq
        return reply.cursor.seq < known

    def _fenced(self, now_s: float) -> None:
        """Another session has our lease: a late question of our own last start, or a second box."""
        self._takeovers += 1
        if self._takeovers > MAX_TAKEOVERS:
            self._halt(Halt.LEASE_CONTESTED, now_s, f"another box took our lease {self._takeovers} times")
            self._not_before_s = float("inf")
        else:
            self._doubt(now_s)

    def _doubt(self, now_s: float, at_least_s: float = 0.0) -> None:
        if self.phase is Phase.SENDING:
            self.batch_events = max(1, self.batch_events // 2)
            self._send_failed = True
        self._move(_Event.LOST if self.halt is None else _Event.FAULT)
        self._back_off(now_s, at_least_s)

    def _halt(self, why: Halt, now_s: float, detail: str) -> None:
        self._send_failed |= self.phase is Phase.SENDING
        self._move(_Event.FAULT)
        self.halt = why
        self.detail = detail
        self._back_off(now_s, 0.0)

    def _back_off(self, now_s: float, at_least_s: float) -> None:
        """Full jitter: anywhere between nothing and a ceiling that doubles, so that a country does not return at once."""
        ceiling_s = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(self.failures, 30))
        self.failures += 1
        self._not_before_s = now_s + max(at_least_s, self._uniform(0.0, ceiling_s))

    def _pace(self, elapsed_s: float) -> None:
        """Larger batches on a quick line, smaller ones on a slow one."""
        if elapsed_s > SLOW_BATCH_S:
            self.batch_events = max(1, self.batch_events // 2)
        elif elapsed_s < SLOW_BATCH_S / 4:
            self.batch_events = min(MAX_BATCH_EVENTS, self.batch_events * 2)

    def _beat(self, now_s: float) -> None:
        self._heartbeat_at_s = now_s + self._budget.heartbeat_s * self._uniform(0.9, 1.1)

    def _expect(self, phase: Phase) -> None:
        if self.phase is not phase:
            raise OutOfOrder(f"an answer for {phase} while {self.phase}")

    def _move(self, event: _Event) -> None:
        try:
            self.phase = _TRANSITIONS[self.phase, event]
        except KeyError:
            raise OutOfOrder(f"{event} while {self.phase}") from None


def _after(cursor: Position, records: Sequence[Record]) -> Position:
    try:
        return follow(cursor, records)
    except ValueError as error:
        raise JournalBroken(str(error)) from error
