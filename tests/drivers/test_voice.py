"""The voice: what is heard, sample by sample."""

import itertools
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import registry
from drivers.api import DeviceError, Outcome
from drivers.interfaces.voice import WORDS_MAX, SetBackground, Speak, Urgency
from drivers.transport.address import AddressError, dial_for
from drivers.voice import words
from drivers.voice.clips import ClipStore
from drivers.voice.codec import BLOCK_BYTES, Mixer, NoClip, TooLong, amplitude, blocks, speech
from drivers.voice.driver import Voice
from drivers.voice.emulator import Spoken, VoiceEmulator
from drivers.voice.traits import RATE_HZ, SAMPLE_BYTES

PROFILE = registry.load_profiles()["generic.loudspeaker"]
CLIPS = ClipStore()
GAP_MS_MAX = 20
QUIET = 60
"""Of 32,767: nobody hears it."""


def numbers(samples: bytes) -> "array[int]":
    return array("h", samples)


def longest_silence_ms(samples: bytes) -> float:
    """The longest run within it that nobody hears."""
    longest = run = 0
    heard = [at for at, value in enumerate(numbers(samples)) if abs(value) > QUIET]
    for one, next_one in itertools.pairwise(heard):
        run = next_one - one - 1
        longest = max(longest, run)
    return longest * 1000 / RATE_HZ


@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_joined_words_follow_each_other_without_a_gap(tongue: str) -> None:
    """At every join: what is silent at the end of one word and the beginning of the next is at most 20 ms."""
    spelled = [f"{tongue}/{sign}" for sign in "a0123456789b"]
    for one, other in itertools.pairwise(spelled):
        ending, beginning = numbers(CLIPS(one)), numbers(CLIPS(other))
        joined = speech((one, other), CLIPS)
        assert joined == CLIPS(one) + CLIPS(other), "joined, nothing between"
        tail = next(n for n, value in enumerate(reversed(ending)) if abs(value) > QUIET)
        head = next(n for n, value in enumerate(beginning) if abs(value) > QUIET)
        assert (tail + head) * 1000 / RATE_HZ <= GAP_MS_MAX, f"{one} {other}"


def test_a_pause_is_as_long_as_it_is_asked_for() -> None:
    assert longest_silence_ms(speech(("en/a", 140, "en/b"), CLIPS)) == pytest.approx(140, abs=GAP_MS_MAX)


def test_speech_at_full_volume_is_untouched() -> None:
    said = speech(words.call("A012", 3, ("zh", "en"), times=1), CLIPS)
    mixer = Mixer(duck_db=18, background_db=12)
    heard = b"".join(mixer.block(block) for block in blocks(said))
    assert heard[: len(said)] == said
    assert not heard[len(said) :].strip(b"\0")


def loudness(samples: bytes) -> float:
    values = numbers(samples)
    return float((sum(value * value for value in values) / max(1, len(values))) ** 0.5)


def test_the_background_is_ducked_without_a_step_and_comes_back() -> None:
    tone = array("h", [10_000, -10_000] * (RATE_HZ // 2)).tobytes()
    mixer = Mixer(duck_db=20, background_db=6, background=tone)
    spoken = bytes(BLOCK_BYTES)
    levels = [loudness(mixer.block(None)) for _ in range(3)]
    levels += [loudness(mixer.block(spoken)) for _ in range(8)]
    levels += [loudness(mixer.block(None)) for _ in range(8)]
    assert levels[0] == pytest.approx(10_000 * amplitude(6), rel=0.01)
    assert levels[10] == pytest.approx(10_000 * amplitude(26), rel=0.02)
    assert levels[-1] == pytest.approx(levels[0], rel=0.01)
    steps = [abs(later - earlier) for earlier, later in itertools.pairwise(levels)]
    assert max(steps) < levels[0] / 2, "a ramp, not a step"


@given(st.integers(0, 100), st.integers(0, 40), st.binary(max_size=4000), st.binary(max_size=BLOCK_BYTES))
@settings(max_examples=25, deadline=None)
def test_any_samples_mix_to_a_block(volume: int, duck_db: int, background: bytes, spoken: bytes) -> None:
    even = background[: len(background) // SAMPLE_BYTES * SAMPLE_BYTES]
    mixer = Mixer(duck_db, 12, volume, even)
    for block in (None, spoken.ljust(BLOCK_BYTES, b"\0"), None):
        assert len(mixer.block(block)) == BLOCK_BYTES


@given(st.from_regex(r"[A-Z][0-9]{3}", fullmatch=True), st.integers(1, 99))
@settings(max_examples=40, deadline=None)
def test_every_call_has_its_clips(number: str, counter: int) -> None:
    said = words.call(number, counter, ("zh", "en"), times=2)
    assert len(said) <= WORDS_MAX
    assert not [word for word in said if isinstance(word, str) and word not in CLIPS.names]


def test_reads_like_the_display_speaks() -> None:
    said = [word for word in words.call("A012", 12, ("zh",), times=1) if isinstance(word, str)]
    assert words.read(said) == "♪ 请A012号到十2号窗口"
    assert said[-3:] == ["zh/shi", "zh/2", "zh/hao-chuangkou"]
    assert [word for word in words.call("C7", 120, ("zh",), times=1) if word == "zh/shi"] == []


def test_says_what_it_cannot() -> None:
    with pytest.raises(NoClip, match="nobody"):
        CLIPS("zh/nobody")
    with pytest.raises(TooLong):
        speech(("chime",) * 40, CLIPS, repeat=5)
    for wrong in ((), ("zh/../etc",), ("x",) * (WORDS_MAX + 1)):
        with pytest.raises(ValueError, match=r"words|name"):
            Speak(words=wrong)


async def test_speaks_over_a_real_socket() -> None:
    emulator = VoiceEmulator(PROFILE).on_tcp()
    await emulator.start()
    voice = Voice("voice-1", PROFILE, dial_for(emulator.address, PROFILE.serial))
    await voice.open()
    spoken = await voice.execute(Speak(words=("zh/qing", "zh/a", "zh/1")))
    assert spoken.outcome is Outcome.DONE
    heard = emulator.output()[-1]
    assert isinstance(heard, Spoken)
    assert (heard.text, heard.complete) == ("请A1", True)
    await voice.close()
    await emulator.stop()


async def test_plays_through_alsa() -> None:
    """ALSA's own null device: `aplay` as it will run, and a sound card that takes everything."""
    voice = Voice("voice-1", PROFILE, dial_for("alsa://null", PROFILE.serial))
    await voice.open()
    assert (await voice.execute(SetBackground(clip="chime"))).done
    assert (await voice.execute(Speak(words=("en/1",), urgency=Urgency.ALARM), timeout_s=10)).done
    await voice.close()


async def test_a_sound_card_that_is_not_there_is_told() -> None:
    voice = Voice("voice-1", PROFILE, dial_for("alsa://hw:99", PROFILE.serial))
    try:
        await voice.open()
        lost = await voice.wait_lost()
    except DeviceError as error:
        lost = error
    assert lost is not None
    with pytest.raises(AddressError):
        dial_for("alsa://", PROFILE.serial)


def test_reads_clips_of_a_banks_own(tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "qing.ogg").write_bytes(b"not sound")
    store = ClipStore(tmp_path)
    assert store.names == ("zh/qing",)
    with pytest.raises(NoClip, match=r"qing"):
        store("zh/qing")
