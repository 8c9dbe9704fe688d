"""Rating pads: published bytes, anything at all, and one on a real terminal."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import registry
from drivers.api import DeviceStatus, Outcome
from drivers.emulation import BadParameters
from drivers.evaluator.codec import Present, Pressed, Tongue, Word
from drivers.evaluator.driver import RatingPad
from drivers.evaluator.emulator import PROMPT, EvaluatorEmulator
from drivers.evaluator.traits import EvaluatorTraits
from drivers.frame_layout import FRAME_BYTES_MAX
from drivers.interfaces.evaluator import AskRating, RatingGiven
from drivers.profiles import ProfileError
from drivers.transport.address import dial_for

PROFILES = registry.load_profiles()
CENTERM, FRAMED = PROFILES["centerm.evaluator"], PROFILES["generic.framed-evaluator"]
MODELS = ("centerm.evaluator", "generic.framed-evaluator")


def tongue(model: str) -> Tongue:
    return Tongue(PROFILES[model].section(EvaluatorTraits))


def raw(words: list[Word | bytes]) -> bytes:
    return b"".join(word if isinstance(word, bytes) else word.raw for word in words)


def test_speaks_centerms_bytes() -> None:
    pad = tongue("centerm.evaluator")
    assert (pad.ask().hex(), pad.cancel().hex(), pad.probe()) == ("1b5b3452", "1b5b3443", None)
    assert pad.receive(b"B1FB2FB3F") == [Pressed(5, b"B1F"), Pressed(4, b"B2F"), Pressed(2, b"B3F")]
    assert pad.receive(b"B4F") == [b"B4F"], "a key it has not is no opinion"


def test_speaks_the_frames_of_a_profile() -> None:
    pad = tongue("generic.framed-evaluator")
    assert pad.ask().hex(" ") == "aa 55 01 01 00 0d"
    assert (pad.probe() or b"").hex(" ") == "aa 55 01 03 02 0d"
    assert pad.receive(bytes.fromhex("aa558100810d aa558105840d")) == [
        Present(bytes.fromhex("aa558100810d")),
        Pressed(1, bytes.fromhex("aa558105840d")),
    ]


@pytest.mark.parametrize("model", MODELS)
@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=12))
@settings(max_examples=150, deadline=None)
def test_cuts_do_not_matter_and_no_byte_is_skipped(model: str, data: bytes, cuts: list[int]) -> None:
    whole, pieces = tongue(model), tongue(model)
    at_once = [*whole.receive(data), *whole.flush()]
    edges = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    in_pieces = [word for start, end in itertools.pairwise(edges) for word in pieces.receive(data[start:end])]
    assert pieces.pending <= FRAME_BYTES_MAX
    in_pieces += pieces.flush()
    assert raw(at_once) == raw(in_pieces) == data
    assert [word for word in at_once if not isinstance(word, bytes)] == [
        word for word in in_pieces if not isinstance(word, bytes)
    ]


@given(st.lists(st.sampled_from([b"B1F", b"B2F", b"B3F", b"\x00", b"F", b"xyz", b"\x1b[4R"]), max_size=60))
def test_every_key_between_garbage_is_heard(parts: list[bytes]) -> None:
    pad = tongue("centerm.evaluator")
    words = [*pad.receive(b"".join(parts)), *pad.flush()]
    assert [word.raw for word in words if isinstance(word, Pressed)] == [part for part in parts if part[:1] == b"B"]


@pytest.mark.parametrize(
    "changes",
    [
        {"probe": 3},
        {"scores": {"31": 5}},
        {"scores": {"31": 5, "32": 6}},
        {"reply": {"head": "42", "layout": ["any/1"]}},
        {"request": {"head": "42", "layout": ["=00"]}},
        {"probe": 3, "present": 0x31},
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    wrong = msgspec.structs.replace(CENTERM, traits={**CENTERM.traits, **changes})
    with pytest.raises(ProfileError):
        wrong.section(EvaluatorTraits)


def test_a_key_that_the_pad_has_not_cannot_be_pressed() -> None:
    with pytest.raises(BadParameters, match="2, 4, 5"):
        EvaluatorEmulator(CENTERM).act("press", {"score": 3})
    with pytest.raises(BadParameters):
        EvaluatorEmulator(FRAMED).act("press", {"score": 6})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wire", ["tcp", "pty"])
async def test_asks_over_a_real_wire(model: str, wire: str, tmp_path: Path) -> None:
    profile = PROFILES[model]
    emulator = EvaluatorEmulator(profile)
    emulator.listen("tcp://127.0.0.1:0" if wire == "tcp" else f"serial://{tmp_path}/pad")
    await emulator.start()
    pad = RatingPad("evaluator-1", profile, dial_for(emulator.address, profile.serial))
    await pad.open()

    async with asyncio.timeout(10):
        asking = asyncio.create_task(pad.execute(AskRating()))
        while not emulator.asking:  # noqa: ASYNC110 -- the pad itself has nothing to await
            await asyncio.sleep(0)
        emulator.act("press_satisfied")
        rated = await asking
    assert (rated.outcome, rated.payload) == (Outcome.DONE, RatingGiven(score=5))
    given_up = await pad.execute(AskRating(), timeout_s=0.2)
    assert given_up.outcome is Outcome.HELD
    assert PROMPT in [shown.text for shown in emulator.output()]
    emulator.act("unplug")
    assert await pad.wait_lost() is not None
    assert pad.status().device is DeviceStatus.OFFLINE
    await emulator.stop()
