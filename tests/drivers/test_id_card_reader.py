"""The identity card reader on real wires, and what must never leak from it."""

import asyncio
from pathlib import Path

import pytest

from drivers import virtualtime
from drivers.api import CompletionCode, ErrorCode, Noise, Outcome, StaleReply
from drivers.emulation import BadParameters
from drivers.id_card_reader import codec
from drivers.interfaces.id_card import CardLaid, CardRemoved, IdCardRead, IdDocument, ReadIdCard
from drivers.interfaces.printer import Reset as PrinterReset
from drivers.specimens import PEOPLE
from tests.drivers.readers import Ear, emulated, wired


@pytest.mark.parametrize("wire", ["tcp", "pty"])
async def test_a_card_is_told_over_a_real_wire(tmp_path: Path, wire: str) -> None:
    device, emulator = await wired("generic.sam-v-serial", tmp_path / "reader" if wire == "pty" else None)
    ear = Ear(device)
    await device.open()
    emulator.act("lay", {"person": 9})
    laid = await ear.wait_for(CardLaid)
    assert laid.holder.document is IdDocument.COMPATRIOT_PERMIT
    assert laid.holder.number.reveal() == PEOPLE[8].number
    emulator.act("remove")
    await ear.wait_for(CardRemoved)
    assert device.capabilities().serial_number == "05.01-20167317-0000123456-1234567890"
    await device.close()
    await emulator.stop()


def test_the_photo_comes_when_asked_for_and_can_be_wiped() -> None:
    async def main() -> None:
        device, emulator = emulated("generic.sam-v-serial")
        await device.open()
        emulator.act("lay")
        completion = await device.execute(ReadIdCard(photo=True), timeout_s=10)
        assert isinstance(completion.payload, IdCardRead)
        photo = completion.payload.photo
        assert photo is not None
        assert len(photo) == 1024
        photo.wipe()
        assert len(photo) == 0
        await device.close()

    virtualtime.run(main())


def test_nothing_of_a_person_is_in_what_is_told_of_stray_bytes() -> None:
    """Noise and late answers can be somebody's card: subscribers hear their length, not their content."""

    async def main() -> None:
        device, emulator = emulated("generic.sam-v-serial")
        heard = Ear(device)
        await device.open()
        whole = codec.answer_frame(codec.Sw.OK, codec.information(b"\x20\x4e" * 128, b"photo"))
        emulator.say(whole)
        emulator.say(whole[:200] + b"\xff" + whole[201:])
        await asyncio.sleep(5)
        told = [event.data for event in heard.events if isinstance(event, Noise | StaleReply)]
        assert told
        assert not [data for data in told if b"\x20\x4e" in data or b"photo" in data]
        await device.close()

    virtualtime.run(main())


def test_waiting_for_a_card_ends_in_time_and_leaves_no_doubt() -> None:
    async def main() -> None:
        device, _ = emulated("generic.sam-v-serial")
        await device.open()
        completion = await device.execute(ReadIdCard(), timeout_s=3)
        assert (completion.code, completion.outcome) == (CompletionCode.TIME_OUT, Outcome.HELD)
        completion = await device.execute(PrinterReset())
        assert completion.code is CompletionCode.UNSUPPORTED_COMMAND
        await device.close()

    virtualtime.run(main())


def test_a_card_taken_away_too_soon_says_so() -> None:
    async def main() -> None:
        device, emulator = emulated("generic.sam-v-serial")
        await device.open()
        emulator.act("lay", {"trouble": "askew"})
        completion = await device.execute(ReadIdCard(), timeout_s=30)
        assert (completion.code, completion.error) == (CompletionCode.COMMAND_ERROR_CODE, ErrorCode.READ_FAIL)
        await device.close()

    virtualtime.run(main())


@pytest.mark.parametrize(
    "wish", [{"person": 0}, {"person": 99}, {"sex": "x"}, {"number": "1"}, {"colour": "red"}, {"person": 10, "name": "赵" * 16}]
)
def test_the_bench_refuses_what_no_card_could_be(wish: dict[str, object]) -> None:
    _, emulator = emulated("generic.sam-v-serial")
    with pytest.raises(BadParameters):
        emulator.act("lay", wish)
