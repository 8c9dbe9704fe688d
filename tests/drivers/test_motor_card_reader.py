"""Motorised readers: three dialects' bytes, and cards over real wires."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import virtualtime
from drivers.api import ErrorCode, MediaStatus, Noise, Outcome, StaleReply, Supply, SupplyKind, SupplyLevel
from drivers.emulation import BadParameters
from drivers.interfaces.card_reader import CardSeen, MediaRemoved, Move, Side
from drivers.motor_card_reader import codec, crt, crt_f2, sankyo
from drivers.motor_card_reader.codec import ACK, NAK, Control, Damaged, Frame, FrameParser, Message, Position, Unexplained, Verb
from drivers.motor_card_reader.mechanism import BIN_MAX
from drivers.specimens import CARDS
from tests.drivers.readers import Ear, cuts, emulated, pieces, wired

GRAMMARS = (sankyo.DIALECT.grammar, crt.DIALECT.grammar, crt_f2.DIALECT.grammar)
bodies = st.binary(min_size=2, max_size=60)


def test_the_published_vectors() -> None:
    """Devices reference §4: the status question of the ICT3K5; a public program's answer of a CRT-310."""
    status = sankyo.DIALECT.request(sankyo.CODES[Verb.STATUS])
    assert codec.frame(sankyo.DIALECT.grammar, status) == bytes.fromhex("F20003433130C52A")
    assert codec.frame(crt.DIALECT.grammar, bytes.fromhex("323059")) == bytes.fromhex("0200033230590359")


def test_what_a_sankyo_answers() -> None:
    code = sankyo.CODES[Verb.STATUS]
    assert sankyo.DIALECT.reply(bytearray(b"P1002"), code) == codec.Reply(None, Position.INSIDE)
    assert sankyo.DIALECT.reply(bytearray(b"N1010"), code) == codec.Reply(ErrorCode.MEDIA_JAM)
    assert sankyo.DIALECT.reply(bytearray(b"N10B0"), code) == codec.Reply(ErrorCode.DEVICE_FAULT, not_ready=True)
    assert sankyo.DIALECT.reply(bytearray(b"N10??"), code) == codec.Reply(ErrorCode.GARBLED)
    assert sankyo.DIALECT.reply(bytearray(b"P3000"), code) is None
    assert sankyo.DIALECT.reply(bytearray(b"P6202" + b"6228=3011"), b"62") == codec.Reply(
        None, Position.INSIDE, bytearray(b"6228=3011")
    )


def test_what_the_f2_family_says_and_answers() -> None:
    """QUIO's instructions for the QU-TK-F3: 9.2 status, 9.6.1 reset with protocol digit and ATR, 9.6.7 APDU."""
    dialect = crt_f2.DIALECT
    status = dialect.request(crt_f2.CODES[Verb.STATUS])
    assert codec.frame(dialect.grammar, status) == bytes.fromhex("F2 00 0003 433130 03 B0")
    assert dialect.request(crt_f2.CODES[Verb.CHIP_ON]) == b"C\x51\x30"
    assert dialect.reply(bytearray(b"P10" + b"200"), b"10") == codec.Reply(None, Position.INSIDE)
    atr = b"0" + bytes.fromhex("3B6500002063CBA000")
    assert dialect.reply(bytearray(b"P\x51\x30" + b"200" + atr), b"\x51\x30") == codec.Reply(
        None, Position.INSIDE, bytearray(atr)
    )
    answered = dialect.reply(bytearray(b"P\x51\x39" + b"200" + b"\x6f\x00\x90\x00"), b"\x51\x39\x00\xa4")
    assert answered == codec.Reply(None, Position.INSIDE, bytearray(b"\x6f\x00\x90\x00"))
    assert dialect.reply(bytearray(b"N\x51\x39" + b"65"), b"\x51\x39") == codec.Reply(ErrorCode.READ_FAIL)
    assert dialect.reply(bytearray(b"N10B0"), b"10") == codec.Reply(ErrorCode.DEVICE_FAULT, not_ready=True)


def test_what_a_crt_answers() -> None:
    assert crt.DIALECT.reply(bytearray(b"\x31\x30\x4a\x4a\x4e"), b"\x31\x30") == codec.Reply(None, Position.INSIDE)
    assert crt.DIALECT.reply(bytearray(b"\x32\x30\x45"), b"\x32\x30") == codec.Reply(ErrorCode.NO_MEDIA)
    assert crt.DIALECT.reply(bytearray(b"\x32\x30\x99"), b"\x32\x30") is None
    assert crt.DIALECT.reply(bytearray(b"\x30\x30V1.0"), b"\x30\x30") == codec.Reply(None, data=bytearray(b"V1.0"))


@pytest.mark.parametrize("grammar", GRAMMARS, ids=["sankyo", "crt", "crt_f2"])
@given(parts=st.lists(st.one_of(bodies, st.sampled_from((ACK, NAK))), max_size=6), places=cuts)
def test_any_cut_gives_the_same_messages(grammar: codec.Grammar, parts: list[bytes | int], places: list[int]) -> None:
    said = b"".join(bytes((part,)) if isinstance(part, int) else codec.frame(grammar, part) for part in parts)
    parser = FrameParser(grammar)
    heard = [message for piece in pieces(said, places) for message in parser.receive(piece)]
    assert heard == [Control(part) if isinstance(part, int) else Frame(bytearray(part)) for part in parts]
    assert parser.pending == 0


@pytest.mark.parametrize("grammar", GRAMMARS, ids=["sankyo", "crt", "crt_f2"])
@given(data=st.data())
def test_no_byte_is_lost_in_silence_and_nothing_grows(grammar: codec.Grammar, data: st.DataObject) -> None:
    frames = bodies.map(lambda body: codec.frame(grammar, body))
    broken = frames.map(lambda whole: whole[:-1])
    said = b"".join(data.draw(st.lists(st.one_of(st.binary(max_size=30), frames, broken), max_size=8)))
    parser = FrameParser(grammar)
    heard = parser.receive(said)
    assert _size(grammar, heard) + parser.pending == len(said)
    assert parser.pending <= codec.BODY_BYTES_MAX + grammar.head_bytes + codec.TAIL_BYTES
    heard += parser.flush()
    assert _size(grammar, heard) == len(said)
    assert parser.pending == 0


@pytest.mark.parametrize("grammar", GRAMMARS, ids=["sankyo", "crt", "crt_f2"])
@given(body=st.binary(min_size=2, max_size=40), data=st.data())
def test_a_flipped_bit_is_damage_and_no_handshake(grammar: codec.Grammar, body: bytes, data: st.DataObject) -> None:
    whole = bytearray(codec.frame(grammar, body))
    whole[data.draw(st.integers(grammar.head_bytes, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    heard = FrameParser(grammar).receive(bytes(whole))
    assert Damaged() in heard or not heard
    assert not [message for message in heard if isinstance(message, Control)]


@pytest.mark.parametrize("body", [b"", b"x", b"x" * 601])
def test_what_no_frame_holds_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        codec.frame(crt.DIALECT.grammar, body)


@pytest.mark.parametrize(
    ("profile_id", "wire"), [("sankyo.ict3k5", "tcp"), ("creator.crt-310", "pty"), ("creator.crt-571", "tcp")]
)
async def test_a_card_goes_in_and_out_over_a_real_wire(tmp_path: Path, profile_id: str, wire: str) -> None:
    """Not Sankyo's on a pty: its line needs parity and RTS/CTS, which a pty has not."""
    device, emulator = await wired(profile_id, tmp_path / "reader" if wire == "pty" else None)
    ear = Ear(device)
    await device.open()
    emulator.act("insert", {"card": 3})
    seen = await ear.wait_for(CardSeen)
    assert (seen.card.pan.reveal(), seen.card.expiry) == (CARDS[2].pan, CARDS[2].expiry)
    assert (await device.execute(Move(), timeout_s=10)).outcome is Outcome.DONE
    emulator.act("take")
    await ear.wait_for(MediaRemoved)
    assert device.status().media is MediaStatus.NOT_PRESENT
    assert CARDS[2].pan not in repr(ear.events)
    await device.close()
    await emulator.stop()


def test_nothing_of_a_track_is_in_what_is_told_of_stray_frames() -> None:
    async def main() -> None:
        device, emulator = emulated("sankyo.ict3k5")
        ear = Ear(device)
        await device.open()
        track = codec.frame(sankyo.DIALECT.grammar, b"P6202" + CARDS[0].pan.encode() + b"=3011220")
        emulator.say(track)
        emulator.say(track[:-1] + b"\xff")
        await ear.wait_for(Noise)
        told = [event.data for event in ear.events if isinstance(event, Noise | StaleReply)]
        assert not [data for data in told if CARDS[0].pan[:6].encode() in data]
        await device.close()

    virtualtime.run(main())


def test_the_retain_bin_is_full_one_day() -> None:
    async def main() -> None:
        device, emulator = emulated("creator.crt-310")
        await device.open()
        outcomes = []
        for _ in range(BIN_MAX + 1):
            emulator.act("insert")
            await asyncio.sleep(2)
            completion = await device.execute(Move(to=Side.STORAGE), timeout_s=10)
            outcomes.append((completion.outcome, completion.error))
        assert outcomes[:-1] == [(Outcome.DONE, None)] * BIN_MAX
        assert outcomes[-1][0] is not Outcome.DONE
        await device.close()

    virtualtime.run(main())


def test_a_full_bin_is_told_by_name() -> None:
    async def main() -> None:
        device, emulator = emulated("sankyo.ict3k5")
        await device.open()
        told = []
        for _ in range(BIN_MAX + 1):
            emulator.act("insert")
            await asyncio.sleep(2)
            told.append(await device.execute(Move(to=Side.STORAGE), timeout_s=10))
        assert (told[-1].outcome, told[-1].error) == (Outcome.HELD, ErrorCode.RETAIN_BIN_FULL)
        assert device.status().supplies == (Supply(kind=SupplyKind.RETAIN_BIN, level=SupplyLevel.OUT),)
        await device.close()

    virtualtime.run(main())


@pytest.mark.parametrize("wish", [{"card": 7}, {"number": "1"}, {"trouble": "fire"}, {"pin": "1234"}])
def test_the_bench_refuses_what_no_card_could_be(wish: dict[str, object]) -> None:
    _, emulator = emulated("sankyo.ict3k5")
    with pytest.raises(BadParameters):
        emulator.act("insert", wish)


def _size(grammar: codec.Grammar, heard: list[Message]) -> int:
    return sum(_bytes(grammar, message) for message in heard)


def _bytes(grammar: codec.Grammar, message: Message) -> int:
    match message:
        case Unexplained(data=data):
            return len(data)
        case Frame(body=body):
            return len(body) + grammar.head_bytes + codec.TAIL_BYTES
        case Control():
            return 1
        case Damaged():
            return 0
