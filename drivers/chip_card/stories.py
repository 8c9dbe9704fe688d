"""The chip card reader's part in the conformance suite: cards read, mute ones, and none asked for more than reading."""

from typing import Final

from drivers.api import Command, CompletionCode, ErrorCode, MediaStatus, Outcome
from drivers.card_stories import CardBench
from drivers.chip_card.emulator import ChipEmulator
from drivers.chip_card.plastic import ATR
from drivers.confidential import Opaque
from drivers.conformance import must
from drivers.interfaces.card_reader import (
    CardSeen,
    ChipAnswer,
    ChipIo,
    ChipPower,
    ChipPowered,
    InvalidMedia,
    MediaInserted,
    MediaRemoved,
    ReadCard,
)
from drivers.specimens import CARDS
from drivers.transport.packets import Card, pack

READING: Final = frozenset((0xA4, 0xA8, 0xB2, 0xC0))


async def tells_each_card(bench: "ChipBench") -> None:
    for n, specimen in enumerate(CARDS, 1):
        style = ("plain", "instalments", "exact_length")[n % 3]
        bench.act("insert", card=n, style=style)
        await bench.settle(4)
        bench.expect(bench.seen()[-1:] == [specimen.pan], f"card {n} is told")
        bench.expect(bench.device.status().media is MediaStatus.PRESENT, "and shows as there")
        bench.only_read()
        bench.act("remove")
        await bench.settle(1)
        await bench.reconnect()
    for kind in (MediaInserted, MediaRemoved, CardSeen):
        bench.expect(sum(isinstance(event, kind) for event in bench.unsolicited) == len(CARDS), f"{kind.__name__} each once")


async def says_what_it_cannot_read(bench: "ChipBench") -> None:
    bench.act("insert", trouble="not_bank")
    await bench.settle(3)
    told = [event.error for event in bench.unsolicited if isinstance(event, InvalidMedia)]
    bench.expect(told == [ErrorCode.INVALID_MEDIA], f"another kind of card is told once, not {told}")
    bench.act("remove")
    await bench.settle(1)
    await bench.reconnect()
    bench.act("insert", trouble="mute")
    await bench.settle(3)
    bench.act("remove")
    await bench.reconnect()
    must(not bench.seen(), "no card is made up")
    await bench.does_the_next("the next is read")


async def passes_commands_on_and_no_others(bench: "ChipBench") -> None:
    bench.act("insert")
    await bench.settle(4)
    await bench.reconnect()
    powered = await bench.begin(command=ChipPower(), timeout_s=20)
    if powered.outcome is Outcome.DONE and powered.completion is not None:
        must(powered.completion.payload == ChipPowered(atr=ATR), "a reset brings the ATR")
    await bench.reconnect()
    told = await bench.begin(command=ChipIo(apdu=Opaque(bytes.fromhex("00B2011400"))), timeout_s=20)
    bench.expect(told.outcome is Outcome.DONE, f"reading is passed on, not {told.completion}")
    if bench.reliable and told.completion is not None:
        must(isinstance(told.completion.payload, ChipAnswer), "with the answer")
    await bench.reconnect()
    for forbidden in ("80AE8000", "0020008008241234FFFFFFFFFF", "00DA9F36"):
        told = await bench.begin(command=ChipIo(apdu=Opaque(bytes.fromhex(forbidden))), timeout_s=20)
        must(told.outcome is not Outcome.DONE, "cryptograms, PINs and writing are not passed on")
        bench.expect(told.code is CompletionCode.INVALID_DATA, f"by name, not {told.completion}")
    bench.only_read()
    bench.told.clear()


class ChipBench(CardBench):
    PROFILES = ("generic.pcsc-contact", "generic.pcsc-contactless")
    STORIES = (tells_each_card, says_what_it_cannot_read, passes_commands_on_and_no_others)
    LATE = (pack(Card.RESPONSE, b"\x90\x00"),)
    DIES_AFTER_BYTES = (3, 20, 60)

    emulator: ChipEmulator

    def specimen(self, n: int) -> Command:
        del n
        self.act("remove")
        return ReadCard(stripe=False)

    def person(self, n: int) -> None:
        self.act("insert", card=self.who(n))

    def only_read(self) -> None:
        chip = self.emulator.chip
        must(chip is None or set(chip.instructions) <= READING, "a card is only ever read")
