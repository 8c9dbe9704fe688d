"""The branch's machine against the real receiver: what it does in fair weather, and under which name it stops in foul."""

import random

import msgspec
import pytest

from sync.branch import (
    BACKOFF_BASE_S,
    BACKOFF_CAP_S,
    FIRST_BATCH_EVENTS,
    MAX_TAKEOVERS,
    SLOW_BATCH_S,
    Ask,
    Halt,
    JournalBroken,
    OutOfOrder,
    Phase,
    Send,
    Wait,
)
from sync.chain import Position
from sync.keys import SigningKey
from sync.protocol import BatchReply, Budget, Code, Receipt, Refusal, Refused, signed
from sync.receiver import Receiver, examine
from sync.records import MAX_BATCH_EVENTS, MAX_PAYLOAD_BYTES, MAX_RECORD_BYTES
from tests.sync.box import MemoryJournal
from tests.sync.pair import EPOCH, Pair


def test_everything_arrives_and_the_receipt_says_so() -> None:
    pair = Pair()
    pair.add(1000)
    pair.run()
    assert pair.ledger.records == pair.journal.records
    assert pair.journal.receipts[-1].position == pair.journal.head()
    assert pair.lane.received_seq == 1000


def test_a_new_start_asks_first_and_sends_only_what_is_missing() -> None:
    pair = Pair()
    pair.add(10)
    pair.run()
    pair.add(5)
    box = pair.box(session=b"T" * 16)
    assert box.received_seq == 10
    assert [pair.step(box), pair.step(box), pair.step(box)] == ["asks", "sends", "waits"]
    assert pair.ledger.records == pair.journal.records


def test_a_lost_acknowledgement_is_found_by_asking() -> None:
    pair = Pair()
    pair.add(10)
    pair.step()
    pair.receiver.batch(pair.ledger, examine(pair.next_batch(), pair.journal.key.public), 0)
    pair.lane.lost(pair.now_s)
    pair.now_s += BACKOFF_BASE_S
    assert [pair.step(), pair.step()] == ["asks", "waits"]
    assert pair.lane.received_seq == 10
    assert len(pair.ledger.records) == 10


def test_idle_it_only_beats() -> None:
    pair = Pair()
    pair.run()
    step = pair.lane.next(0, pair.now_s)
    assert step == Wait(30.0 * 1.1, facts_wake=True)
    pair.now_s = step.until_s
    assert pair.lane.next(0, pair.now_s) == Ask()


def test_delays_double_up_to_a_ceiling_and_are_drawn_from_all_of_it() -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    pair = Pair(uniform=uniform)
    for _ in range(14):
        pair.lane.open(pair.journal.head(), 0)
        pair.lane.lost(pair.now_s)
        step = pair.lane.next(0, pair.now_s)
        assert isinstance(step, Wait)
        assert not step.facts_wake
        pair.now_s = step.until_s
    assert [high for _, high in asked[:4]] == [1.0, 2.0, 4.0, 8.0]
    assert asked[-1] == (0.0, BACKOFF_CAP_S)


def test_wake_does_not_wait_the_delay_out() -> None:
    pair = Pair()
    pair.lane.open(pair.journal.head(), 0)
    pair.lane.lost(pair.now_s)
    assert isinstance(pair.lane.next(0, pair.now_s), Wait)
    pair.lane.wake()
    assert pair.lane.next(0, pair.now_s) == Ask()


def test_a_batch_that_fails_again_and_again_does_not_hammer_although_questions_are_answered() -> None:
    pair = Pair()
    pair.add(3)
    delays = []
    for _ in range(4):
        assert pair.step() == "asks"
        pair.next_batch()
        pair.lane.lost(pair.now_s)
        step = pair.lane.next(3, pair.now_s)
        assert isinstance(step, Wait)
        delays.append(step.until_s - pair.now_s)
        pair.now_s = step.until_s
    assert delays == [1.0, 2.0, 4.0, 8.0]


def test_batches_grow_on_a_quick_line_and_shrink_on_a_slow_one() -> None:
    pair = Pair()
    pair.add(2000)
    pair.step()
    pair.send(pair.lane, pair.next_batch(), elapsed_s=0.1)
    assert pair.lane.batch_events == 2 * FIRST_BATCH_EVENTS
    pair.send(pair.lane, pair.next_batch(), elapsed_s=SLOW_BATCH_S + 1)
    assert pair.lane.batch_events == FIRST_BATCH_EVENTS
    pair.next_batch()
    pair.lane.lost(pair.now_s)
    assert pair.lane.batch_events == FIRST_BATCH_EVENTS // 2
    pair.lane.wake()
    pair.run()
    assert pair.lane.batch_events == MAX_BATCH_EVENTS


def test_it_keeps_within_head_offices_budget() -> None:
    pair = Pair()
    pair.receiver.budget = msgspec.structs.replace(pair.receiver.budget, max_events=7, heartbeat_s=5.0)
    pair.add(20)
    pair.step()
    assert pair.next_batch().count == 7


def test_what_does_not_compress_is_split() -> None:
    chance = random.Random(1)  # noqa: S311 -- repeatable on purpose
    journal = MemoryJournal()
    journal.append(*((n, "a.b.v1", "", "", chance.randbytes(50_000)) for n in range(40)))
    pair = Pair(journal)
    pair.step()
    assert len(pair.next_batch().payload) <= MAX_PAYLOAD_BYTES


def test_only_what_was_asked_may_be_answered() -> None:
    pair = Pair()
    with pytest.raises(OutOfOrder):
        pair.lane.lost(0.0)
    pair.lane.open(pair.journal.head(), 0)
    with pytest.raises(OutOfOrder):
        pair.lane.next(0, 0.0)
    with pytest.raises(OutOfOrder):
        pair.lane.batch([], 0, 0, 0.0)


def test_records_that_do_not_follow_are_a_broken_journal() -> None:
    pair = Pair()
    pair.add(3)
    pair.step()
    with pytest.raises(JournalBroken):
        pair.lane.batch(pair.journal.records[1:], 3, 0, 0.0)


# -- faults: each has a name, stops the lane, and loses nothing ---------------------------------------------------------


def test_head_office_set_back_gets_everything_again() -> None:
    pair = Pair()
    pair.add(30)
    pair.run()
    backup = pair.ledger.copied()
    pair.add(30)
    pair.run()
    pair.ledger = backup
    pair.receiver.ho_epoch = b"F" * 16
    pair.add(1)
    pair.now_s += 3600
    pair.step()
    assert pair.lane.phase is Phase.DOUBT
    pair.now_s += 3600
    pair.run()
    assert pair.ledger.records == pair.journal.records
    assert pair.lane.setbacks == 1
    assert {receipt.ho_epoch for receipt in pair.journal.receipts} == {b"E" * 16, b"F" * 16}


def test_a_box_that_was_set_back_stops_and_never_sends() -> None:
    pair = Pair()
    pair.add(30)
    pair.run()
    pair.journal.cut_back(20)
    box = pair.box(session=b"T" * 16)
    pair.run(box)
    assert box.halt is Halt.CURSOR_AHEAD
    assert pair.ledger.lane is not None
    assert pair.ledger.lane.fault == "cursor_ahead"
    assert len(pair.ledger.records) == 30


def test_a_box_that_was_set_back_and_went_on_has_forked() -> None:
    pair = Pair()
    pair.add(30)
    pair.run()
    true = pair.ledger.records.copy()
    pair.journal.cut_back(20)
    pair.add(40, size=11)
    box = pair.box(session=b"T" * 16)
    pair.run(box)
    assert box.halt is Halt.FORKED
    assert pair.ledger.records == true


def test_a_halted_lane_asks_now_and_then_and_goes_on_where_the_histories_agree_again() -> None:
    pair = Pair()
    pair.add(30)
    pair.run()
    kept = pair.journal.records.copy()
    pair.journal.cut_back(20)
    box = pair.box(session=b"T" * 16)
    pair.run(box)
    step = box.next(20, pair.now_s)
    assert isinstance(step, Wait)
    pair.journal.append(*(record[1:] for record in kept[20:]))
    pair.add(1)
    pair.now_s = step.until_s
    pair.run(box)
    assert box.halt is None
    assert pair.ledger.records == pair.journal.records


def test_a_halted_lane_takes_the_lease_from_nobody() -> None:
    pair = Pair()
    pair.add(30)
    pair.run()
    old = MemoryJournal()
    old.append(*(record[1:] for record in pair.journal.records[:20]))
    clone = pair.box(session=b"C" * 16, journal=old)
    pair.run(clone, old)
    old.append(*((n, "a.b.v1", "", "", b"") for n in range(50)))
    for _ in range(8):
        pair.now_s += 2 * BACKOFF_CAP_S
        pair.run(clone, old)
        pair.add(1)
        pair.run()
    assert clone.halt is Halt.FORKED
    assert pair.lane.halt is None
    assert pair.ledger.records == pair.journal.records


def test_records_that_head_office_needs_again_but_were_pruned() -> None:
    pair = Pair()
    pair.add(30)
    pair.run()
    pair.journal.prune(25)
    pair.ledger = type(pair.ledger)(pair.ledger.known)
    pair.add(1)
    box = pair.box(session=b"T" * 16)
    pair.run(box)
    assert box.halt is Halt.PRUNED


def test_a_record_beyond_all_limits_stops_what_is_behind_it() -> None:
    pair = Pair()
    pair.add(3)
    pair.add(1, size=MAX_RECORD_BYTES)
    pair.run()
    assert pair.lane.halt is Halt.RECORD_TOO_LARGE
    assert "record 4 has" in pair.lane.detail
    assert len(pair.ledger.records) == 3


def test_two_living_boxes_with_one_identity_contend_and_both_stop() -> None:
    pair = Pair()
    pair.add(5)
    one, other = pair.box(session=b"1" * 16), pair.box(session=b"2" * 16)
    for _ in range(4 * MAX_TAKEOVERS + 8):
        for box in (one, other):
            pair.add(1)
            pair.now_s += BACKOFF_CAP_S
            pair.step(box)
    assert {one.halt, other.halt} <= {Halt.LEASE_CONTESTED, None}
    assert Halt.LEASE_CONTESTED in {one.halt, other.halt}
    stopped = one if one.halt else other
    stopped.wake()
    assert stopped.next(99, pair.now_s) == Wait(float("inf"), facts_wake=False)


def test_a_late_question_of_the_last_start_does_not_stop_the_box() -> None:
    pair = Pair()
    late = pair.box(session=b"0" * 16).open(pair.journal.head(), 0)
    pair.run()
    pair.receiver.open(pair.ledger, late, 0)
    pair.add(3)
    assert pair.step() == "sends"
    pair.now_s += BACKOFF_CAP_S
    pair.run()
    assert pair.lane.halt is None
    assert pair.ledger.records == pair.journal.records


def test_an_answer_that_head_office_has_not_signed_is_not_believed() -> None:
    pair = Pair()
    stranger = Receiver(SigningKey(bytes(32)).sign, EPOCH, Budget())
    question = pair.lane.open(pair.journal.head(), 0)
    pair.lane.opened(stranger.open(pair.ledger, question, 0), pair.journal.head(), 0.0)
    assert pair.lane.halt is Halt.UNTRUSTED


def test_the_answer_to_an_earlier_question_is_not_believed() -> None:
    pair = Pair()
    earlier = pair.receiver.open(pair.ledger, pair.lane.open(pair.journal.head(), 0), 0)
    pair.lane.lost(0.0)
    pair.lane.open(pair.journal.head(), 0)
    pair.lane.opened(earlier, pair.journal.head(), 0.0)
    assert pair.lane.halt is Halt.UNTRUSTED


def test_a_receipt_that_head_office_has_not_signed_is_not_believed() -> None:
    pair = Pair()
    pair.add(3)
    pair.step()
    taken = pair.receiver.batch(pair.ledger, examine(pair.next_batch(), pair.journal.key.public), 0)
    receipt = msgspec.structs.replace(taken.reply.receipt, signature=bytes(64))
    assert pair.lane.acknowledged(msgspec.structs.replace(taken.reply, receipt=receipt), 0.0, 0.0) is None
    assert pair.lane.halt is Halt.UNTRUSTED
    assert pair.lane.received_seq == 0


def test_a_receipt_for_something_else_makes_it_ask() -> None:
    pair = Pair()
    pair.add(3)
    pair.step()
    batch = pair.next_batch()
    other = Receipt(branch=batch.branch, jid=batch.jid, position=Position(2, bytes(32)), ho_epoch=EPOCH, received_at_ms=0)
    other = signed(other, pair.office_key.sign(other.covered()))
    reply = BatchReply(receipt=other, archived_seq=0, server_time_ms=0)
    assert pair.lane.acknowledged(reply, 0.0, 0.0) is None
    assert pair.lane.phase is Phase.DOUBT
    assert pair.lane.halt is None


@pytest.mark.parametrize(
    ("code", "halt"),
    [
        (Code.FORKED, Halt.FORKED),
        (Code.UNKNOWN_LANE, Halt.LANE_REFUSED),
        (Code.UNKNOWN_BRANCH, Halt.UNKNOWN_BRANCH),
        (Code.NOT_APPROVED, Halt.NOT_APPROVED),
        (Code.BAD_SIGNATURE, Halt.KEY_REFUSED),
        (Code.NO_COMMON_VERSION, Halt.NO_COMMON_VERSION),
        (Code.MALFORMED, Halt.REFUSED),
        ("something newer", Halt.REFUSED),
        (Code.GAP, None),
        (Code.TOO_LARGE, None),
        (Code.OVERLOADED, None),
        (Code.STALE_LEASE, None),
    ],
)
def test_each_refusal_has_its_consequence(code: str, halt: Halt | None) -> None:
    pair = Pair()
    pair.lane.open(pair.journal.head(), 0)
    pair.lane.refused(Refusal(code=code, detail="why"), 0.0)
    assert pair.lane.halt is halt
    assert pair.lane.phase is (Phase.HALTED if halt else Phase.DOUBT)
    assert pair.lane.detail == "why"


def test_an_overloaded_head_office_is_given_the_time_it_asks_for() -> None:
    pair = Pair()
    pair.lane.open(pair.journal.head(), 0)
    pair.lane.refused(Refusal(code=Code.OVERLOADED, retry_after_s=120.0), 0.0)
    assert pair.lane.next(0, 0.0) == Wait(120.0, facts_wake=False)


def test_a_further_journal_of_a_branch_is_refused_by_name() -> None:
    pair = Pair()
    pair.add(1)
    pair.run()
    replaced = MemoryJournal(pair.journal.branch, seed=2)
    replaced.key = pair.journal.key
    box = pair.box(session=b"T" * 16, journal=replaced)
    pair.run(box, replaced)
    assert box.halt is Halt.LANE_REFUSED


def test_a_version_that_only_one_side_speaks() -> None:
    pair = Pair()
    question = msgspec.structs.replace(pair.lane.open(pair.journal.head(), 0), version_min=7, version_max=9)
    question = msgspec.structs.replace(question, signature=pair.journal.sign(question.covered()))
    with pytest.raises(Refused, match="no_common_version"):
        pair.receiver.open(pair.ledger, question, 0)


def test_live_records_go_while_the_journal_grows() -> None:
    pair = Pair()
    pair.run()
    for _ in range(5):
        pair.add(1)
        assert isinstance(pair.lane.next(pair.journal.head().seq, pair.now_s), Send)
        assert pair.step() == "sends"
    assert pair.ledger.records == pair.journal.records
