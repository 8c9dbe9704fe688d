"""The identity card reader's part in the conformance suite: cards laid, taken away, laid askew, and never confused."""

from typing import Final

from drivers.api import Command, DeviceStatus, ErrorCode, Outcome
from drivers.conformance import Bench, must
from drivers.id_card_reader import codec
from drivers.id_card_reader.emulator import IdCardEmulator
from drivers.interfaces.id_card import CardLaid, CardRemoved, CardUnreadable, IdCardRead, ReadIdCard, Reset
from drivers.specimens import PEOPLE

TRIES_MAX: Final = 20


async def tells_who_was_laid(bench: "IdCardBench") -> None:
    for n in range(1, len(PEOPLE) + 1):
        before = len(bench.laid())
        bench.act("lay", person=n)
        await bench.settle(3)
        bench.expect(len(bench.laid()) == before + 1, "a card that lies there is told once")
        bench.expect(bench.laid()[-1:] == [PEOPLE[n - 1].number], "and it is the one that was laid")
        bench.act("remove")
        await bench.settle(2)
        removed = sum(isinstance(event, CardRemoved) for event in bench.unsolicited)
        bench.expect(removed == n, "taking it away is told once")
        await bench.reconnect()
    must(set(bench.laid()) <= {person.number for person in PEOPLE}, "nobody is made up by the wire")


async def says_what_is_wrong_with_a_card(bench: "IdCardBench") -> None:
    for trouble, error in (
        ("askew", ErrorCode.READ_FAIL),
        ("not_genuine", ErrorCode.CARD_NOT_GENUINE),
        ("wrong_kind", ErrorCode.INVALID_MEDIA),
        ("unlicensed", ErrorCode.SECURITY_MODULE),
    ):
        bench.act("lay", trouble=trouble)
        await bench.settle(4)
        told = [event.error for event in bench.unsolicited if isinstance(event, CardUnreadable)]
        bench.expect(told == [error], f"{trouble} is told once as {error}, not {told}")
        broken = bench.device.status().device is DeviceStatus.HARDWARE_ERROR
        bench.expect(broken is (trouble == "unlicensed"), f"{trouble}: it shows where it is the module, not the card")
        bench.act("remove")
        await bench.settle(2)
        bench.unsolicited.clear()
        await bench.reconnect()
    bench.act("lay")
    await bench.settle()
    bench.expect(len(bench.laid()) == 1, "and the next card reads")


async def brings_what_was_asked_for(bench: "IdCardBench") -> None:
    bench.act("lay", person=2, newest_address="示范市新家路 1 号")
    await bench.settle(3)
    for photo in (True, False):
        told = await bench.begin(command=ReadIdCard(photo=photo, newest_address=True), timeout_s=20)
        bench.expect(told.outcome is Outcome.DONE, "a card that was read already can be asked again")
        if told.completion is not None and isinstance(told.completion.payload, IdCardRead):
            read = told.completion.payload
            bench.expect(read.holder.address is not None and read.holder.address.reveal() == "示范市新家路 1 号", "address")
            must((read.photo is not None) is photo, "a photo comes where it was asked for, and nowhere else")
        await bench.reconnect()
    bench.told.clear()


async def resets(bench: "IdCardBench") -> None:
    told = await bench.begin(command=Reset(), timeout_s=20)
    bench.expect(told.outcome is Outcome.DONE, "a sound module resets")
    bench.told.clear()
    await bench.reconnect()
    await bench.does_the_next("and reads on")


async def shows_a_broken_module(bench: "IdCardBench") -> None:
    bench.act("module", broken=True)
    bench.act("power_cycle")
    await bench.settle(2)
    bench.act("unplug")
    bench.act("plug")
    await bench.reconnect()
    status = bench.device.status()
    wanted = (DeviceStatus.HARDWARE_ERROR, ErrorCode.SECURITY_MODULE)
    bench.expect((status.device, status.error) == wanted, f"a broken module shows, not {status}")
    told = await bench.do(timeout_s=5)
    must(told.outcome is not Outcome.DONE, "and reads nothing")
    bench.act("module", broken=False)
    await bench.settle(3)
    await bench.does_the_next("mended, it reads")


async def reads_through_stray_zeros(bench: "IdCardBench") -> None:
    for _ in range(TRIES_MAX):
        bench.act("stray_zero")
    await bench.does_the_next("a zero in the preamble harms nothing")


class IdCardBench(Bench):
    PROFILES = ("generic.sam-v-serial", "generic.sam-v-tcp")
    STORIES = (
        tells_who_was_laid,
        says_what_is_wrong_with_a_card,
        brings_what_was_asked_for,
        resets,
        shows_a_broken_module,
        reads_through_stray_zeros,
    )
    LATE = (codec.answer_frame(codec.Sw.OK, bytes(codec.SERIAL_BYTES)),)
    DIES_AFTER_BYTES = (4, 25, 70)
    LEAVES_TRACES = False

    emulator: IdCardEmulator

    def specimen(self, n: int) -> Command:
        del n
        self.act("remove")
        return ReadIdCard()

    def person(self, n: int) -> None:
        self.act("lay", person=self._who(n))

    def times_done(self, n: int) -> int:
        completion = next((told.completion for told in self.told if told.n == n), None)
        read = completion.payload if completion is not None else None
        return int(isinstance(read, IdCardRead) and read.holder.number.reveal() == PEOPLE[self._who(n) - 1].number)

    def laid(self) -> list[str]:
        """The numbers that were told, in order."""
        return [event.holder.number.reveal() for event in self.unsolicited if isinstance(event, CardLaid)]

    def _who(self, n: int) -> int:
        return (n - 1) % len(PEOPLE) + 1
