"""Frames on a wire of bytes: any cut gives the same packets, garbage is told, nothing grows without a bound."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.transport.input_events import EV_KEY, EV_SYN, EVENT_BYTES, InputEvent, InputUnpacker, key
from drivers.transport.packets import (
    CARD,
    HID,
    REASON_BYTES_MAX,
    VISITOR,
    Card,
    Hid,
    Lengths,
    Packet,
    Unexplained,
    Unpacker,
    Visitor,
    pack,
    reason,
)

VECTORS = [
    (HID, "49 0003 010203", Packet(Hid.INPUT, b"\x01\x02\x03")),
    (HID, "4F 0002 0200", Packet(Hid.OUTPUT, b"\x02\x00")),
    (HID, "47 0001 09", Packet(Hid.GET_FEATURE, b"\x09")),
    (HID, "46 0003 09AABB", Packet(Hid.FEATURE, b"\x09\xaa\xbb")),
    (HID, "53 0002 0E01", Packet(Hid.SET_FEATURE, b"\x0e\x01")),
    (HID, "4B 0000", Packet(Hid.DONE)),
    (HID, "45 0002 6E6F", Packet(Hid.REFUSED, b"no")),
    (CARD, "41 0009 3B6500002063CBA000", Packet(Card.PRESENT, bytes.fromhex("3B6500002063CBA000"))),
    (CARD, "41 0000", Packet(Card.PRESENT)),
    (CARD, "43 0005 00B2010C00", Packet(Card.COMMAND, bytes.fromhex("00B2010C00"))),
    (CARD, "52 0002 9000", Packet(Card.RESPONSE, b"\x90\x00")),
    (CARD, "50 0000", Packet(Card.RESET)),
    (VISITOR, "4E 0009 3132372E302E302E31", Packet(Visitor.NEW, b"127.0.0.1")),
    (VISITOR, "44 0002 4F4B", Packet(Visitor.DATA, b"OK")),
    (VISITOR, "58 0000", Packet(Visitor.END)),
]
"""The agreement between transports and emulators: it may be added to, never changed."""


@pytest.mark.parametrize(("lengths", "data", "packet"), VECTORS)
def test_frames_are_as_agreed(lengths: Lengths, data: str, packet: Packet) -> None:
    frame = bytes.fromhex(data)
    assert pack(packet.kind, packet.payload) == frame
    assert Unpacker(lengths).receive(frame) == [packet]


def packets(lengths: Lengths) -> st.SearchStrategy[Packet]:
    def of_kind(kind: Hid | Card | Visitor) -> st.SearchStrategy[Packet]:
        allowed = lengths[kind]
        return st.binary(min_size=allowed.start, max_size=min(allowed.stop - 1, 80)).map(lambda payload: Packet(kind, payload))

    return st.sampled_from(list(lengths)).flatmap(of_kind)


@given(
    st.sampled_from([HID, CARD, VISITOR]).flatmap(lambda one: st.tuples(st.just(one), st.lists(packets(one), max_size=8))),
    st.data(),
)
def test_any_cut_gives_the_packets_that_were_sent(sent: tuple[Lengths, list[Packet]], data: st.DataObject) -> None:
    lengths, expected = sent
    stream = b"".join(pack(packet.kind, packet.payload) for packet in expected)
    unpacker = Unpacker(lengths)
    found = [one for piece in cut(stream, data) for one in unpacker.receive(piece)]
    assert found == expected
    assert unpacker.pending == 0


def cut(stream: bytes, data: st.DataObject) -> list[bytes]:
    edges = sorted({0, len(stream), *data.draw(st.lists(st.integers(0, len(stream)), max_size=12))})
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


@given(st.binary(max_size=600), st.sampled_from([HID, CARD, VISITOR]), st.data())
def test_no_byte_is_swallowed(stream: bytes, lengths: Lengths, data: st.DataObject) -> None:
    unpacker = Unpacker(lengths)
    found = [one for piece in cut(stream, data) for one in unpacker.receive(piece)]
    told = b"".join(one.data if isinstance(one, Unexplained) else pack(one.kind, one.payload) for one in found)
    assert stream.startswith(told)
    assert len(told) + unpacker.pending == len(stream)


@given(st.binary(max_size=200).filter(lambda noise: not set(noise) & {ord(kind) for kind in HID}), packets(HID))
def test_garbage_before_a_packet_is_told_and_does_no_harm(noise: bytes, packet: Packet) -> None:
    found = Unpacker(HID).receive(noise + pack(packet.kind, packet.payload))
    assert found == [*([Unexplained(noise)] if noise else []), packet]


def test_a_length_that_the_kind_cannot_have_is_no_frame() -> None:
    assert Unpacker(HID).receive(b"K\x00\x01K\x00\x00") == [Unexplained(b"K\x00\x01"), Packet(Hid.DONE)]
    with pytest.raises(ValueError, match="GET_FEATURE"):
        pack(Hid.GET_FEATURE, b"\x01\x02")


def test_an_unfinished_frame_is_all_that_is_held() -> None:
    unpacker = Unpacker(HID)
    for _ in range(2_000):
        unpacker.receive(b"I\x40\x00" + b"x" * 97)
    assert unpacker.pending <= 0x4000 + 100


def test_a_long_reason_is_cut_between_characters() -> None:
    text = reason("读卡器忙" * 100)
    assert len(text) <= REASON_BYTES_MAX
    assert text.decode() in "读卡器忙" * 100


EVENTS = st.builds(
    InputEvent, st.sampled_from([0, 1, 3, 4]), st.integers(0, 0xFFFF), st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**50)
)


@given(st.lists(EVENTS, max_size=10), st.data())
def test_any_cut_gives_the_events_that_happened(events: list[InputEvent], data: st.DataObject) -> None:
    unpacker = InputUnpacker()
    stream = b"".join(event.pack() for event in events)
    assert [one for piece in cut(stream, data) for one in unpacker.receive(piece)] == events


@given(st.binary(max_size=400), st.data())
def test_no_byte_of_an_event_stream_is_swallowed(stream: bytes, data: st.DataObject) -> None:
    unpacker = InputUnpacker()
    found = [one for piece in cut(stream, data) for one in unpacker.receive(piece)]
    told = b"".join(one.data if isinstance(one, Unexplained) else one.pack() for one in found)
    assert stream.startswith(told)
    assert len(told) + unpacker.pending == len(stream)
    assert unpacker.pending < EVENT_BYTES


def test_the_stream_finds_its_feet_after_a_lost_byte() -> None:
    lines = [InputEvent(EV_KEY, code, 1, 1_700_000_000_123_456 + code) for code in range(30)]
    stream = b"".join(event.pack() for event in lines)
    found = InputUnpacker().receive(stream[:50] + stream[51:])
    assert found[:2] == lines[:2]
    assert found[-26:] == lines[-26:]


def test_a_key_is_pressed_and_let_go() -> None:
    events = InputUnpacker().receive(key(28, 5))
    assert events == [
        InputEvent(EV_KEY, 28, 1, 5),
        InputEvent(EV_SYN, 0, 0, 5),
        InputEvent(EV_KEY, 28, 0, 5),
        InputEvent(EV_SYN, 0, 0, 5),
    ]
