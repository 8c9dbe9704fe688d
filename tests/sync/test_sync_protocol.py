"""Messages and payloads: what is written is read, and nothing else is."""

import itertools
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sync.chain import GENESIS, START, Position, Record, follow
from sync.protocol import (
    STATUS,
    Batch,
    BatchReply,
    Code,
    Enrol,
    LaneCursor,
    Message,
    Open,
    OpenReply,
    Parent,
    ProtocolError,
    Receipt,
    Refusal,
    claim_key,
    decode,
    encode,
)
from sync.records import (
    MAX_BATCH_EVENTS,
    MAX_EXPANDED_BYTES,
    MAX_RECORD_BYTES,
    PayloadError,
    RecordTooLarge,
    fitting,
    pack,
    unpack,
)
from tests.sync.box import MemoryJournal, day

texts = st.text(max_size=20)
facts = st.tuples(st.integers(-(2**53), 2**53), texts, texts, texts, st.binary(max_size=80))
positions = st.builds(Position, st.integers(0, 2**62), st.binary(min_size=32, max_size=32))
ids = st.binary(min_size=16, max_size=16)
signatures = st.binary(min_size=64, max_size=64)
branches = st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True)
parents = st.none() | st.builds(Parent, jid=ids, position=positions)
millis = st.integers(0, 2**53)


def records(chosen: list[tuple[int, str, str, str, bytes]], first_seq: int) -> list[Record]:
    return [Record(seq, *fact) for seq, fact in enumerate(chosen, start=first_seq)]


@given(st.lists(facts, min_size=1, max_size=30), st.integers(1, 2**40))
def test_records_arrive_as_they_left(chosen: list[Any], first_seq: int) -> None:
    sent = records(chosen, first_seq)
    assert unpack(pack(sent), first_seq, len(sent)) == sent


@given(
    st.builds(
        Open, branch=branches, jid=ids, parent=parents, head=positions, session=ids, nonce=ids, sent_at_ms=millis,
        signature=signatures,
    )
    | st.builds(
        OpenReply, version=st.just(1), ho_epoch=ids, cursor=positions, archived_seq=st.integers(0, 2**62),
        lease=st.integers(0, 2**62), nonce=ids, server_time_ms=millis, signature=signatures,
        lanes=st.lists(st.builds(LaneCursor, jid=ids, cursor=positions), max_size=3).map(tuple),
    )
    | st.builds(Receipt, branch=branches, jid=ids, position=positions, ho_epoch=ids, received_at_ms=millis)
    | st.builds(Refusal, code=st.sampled_from(Code), detail=texts)
)  # fmt: skip
def test_messages_arrive_as_they_left(message: Message) -> None:
    assert decode(encode(message), type(message)) == message


@given(st.binary(max_size=200), st.sampled_from([Open, OpenReply, Batch, BatchReply, Enrol, Refusal]))
def test_garbage_is_refused_and_nothing_worse(garbage: bytes, kind: type[Message]) -> None:
    try:
        decode(garbage, kind)
    except ProtocolError:
        return


@given(st.data())
def test_a_damaged_payload_is_refused_and_nothing_worse(data: st.DataObject) -> None:
    sent = records([(1, "a.b.v1", "e", "x", b"{}")] * 5, 1)
    payload = bytearray(pack(sent))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        assert len(unpack(bytes(payload), 1, 5)) == 5
    except PayloadError:
        return


def bombs() -> list[bytes]:
    big = bytes(MAX_EXPANDED_BYTES + 1)
    small = zstandard.ZstdCompressor().compress(b"\x90")
    return [
        zstandard.ZstdCompressor().compress(big),
        zstandard.ZstdCompressor(write_content_size=False).compress(big),
        small + small,
        small + b"x",
        b"",
        b"not zstandard",
    ]


@pytest.mark.parametrize("bomb", bombs())
def test_a_payload_that_does_not_declare_a_lawful_size_is_not_expanded(bomb: bytes) -> None:
    with pytest.raises(PayloadError):
        unpack(bomb, 1, 1)


def test_a_payload_must_have_the_records_it_claims() -> None:
    payload = pack(records([(1, "a.b.v1", "", "", b"")] * 3, 1))
    with pytest.raises(PayloadError, match="3 records, the batch says 4"):
        unpack(payload, 1, 4)
    crooked = zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(([1, 2], ["a"], ["b"], ["c"], [b""])))
    with pytest.raises(PayloadError):
        unpack(crooked, 1, 2)


def test_a_batch_takes_what_fits() -> None:
    many = records([(1, "a.b.v1", "", "", bytes(1000))] * 2000, 1)
    assert len(fitting(many, MAX_BATCH_EVENTS, MAX_EXPANDED_BYTES)) == MAX_BATCH_EVENTS
    assert len(fitting(many, MAX_BATCH_EVENTS, 10_000)) == 9
    assert len(fitting(many, MAX_BATCH_EVENTS, 1)) == 1
    monster = Record(3, 1, "a.b.v1", "", "", bytes(MAX_RECORD_BYTES))
    assert len(fitting([*many[:2], monster], MAX_BATCH_EVENTS, MAX_EXPANDED_BYTES)) == 2
    with pytest.raises(RecordTooLarge, match="record 3 has"):
        fitting([monster], MAX_BATCH_EVENTS, MAX_EXPANDED_BYTES)


def test_the_largest_lawful_record_fits_a_payload_alone() -> None:
    chance = MemoryJournal().key.seed * 4096
    largest = Record(1, 1, "", "", "", chance[: MAX_RECORD_BYTES - 32])
    assert unpack(pack(fitting([largest], 1, MAX_EXPANDED_BYTES)), 1, 1) == [largest]


@pytest.mark.parametrize("count", [50, 500])
def test_an_event_costs_at_most_eighty_bytes_with_everything_around_it(count: int) -> None:
    journal = MemoryJournal()
    journal.append(*itertools.islice(day(3), 1000 + count))
    chosen = journal.records[1000:]
    http_overhead_bytes = 2 * 300  # request and answer headers; the whole is measured over a real line elsewhere
    batch = batch_of(pack(chosen), count)
    reply = BatchReply(receipt=receipt(), archived_seq=0, server_time_ms=0)
    assert (len(encode(batch)) + len(encode(reply)) + http_overhead_bytes) / count <= 80


def batch_of(payload: bytes, count: int, **changed: Any) -> Batch:
    fields: dict[str, Any] = {
        "branch": "0001", "jid": bytes(16), "before": START, "after": Position(count, bytes(32)), "count": count,
        "payload": payload, "lease": 1, "head_seq": count, "sent_at_ms": 0,
    }  # fmt: skip
    return Batch(**(fields | changed))


def receipt(**changed: Any) -> Receipt:
    fields: dict[str, Any] = {
        "branch": "0001", "jid": bytes(16), "position": Position(3, bytes(32)), "ho_epoch": bytes(16),
        "received_at_ms": 5,
    }  # fmt: skip
    return Receipt(**(fields | changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"after": Position(4, bytes(32))},
        {"after": Position(3, bytes(31))},
        {"before": Position(-1, GENESIS)},
        {"before": Position(2**70, GENESIS)},
    ],
)
def test_an_impossible_batch_cannot_exist(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lead from|a position is"):
        batch_of(b"x", 3, **changed)


@pytest.mark.parametrize("branch", ["", "a b", "../x", "0001\n", "x" * 33])
def test_a_branch_id_is_safe_in_a_path(branch: str) -> None:
    message = encode(batch_of(b"x", 3, branch=branch))
    with pytest.raises(ProtocolError):
        decode(message, Batch)


def test_each_signed_field_is_covered() -> None:
    one, other = batch_of(b"x", 3), Position(3, b"\1" * 32)
    batches: list[dict[str, Any]] = [
        {"branch": "0002"}, {"jid": b"\1" * 16}, {"after": other}, {"before": Position(0, b"\1" * 32)},
    ]  # fmt: skip
    receipts: list[dict[str, Any]] = [
        {"branch": "2"}, {"position": other}, {"ho_epoch": b"\1" * 16}, {"received_at_ms": 6},
    ]  # fmt: skip
    assert one.covered() not in [batch_of(b"x", 3, **changed).covered() for changed in batches]
    assert receipt().covered() not in [receipt(**changed).covered() for changed in receipts]


def test_what_is_signed_is_pinned_for_ever() -> None:
    """Auditors check these signatures in ten years: the bytes may never change for version 1."""
    assert (
        batch_of(b"x", 3).covered().hex()
        == (
            "6272616e6368626f782073796e63203120626174636800"  # "branchbox sync 1 batch\0"
            "0000000430303031" + "00000010" + "00" * 16 + "000000080000000000000001" + "000000080000000000000003"
            "00000020" + "00" * 32 + "00000020" + "00" * 32 + "000000080000000000000003"
        )
    )
    assert receipt().covered().hex() == (
        "6272616e6368626f782073796e632031207265636569707400"  # "branchbox sync 1 receipt\0"
        "0000000430303031" + "00000010" + "00" * 16 + "000000080000000000000003" + "00000020" + "00" * 32
        + "00000010" + "00" * 16 + "000000080000000000000005"
    )  # fmt: skip


def test_every_refusal_has_its_status() -> None:
    assert set(STATUS) == set(Code)
    assert all(400 <= status < 500 for status in STATUS.values())


def test_a_newer_side_may_add_fields() -> None:
    newer = msgspec.msgpack.encode([*msgspec.msgpack.decode(encode(Refusal(code="gap"))), "something new"])
    assert decode(newer, Refusal).code == Code.GAP


def test_a_claim_code_may_be_typed_as_people_type() -> None:
    assert claim_key("ABCD-EFGH-2345-67ZZ") == claim_key(" abcd efgh 2345 67zz ")


def test_a_gap_in_a_journal_is_no_chain() -> None:
    chosen = records([(1, "a.b.v1", "", "", b"")] * 3, 1)
    with pytest.raises(ValueError, match="does not follow"):
        follow(START, [chosen[0], chosen[2]])
