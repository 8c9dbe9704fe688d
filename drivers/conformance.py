"""What every driver must survive, as stories that any family's bench can be put through.

A story is told on a bench: a driver, an emulated device, and a memory wire of one of five tempers between them, in virtual
time. On a wire that carries everything (`whole`, `bytewise`, `delayed`) a story has one ending, which `expect` demands. On
a wire that loses bytes or dies (`lossy`, `unplugged`) only what must hold always is demanded: `must`. After every story the
bench is audited: no slip twice, nothing called done that is not, nothing called held that came out.

Run by `tests/drivers/test_conformance.py`, where the stories are parameters; a new printer family brings its own
`PrinterBench` and nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from drivers.api import (
    Acknowledged,
    Completion,
    CompletionCode,
    Device,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Event,
    Held,
    Noise,
    Outcome,
    PaperStatus,
    Resumed,
    StaleReply,
    Started,
)
from drivers.document import Document, Text
from drivers.emulation import Emulator
from drivers.interfaces.printer import ClearBuffer, ControlMedia, GiveUp, PaperThreshold, PrintForm, Reset
from drivers.transport.memory import Temper

PATIENCE_S: Final = 120.0
"""Virtual seconds in which any command must have completed."""
OPEN_TRIES_MAX: Final = 50
_MIDDLE_MM: Final = 8
"""How far into a slip trouble begins."""


class NonConformance(AssertionError):
    """The driver broke its contract."""


def must(holds: bool, what: str) -> None:  # noqa: FBT001 -- reads as a sentence at the call
    """Demanded on every wire."""
    if not holds:
        raise NonConformance(what)


@dataclass
class Told:
    """One print and all that was heard of it."""

    process_id: str
    events: list[Event] = field(default_factory=list)
    completion: Completion | None = None

    @property
    def outcome(self) -> Outcome | None:
        return self.completion.outcome if self.completion else None

    def heard(self, kind: type[Event]) -> bool:
        return any(isinstance(event, kind) for event in self.events)


@dataclass
class PrinterBench:
    """A printer's driver and its emulator on one wire."""

    device: Device
    emulator: Emulator
    temper: Temper
    say: Callable[[bytes], None]
    """Put bytes on the wire as if the device had sent them."""
    hush: Callable[[bool], None]
    """Have the device receive and do everything, and answer nothing (True), or answer again (False)."""
    can_clear: bool
    unsolicited: list[Event] = field(default_factory=list)
    prints: list[Told] = field(default_factory=list)
    losses: int = 0

    @property
    def reliable(self) -> bool:
        return self.temper not in (Temper.LOSSY, Temper.UNPLUGGED)

    def expect(self, holds: bool, what: str) -> None:  # noqa: FBT001 -- reads as a sentence at the call
        """Demanded on a wire that carries everything."""
        must(holds or not self.reliable, what)

    def act(self, action: str, after_mm: int = 0) -> None:
        self.emulator.act(action, {"after_mm": after_mm})

    async def connect(self) -> None:
        """Open the device, as often as it takes: the supervisor's part."""
        for _ in range(OPEN_TRIES_MAX):
            try:
                await self.device.open()
            except DeviceError:
                self.expect(holds=False, what="a sound wire opens at the first try")
                await asyncio.sleep(1)
            else:
                return
        raise NonConformance(f"not open after {OPEN_TRIES_MAX} tries")

    async def reconnect(self) -> None:
        if self.device.status().device is DeviceStatus.OFFLINE:
            self.losses += 1
            await self.connect()

    def begin(self, text: str, *, timeout_s: float | None = None, give_up: GiveUp = GiveUp.KEEP) -> "asyncio.Task[Told]":
        """Print a slip that says `text`."""
        told = Told(f"{len(self.prints) + 1:04d}")
        self.prints.append(told)
        slip = Document(tuple(Text(f"{text} {line}") for line in range(8)))
        command = PrintForm(document=slip, process_id=told.process_id, give_up=give_up)

        async def hear(event: Event) -> None:
            told.events.append(event)

        async def run() -> Told:
            execution = self.device.execute(command, timeout_s=timeout_s, on_event=hear)
            told.completion = await asyncio.wait_for(execution, PATIENCE_S)
            return told

        return asyncio.create_task(run())

    async def print(self, text: str, *, timeout_s: float | None = None) -> Told:
        return await self.begin(text, timeout_s=timeout_s)

    def slips(self, told: Told) -> int:
        """How many slips of this print were begun, complete or not."""
        return sum(f"{told.process_id}:" in slip.text for slip in self.emulator.output())

    def whole_slips(self, told: Told) -> int:
        return sum(f"{told.process_id}:" in slip.text for slip in self.emulator.output() if slip.complete)

    async def settle(self, seconds: float = 6.0) -> None:
        await asyncio.sleep(seconds)


Story = Callable[[PrinterBench], Awaitable[None]]


def _named(told_by: PrinterBench) -> str:
    """The text that makes the next slip recognisable in the tray."""
    return f"{len(told_by.prints) + 1:04d}:"


async def says_how_it_is(bench: PrinterBench) -> None:
    status = bench.device.status()
    bench.expect(status.device is DeviceStatus.ONLINE, "a ready printer is online")
    bench.expect(status.paper is PaperStatus.FULL, "a full roll is full")
    bench.act("paper_low")
    await bench.settle()
    bench.expect(bench.device.status().paper is PaperStatus.LOW, "near end shows")
    bench.expect(PaperThreshold(paper=PaperStatus.LOW) in bench.unsolicited, "near end is told")
    bench.act("cover_open")
    await bench.settle()
    status = bench.device.status()
    bench.expect((status.device, status.error) == (DeviceStatus.USER_ERROR, ErrorCode.COVER_OPEN), "an open cover shows")


async def proves_a_print(bench: PrinterBench) -> None:
    for _ in range(3):
        told = await bench.print(_named(bench))
        bench.expect(told.outcome is Outcome.DONE, "a sound printer prints")
        bench.expect(told.completion is not None and told.completion.proof is not None, "done comes with a proof")
        kinds = [type(event) for event in told.events]
        bench.expect(kinds == [Acknowledged, Started], "acknowledged, then started")
        await bench.reconnect()


async def holds_before_the_first_byte(bench: PrinterBench) -> None:
    troubles = (("paper_out", "paper_in"), ("cover_open", "cover_close"), ("jam", "clear_jam"))
    for trouble, remedy in troubles:
        bench.act(trouble)
        told = await bench.print(_named(bench))
        must(told.outcome is not Outcome.DONE, f"nothing is printed after {trouble}")
        bench.expect(told.outcome is Outcome.HELD and not told.heard(Started), f"{trouble}: held, nothing sent")
        await bench.reconnect()
        bench.act(remedy)
        await bench.settle(12)
        await bench.reconnect()
        told = await bench.print(_named(bench))
        bench.expect(told.outcome is Outcome.DONE, f"prints after {remedy}")
        await bench.reconnect()


async def waits_in_the_middle(bench: PrinterBench) -> None:
    troubles = (("paper_out", "paper_in"), ("cover_open", "cover_close"), ("jam", "clear_jam"))
    for trouble, remedy in troubles:
        bench.act(trouble, after_mm=_MIDDLE_MM)
        printing = bench.begin(_named(bench))
        await bench.settle(30)
        bench.expect(not printing.done(), f"{trouble} in the middle: neither done nor given up")
        bench.act(remedy)
        told = await printing
        bench.expect(told.outcome is Outcome.DONE, f"goes on after {remedy}")
        bench.expect(told.heard(Held) and told.heard(Resumed), "being held and going on are told")
        bench.expect(bench.slips(told) == 1, "exactly one slip")
        await bench.reconnect()


async def doubts_after_a_power_cut(bench: PrinterBench) -> None:
    bench.act("power_cycle", after_mm=_MIDDLE_MM)
    told = await bench.print(_named(bench))
    bench.expect(told.outcome is Outcome.UNKNOWN, "what was cut off is in doubt")
    await bench.reconnect()
    told = await bench.print(_named(bench))
    bench.expect(told.outcome is Outcome.DONE, "and the next one prints")


async def doubts_when_it_forgot(bench: PrinterBench) -> None:
    bench.act("cover_open", after_mm=_MIDDLE_MM)
    printing = bench.begin(_named(bench))
    await bench.settle()
    bench.act("brown_out")
    bench.act("cover_close")
    told = await printing
    bench.expect(told.outcome is Outcome.UNKNOWN, "a printer that forgot the job leaves doubt, not silence")
    await bench.reconnect()
    told = await bench.print(_named(bench))
    bench.expect(told.outcome is Outcome.DONE, "and the next one prints")


async def doubts_when_unplugged(bench: PrinterBench) -> None:
    bench.act("cover_open", after_mm=_MIDDLE_MM)
    printing = bench.begin(_named(bench))
    await bench.settle(5)
    bench.act("unplug")
    told = await printing
    bench.expect(told.outcome is Outcome.UNKNOWN, "an unplugged job is in doubt")
    held = await bench.print(_named(bench))
    must(held.outcome is Outcome.HELD, "what is not there cannot print")
    bench.act("plug")
    bench.act("cover_close")
    await bench.reconnect()
    await bench.settle(10)
    told = await bench.print(_named(bench))
    bench.expect(told.outcome is Outcome.DONE, "plugged in again it prints")


async def gives_up_in_time(bench: PrinterBench) -> None:
    bench.act("paper_out", after_mm=_MIDDLE_MM)
    told = await bench.print(_named(bench), timeout_s=7.0)
    bench.expect(told.completion is not None and told.completion.code is CompletionCode.TIME_OUT, "time runs out")
    bench.expect(told.outcome is Outcome.UNKNOWN, "what is left to the printer is in doubt")
    bench.act("paper_in")
    await bench.settle(10)
    await bench.reconnect()
    told = await bench.print(_named(bench))
    bench.expect(told.outcome is Outcome.DONE, "the next one prints")


async def clears_when_told_to(bench: PrinterBench) -> None:
    bench.act("cover_open", after_mm=_MIDDLE_MM)
    printing = bench.begin(_named(bench), give_up=GiveUp.CLEAR)
    await bench.settle(5)
    bench.device.cancel()
    told = await printing
    wanted = Outcome.CLEARED if bench.can_clear else Outcome.UNKNOWN
    bench.expect(told.outcome is wanted, f"a cancelled print is {wanted}")
    bench.act("cover_close")
    await bench.settle(10)
    await bench.reconnect()
    whole = await bench.print(_named(bench))
    bench.expect(whole.outcome is Outcome.DONE, "the whole repeat prints")


async def takes_no_silence_for_cleared(bench: PrinterBench) -> None:
    bench.act("cover_open", after_mm=_MIDDLE_MM)
    printing = bench.begin(_named(bench), give_up=GiveUp.CLEAR)
    await bench.settle(1)
    bench.hush(True)
    bench.device.cancel()
    told = await printing
    must(told.outcome is not Outcome.CLEARED, "cleared needs the printer's word")
    bench.hush(False)


async def cancels_what_waits(bench: PrinterBench) -> None:
    bench.act("cover_open", after_mm=_MIDDLE_MM)
    first, second = bench.begin(_named(bench)), bench.begin(_named(bench))
    await bench.settle(1)
    acknowledged = [event for event in bench.prints[1].events if isinstance(event, Acknowledged)]
    for event in acknowledged:
        bench.device.cancel(event.request_id)
    told = await second
    bench.expect(told.completion is not None and told.completion.code is CompletionCode.CANCELED, "it is cancelled")
    must(told.outcome is Outcome.HELD or bool(told.heard(Started)), "what waited was never sent")
    bench.act("cover_close")
    await first


async def stays_calm_in_noise(bench: PrinterBench) -> None:
    printing = bench.begin(_named(bench))
    bench.say(b"\xff\xfe\x80garbage\x81")
    told = await printing
    bench.expect(told.outcome is Outcome.DONE, "garbage before an answer does no harm")
    await bench.reconnect()
    bench.say(b"\xff")
    await bench.settle()
    await bench.reconnect()
    bench.expect(any(isinstance(event, Noise) for event in bench.unsolicited), "noise is told, not swallowed")


async def believes_no_late_answer(bench: PrinterBench) -> None:
    for late in (b"\x72", b"\x00"):
        bench.say(late)
    await bench.settle(0.5)
    status = bench.device.status()
    bench.expect(status.paper is PaperStatus.FULL, "an answer nobody asked for changes nothing")
    stale = [event.data for event in bench.unsolicited if isinstance(event, StaleReply)]
    bench.expect(stale == [b"\x72", b"\x00"], "late answers are told")
    bench.act("cover_open", after_mm=_MIDDLE_MM)
    printing = bench.begin(_named(bench))
    await bench.settle(1)
    bench.say(b"\x37\x229999\x00")
    await bench.settle(5)
    bench.expect(not printing.done(), "another job's proof proves nothing")
    bench.act("cover_close")
    await printing


async def notices_silence(bench: PrinterBench) -> None:
    bench.hush(True)
    told = await bench.print(_named(bench))
    must(told.outcome is not Outcome.DONE, "a mute printer proves nothing")
    bench.expect(told.outcome is Outcome.HELD, "it does not even begin")
    bench.expect(bench.device.status().device is DeviceStatus.OFFLINE, "silence is noticed")
    bench.hush(False)
    await bench.reconnect()
    told = await bench.print(_named(bench))
    bench.expect(told.outcome is Outcome.DONE, "and forgiven")


async def keeps_its_claim(bench: PrinterBench) -> None:
    claim = bench.device.claim("counter 2")
    told = await bench.print(_named(bench))
    must(told.outcome is Outcome.HELD, "nobody prints past a claim")
    try:
        bench.device.claim("kiosk")
    except DeviceError as error:
        must(error.code is ErrorCode.CLAIMED, "a second claim is refused as such")
    else:
        raise NonConformance("a second claim was granted")
    claim.release()
    told = await bench.print(_named(bench))
    bench.expect(told.outcome is Outcome.DONE, "released, it prints for everybody")


async def does_the_small_commands(bench: PrinterBench) -> None:
    for command in (ControlMedia(flush=True), Reset(), *((ClearBuffer(),) if bench.can_clear else ())):
        completion = await asyncio.wait_for(bench.device.execute(command), PATIENCE_S)
        bench.expect(completion.done, f"{type(command).__name__} succeeds")
        await bench.reconnect()
    told = await bench.print(_named(bench))
    bench.expect(told.outcome is Outcome.DONE, "and printing goes on")


def audit(bench: PrinterBench) -> None:
    """What must hold after every story on every wire."""
    for told in bench.prints:
        must(told.completion is not None, f"{told.process_id}: every command completes")
        begun = bench.slips(told)
        must(begun <= 1, f"{told.process_id}: {begun} slips")
        if told.outcome is Outcome.HELD:
            must(begun == 0, f"{told.process_id}: held, yet paper came out")
        if told.outcome is Outcome.DONE:
            must(bench.whole_slips(told) == 1, f"{told.process_id}: done, yet no whole slip came out")
        if told.outcome is not Outcome.HELD:
            must(told.heard(Started), f"{told.process_id}: bytes left before 'started' was told")


PRINTER_STORIES: Final[Iterable[Story]] = (
    says_how_it_is,
    proves_a_print,
    holds_before_the_first_byte,
    waits_in_the_middle,
    doubts_after_a_power_cut,
    doubts_when_it_forgot,
    doubts_when_unplugged,
    gives_up_in_time,
    clears_when_told_to,
    takes_no_silence_for_cleared,
    cancels_what_waits,
    stays_calm_in_noise,
    believes_no_late_answer,
    notices_silence,
    keeps_its_claim,
    does_the_small_commands,
)


async def run_printer_story(story: Story, bench: PrinterBench) -> None:
    """Connect, tell the story, audit, hang up. Raises `NonConformance`."""
    bench.device.subscribe(bench.unsolicited.append)
    await bench.connect()
    try:
        await asyncio.wait_for(story(bench), 100 * PATIENCE_S)
        await bench.settle()
        audit(bench)
    finally:
        await bench.device.close()
