"""The receipt printer's part in the conformance suite: paper that ends, covers that open, power that fails in mid-slip."""

import asyncio
from typing import Final

from drivers.api import CompletionCode, DeviceStatus, ErrorCode, Held, Outcome, PaperStatus, Proof, Resumed, StaleReply, Started
from drivers.conformance import PATIENCE_S, Bench, must
from drivers.document import Document, Text
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.escpos_printer.traits import DrawerTraits, PrinterTraits
from drivers.interfaces.barrier import Position
from drivers.interfaces.cash_drawer import DrawerChanged, DrawerOpened, OpenDrawer
from drivers.interfaces.printer import ClearBuffer, ControlMedia, GiveUp, PaperThreshold, PrintForm, Reset

MIDDLE_MM: Final = 8
"""How far into a slip trouble begins."""


async def says_how_it_is(bench: "PrinterBench") -> None:
    status = bench.device.status()
    bench.expect(status.device is DeviceStatus.ONLINE, "a ready printer is online")
    bench.expect(status.paper is PaperStatus.FULL, "a full roll is full")
    if bench.traits.paper_low_sensor:
        bench.act("paper_low")
        await bench.settle()
        bench.expect(bench.device.status().paper is PaperStatus.LOW, "near end shows")
        bench.expect(PaperThreshold(paper=PaperStatus.LOW) in bench.unsolicited, "near end is told")
    bench.act("cover_open")
    await bench.settle()
    status = bench.device.status()
    stands = (DeviceStatus.USER_ERROR, ErrorCode.COVER_OPEN)
    if not bench.traits.answers:
        stands = (DeviceStatus.USER_ERROR, ErrorCode.STANDS_STILL)  # its port has one line for all that stops it
    bench.expect((status.device, status.error) == stands, f"an open cover shows, not {status}")


async def warns_once_of_the_near_end(bench: "PrinterBench") -> None:
    if not bench.traits.paper_low_sensor:
        return
    for _ in range(5):
        bench.act("paper_low")
        await bench.settle()
        bench.act("paper_in")
        await bench.settle()
    low = [event for event in bench.unsolicited if event == PaperThreshold(paper=PaperStatus.LOW)]
    bench.expect(len(low) == 1, f"a sensor that flutters warns once, not {len(low)} times")
    await bench.settle(60)
    bench.expect(bench.device.status().paper is PaperStatus.FULL, "and a new roll is full")


async def holds_before_the_first_byte(bench: "PrinterBench") -> None:
    troubles = (("paper_out", "paper_in"), ("cover_open", "cover_close"), ("jam", "clear_jam"))
    for trouble, remedy in troubles:
        bench.act(trouble)
        told = await bench.do()
        must(told.outcome is not Outcome.DONE, f"nothing is printed after {trouble}")
        bench.expect(told.outcome is Outcome.HELD and not told.heard(Started), f"{trouble}: held, nothing sent")
        await bench.reconnect()
        bench.put_right(remedy)
        await bench.settle(12)
        await bench.reconnect()
        told = await bench.do()
        bench.expect(told.outcome is Outcome.DONE, f"prints after {remedy}")
        await bench.reconnect()


async def waits_in_the_middle(bench: "PrinterBench") -> None:
    troubles = (("paper_out", "paper_in"), ("cover_open", "cover_close"), ("jam", "clear_jam"))
    for trouble, remedy in troubles:
        bench.act(trouble, after_mm=MIDDLE_MM)
        printing = bench.begin()
        await bench.settle(30)
        bench.expect(not printing.done(), f"{trouble} in the middle: neither done nor given up")
        bench.put_right(remedy)
        told = await printing
        bench.expect(told.outcome is Outcome.DONE, f"goes on after {remedy}")
        bench.expect(told.heard(Held) and told.heard(Resumed), "being held and going on are told")
        bench.expect(bench.times_begun(told.n) == 1, "exactly one slip")
        await bench.reconnect()


async def doubts_after_a_power_cut(bench: "PrinterBench") -> None:
    bench.act("power_cycle", after_mm=MIDDLE_MM)
    told = await bench.do()
    bench.expect(told.outcome is Outcome.UNKNOWN, "what was cut off is in doubt")
    await bench.reconnect()
    told = await bench.do()
    bench.expect(told.outcome is Outcome.DONE, "and the next one prints")


async def doubts_when_it_forgot(bench: "PrinterBench") -> None:
    bench.act("cover_open", after_mm=MIDDLE_MM)
    printing = bench.begin()
    await bench.settle()
    bench.act("brown_out")
    bench.act("cover_close")
    told = await printing
    if bench.talks_back:
        bench.expect(told.outcome is Outcome.UNKNOWN, "a printer that forgot the job leaves doubt, not silence")
    await bench.reconnect()
    told = await bench.do()
    bench.expect(told.outcome is Outcome.DONE, "and the next one prints")


async def doubts_when_unplugged(bench: "PrinterBench") -> None:
    bench.act("cover_open", after_mm=MIDDLE_MM)
    printing = bench.begin()
    await bench.settle(5)
    bench.act("unplug")
    told = await printing
    bench.expect(told.outcome is Outcome.UNKNOWN, "an unplugged job is in doubt")
    held = await bench.do()
    must(held.outcome is Outcome.HELD, "what is not there cannot print")
    bench.act("plug")
    bench.act("cover_close")
    await bench.reconnect()
    await bench.settle(10)
    told = await bench.do()
    bench.expect(told.outcome is Outcome.DONE, "plugged in again it prints")


async def gives_up_in_time(bench: "PrinterBench") -> None:
    bench.act("paper_out", after_mm=MIDDLE_MM)
    told = await bench.do(timeout_s=7.0)
    bench.expect(told.completion is not None and told.completion.code is CompletionCode.TIME_OUT, "time runs out")
    bench.expect(told.outcome is Outcome.UNKNOWN, "what is left to the printer is in doubt")
    bench.act("paper_in")
    await bench.settle(10)
    await bench.reconnect()
    told = await bench.do()
    bench.expect(told.outcome is Outcome.DONE, "the next one prints")


async def clears_when_told_to(bench: "PrinterBench") -> None:
    bench.act("cover_open", after_mm=MIDDLE_MM)
    printing = bench.begin(command=bench.specimen(len(bench.told) + 1, GiveUp.CLEAR))
    await bench.settle(5)
    bench.device.cancel()
    told = await printing
    wanted = Outcome.CLEARED if bench.can_clear else Outcome.UNKNOWN
    bench.expect(told.outcome is wanted, f"a cancelled print is {wanted}")
    bench.act("cover_close")
    await bench.settle(10)
    await bench.reconnect()
    whole = await bench.do()
    bench.expect(whole.outcome is Outcome.DONE, "the whole repeat prints")


async def takes_no_silence_for_cleared(bench: "PrinterBench") -> None:
    bench.act("cover_open", after_mm=MIDDLE_MM)
    printing = bench.begin(command=bench.specimen(len(bench.told) + 1, GiveUp.CLEAR))
    await bench.settle(1)
    bench.emulator.hush(True)
    bench.device.cancel()
    told = await printing
    must(told.outcome is not Outcome.CLEARED, "cleared needs the printer's word")
    bench.emulator.hush(False)


async def believes_no_late_answer(bench: "PrinterBench") -> None:
    for late in (b"\x72", b"\x00"):
        bench.emulator.say(late)
    await bench.settle(0.5)
    status = bench.device.status()
    bench.expect(status.paper is PaperStatus.FULL, "an answer nobody asked for changes nothing")
    stale = [event.data for event in bench.unsolicited if isinstance(event, StaleReply)]
    bench.expect(stale == [b"\x72", b"\x00"], "late answers are told")
    bench.act("cover_open", after_mm=MIDDLE_MM)
    printing = bench.begin()
    await bench.settle(1)
    bench.emulator.say(b"\x37\x229999\x00")
    await bench.settle(5)
    bench.expect(not printing.done(), "another job's proof proves nothing")
    bench.act("cover_close")
    await printing


async def does_the_small_commands(bench: "PrinterBench") -> None:
    for command in (ControlMedia(flush=True), Reset(), *((ClearBuffer(),) if bench.can_clear else ())):
        completion = await asyncio.wait_for(bench.device.execute(command), PATIENCE_S)
        bench.expect(completion.done, f"{type(command).__name__} succeeds")
        await bench.reconnect()
    told = await bench.do()
    bench.expect(told.outcome is Outcome.DONE, "and printing goes on")


async def kicks_the_drawer(bench: "PrinterBench") -> None:
    if bench.drawer is None:
        return
    seen = bench.drawer.sensor != "none"
    completion = await asyncio.wait_for(bench.device.execute(OpenDrawer()), PATIENCE_S)
    must(not completion.done or len(bench.emulator.mechanism.kicks) == 1, "a drawer said to be open was kicked")
    bench.expect(completion.done, f"the drawer is kicked, not {completion}")
    bench.expect(completion.proof is (Proof.ANSWER if seen else Proof.ORDERED_STATUS), "and its switch is the proof, if any")
    where = Position.OPEN if seen else Position.UNKNOWN
    bench.expect(completion.payload == DrawerOpened(position=where), f"it is {where}, not {completion.payload}")
    bench.act("drawer_shut")
    await bench.settle()
    told = [event.position for event in bench.unsolicited if isinstance(event, DrawerChanged)]
    bench.expect(told == ([Position.OPEN, Position.CLOSED] if seen else []), f"opened and shut are told, not {told}")
    await bench.does_the_next("and printing goes on")


async def kicks_no_drawer_later(bench: "PrinterBench") -> None:
    if bench.drawer is None:
        return
    bench.act("cover_open")
    completion = await asyncio.wait_for(bench.device.execute(OpenDrawer()), PATIENCE_S)
    must(not completion.done, "a printer that stands still kicks nothing")
    bench.expect(completion.outcome is Outcome.HELD, f"it is held, not {completion}")
    await bench.reconnect()
    bench.act("cover_close")
    await bench.settle()
    bench.expect(not bench.emulator.mechanism.kicks, "nor does it once somebody has closed the cover")
    bench.act("drawer_lock")
    await bench.reconnect()
    completion = await asyncio.wait_for(bench.device.execute(OpenDrawer()), PATIENCE_S)
    if bench.drawer.sensor != "none":
        must(not completion.done, "a locked drawer is not open")
        doubt = (Outcome.UNKNOWN, ErrorCode.DEVICE_FAULT)
        bench.expect((completion.outcome, completion.error) == doubt, f"and that is said, not {completion}")


class PrinterBench(Bench):
    PROFILES = ("generic.escpos-80mm", "xprinter.xp-80", "generic.escpos-mute")
    LATE = (b"\x72", b"\x00")
    DIES_AFTER_BYTES = (9, 120, 230)
    """In the greeting, in the status questions, in the body."""
    STORIES = (
        says_how_it_is,
        warns_once_of_the_near_end,
        holds_before_the_first_byte,
        waits_in_the_middle,
        doubts_after_a_power_cut,
        doubts_when_it_forgot,
        doubts_when_unplugged,
        gives_up_in_time,
        clears_when_told_to,
        takes_no_silence_for_cleared,
        believes_no_late_answer,
        does_the_small_commands,
        kicks_the_drawer,
        kicks_no_drawer_later,
    )
    emulator: EscposEmulator

    @property
    def traits(self) -> PrinterTraits:
        return self.profile.section(PrinterTraits)

    @property
    def talks_back(self) -> bool:
        return self.traits.answers

    def put_right(self, remedy: str) -> None:
        """A printer that is not asked to try again has its cover opened and closed, which is how a jam is cleared anyway."""
        self.act(remedy)
        if not self.traits.answers:
            self.act("cover_close")

    @property
    def can_clear(self) -> bool:
        return self.traits.buffer_clear

    @property
    def drawer(self) -> DrawerTraits | None:
        return self.traits.drawer

    def specimen(self, n: int, give_up: GiveUp = GiveUp.KEEP) -> PrintForm:
        slip = Document(tuple(Text(f"{n:04d}: {line}") for line in range(8)))
        return PrintForm(document=slip, process_id=f"{n:04d}", give_up=give_up)

    def times_done(self, n: int) -> int:
        return sum(f"{n:04d}:" in slip.text for slip in self.emulator.slips() if slip.complete)

    def times_begun(self, n: int) -> int:
        return sum(f"{n:04d}:" in slip.text for slip in self.emulator.slips())

    def stall(self) -> None:
        self.act("cover_open", after_mm=MIDDLE_MM)

    def go_on(self) -> None:
        self.act("cover_close")
