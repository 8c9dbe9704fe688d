"""Call keypads: the published frame, anything at all, and a bus on a real terminal."""

import asyncio
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import registry
from drivers.api import DeviceStatus, Outcome
from drivers.call_keypad.codec import DATA_BYTES_MAX, FRAME_BYTES_MAX, Frame, Tongue, build
from drivers.call_keypad.driver import CallBus
from drivers.call_keypad.emulator import CallEmulator
from drivers.call_keypad.presses import Presses
from drivers.call_keypad.traits import KeyCap
from drivers.emulation import BadParameters
from drivers.interfaces.call_unit import KeyPressed, Show, UnitKey
from drivers.transport.address import dial_for

PROFILE = registry.load_profiles()["generic.caller-21"]
FRAMES = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=DATA_BYTES_MAX))


def raw(items: list[Frame | bytes]) -> bytes:
    return b"".join(item if isinstance(item, bytes) else item.raw for item in items)


def test_the_frame_is_the_published_one() -> None:
    assert build(3, 0x03, b"A012").hex(" ") == "ff 68 06 06 68 03 03 41 30 31 32 da 16"
    assert Tongue().receive(bytes.fromhex("ff680202680581008616".replace(" ", ""))) == [bytes.fromhex("ff680202680581008616")]
    assert Tongue().receive(bytes.fromhex("ff680202680581 86 16")) == [Frame(5, 0x81)]


@given(st.lists(FRAMES, max_size=8), st.lists(st.integers(0, 600), max_size=12))
@settings(deadline=None)
def test_any_cut_gives_the_same_frames(frames: list[Frame], cuts: list[int]) -> None:
    data = b"".join(frame.raw for frame in frames)
    tongue = Tongue()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    assert [item for start, end in itertools.pairwise(edges) for item in tongue.receive(data[start:end])] == frames
    assert tongue.pending == 0


@given(st.lists(st.binary(max_size=200) | FRAMES.map(lambda frame: frame.raw), max_size=10))
@settings(max_examples=200, deadline=None)
def test_no_byte_is_skipped_and_nothing_grows(chunks: list[bytes]) -> None:
    tongue, found = Tongue(), list[Frame | bytes]()
    for chunk in chunks:
        found += tongue.receive(chunk)
        assert tongue.pending <= FRAME_BYTES_MAX
    assert raw([*found, *tongue.flush()]) == b"".join(chunks)


@given(FRAMES, st.integers(0, 70), st.integers(1, 255))
@settings(deadline=None)
def test_one_wrong_byte_makes_no_other_frame(frame: Frame, at: int, change: int) -> None:
    wrong = bytearray(frame.raw)
    wrong[at % len(wrong)] ^= change
    tongue = Tongue()
    found = [*tongue.receive(bytes(wrong)), *tongue.flush()]
    assert raw(found) == bytes(wrong)
    assert frame not in found


def test_what_no_frame_can_hold_is_refused() -> None:
    for unit, command, data in ((256, 1, b""), (1, 256, b""), (1, 1, bytes(DATA_BYTES_MAX + 1))):
        with pytest.raises(ValueError, match="no frame"):
            build(unit, command, data)


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(list(KeyCap))), max_size=30))
def test_however_often_a_press_is_repeated_it_counts_once(told: list[tuple[int, KeyCap]]) -> None:
    once, often = Presses(bounce_s=0), Presses(bounce_s=0)
    once.nothing()
    often.nothing()
    seconds = 0.0
    first, second = [], []
    for sequence, (times, cap) in enumerate(told):
        seconds += 0.01
        first.append(once.pressed(sequence, cap, seconds))
        copies = [often.pressed(sequence, cap, seconds) for _ in range(times)]
        second.append(copies[0])
        assert copies[1:] == [None] * (times - 1)
    assert first == second


def test_a_finger_that_bounces_and_a_number_that_waits_too_long() -> None:
    presses = Presses(bounce_s=0.6)
    presses.nothing()
    assert presses.pressed(1, KeyCap.NEXT, 1.0) == (UnitKey.NEXT, "")
    assert presses.pressed(2, KeyCap.NEXT, 1.5) is None
    assert presses.pressed(3, KeyCap.NEXT, 2.2) == (UnitKey.NEXT, "")
    assert presses.pressed(4, KeyCap.DIGIT_1, 3.0) is None
    assert presses.pressed(5, KeyCap.DIGIT_1, 3.1) is None
    assert presses.pressed(6, KeyCap.CALL_NUMBER, 3.2) == (UnitKey.CALL_NUMBER, "11")
    presses.pressed(7, KeyCap.DIGIT_7, 4.0)
    assert presses.pressed(8, KeyCap.CALL_NUMBER, 15.0) == (UnitKey.CALL_NUMBER, "")
    assert presses.pressed(9, None, 16.0) is None
    assert presses.n == 4


def test_a_sequence_number_may_come_again_once_nothing_was_pressed() -> None:
    presses = Presses(bounce_s=0)
    presses.nothing()
    assert presses.pressed(1, KeyCap.NEXT, 1.0) is not None
    presses.nothing()
    assert presses.pressed(1, KeyCap.NEXT, 9.0) is not None, "its keypad was switched off and on"


@pytest.mark.parametrize("wrong", [{"unit": 9}, {"unit": 0}, {"key": "coffee"}, {"times": 5}, {"colour": 1}])
def test_hands_refuse_what_makes_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(BadParameters):
        CallEmulator(PROFILE).act("press", wrong)


@pytest.mark.parametrize("wire", ["tcp", "pty"])
async def test_hears_presses_and_shows_numbers_over_a_real_wire(wire: str, tmp_path: Path) -> None:
    emulator = CallEmulator(PROFILE)
    emulator.listen("tcp://127.0.0.1:0" if wire == "tcp" else f"serial://{tmp_path}/bus")
    await emulator.start()
    bus = CallBus("keypads", PROFILE, dial_for(emulator.address, PROFILE.serial))
    heard: asyncio.Queue[KeyPressed] = asyncio.Queue()
    bus.subscribe(lambda event: heard.put_nowait(event) if isinstance(event, KeyPressed) else None)
    await bus.open()
    shown = await bus.execute(Show(unit=2, text="A012"), timeout_s=5)
    assert shown.outcome is Outcome.DONE
    assert emulator.units[2].text == "A012"
    for _ in range(3):  # polled until every keypad has been heard once
        await bus.execute(Show(unit=1, text=""), timeout_s=5)
    async with asyncio.timeout(10):
        while not heard.qsize():
            emulator.act("press", {"unit": 2, "key": "recall"})
            await bus.execute(Show(unit=1, text=""))
    assert heard.get_nowait().key is UnitKey.RECALL
    emulator.act("unplug")
    assert await bus.wait_lost() is not None
    assert bus.status().device is DeviceStatus.OFFLINE
    await emulator.stop()
