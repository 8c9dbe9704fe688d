"""Frames that a profile describes, as published vectors and as anything at all."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import modbus, registry
from drivers.frame_layout import FRAME_BYTES_MAX, FrameTraits, Framing, Layout, Mismatch
from drivers.framing import Frames
from drivers.interfaces.text_terminal import Colour, Motion, Write
from drivers.led_board.codec import CannotShow, DigitsTongue, FramedTongue, Reply, lettering, registers, tongue
from drivers.led_board.traits import DigitsTraits, LedTraits

PROFILES = registry.load_profiles()
IDS = ("sunpn.window-digits", "generic.led-a0", "onbon.bx-5k", "generic.modbus-digits")


def traits(profile_id: str) -> LedTraits:
    return PROFILES[profile_id].section(LedTraits)


def shown(profile_id: str, board: int, *lines: str, colour: Colour = Colour.RED, motion: Motion = Motion.STILL) -> bytes:
    section = traits(profile_id)
    return tongue(section).write(board, *lettering(section, Write(board=board, lines=lines, colour=colour, motion=motion)))


@pytest.mark.parametrize(
    ("profile_id", "board", "text", "frame"),
    [
        # The published vector: 3A 00 78 03 01 has the check B6; 0x0378 is 888.
        ("sunpn.window-digits", 1, "888", "3A 00 78 03 01 B6 0A"),
        ("sunpn.window-digits", 1, "A888", "3A 00 78 03 01 B6 0A"),
        # Head A0, board 3, command 41, 6 bytes: colour, motion and 请 12 in GB2312; the sum of all before it.
        ("generic.led-a0", 3, "请12", "A0 00 03 41 00 06 01 00 C7 EB 31 32 03 00"),
        # Modbus: slave 2, function 10, register 0, two registers, "0012"; the CRC's low byte first.
        ("generic.modbus-digits", 2, "0012", "02 10 00 00 00 02 04 30 30 31 32 67 A1"),
    ],
)
def test_says_it_in_the_makers_own_bytes(profile_id: str, board: int, text: str, frame: str) -> None:
    assert shown(profile_id, board, text).hex(" ").upper() == frame


def test_escapes_what_could_be_taken_for_a_head_or_a_tail() -> None:
    frame = shown("onbon.bx-5k", 1, "ZZ欢", "迎")
    assert frame.startswith(b"\xa5" * 8)
    inside = frame[8:-1]
    assert b"\xa5" not in inside
    assert b"\x5a" not in inside
    assert inside.count(b"\x5b\x02") >= 2, "Z is 5A"
    assert frame.endswith(b"\x5a")


def test_crc_is_that_of_modbus() -> None:
    assert modbus.crc16(b"123456789") == 0x4B37


def test_reads_a_modbus_answer_and_an_exception() -> None:
    answer, size = modbus.read_answer(bytes.fromhex("010500 00FF008C3A".replace(" ", "")))
    assert answer is not None
    assert (answer.slave, answer.function, answer.refused, size) == (1, 5, False, 8)
    refusal, _ = modbus.read_answer(modbus.frame(1, 0x90, b"\x02"))
    assert refusal is not None
    assert (refusal.function, refusal.refused, refusal.data) == (0x10, True, b"\x02")


@pytest.mark.parametrize(
    ("coding", "text", "expected"),
    [("ascii", "12", [0x2020, 0x3132]), ("bcd", "12", [0xFF12]), ("bcd", "0012", [0x0012]), ("value", "0012", [12])],
)
def test_puts_digits_into_registers(coding: str, text: str, expected: list[int]) -> None:
    assert registers(DigitsTraits(coding=coding, digits=4), text) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("profile_id", "lines", "why"),
    [
        ("sunpn.window-digits", ("请",), "no digits"),
        ("sunpn.window-digits", ("1", "2"), "2 lines on 1"),
        ("sunpn.window-digits", ("70000",), "columns"),
        ("generic.modbus-digits", ("12345",), "columns"),
        ("generic.led-a0", ("䶮",), "䶮"),
        ("onbon.bx-5k", ("1",) * 5, "5 lines on 4"),
    ],
)
def test_refuses_what_the_board_cannot_show(profile_id: str, lines: tuple[str, ...], why: str) -> None:
    with pytest.raises(CannotShow, match=why):
        lettering(traits(profile_id), Write(board=1, lines=lines))


def test_a_long_line_scrolls_where_the_board_can() -> None:
    section = traits("generic.led-a0")
    text, _, motion = lettering(section, Write(board=1, lines=("请到八号窗口办理",)))
    assert motion == section.motions[Motion.SCROLL]
    assert text.decode("gb2312") == "请到八号窗口办理"


@pytest.mark.parametrize("profile_id", IDS)
@given(data=st.binary(max_size=600), cuts=st.lists(st.integers(0, 600), max_size=12))
@settings(max_examples=60, deadline=None)
def test_cuts_do_not_matter_and_no_byte_is_skipped(profile_id: str, data: bytes, cuts: list[int]) -> None:
    whole, pieces = tongue(traits(profile_id)), tongue(traits(profile_id))
    at_once = [*whole.receive(data), *whole.flush()]
    edges = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    in_pieces = [item for start, end in itertools.pairwise(edges) for item in pieces.receive(data[start:end])]
    in_pieces += pieces.flush()
    assert raw(at_once) == raw(in_pieces) == data
    assert replies(at_once) == replies(in_pieces)


@given(garbage=st.binary(max_size=80), tail=st.binary(max_size=80))
@settings(max_examples=100, deadline=None)
def test_an_answer_between_garbage_is_found(garbage: bytes, tail: bytes) -> None:
    for profile_id in ("sunpn.window-digits", "generic.modbus-digits"):
        section = traits(profile_id)
        good = answer(section, 1)
        found = tongue(section)
        items = [*found.receive(garbage + good + tail), *found.flush()]
        assert raw(items) == garbage + good + tail
        # Garbage may by chance swallow it only where it makes a whole valid frame with it.
        assert any(item.raw == good for item in items if isinstance(item, Reply)) or replies(items)


@given(st.binary(min_size=1, max_size=3000))
@settings(max_examples=60, deadline=None)
def test_memory_is_bounded(data: bytes) -> None:
    framing = Framing(
        FrameTraits(head="A5", layout=("data",), tail="5A", escapes={"A5": "A602", "A6": "A601", "5A": "5B02", "5B": "5B01"})
    )
    frames = Frames(framing.read)
    for _ in range(4):
        frames.receive(b"\xa5" + data)
        assert frames.pending <= FRAME_BYTES_MAX


@given(st.binary(max_size=200), st.integers(0, 65_535), st.integers(0, 255))
@settings(deadline=None)
def test_what_is_built_is_read(data: bytes, board: int, command: int) -> None:
    framed = traits("onbon.bx-5k").framed
    assert framed is not None
    for frame in (
        framed.request,
        FrameTraits(head="A0", layout=("command/1", "board/2be", "length/2be", "data"), check="sum16be"),
    ):
        framing = Framing(frame)
        raw_frame = framing.build({"board": board, "command": command}, data)
        read, size = framing.read(raw_frame + b"\x00")
        assert read is not None
        assert (size, read.data, read.values["board"]) == (len(raw_frame), data, board)


def test_a_layout_refuses_what_does_not_fit() -> None:
    layout = Layout(("board/1", "=AA"))
    with pytest.raises(Mismatch):
        layout.build({"board": 256})
    for wrong in (b"\x01", b"\x01\xab", b"\x01\xaa\x00"):
        with pytest.raises(Mismatch):
            layout.parse(wrong)


def answer(section: LedTraits, board: int) -> bytes:
    if section.framed is None:
        return modbus.frame(board, modbus.Function.WRITE_REGISTERS, bytes(4))
    assert section.framed.reply is not None
    return Framing(section.framed.reply).build({"board": board, "status": section.framed.accepted})


def raw(items: list[Reply | bytes]) -> bytes:
    return b"".join(item if isinstance(item, bytes) else item.raw for item in items)


def replies(items: list[Reply | bytes]) -> list[Reply]:
    return [item for item in items if isinstance(item, Reply)]


def test_both_tongues_are_there() -> None:
    assert isinstance(tongue(traits("generic.modbus-digits")), DigitsTongue)
    assert isinstance(tongue(traits("sunpn.window-digits")), FramedTongue)
