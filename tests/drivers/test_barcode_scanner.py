"""Scanners: their bytes, and codes over real wires."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import virtualtime
from drivers.api import CompletionCode, ErrorCode, Event, Started
from drivers.barcode_scanner import codec
from drivers.barcode_scanner.codec import SerialFraming
from drivers.emulation import BadParameters
from drivers.interfaces.barcode_reader import CodeRead, CodeScanned, CodeUnreadable, Read
from drivers.listening import Answered, Broken, Heard, Line
from tests.drivers.readers import Ear, cuts, emulated, pieces, wired

codes = st.text(st.characters(codec="gbk", exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)


def test_triggers_are_the_published_bytes() -> None:
    """Devices reference §6."""
    assert codec.TRIGGERS["newland"].on == bytes.fromhex("7E0130303030") + b"#SCNTRG1;\x03"
    assert codec.newland("SCNMOD0", kept=True) == bytes.fromhex("7E0130303030") + b"@SCNMOD0;\x03"
    assert codec.TRIGGERS["honeywell"] == (bytes.fromhex("16540D"), bytes.fromhex("16550D"))


def test_a_confirmation_between_codes_is_no_code() -> None:
    framing = SerialFraming(b"\r", "utf-8", 100)
    said = codec.newland_reply(codec.TRIGGERS["newland"].on) + b"A001\r" + codec.newland_reply(b"", accepted=False)
    assert framing.receive(said) == [Answered(done=True), Line("A001"), Answered(done=False)]


@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
@given(texts=st.lists(codes, max_size=5), places=cuts)
def test_any_cut_gives_the_same_codes(charset: str, texts: list[str], places: list[int]) -> None:
    framing = SerialFraming(b"\r", charset, 4296)
    data = b"".join(text.encode(charset) + b"\r" for text in texts)
    assert [item for piece in pieces(data, places) for item in framing.receive(piece)] == [Line(text) for text in texts]
    assert framing.pending == 0


@pytest.mark.parametrize("suffix", [b"", b"\r", b"\r\n"])
@given(data=st.binary(max_size=1000), places=cuts)
def test_any_bytes_are_taken_and_nothing_grows(suffix: bytes, data: bytes, places: list[int]) -> None:
    framing = SerialFraming(suffix, "utf-8", 64)
    whole = SerialFraming(suffix, "utf-8", 64)
    heard: list[Heard] = []
    for piece in pieces(data, places):
        heard += framing.receive(piece)
        assert framing.pending <= 65
    assert [*heard, *framing.idle()] == [*whole.receive(data), *whole.idle()]
    assert framing.pending == 0


def test_what_is_no_text_or_too_long_is_told() -> None:
    framing = SerialFraming(b"\r", "utf-8", 10)
    assert framing.receive("号".encode("gbk") + b"\r") == [Broken(ErrorCode.CHAR_SET_DATA)]
    assert framing.receive(b"7" * 30 + b"\r") == [Broken(ErrorCode.INVALID_MEDIA)]
    assert framing.receive(b"ok\r") == [Line("ok")]


def test_a_pause_ends_a_code_without_a_suffix() -> None:
    framing = SerialFraming(b"", "gbk", 100)
    assert framing.receive("请到".encode("gbk")) == []
    assert framing.idle() == [Line("请到")]
    assert framing.idle() == []


@pytest.mark.parametrize("profile_id", ["generic.scanner-wedge", "generic.scanner-serial"])
@pytest.mark.parametrize("wire", ["tcp", "pty"])
async def test_a_code_is_told_over_a_real_wire(tmp_path: Path, profile_id: str, wire: str) -> None:
    device, emulator = await wired(profile_id, tmp_path / "scanner" if wire == "pty" else None)
    ear = Ear(device)
    await device.open()
    emulator.act("scan", {"text": "https://branch.example/t/Ab-12?x=1"})
    scanned = await ear.wait_for(CodeScanned)
    assert scanned.code.text.reveal() == "https://branch.example/t/Ab-12?x=1"
    assert "branch.example" not in repr(ear.events)
    await device.close()
    await emulator.stop()


@pytest.mark.parametrize("profile_id", ["newland.fm430", "honeywell.n3680"])
async def test_a_triggered_read_over_a_real_wire(profile_id: str) -> None:
    device, emulator = await wired(profile_id)
    await device.open()

    async def hold(event: Event) -> None:
        if isinstance(event, Started):
            emulator.act("scan", {"text": "预约 2026-03-02"})

    completion = await device.execute(Read(), timeout_s=10, on_event=hold)
    assert isinstance(completion.payload, CodeRead)
    assert completion.payload.code.text.reveal() == "预约 2026-03-02"
    assert completion.payload.code.symbology == ("Q1" if profile_id == "honeywell.n3680" else None)
    await device.close()
    await emulator.stop()


def test_a_code_in_the_wrong_charset_is_told_as_unreadable() -> None:
    async def main() -> None:
        device, emulator = emulated("newland.fm430")
        ear = Ear(device)
        await device.open()
        emulator.say("号".encode("gbk") + b"\r")
        await ear.wait_for(CodeUnreadable)
        completion = await device.execute(Read(), timeout_s=2)
        assert completion.code is CompletionCode.TIME_OUT
        await device.close()

    virtualtime.run(main())


@pytest.mark.parametrize("wish", [{"text": ""}, {"text": "请到"}, {"symbology": "QRX"}, {"colour": "red"}])
def test_the_bench_refuses_what_this_scanner_cannot_send(wish: dict[str, object]) -> None:
    _, emulator = emulated("generic.scanner-wedge")
    with pytest.raises(BadParameters):
        emulator.act("scan", wish)
