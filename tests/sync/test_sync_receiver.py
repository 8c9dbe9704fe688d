"""What head office answers to a batch, wherever it lies; `sync.receiver`'s table row by row."""

from dataclasses import replace

import msgspec
import pytest

from sync.chain import Position
from sync.keys import SigningKey
from sync.protocol import Batch, Code, Refused, signed
from sync.receiver import examine
from sync.records import pack
from tests.sync.pair import Pair


@pytest.fixture
def pair() -> Pair:
    """Twenty records made, ten of them received."""
    pair = Pair()
    pair.add(10)
    pair.run()
    pair.add(10)
    return pair


def batch(pair: Pair, after: int, upto: int) -> Batch:
    """The records after `after` up to `upto`, signed."""
    journal = pair.journal
    before, end = (Position(seq, journal.hash_at(seq) or b"") for seq in (after, upto))
    message = Batch(
        branch=journal.branch, jid=journal.jid, before=before, after=end, count=upto - after,
        payload=pack(journal.records[after:upto]), lease=pair.ledger.known.lease, head_seq=20, sent_at_ms=0,
    )  # fmt: skip
    return signed(message, journal.sign(message.covered()))


@pytest.mark.parametrize(
    ("after", "upto", "new", "cursor"),
    [
        (10, 20, 10, 20),  # continues
        (5, 15, 5, 15),  # overlaps
        (0, 20, 10, 20),  # repeats everything and goes on
        (0, 10, 0, 10),  # the very batch again
        (2, 7, 0, 10),  # a part of it
    ],
)
def test_what_agrees_is_taken_once(pair: Pair, after: int, upto: int, new: int, cursor: int) -> None:
    taken = pair.receiver.batch(pair.ledger, examine(batch(pair, after, upto), pair.journal.key.public), 77)
    assert taken.new_events == new
    assert taken.reply.receipt.position == Position(cursor, pair.journal.hash_at(cursor) or b"")
    assert pair.ledger.records == pair.journal.records[:cursor]
    again = pair.receiver.batch(pair.ledger, examine(batch(pair, after, upto), pair.journal.key.public), 78)
    assert again.new_events == 0


def test_a_receipt_is_signed_by_head_office(pair: Pair) -> None:
    taken = pair.receiver.batch(pair.ledger, examine(batch(pair, 10, 20), pair.journal.key.public), 77)
    receipt = taken.reply.receipt
    assert pair.office_key.sign(receipt.covered()) == receipt.signature
    assert receipt.received_at_ms == 77


def test_a_gap_is_refused_and_not_kept(pair: Pair) -> None:
    assert pair.refusal(batch(pair, 12, 20)) == Code.GAP
    assert len(pair.ledger.records) == 10


@pytest.mark.parametrize(("after", "upto"), [(0, 8), (8, 20), (10, 20)])
def test_another_history_under_the_same_numbers_is_a_fork(pair: Pair, after: int, upto: int) -> None:
    kept = pair.ledger.records.copy()
    pair.journal.cut_back(0)
    pair.add(20, size=11)
    assert pair.refusal(batch(pair, after, upto)) == Code.FORKED
    assert pair.ledger.records == kept
    assert pair.ledger.lane is not None
    assert pair.ledger.lane.fault == "forked"


def test_a_fault_is_cleared_by_the_next_batch_that_is_taken(pair: Pair) -> None:
    pair.ledger.note_fault(pair.journal.branch, pair.journal.jid, "forked")
    assert pair.refusal(batch(pair, 10, 20)) is None
    assert pair.ledger.lane is not None
    assert pair.ledger.lane.fault == ""


def test_a_lost_lease_is_not_heard(pair: Pair) -> None:
    mine = batch(pair, 10, 20)
    pair.receiver.open(pair.ledger, pair.box(session=b"2" * 16).open(pair.journal.head(), 0), 0)
    assert pair.refusal(mine) == Code.STALE_LEASE
    assert pair.refusal(batch(pair, 10, 20)) is None


def test_the_same_start_keeps_its_lease(pair: Pair) -> None:
    lease = pair.ledger.known.lease
    pair.lane.wake()
    pair.step()
    assert pair.ledger.known.lease == lease


def test_only_enrolled_and_approved_branches_are_heard(pair: Pair) -> None:
    mine = batch(pair, 10, 20)
    pair.ledger.known = replace(pair.ledger.known, approved=False)
    assert pair.refusal(mine) == Code.NOT_APPROVED
    pair.ledger.known = replace(pair.ledger.known, branch="0002")
    assert pair.refusal(mine) == Code.UNKNOWN_BRANCH


def test_a_journal_that_was_not_opened_is_not_taken(pair: Pair) -> None:
    pair.ledger.lane = None
    assert pair.refusal(batch(pair, 0, 10)) == Code.UNKNOWN_LANE


def test_another_key_is_not_believed(pair: Pair) -> None:
    mine = batch(pair, 10, 20)
    thief = SigningKey(bytes(32))
    assert pair.refusal(signed(mine, thief.sign(mine.covered()))) == Code.BAD_SIGNATURE
    question = pair.box(session=b"2" * 16).open(pair.journal.head(), 0)
    with pytest.raises(Refused, match="bad_signature"):
        pair.receiver.open(pair.ledger, signed(question, thief.sign(question.covered())), 0)


def test_tampering_is_found_whatever_is_changed(pair: Pair) -> None:
    mine = batch(pair, 10, 20)
    other = pack([*pair.journal.records[10:19], pair.journal.records[0]])
    assert pair.refusal(msgspec.structs.replace(mine, payload=other)) == Code.MALFORMED
    assert pair.refusal(msgspec.structs.replace(mine, payload=b"junk")) == Code.MALFORMED
    for changed in (
        {"branch": "0002"},
        {"jid": bytes(16)},
        {"before": Position(10, bytes(32))},
        {"after": Position(20, bytes(32))},
    ):
        assert pair.refusal(msgspec.structs.replace(mine, **changed)) in {Code.BAD_SIGNATURE, Code.UNKNOWN_BRANCH}
    assert len(pair.ledger.records) == 10
