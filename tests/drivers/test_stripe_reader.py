"""Stripe readers: their bytes, and swipes over real wires."""

import asyncio
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import virtualtime
from drivers.api import ErrorCode, Event, Started
from drivers.emulation import BadParameters
from drivers.interfaces.card_reader import BankCardRead, CardSeen, Doubt, InvalidMedia, ReadCard
from drivers.listening import Answered, Broken, Framing, Heard, Line, Unexplained
from drivers.magnetic_stripe import codec
from drivers.magnetic_stripe.codec import KeypadFraming, LineFraming
from drivers.specimens import CARDS
from tests.drivers.readers import Ear, cuts, emulated, pieces, wired

FRAMINGS = (lambda: KeypadFraming("2+3", 200), lambda: LineFraming(200))


def test_a_keypads_bytes_are_the_published_ones() -> None:
    """Devices reference §4: 1B 73 … 3F, and 41 between the tracks."""
    assert codec.ARM["2+3"] == bytes.fromhex("1B301B425D")
    said = bytes.fromhex("1B73") + b"6228480402564890018=3011A996228480402564890018=1561" + bytes.fromhex("3F")
    assert codec.keypad_swipe("6228480402564890018=3011", "996228480402564890018=1561", "2+3") == said
    assert KeypadFraming("2+3", 200).receive(said) == [Line(";6228480402564890018=3011?+996228480402564890018=1561?")]
    assert KeypadFraming("2", 200).receive(b"\x1bs;622848=3011?") == [Line(";622848=3011?")]
    assert KeypadFraming("3", 200).receive(b"\x1bs99622848=3011?") == [Line("+99622848=3011?")]


def test_an_mrs100_is_told_and_says_yes() -> None:
    assert codec.setup(0x30, 0x31) == bytes.fromhex("0202 3031 03") + bytes((0x02 ^ 0x02 ^ 0x30 ^ 0x31 ^ 0x03,))
    assert LineFraming(200).receive(b"Y;622=?\r\n") == [Answered(done=True), Line(";622=?")]


def test_half_a_swipe_is_told_and_so_is_too_much() -> None:
    framing = KeypadFraming("2+3", 60)
    assert framing.receive(b"xx\x1bs622848") == [Unexplained(2)]
    assert framing.idle() == [Broken(ErrorCode.READ_FAIL)]
    assert framing.receive(b"\x1bs" + b"6" * 61) == [Broken(ErrorCode.INVALID_MEDIA)]
    assert framing.pending == 0


@pytest.mark.parametrize("new", FRAMINGS, ids=["keypad", "line"])
@given(data=st.binary(max_size=1500), places=cuts)
def test_any_bytes_are_taken_however_they_are_cut(new: type[Framing], data: bytes, places: list[int]) -> None:
    whole, cut = new(), new()
    expected = [*whole.receive(data), *whole.idle()]
    heard: list[Heard] = []
    for piece in pieces(data, places):
        heard += cut.receive(piece)
        assert cut.pending <= 203
    heard += cut.idle()
    assert _lines(heard) == _lines(expected)
    assert cut.pending == 0


@pytest.mark.parametrize("profile_id", ["generic.stripe-wedge", "start.keypad-stripe", "generic.mrs100"])
@pytest.mark.parametrize("wire", ["tcp", "pty"])
async def test_a_swipe_is_told_over_a_real_wire(tmp_path: Path, profile_id: str, wire: str) -> None:
    device, emulator = await wired(profile_id, tmp_path / "reader" if wire == "pty" else None)
    ear = Ear(device)
    await device.open()
    if profile_id == "start.keypad-stripe":
        while not emulator.armed:  # type: ignore[attr-defined] # only this family's emulator is asked for swipes
            await ear.pause()
    emulator.act("swipe", {"card": 2})
    seen = await ear.wait_for(CardSeen)
    assert seen.card.pan.reveal() == CARDS[1].pan
    assert CARDS[1].pan not in repr(ear.events)
    await device.close()
    await emulator.stop()


def test_a_swipe_that_somebody_waits_for_is_theirs_alone() -> None:
    async def main() -> None:
        device, emulator = emulated("generic.mrs100")
        ear = Ear(device)
        await device.open()

        async def swipe(event: Event) -> None:
            if isinstance(event, Started):
                emulator.act("swipe", {"trouble": "bad_lrc"})

        completion = await device.execute(ReadCard(), timeout_s=5, on_event=swipe)
        assert isinstance(completion.payload, BankCardRead)
        assert completion.payload.card.doubts == (Doubt.LRC,)
        assert not [event for event in ear.events if isinstance(event, CardSeen | InvalidMedia)]
        await device.close()

    virtualtime.run(main())


async def test_a_loop_that_was_held_up_breaks_no_swipe() -> None:
    """What the reader typed meanwhile waits to be read, and is no pause of the reader's."""
    device, emulator = await wired("generic.stripe-wedge")
    ear = Ear(device)
    await device.open()
    emulator.act("swipe", {"card": 4})
    loop = asyncio.get_running_loop()
    for delay_s in (0.01, 0.02, 0.03):
        loop.call_later(delay_s, time.sleep, 0.35)  # not waiting for anything: the whole loop stands still
    seen = await ear.wait_for(CardSeen)
    assert seen.card.pan.reveal() == CARDS[3].pan
    assert not [event for event in ear.events if isinstance(event, InvalidMedia)]
    await device.close()
    await emulator.stop()


@pytest.mark.parametrize("wish", [{"card": 0}, {"number": "12"}, {"expiry": "13/99"}, {"trouble": "fire"}, {"pin": "1234"}])
def test_the_bench_refuses_what_no_card_could_be(wish: dict[str, object]) -> None:
    _, emulator = emulated("generic.mrs100")
    with pytest.raises(BadParameters):
        emulator.act("swipe", wish)


def _lines(heard: list[Heard]) -> list[Heard]:
    return [item for item in heard if not isinstance(item, Unexplained)]
