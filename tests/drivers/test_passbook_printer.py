"""Passbook printers: the PR2's bytes, anything at all, lines and pages, and one on a real terminal."""

import io
import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers import registry, virtualtime
from drivers.api import DeviceStatus, ErrorCode, MediaStatus, Outcome, Proof
from drivers.emulation import BadParameters
from drivers.interfaces.passbook_printer import BookInserted, BookLine, BookPrinted, EjectBook, InsertBook, PrintBook, Reset
from drivers.passbook_printer import codec
from drivers.passbook_printer.codec import CannotPrint, Kind, Parser, Reply
from drivers.passbook_printer.driver import PassbookPrinter
from drivers.passbook_printer.emulator import PAGE_UNITS, Page, PassbookEmulator
from drivers.passbook_printer.traits import BookTraits
from drivers.transport.address import dial_for

PROFILES = registry.load_profiles()
PR2 = PROFILES["olivetti.pr2e"]
BOOK = BookTraits()
REPLIES = st.one_of(
    st.integers(0, 255).map(lambda code: b"\x1b\x72" + bytes([code])),
    st.integers(0, 255).map(lambda code: b"\x1b\x42\x35" + bytes([code]) + b"\x1b\x5a"),
    st.from_regex(r"[A-Z0-9 ]{0,40}", fullmatch=True).map(lambda text: b"\x1b\x2f" + text.encode() + b"\r"),
    st.from_regex(r"[0-9=]{0,40}", fullmatch=True).map(lambda text: b"\x1b\x73" + text.encode() + b"\x1c"),
)


def raw(items: list[Reply | bytes]) -> bytes:
    return b"".join(item if isinstance(item, bytes) else item.raw for item in items)


def test_a_line_is_put_at_its_place_in_the_printers_bytes() -> None:
    line = codec.build_line(BOOK, 1, BookLine(text="2026 存入", bold=True))
    chinese = b"2026 " + "存入".encode("gbk")
    assert line == b"\x1bL120" + b"\x1bJ040" + b"\x1b\x28\x1c\x26" + chinese + b"\x1c\x2e\x1b\x29\r"
    assert codec.build_line(BOOK, 2, BookLine(text="A")) == b"\x1bL155\x1bJ040A\r"
    assert codec.line_at(BOOK, 13) - codec.line_at(BOOK, 12) == BOOK.line_pitch + BOOK.fold


def test_replies_are_read_as_published() -> None:
    assert [
        (item.kind, item.value) for item in Parser().receive(b"\x1b\x72\x30\x1b\x42\x35\x31\x1b\x5a") if isinstance(item, Reply)
    ] == [
        (Kind.STATUS, b"0"),
        (Kind.POSITION, b"1"),
    ]


@given(st.lists(REPLIES, max_size=8), st.lists(st.integers(0, 400), max_size=9))
@settings(deadline=None)
def test_any_cut_gives_the_same_replies(replies: list[bytes], cuts: list[int]) -> None:
    data, parser = b"".join(replies), Parser()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    found = [item for start, end in itertools.pairwise(edges) for item in parser.receive(data[start:end])]
    assert [item.raw for item in found if isinstance(item, Reply)] == replies
    assert parser.pending == 0


@given(
    st.lists(st.binary(max_size=200) | REPLIES | st.sampled_from([b"\x1b", b"\x1b\x2f" + b"x" * 200, b"\x1bB5"]), max_size=9)
)
@settings(max_examples=200, deadline=None)
def test_no_byte_is_skipped_and_nothing_grows(chunks: list[bytes]) -> None:
    parser, found = Parser(), list[Reply | bytes]()
    for chunk in chunks:
        found += parser.receive(chunk)
        assert parser.pending <= codec.TEXT_BYTES_MAX + 3
    assert raw([*found, *parser.flush()]) == b"".join(chunks)


@given(st.text(max_size=40), st.integers(-5, 90))
def test_a_line_is_built_or_refused(text: str, number: int) -> None:
    try:
        line = codec.build_line(BOOK, number, BookLine(text=text))
    except (CannotPrint, ValueError):
        return
    assert line.endswith(b"\r")
    assert b"\x1b\x4f" not in line


@given(st.lists(st.binary(max_size=60), max_size=20))
@settings(max_examples=60, deadline=None)
def test_the_emulator_takes_any_bytes(chunks: list[bytes]) -> None:
    emulator = PassbookEmulator(PR2)
    emulator.act("insert")
    for chunk in chunks:
        emulator.receive(chunk)


@pytest.mark.parametrize("wrong", [{"page": 0}, {"page": 33}, {"stripe": "x"}, {"colour": "red"}])
def test_hands_refuse_what_is_no_book(wrong: dict[str, object]) -> None:
    with pytest.raises(BadParameters):
        PassbookEmulator(PR2).act("insert", wrong)


def test_a_jam_in_the_middle_says_how_far_it_came() -> None:
    async def tell() -> None:
        emulator = PassbookEmulator(PR2)
        emulator.act("insert")
        printer = PassbookPrinter("passbook-1", PR2, emulator.in_memory().dial)
        await printer.open()

        async def jam(event: object) -> None:
            if "Started" in type(event).__name__:
                emulator.act("jam")

        lines = (BookLine(text="one"), BookLine(text="two"))
        told = await printer.execute(PrintBook(lines=lines), timeout_s=30, on_event=jam)
        assert (told.outcome, told.error) == (Outcome.UNKNOWN, ErrorCode.MEDIA_JAM)
        assert told.detail == "0 of 2 lines are proven"
        assert (await printer.execute(Reset(), timeout_s=30)).done
        assert printer.status().media is MediaStatus.NOT_PRESENT
        await printer.close()

    virtualtime.run(tell())


@pytest.mark.parametrize("wire", ["tcp", "pty"])
async def test_prints_a_book_over_a_real_wire(wire: str, tmp_path: Path) -> None:
    emulator = PassbookEmulator(PR2, clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    emulator.listen("tcp://127.0.0.1:0" if wire == "tcp" else f"serial://{tmp_path}/printer")
    await emulator.start()
    emulator.act("insert")
    printer = PassbookPrinter("passbook-1", PR2, dial_for(emulator.address, PR2.serial))
    await printer.open()
    assert (await printer.execute(InsertBook(), timeout_s=10)).payload == BookInserted(position=0x31)
    lines = tuple(BookLine(text=f"2026030{n} 存入现金 {n}00.00", bold=n == 2) for n in range(1, 5))
    told = await printer.execute(PrintBook(lines=lines, from_line=11), timeout_s=10)
    assert (told.outcome, told.proof) == (Outcome.DONE, Proof.ORDERED_STATUS)
    assert told.payload == BookPrinted(page=1, line=15)
    assert (await printer.execute(EjectBook(), timeout_s=10)).done
    page = emulator.output()[-1]
    assert isinstance(page, Page)
    assert page.text.splitlines() == ["[1]", *(line.text for line in lines)]
    with Image.open(io.BytesIO(page.png())) as picture:
        assert picture.size == PAGE_UNITS
        assert len(picture.getcolors(maxcolors=1 << 20) or ()) > 2
    emulator.act("unplug")
    assert await printer.wait_lost() is not None
    assert printer.status().device is DeviceStatus.OFFLINE
    await emulator.stop()
