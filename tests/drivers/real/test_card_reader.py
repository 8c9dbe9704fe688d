"""The real card service with a card of our own: laid, asked, reset, pulled out, laid again."""

import hashlib
import sys
from pathlib import Path

import pytest

from drivers.transport.packets import Card, pack
from tests.drivers.real.bank_card import ATR, FCI, NOT_SUPPORTED, SELECT_PPSE, SPECIMEN
from tests.drivers.real.card_machine import READER
from tests.drivers.real.card_service import card_service
from tests.drivers.real.machine import program

PRESENT = pack(Card.PRESENT, ATR).hex()
GONE = pack(Card.PRESENT).hex()
THROUGH = (sys.executable, "-m", "tests.drivers.real.through")


@pytest.mark.slow
async def test_a_card_is_laid_asked_and_pulled(tmp_path: Path) -> None:
    async with card_service(tmp_path) as service, program(*THROUGH, f"pcsc://{READER} 00 00", env=service.env) as wire:
        assert await wire.line() == "open"
        await wire.say(pack(Card.RESET).hex())
        assert await wire.line() == GONE, "asked, it says that there is none"
        await service.insert()
        assert await wire.line() == PRESENT
        await wire.say(pack(Card.COMMAND, SELECT_PPSE).hex() + pack(Card.COMMAND, bytes.fromhex("00CA9F1300")).hex())
        assert await wire.line() == pack(Card.RESPONSE, FCI).hex()
        assert await wire.line() == pack(Card.RESPONSE, NOT_SUPPORTED).hex()
        await wire.say(pack(Card.RESET).hex())
        assert await wire.line() == PRESENT
        await service.pull()
        assert await wire.line() == GONE
        await service.insert()
        assert await wire.line() == PRESENT


@pytest.mark.slow
@pytest.mark.parametrize("profile_id", ["generic.pcsc-contact", "generic.pcsc-contactless"])
async def test_the_driver_reads_a_card_twice(tmp_path: Path, profile_id: str) -> None:
    reading = (sys.executable, "-m", "tests.drivers.real.watching", profile_id, f"pcsc://{READER} 00 00")
    digest = hashlib.sha256(SPECIMEN.pan.encode()).hexdigest()
    masked = SPECIMEN.pan[:6] + "*" * (len(SPECIMEN.pan) - 10) + SPECIMEN.pan[-4:]
    async with card_service(tmp_path) as service, program(*reading, env=service.env) as driver:
        assert await driver.line() == "open"
        for _ in range(2):
            await service.insert()
            assert await driver.line() == f"seen {masked} {SPECIMEN.expiry} {SPECIMEN.sequence} A000000333010101 {digest}"
            await service.pull()
            assert await driver.line() == "removed"


@pytest.mark.slow
async def test_the_reader_is_called_by_its_name(tmp_path: Path) -> None:
    answers = {f"{READER} 00 01": "open", f"{READER} 00": "lost: 2 of 2 readers", "Other": "lost: 0 of 2 readers"}
    async with card_service(tmp_path) as service:
        for name, answer in answers.items():
            async with program(*THROUGH, f"pcsc://{name}", env=service.env) as wire:
                assert (await wire.line()).startswith(answer)
    nobody = {"PCSCLITE_CSOCK_NAME": str(tmp_path / "nobody")}
    async with program(*THROUGH, f"pcsc://{READER}", env=nobody) as wire:
        assert (await wire.line()).startswith("lost: ")
