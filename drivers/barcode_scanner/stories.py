"""The scanner's part in the conformance suite: codes read, told once, and only while it is lit."""

import asyncio
from typing import ClassVar, Final

from drivers.api import Command, CompletionCode, Outcome
from drivers.barcode_scanner.emulator import ScannerEmulator
from drivers.barcode_scanner.traits import ScannerTraits
from drivers.conformance import Bench, must
from drivers.interfaces.barcode_reader import CodeRead, CodeScanned, Read, Reset
from drivers.transport.memory import Temper

AGAIN_S: Final = 3.0
"""A person whose code was not read holds it there again."""


async def tells_each_code_that_nobody_asked_for(bench: "ScannerBench") -> None:
    traits = bench.profile.section(ScannerTraits)
    texts = [f"https://branch.example/t/{n}?x=#{n}" for n in range(5)]
    texts += ["排队号 A001，请到 3 号窗口"] if traits.framing == "serial" else []
    for text in texts:
        bench.act("scan", text=text)
        await bench.settle(2)
        await bench.reconnect()
    told = [event.code.text.reveal() for event in bench.unsolicited if isinstance(event, CodeScanned)]
    wanted = texts if traits.trigger == "none" else []
    bench.expect(told == wanted, f"each is told once, {len(wanted)}, not {len(told)}")
    must(len(told) <= 20 * len(texts), "and not for ever")


async def puts_the_light_out(bench: "ScannerBench") -> None:
    told = await bench.do(timeout_s=0.1)
    must(told.outcome is not Outcome.DONE, "nobody came so soon")
    bench.expect(told.code is CompletionCode.TIME_OUT, f"time runs out, not {told.completion}")
    await bench.settle(1)
    if bench.profile.section(ScannerTraits).trigger != "none":
        bench.act("scan", text="too late")
        await bench.settle(2)
        bench.expect(not [event for event in bench.unsolicited if isinstance(event, CodeScanned)], "an unlit one reads nothing")
        bench.act("take_away")
    reset = await bench.begin(command=Reset(), timeout_s=5)
    bench.expect(reset.outcome is Outcome.DONE, "and it is put in order")
    bench.told.remove(reset)
    await bench.reconnect()


class ScannerBench(Bench):
    PROFILES = ("generic.scanner-wedge", "generic.scanner-serial", "newland.fm430", "honeywell.n3680")
    STORIES = (tells_each_code_that_nobody_asked_for, puts_the_light_out)
    NOISE: ClassVar[bytes] = b""
    """Whatever comes may be a code in some character set."""
    DIES_AFTER_BYTES = (2, 5, 20)
    TALKS_BACK = False
    LEAVES_TRACES = False

    emulator: ScannerEmulator

    def specimen(self, n: int) -> Command:
        del n
        self.act("take_away")
        return Read()

    def person(self, n: int) -> None:
        """Holds the code there until it is read."""
        told = self.told[n - 1] if len(self.told) >= n else None
        if told is not None and told.completion is None and not self._stalled:
            self.act("scan", text=f"code {n}")
            asyncio.get_running_loop().call_later(AGAIN_S, self.person, n)

    def times_done(self, n: int) -> int:
        completion = next((told.completion for told in self.told if told.n == n), None)
        read = completion.payload if completion is not None else None
        if self.temper is Temper.LOSSY:
            # Codes carry no checksum on their way: what a bad cable eats nobody can see.
            return int(isinstance(read, CodeRead))
        return int(isinstance(read, CodeRead) and read.code.text.reveal() == f"code {n}")
