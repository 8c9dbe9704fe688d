"""PIN pads: published vectors, anything at all, what never leaves the pad, and one on a real terminal."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import registry, virtualtime
from drivers.api import CompletionCode, DeviceStatus, ErrorCode, Event, Noise, Outcome
from drivers.confidential import Pan
from drivers.emulation import BadParameters
from drivers.interfaces.pin_pad import DataEntry, GetPinBlock, PinBlock, PinEntered, PinEntry, PinFormat, Press, Reset
from drivers.pin_pad import blocks, codec
from drivers.pin_pad.codec import FRAME_BYTES_MAX, Frame, Key, Parser
from drivers.pin_pad.driver import PinPad
from drivers.pin_pad.emulator import PIN_KEYS, PinPadEmulator
from drivers.pin_pad.traits import PinPadTraits
from drivers.profiles import ProfileError
from drivers.transport.address import dial_for

PROFILES = registry.load_profiles()
ZT598, SM4 = PROFILES["szzt.zt598"], PROFILES["szzt.zt598-sm4"]
PAN = "6228480402564890018"
FRAMES = st.binary(min_size=1, max_size=codec.TEXT_BYTES_MAX).map(Frame)


def seven(count: int) -> bytes:
    return bytes([0x77]) * count


def raw(items: list[Frame | Key]) -> bytes:
    return b"".join(item.raw if isinstance(item, Frame) else bytes([item.code]) for item in items)


# Vectors.


def test_the_query_is_the_published_frame() -> None:
    assert Frame(codec.INFO).raw == bytes.fromhex("02 30 30 31 33 03 30 31")
    assert Parser().receive(bytes.fromhex("0230303133033031")) == [Frame(b"3")]


def test_commands_are_those_of_the_manufacturer() -> None:
    assert codec.start_pin("40", " ", 6, PAN) == b"640 0066228480402564890018"
    assert codec.load_key("00", "40", 3, bytes(16)) == b"2004032" + b"0" * 32
    assert codec.set_byte("3", ord("*")) == b"532A"


def test_format_0_is_the_published_block() -> None:
    assert blocks.clear_block(PinFormat.ISO0, "1234", PAN, seven).hex().upper() == "041230FDA9B76FFE"


def test_sm4_is_the_published_vector() -> None:
    key = bytes.fromhex("F351D490994603795C6EBEE8FAEBB481")
    padded = bytes.fromhex("06125055FF88D977") + bytes(8)
    assert blocks.encrypt("sm4", key, padded).hex().upper() == "E639B7346D93D4ECE1E991CDCC84936E"
    assert blocks.check_value("sm4", key).hex().upper() == "861E83E31FAEBF10"


def test_tdes_is_the_published_check_value() -> None:
    """The textbook key's check value, as in ANSI X9.24 examples: 08D7B4 for 0123456789ABCDEFFEDCBA9876543210."""
    assert blocks.check_value("tdes", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")).hex().upper().startswith("08D7B4")


@given(st.from_regex(r"[0-9]{4,12}", fullmatch=True), st.from_regex(r"[0-9]{13,19}", fullmatch=True))
def test_every_block_can_be_undone_with_its_card_only(pin: str, pan: str) -> None:
    for form, size in ((PinFormat.ISO0, 8), (PinFormat.ISO3, 8), (PinFormat.SM4_ISO0, 16), (PinFormat.SM4_PAN16, 16)):
        block = blocks.clear_block(form, pin, pan, seven)
        assert len(block) == size
        field = bytes.fromhex("0000" + pan[-13:-1])
        field = field.rjust(16, b"\0") if form is PinFormat.SM4_PAN16 else field.ljust(size, b"\0")
        plain = bytes(a ^ b for a, b in zip(block, field, strict=True)).hex()
        assert plain[1:2] == f"{len(pin):x}"
        assert plain[2 : 2 + len(pin)] == pin
    one = blocks.clear_block(PinFormat.ISO1, pin, "", seven).hex()
    assert one.startswith(f"1{len(pin):x}{pin}")


# Anything at all.


@given(
    st.lists(FRAMES | st.sampled_from([Key(0x2A), Key(0x0D), Key(0x1B)]), max_size=6),
    st.lists(st.integers(0, 9000), max_size=9),
)
@settings(deadline=None, max_examples=60)
def test_any_cut_gives_the_same_frames_and_keys(items: list[Frame | Key], cuts: list[int]) -> None:
    data, parser = raw(items), Parser()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    assert [item for start, end in itertools.pairwise(edges) for item in parser.receive(data[start:end])] == items
    assert parser.pending == 0


@given(st.lists(st.binary(max_size=300) | st.sampled_from([b"\x020001", b"\x02000", b"\x02999", b"\x020002048"]), max_size=8))
@settings(max_examples=200, deadline=None)
def test_no_byte_is_skipped_and_nothing_grows(chunks: list[bytes]) -> None:
    parser, found = Parser(), list[Frame | Key]()
    for chunk in chunks:
        found += parser.receive(chunk)
        assert parser.pending <= FRAME_BYTES_MAX
    assert raw([*found, *parser.flush()]) == b"".join(chunks)


@given(st.binary(max_size=200))
def test_answers_of_any_kind_are_read_or_refused(data: bytes) -> None:
    codec.parse_facts(data)
    codec.parse_block(data)
    codec.parse_hex(data)


def test_an_answer_and_an_error_are_told_apart() -> None:
    assert Frame(b"0").fault is None
    assert Frame(b"\xe4").fault == codec.Fault.NO_KEY
    assert Frame(b"\xdd").fault == codec.Fault.TAMPERED


@pytest.mark.parametrize(
    "changes",
    [
        {"formats": {"iso0": "@"}},
        {"formats": {"sm4Iso0": "B"}},
        {"cipher": "sm4"},
        {"mask": "7"},
        {"formats": {}},
        {"slots": {"pin": "4"}},
    ],
)
def test_a_profile_cannot_ask_for_a_clear_pin(changes: dict[str, Any]) -> None:
    wrong = msgspec.structs.replace(ZT598, traits={**ZT598.traits, **changes})
    with pytest.raises(ProfileError):
        wrong.section(PinPadTraits)


@pytest.mark.parametrize("wrong", [{"digits": "12a4"}, {"digits": ""}, {"digits": "1" * 21}, {"pin": "1234"}])
def test_hands_refuse_what_cannot_be_typed(wrong: dict[str, object]) -> None:
    with pytest.raises(BadParameters):
        PinPadEmulator(ZT598).act("type_pin", wrong)


# What never leaves the pad.


def test_a_pad_that_sends_digits_instead_of_masks_tells_nobody_which() -> None:
    async def tell() -> None:
        emulator = PinPadEmulator(ZT598)
        pad = PinPad("pin-pad-1", ZT598, emulator.in_memory().dial)
        heard: list[Event] = []
        pad.subscribe(heard.append)
        await pad.open()
        entering = asyncio.create_task(pad.execute(PinEntry(key="pin", pan=Pan(PAN)), timeout_s=5))
        await asyncio.sleep(1)
        emulator.say(b"918273")
        told = await entering
        assert told.outcome is Outcome.HELD
        assert [event.data for event in heard if isinstance(event, Noise)] == [b"******"]
        assert "918273" not in repr((told, heard, pad.trace.after(0)))
        await pad.close()

    virtualtime.run(tell())


def test_a_queued_prompt_already_forbids_clear_entry_and_a_reset_allows_it_again() -> None:
    async def tell() -> None:
        emulator = PinPadEmulator(ZT598)
        pad = PinPad("pin-pad-1", ZT598, emulator.in_memory().dial)
        await pad.open()
        first = asyncio.create_task(pad.execute(DataEntry(max_digits=3), timeout_s=30))
        await asyncio.sleep(0)
        second = asyncio.create_task(pad.execute(PinEntry(key="pin", pan=Pan(PAN)), timeout_s=60))
        await asyncio.sleep(0)
        third = await pad.execute(DataEntry())
        assert (third.code, third.error) == (CompletionCode.SEQUENCE_ERROR, ErrorCode.ACCESS_DENIED)
        await asyncio.sleep(1)
        emulator.act("type_pin", {"digits": "123", "enter": False})
        assert (await first).done, "what was accepted before the prompt goes on"
        await asyncio.sleep(1)
        emulator.act("type_pin", {"digits": "123456"})
        assert (await second).payload == PinEntered(digits=6, ended_by=Press.MASKED)
        assert (await pad.execute(Reset())).done
        assert (await pad.execute(GetPinBlock())).code is CompletionCode.SEQUENCE_ERROR
        assert (await pad.execute(DataEntry(), timeout_s=1)).code is CompletionCode.TIME_OUT
        await pad.close()

    virtualtime.run(tell())


def test_a_prompt_that_a_power_cut_ended_is_not_waited_for() -> None:
    async def tell() -> None:
        emulator = PinPadEmulator(ZT598)
        pad = PinPad("pin-pad-1", ZT598, emulator.in_memory().dial)
        await pad.open()
        entering = asyncio.create_task(pad.execute(PinEntry(key="pin", pan=Pan(PAN))))
        await asyncio.sleep(1)
        emulator.lose_power()
        told = await entering
        assert (told.outcome, told.error) == (Outcome.HELD, ErrorCode.BUFFER_LOST)
        await pad.close()

    virtualtime.run(tell())


@pytest.mark.parametrize("profile_id", ["szzt.zt588", "szzt.zt598", "szzt.zt598-sm4"])
@pytest.mark.parametrize("wire", ["tcp", "pty"])
async def test_encrypts_over_a_real_wire(profile_id: str, wire: str, tmp_path: Path) -> None:
    profile = PROFILES[profile_id]
    emulator = PinPadEmulator(profile)
    emulator.listen("tcp://127.0.0.1:0" if wire == "tcp" else f"serial://{tmp_path}/pad")
    await emulator.start()
    line = msgspec.structs.replace(profile.serial, flow="none")  # a pseudo-terminal has no such wires
    pad = PinPad("pin-pad-1", profile, dial_for(emulator.address, line))
    await pad.open()
    assert (pad.capabilities().model, pad.capabilities().serial_number) == ("ZT598", "0007")

    async with asyncio.timeout(10):
        entering = asyncio.create_task(pad.execute(PinEntry(key="pin", pan=Pan(PAN))))
        while not emulator.output():  # noqa: ASYNC110 -- the pad itself has nothing to await
            await asyncio.sleep(0)
        emulator.act("type_pin", {"digits": "123456"})
        assert (await entering).payload == PinEntered(digits=6, ended_by=Press.MASKED)
        fetched = (await pad.execute(GetPinBlock())).payload
    assert isinstance(fetched, PinBlock)
    cipher = emulator.traits.cipher
    clear = blocks.decrypt(cipher, PIN_KEYS[cipher], fetched.block)
    assert clear == blocks.clear_block(fetched.format, "123456", PAN, seven)
    emulator.act("unplug")
    assert await pad.wait_lost() is not None
    assert pad.status().device is DeviceStatus.OFFLINE
    await emulator.stop()
