"""The motorised reader's part in the conformance suite: cards drawn in, given back, kept, stuck."""

from drivers.api import Command, CompletionCode, DeviceStatus, ErrorCode, MediaStatus, Outcome
from drivers.card_stories import CardBench
from drivers.conformance import must
from drivers.interfaces.card_reader import (
    Admit,
    InvalidMedia,
    Lamp,
    MediaInserted,
    MediaRemoved,
    MediaRetained,
    Move,
    ReadCard,
    Reset,
    SetLight,
    Side,
)
from drivers.motor_card_reader.emulator import MotorEmulator
from drivers.specimens import CARDS


async def draws_in_reads_and_gives_back(bench: "MotorBench") -> None:
    for n, specimen in enumerate(CARDS, 1):
        bench.act("insert", card=n)
        await bench.settle(3)
        bench.expect(bench.seen()[-1:] == [specimen.pan], f"card {n} is told")
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
        bench.expect(sum(isinstance(event, kind) for event in bench.unsolicited) == len(CARDS), f"{kind.__name__} each once")
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
    bench.act("insert", trouble="stripe")
    await bench.settle(3)
    told = [event.error for event in bench.unsolicited if isinstance(event, InvalidMedia)]
    bench.expect(told == [ErrorCode.READ_FAIL], f"an unreadable stripe is told once, not {told}")
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


class MotorBench(CardBench):
    PROFILES = ("sankyo.ict3k5", "creator.crt-310")
    STORIES = (
        draws_in_reads_and_gives_back,
        finds_a_card_that_came_while_nobody_looked,
        keeps_a_card_and_says_so,
        shows_a_jam_until_it_is_freed,
        says_when_a_card_does_not_read,
        obeys_the_small_commands,
    )
    LATE = (b"\x06",)
    DIES_AFTER_BYTES = (3, 30, 120)
    CHECKED = True

    emulator: MotorEmulator

    def specimen(self, n: int) -> Command:
        del n
        self.act("open_up")
        return ReadCard()

    def person(self, n: int) -> None:
        self.act("insert", card=self.who(n))
