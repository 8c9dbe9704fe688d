"""Every driver, on every wire, through every story of `drivers.conformance`."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from drivers import profiles, virtualtime
from drivers.conformance import PRINTER_STORIES, PrinterBench, Story, run_printer_story
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.transport.memory import Bend, MemoryOutlet, Temper

PROFILES = profiles.load()
SEEDS = range(3)


def bends() -> Iterator[tuple[str, Bend]]:
    yield "whole", Bend(Temper.WHOLE)
    yield "bytewise", Bend(Temper.BYTEWISE)
    for seed in SEEDS:
        yield f"delayed-{seed}", Bend(Temper.DELAYED, seed=seed)
        yield f"lossy-{seed}", Bend(Temper.LOSSY, seed=seed, loss=0.05)
        # In the greeting, in the status questions, in the body, in the proof request.
        yield f"unplugged-{seed}", Bend(Temper.UNPLUGGED, dies_after_bytes=(9, 120, 230)[seed])


class Mute:
    """Stands between the emulator and its answers."""

    def __init__(self, emulator: EscposEmulator) -> None:
        self.say = emulator.mechanism.reply
        self._quiet = False
        emulator.mechanism.reply = self._pass

    def hush(self, quiet: bool) -> None:  # noqa: FBT001
        self._quiet = quiet

    def _pass(self, data: bytes) -> None:
        if not self._quiet:
            self.say(data)


def bench_for(profile_id: str, bend: Bend) -> PrinterBench:
    profile = PROFILES[profile_id]
    emulator = EscposEmulator(profile, clock=lambda: datetime(2026, 3, 2, 9, 41, tzinfo=UTC))
    outlet: MemoryOutlet = emulator.in_memory(bend)
    mute = Mute(emulator)
    return PrinterBench(
        device=EscposPrinter("printer-1", profile, outlet.dial),
        emulator=emulator,
        temper=bend.temper,
        say=mute.say,
        hush=mute.hush,
        can_clear=profile.print_traits.buffer_clear,
    )


@pytest.mark.parametrize("story", PRINTER_STORIES, ids=lambda story: story.__name__)
@pytest.mark.parametrize("bend", [pytest.param(bend, id=name) for name, bend in bends()])
@pytest.mark.parametrize("profile_id", ["generic.escpos-80mm", "xprinter.xp-80"])
def test_printer_story(profile_id: str, bend: Bend, story: Story) -> None:
    fresh = Bend(bend.temper, bend.seed, bend.loss, bend.delay_s, bend.dies_after_bytes)

    async def tell() -> None:
        await run_printer_story(story, bench_for(profile_id, fresh))

    virtualtime.run(tell())
