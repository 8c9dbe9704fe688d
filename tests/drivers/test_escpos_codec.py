"""Reply bytes, as vectors from the manuals and as anything at all."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.escpos_printer import codec
from drivers.escpos_printer.codec import (
    AutomaticStatus,
    BufferCleared,
    OfflineCause,
    OrderedStatus,
    ProcessIdDone,
    RealTimeStatus,
    Reply,
    ReplyParser,
    SelfDescription,
    Unexplained,
)
from drivers.escpos_printer.condition import Condition, Trouble


@pytest.mark.parametrize(
    ("data", "replies"),
    [
        ("12", [RealTimeStatus(0x12)]),
        ("1E", [RealTimeStatus(0x1E)]),
        ("72", [RealTimeStatus(0x72)]),
        ("00", [OrderedStatus(0)]),
        ("0C", [OrderedStatus(0x0C)]),
        ("14000000", [AutomaticStatus(bytes.fromhex("14000000"))]),
        ("3C000C0F", [AutomaticStatus(bytes.fromhex("3C000C0F"))]),
        ("37223030343200", [ProcessIdDone("0042")]),
        ("372500", [BufferCleared()]),
        ("3723404100", [OfflineCause(b"@A")]),
        ("372300", [OfflineCause(b"")]),
        ("5F4550534F4E00", [SelfDescription("EPSON")]),
        ("FF", [Unexplained(b"\xff")]),
        ("80818212", [Unexplained(b"\x80\x81\x82"), RealTimeStatus(0x12)]),
        # A head whose body breaks off gives up its first byte only.
        ("372212", [Unexplained(b"\x37\x22"), RealTimeStatus(0x12)]),
        ("37223030343012", [Unexplained(b"\x37\x22\x30\x30\x34\x30"), RealTimeStatus(0x12)]),
        ("3722414200", [Unexplained(b"\x37\x22AB"), OrderedStatus(0)]),
        ("37253012", [Unexplained(b"\x37\x25\x30"), RealTimeStatus(0x12)]),
        ("140012", [Unexplained(b"\x14"), OrderedStatus(0), RealTimeStatus(0x12)]),
        ("5F4112", [Unexplained(b"\x5f\x41"), RealTimeStatus(0x12)]),
    ],
)
def test_reads_what_the_manual_says(data: str, replies: list[Reply]) -> None:
    parser = ReplyParser()
    assert parser.receive(bytes.fromhex(data)) == replies
    assert parser.pending == 0


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=20))
def test_cuts_do_not_matter(data: bytes, cuts: list[int]) -> None:
    whole = ReplyParser()
    pieces = ReplyParser()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    heard = [reply for a, b in itertools.pairwise(places) for reply in pieces.receive(data[a:b])]
    assert _joined(heard) == _joined(whole.receive(data))
    assert pieces.pending == whole.pending


@given(st.binary(max_size=2000))
def test_no_byte_is_skipped_and_nothing_grows(data: bytes) -> None:
    parser = ReplyParser()
    read = b"".join(_bytes(reply) for reply in parser.receive(data))
    assert read == data[: len(read)]
    assert len(data) - len(read) == parser.pending < codec.TEXT_BYTES_MAX


@given(st.binary(max_size=200))
def test_idleness_ends_whatever_had_begun(data: bytes) -> None:
    parser = ReplyParser()
    read = b"".join(_bytes(reply) for reply in parser.receive(data))
    for _ in range(codec.TEXT_BYTES_MAX):
        read += b"".join(_bytes(reply) for reply in parser.idle())
    assert read == data
    assert parser.pending == 0


@given(st.binary(max_size=50).filter(lambda noise: not set(noise) & {0x37, 0x5F, *range(0x80)}))
def test_noise_costs_only_itself(noise: bytes) -> None:
    replies = ReplyParser().receive(noise + b"\x37\x220042\x00")
    assert replies[-1] == ProcessIdDone("0042")


def test_both_sources_give_one_picture() -> None:
    asked = Condition()
    for question, answer in ((1, 0x1A), (2, 0x36), (3, 0x1A), (4, 0x7E)):
        asked = asked.answered(codec.Question(question), RealTimeStatus(answer))
    told = Condition().told(AutomaticStatus(bytes.fromhex("38080F00")))
    assert asked == told
    assert told.troubles == {
        Trouble.OFFLINE,
        Trouble.COVER_OPEN,
        Trouble.JAMMED,
        Trouble.PAPER_LOW,
        Trouble.PAPER_OUT,
    }


def test_commands_are_the_manuals_bytes() -> None:
    assert codec.ask(codec.Question.PAPER) == bytes.fromhex("100404")
    assert codec.request_process_id("0042") == bytes.fromhex("1D284806003030") + b"0042"
    assert bytes.fromhex("10140801031401060208") == codec.CLEAR_BUFFER
    assert codec.cut(full=False, feed_dots=24) == bytes.fromhex("1D564218")


def _joined(replies: list[Reply]) -> list[Reply]:
    """With neighbouring noise made one, which is all that cutting may change."""
    joined: list[Reply] = []
    for reply in replies:
        last = joined[-1] if joined else None
        if isinstance(reply, Unexplained) and isinstance(last, Unexplained):
            joined[-1] = Unexplained(last.data + reply.data)
        else:
            joined.append(reply)
    return joined


def _bytes(reply: Reply) -> bytes:  # noqa: PLR0911 -- one per kind of reply
    """What the reply was made from."""
    match reply:
        case RealTimeStatus(value=value) | OrderedStatus(value=value):
            return bytes((value,))
        case AutomaticStatus(frame=frame):
            return frame
        case ProcessIdDone(process_id=process_id):
            return b"\x37\x22" + process_id.encode() + b"\x00"
        case BufferCleared():
            return b"\x37\x25\x00"
        case OfflineCause(causes=causes):
            return b"\x37\x23" + causes + b"\x00"
        case SelfDescription(text=text):
            return b"\x5f" + text.encode() + b"\x00"
        case Unexplained(data=data):
            return data
