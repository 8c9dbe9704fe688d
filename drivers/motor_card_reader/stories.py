"""The motorised reader's part in the conformance suite: cards drawn in, given back, kept, stuck."""

from typing import Final

from drivers.api import Command, CompletionCode, DeviceStatus, ErrorCode, MediaStatus, Outcome
from drivers.card_stories import CardBench
from drivers.chip_card.plastic import ATR
from drivers.confidential import Opaque
from drivers.conformance import must
from drivers.interfaces.card_reader import (
    Admit,
    CardSeen,
    ChipIo,
    ChipPower,
    ChipPowered,
    InvalidMedia,
    Lamp,
    MediaInserted,
    MediaRemoved,
    MediaRetained,
    Move,
    ReadBy,
    ReadCard,
    Reset,
    SetLight,
    Side,
)
from drivers.motor_card_reader.codec import Verb
from drivers.motor_card_reader.conversation import codes
from drivers.motor_card_reader.emulator import MotorEmulator
from drivers.motor_card_reader.traits import MotorTraits
from drivers.specimens import CARDS
from drivers.tracks import CHIP_SERVICE

RECORD: Final = Opaque(bytes.fromhex("00B2011400"))


async def draws_in_reads_and_gives_back(bench: "MotorBench") -> None:
    for n in bench.cards:
        bench.act("insert", card=n)
        await bench.settle(3)
        bench.expect(bench.seen()[-1:] == [CARDS[n - 1].pan], f"card {n} is told")
        bench.expect(bench.device.status().media is MediaStatus.PRESENT, "and shows as inside")
        await bench.reconnect()
        told = await bench.begin(command=Move(to=Side.EXIT))
        bench.expect(told.outcome is Outcome.DONE, f"it is given back, not {told.completion}")
        await bench.settle(2)
        bench.expect(bench.device.status().media is MediaStatus.ENTERING, "it waits at the gate")
        bench.act("take")
        await bench.settle(2)
        bench.act("open_up")
        await bench.reconnect()
    for kind in (MediaInserted, MediaRemoved):
        bench.expect(
            sum(isinstance(event, kind) for event in bench.unsolicited) == len(bench.cards), f"{kind.__name__} each once"
        )
    bench.told.clear()


async def finds_a_card_that_came_while_nobody_looked(bench: "MotorBench") -> None:
    bench.act("unplug")
    await bench.settle(1)
    bench.act("insert", card=2)
    bench.act("plug")
    await bench.reconnect()
    await bench.settle(3)
    bench.expect(bench.seen() == [CARDS[1].pan], "it is read and told once connected")


async def keeps_a_card_and_says_so(bench: "MotorBench") -> None:
    bench.act("insert")
    await bench.settle(2)
    await bench.reconnect()
    told = await bench.begin(command=Move(to=Side.STORAGE))
    bench.expect(told.outcome is Outcome.DONE, f"it is kept, not {told.completion}")
    must(told.outcome is not Outcome.DONE or bench.emulator.mechanism.retained == 1, "kept means in the bin")
    must(told.outcome is not Outcome.HELD or bench.emulator.mechanism.retained == 0, "held means that nothing moved")
    bench.expect(any(isinstance(event, MediaRetained) for event in bench.unsolicited), "and told")
    await bench.reconnect()
    bench.act("open_up")
    await bench.settle(2)
    await bench.reconnect()
    told = await bench.begin(command=Move(to=Side.EXIT))
    bench.expect(told.error is ErrorCode.NO_MEDIA, f"there is none to give back, not {told.completion}")
    bench.told.clear()
    await bench.does_the_next("and the next is read")


async def shows_a_jam_until_it_is_freed(bench: "MotorBench") -> None:
    bench.act("insert")
    await bench.settle(2)
    await bench.reconnect()
    bench.act("jam", jammed=True)
    told = await bench.begin(command=Move(to=Side.EXIT))
    must(told.outcome is not Outcome.DONE, "a stuck card is not given back")
    bench.expect(told.error is ErrorCode.MEDIA_JAM, f"it is stuck, not {told.completion}")
    bench.act("open_up")
    await bench.settle(3)
    bench.expect(bench.device.status().device is DeviceStatus.ONLINE, "freed, it is ready")
    bench.told.clear()
    await bench.does_the_next("and reads")


async def says_when_a_card_does_not_read(bench: "MotorBench") -> None:
    bench.act("insert", trouble="worn")
    await bench.settle(3)
    told = [event.error for event in bench.unsolicited if isinstance(event, InvalidMedia)]
    bench.expect(told == [ErrorCode.READ_FAIL], f"a worn card is told once, not {told}")
    bench.expect(not bench.seen(), "and no card is made up")
    await bench.reconnect()
    await bench.does_the_next("the next is read")


async def obeys_the_small_commands(bench: "MotorBench") -> None:
    known = bench.device.capabilities().commands
    wishes: tuple[Command, ...] = (Reset(card=Side.EXIT), SetLight(lamp=Lamp.GREEN), Admit(cards=False), Admit(cards=True))
    for wish in wishes:
        told = await bench.begin(command=wish)
        if str(wish.__struct_config__.tag) in known:
            bench.expect(told.outcome is Outcome.DONE, f"{wish}: {told.completion}")
        else:
            bench.expect(told.code is CompletionCode.UNSUPPORTED_COMMAND, f"{wish}: {told.completion}")
        await bench.reconnect()
    bench.act("insert")
    await bench.settle(2)
    await bench.reconnect()
    told = await bench.begin(command=Reset(card=Side.EXIT))
    bench.expect(told.outcome is Outcome.DONE, f"reset gives the card back, not {told.completion}")
    bench.expect(bench.device.status().media is MediaStatus.ENTERING, "and shows it at the gate")
    bench.told.clear()
    await bench.reconnect()


async def reads_what_can_be_read(bench: "MotorBench") -> None:
    """A dead chip is made up for by the stripe, a worn stripe by the chip, where the reader has both."""
    for trouble, way, can in (("chip", ReadBy.STRIPE, bench.stripes), ("stripe", ReadBy.CHIP, bench.chips)):
        bench.act("insert", trouble=trouble)
        await bench.settle(4)
        seen = [event.card for event in bench.unsolicited if isinstance(event, CardSeen)]
        failed = [event for event in bench.unsolicited if isinstance(event, InvalidMedia)]
        bench.expect(bool(seen) is can and bool(failed) is not can, f"{trouble} trouble: {seen}, {failed}")
        must(all(card.read_by is way and card.pan.reveal() == CARDS[0].pan for card in seen), f"by {way}, and no other number")
        bench.unsolicited.clear()
        await bench.reconnect()
        bench.act("open_up")
        await bench.settle(2)
        await bench.reconnect()


async def powers_asks_and_powers_off(bench: "MotorBench") -> None:
    if not bench.chips:
        return
    bench.act("insert")
    await bench.settle(4)
    await bench.reconnect()
    must(bench.emulator.mechanism.powered is False or not bench.reliable, "a chip that was read has no power any more")
    told = await bench.begin(command=ChipIo(apdu=RECORD))
    bench.expect(told.code is CompletionCode.SEQUENCE_ERROR, f"without power nothing is asked, not {told.completion}")
    told = await bench.begin(command=ChipPower())
    if told.completion is not None and told.outcome is Outcome.DONE:
        must(told.completion.payload == ChipPowered(atr=ATR), f"the ATR and nothing before it: {told.completion.payload}")
    told = await bench.begin(command=ChipIo(apdu=RECORD))
    bench.expect(told.outcome is Outcome.DONE, f"reading is passed on, not {told.completion}")
    must(told.outcome is not Outcome.DONE or CARDS[0].pan[-4:] not in repr(told.completion), "what a chip says is in no log")
    told = await bench.begin(command=ChipIo(apdu=Opaque(bytes.fromhex("0020008008241234FFFFFFFFFF"))))
    bench.expect(told.code is CompletionCode.INVALID_DATA, f"a PIN is not passed on, not {told.completion}")
    await bench.reconnect()
    told = await bench.begin(command=Move(to=Side.EXIT))
    bench.expect(told.outcome is Outcome.DONE and not bench.emulator.mechanism.powered, "powered off before it moves")
    bench.told.clear()
    await bench.reconnect()


class MotorBench(CardBench):
    PROFILES = ("sankyo.ict3k5", "creator.crt-310", "creator.crt-571")
    STORIES = (
        draws_in_reads_and_gives_back,
        finds_a_card_that_came_while_nobody_looked,
        keeps_a_card_and_says_so,
        shows_a_jam_until_it_is_freed,
        says_when_a_card_does_not_read,
        obeys_the_small_commands,
        reads_what_can_be_read,
        powers_asks_and_powers_off,
    )
    LATE = (b"\x06",)
    DIES_AFTER_BYTES = (3, 30, 120)
    CHECKED = True

    emulator: MotorEmulator

    @property
    def _known(self) -> dict[Verb, bytes]:
        return codes(self.profile.section(MotorTraits))

    @property
    def stripes(self) -> bool:
        return Verb.READ_2 in self._known

    @property
    def chips(self) -> bool:
        return Verb.CHIP_ASK in self._known

    @property
    def cards(self) -> list[int]:
        """Those this model can read, by the emulator's numbers."""
        readable = (self.stripes or card.service_code.startswith(CHIP_SERVICE) for card in CARDS)
        return [n for n, can in enumerate(readable, 1) if can]

    def who(self, n: int) -> int:
        return self.cards[(n - 1) % len(self.cards)]

    def specimen(self, n: int) -> Command:
        del n
        self.act("open_up")
        return ReadCard()

    def person(self, n: int) -> None:
        self.act("insert", card=self.who(n))
