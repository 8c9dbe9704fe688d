"""Signature pads: reports and events as published, anything at all, and both kinds on real wires."""

import asyncio
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers import registry
from drivers.api import CompletionCode, DeviceStatus, Outcome
from drivers.emulation import BadParameters
from drivers.interfaces.signature import Area, CaptureSignature, Sample, SetBacklight, ShowScreen, SignatureCaptured
from drivers.profiles import Profile
from drivers.signature_pad import codec, sealing
from drivers.signature_pad.capture import REST_S_MAX, Gathering
from drivers.signature_pad.codec import Pen, Point, Report
from drivers.signature_pad.driver import SignaturePad
from drivers.signature_pad.emulator import SignatureEmulator
from drivers.signature_pad.picture import INK_PX_MAX, NoPicture, ink_png, pixels, unpacked
from drivers.signature_pad.traits import ScreenTraits
from drivers.transport.address import dial_for
from drivers.transport.input_events import EV_SYN, EVENT_BYTES, SYN_DROPPED, InputEvent

PROFILES = registry.load_profiles()
STU430, STU540, PEN = (PROFILES[name] for name in ("wacom.stu-430", "wacom.stu-540", "generic.pen-digitiser"))


def png(size: tuple[int, int], colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


# Reports.


def test_a_timed_pen_report_is_read_as_published() -> None:
    report = bytes.fromhex("34 91F4 1234 0567 00C8 0001")
    assert codec.parse_pen(report) == Point(0x1234, 0x0567, 0x1F4, near=True, touches=True, time=200, turns_over_at=65_536)
    assert codec.parse_pen(bytes.fromhex("01 8000 0001 0002")) == Point(1, 2, 0, True, False, None, 65_536)
    assert codec.parse_pen(bytes.fromhex("33 91F4 1234 0567 00C8 0001")) is None, "an encrypted one is no ink"
    assert codec.parse_pen(bytes.fromhex("34 91F4 1234")) is None


def test_the_exchange_of_keys_is_as_published() -> None:
    """Wacom's STU SDK: report 40 is step, two numbers and a block of 64; report 50 has its states from the fourth byte on."""
    assert sealing.choose()[3:] == bytes.fromhex("40 01 02 82") + bytes(64)
    (exponent,) = sealing.blocks(sealing.Part.EXPONENT, sealing.EXPONENT, 3)
    assert exponent[3:] == bytes.fromhex("40 02 00 03 010001") + bytes(61)
    modulus = list(sealing.blocks(sealing.Part.MODULUS, (1 << 2048) - 1, sealing.MODULUS_BYTES))
    assert [block[3:7].hex() for block in modulus] == ["40020140"] * 4
    status = sealing.parse_status(bytes.fromhex("50 02 82 00 00 00 FA 00 07") + bytes(8))
    assert status == sealing.SealingStatus(exponent=0, modulus=0, key=0xFA, last_result=0)
    assert sealing.parse_block(bytes.fromhex("40 04 02 02 CAFE 00")) == b"\xca\xfe"
    assert sealing.parse_block(bytes.fromhex("40 04 02 41") + bytes(64)) is None
    assert codec.put(Report.START_CAPTURE, 0, 0xC0, 0xFF, 0xEE).hex()[6:] == "1500c0ffee"


def test_a_sealed_report_is_one_block_with_its_number_behind_or_before() -> None:
    """Reports 33 (pen, time, sequence, two idle bytes, session) and 10 (session, two pens)."""
    session = sealing.Session(bytes(range(32)), b"\x00\xc0\xff\xee")
    pen = bytes.fromhex("34 91F4 1234 0567 00C8 0001")
    assert session.points(session.timed(pen)) == [codec.parse_pen(pen)]
    plain = (bytes.fromhex("01 91F4 1234 0567"), bytes.fromhex("01 8000 0001 0002"))
    assert session.points(session.untimed(plain)) == [codec.parse_pen(one) for one in plain]
    other = sealing.Session(bytes(range(32)), b"\x00\xc0\xff\xef")
    stranger = sealing.Session(bytes(32), b"\x00\xc0\xff\xee")
    assert other.points(session.timed(pen)) is None, "another capture's"
    assert stranger.points(session.timed(pen)) is None, "another key's"
    assert session.points(session.timed(pen)[:-1]) is None


def test_the_pads_key_opens_with_ours_and_with_no_other() -> None:
    ours, theirs = sealing.KeyPair(), sealing.KeyPair()
    sealed = sealing.seal(bytes(32), sealing.EXPONENT, ours.modulus)
    assert ours.open(sealed) == bytes(32)
    with pytest.raises(sealing.BadSeal):
        theirs.open(sealed)
    with pytest.raises(sealing.BadSeal, match="length"):
        ours.open(sealing.seal(b"short", sealing.EXPONENT, ours.modulus))


@given(st.binary(max_size=80))
def test_anything_in_the_exchange_is_read_or_refused(report: bytes) -> None:
    sealing.parse_status(report)
    sealing.parse_block(report)
    assert sealing.Session(bytes(32), bytes(4)).points(report) in (None, [])


def test_what_the_pad_says_of_itself_is_big_endian() -> None:
    able = codec.parse_capability(bytes.fromhex("09 2580 1770 03FF 0140 00C8 C8"))
    assert able == codec.Capability(9600, 6000, 1023, 320, 200, 200)
    assert codec.parse_identity(b"\x08STU-430\x01\x00\x04\x02") == ("STU-430", "1.0.4.2")
    assert codec.parse_capability(b"\x09\x01") is None
    assert codec.parse_identity(b"\x08") is None


def test_what_the_pad_is_told_is_little_endian() -> None:
    assert codec.writing_area(Area(x1=0, y1=1, x2=320, y2=200)).hex() == "530009" + "2a" + "0000010040" + "01c800"
    assert codec.image_block(b"\xff\x00").hex() == "530005" + "26" + "0200" + "ff00"
    assert codec.get(Report.STATUS).hex() == "47000103"


@given(st.binary(max_size=40))
def test_any_report_is_read_or_refused(report: bytes) -> None:
    codec.parse_pen(report)
    codec.parse_capability(report)
    codec.parse_identity(report)


@given(st.binary(max_size=500), st.lists(st.integers(0, 500), max_size=12))
@settings(max_examples=150, deadline=None)
def test_any_events_in_any_cut_give_the_same_points(data: bytes, cuts: list[int]) -> None:
    whole, pieces = Pen(), Pen()
    at_once = whole.receive(data)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    in_pieces = [item for start, end in itertools.pairwise(edges) for item in pieces.receive(data[start:end])]
    assert pieces.pending < EVENT_BYTES
    assert [item for item in at_once if isinstance(item, Point)] == [item for item in in_pieces if isinstance(item, Point)]
    told = b"".join(item for item in in_pieces if isinstance(item, bytes))
    assert told == b"".join(item for item in at_once if isinstance(item, bytes))


def test_what_the_kernel_dropped_is_no_point() -> None:
    pen = Pen()
    dropped = InputEvent(EV_SYN, SYN_DROPPED, 0).pack()
    assert pen.receive(dropped + InputEvent(EV_SYN, 0, 0).pack()) == []
    assert len(pen.receive(InputEvent(EV_SYN, 0, 0).pack())) == 1


# Gathering.


def point(x: int, pressure: int, time: int | None = None) -> Point:
    return Point(x, 0, pressure, near=True, touches=pressure > 0, time=time, turns_over_at=65_536)


def test_the_pads_clock_may_turn_over() -> None:
    gathering = Gathering(pause_s=1)
    for n, time in enumerate((65_530, 65_535, 4, 9)):
        gathering.take(point(n, 5, time), n / 10)
    assert [sample.t_ms for sample in gathering.samples] == [0, 5, 10, 15]


def test_before_the_first_touch_and_behind_the_last_stroke_nothing_is_kept() -> None:
    gathering = Gathering(pause_s=1)
    for n, pressure in enumerate((0, 0, 7, 7, 0, 0, 8, 0, 0, 0)):
        gathering.take(point(n, pressure), n / 100)
    kept = gathering.finished()
    assert [sample.x for sample in kept] == [2, 3, 4, 5, 6, 7]
    assert gathering.strokes == 2
    assert not gathering.over(0.5)
    assert gathering.over(1.2)


def test_a_pen_whose_last_report_was_lost_is_lifted_in_the_end() -> None:
    gathering = Gathering(pause_s=1)
    gathering.take(point(1, 5), 0.0)
    assert not gathering.over(2)
    assert gathering.over(REST_S_MAX)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.none() | st.integers(0, 65_535)), max_size=60))
def test_time_never_goes_back_whatever_the_pad_says(moves: list[tuple[int, int, int | None]]) -> None:
    gathering = Gathering(pause_s=1)
    for n, (x, pressure, time) in enumerate(moves):
        gathering.take(point(x, pressure, time), n / 200)
    times = [sample.t_ms for sample in gathering.finished()]
    assert times == sorted(times)
    assert times[:1] in ([], [0])


# Pictures.


@pytest.mark.parametrize("colours", ["mono", "rgb565", "bgr24"])
@given(st.integers(8, 64), st.integers(8, 40), st.sampled_from(["black", "white", "red", "blue"]))
@settings(max_examples=25, deadline=None)
def test_the_pad_shows_the_picture_that_was_sent(colours: str, width: int, height: int, colour: str) -> None:
    screen = ScreenTraits(width_px=width, height_px=height, colours=colours)  # type: ignore[arg-type]
    shown = unpacked(pixels(png((width, height), colour), screen), screen)
    if colours != "mono" or colour in ("black", "white"):
        wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
        got = shown.getpixel((width // 2, height // 2))
        assert isinstance(got, tuple)
        assert isinstance(wanted, tuple)
        assert all(abs(a - b) < 9 for a, b in zip(got, wanted, strict=True))


@given(st.binary(max_size=300))
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    screen = ScreenTraits(width_px=8, height_px=8, colours="mono")
    for wrong in (data, png((8, 8))[:-20] + data, b"\x89PNG\r\n\x1a\n" + data):
        try:
            pixels(wrong, screen)
        except NoPicture:
            continue


@pytest.mark.parametrize("wrong", [{"strokes": []}, {"strokes": [[]]}, {"strokes": [[[0, 1001]]]}, {"ink": 1}])
def test_hands_refuse_what_nobody_can_sign(wrong: dict[str, object]) -> None:
    with pytest.raises(BadParameters):
        SignatureEmulator(STU430).act("sign", wrong)


# Real wires.


@pytest.mark.parametrize("profile", [STU430, STU540, PEN], ids=lambda profile: profile.id)
async def test_signs_over_a_real_wire(profile: Profile) -> None:
    emulator = SignatureEmulator(profile).on_tcp()
    await emulator.start()
    pad = SignaturePad("signature-1", profile, dial_for(emulator.address, profile.serial))
    await pad.open()

    async def sign(event: object) -> None:
        if "Started" in type(event).__name__:
            asyncio.get_running_loop().call_later(0.2, emulator.act, "sign")

    told = await pad.execute(CaptureSignature(pause_ms=400), timeout_s=30, on_event=sign)
    assert isinstance(told.payload, SignatureCaptured)
    ink = told.payload.ink
    assert (told.outcome, ink.strokes) == (Outcome.DONE, 4)
    assert ink.rate_hz >= 100
    with Image.open(io.BytesIO(ink_png(ink))) as drawn:
        assert max(drawn.size) == INK_PX_MAX
        assert len(drawn.getcolors() or ()) == 2
    assert all(isinstance(sample, Sample) for sample in ink.samples)
    emulator.act("unplug")
    assert await pad.wait_lost() is not None
    assert pad.status().device is DeviceStatus.OFFLINE
    await emulator.stop()


async def test_a_colour_picture_over_a_real_wire_and_the_light(tmp_path: Path) -> None:
    emulator = SignatureEmulator(STU540)
    emulator.listen(f"serial://{tmp_path}/pad")
    await emulator.start()
    pad = SignaturePad("signature-1", STU540, dial_for(emulator.address, STU540.serial))
    await pad.open()
    assert (await pad.execute(ShowScreen(png=png((400, 300), "blue")), timeout_s=60)).done
    shown = emulator.output()[-1]
    with Image.open(io.BytesIO(shown.png())) as seen:  # type: ignore[attr-defined]
        assert (seen.size, seen.getpixel((400, 240))) == ((800, 480), (0, 0, 255))
    assert (await pad.execute(SetBacklight(level=1), timeout_s=5)).done
    assert emulator.backlight == 1
    area = Area(x1=0, y1=0, x2=800, y2=480)
    assert (await pad.execute(CaptureSignature(area=area))).code is CompletionCode.INVALID_DATA
    await pad.close()
    await emulator.stop()
