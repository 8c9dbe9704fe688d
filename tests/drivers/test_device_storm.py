"""A branch on a bad day: customers take numbers while hands and cables do their worst to the printer.

Each number is printed as the branch does it: held is tried again, doubt is printed again with 补打. Whatever happens in
between, every customer gets a whole slip, and no number comes out twice without the mark.
"""

import asyncio
import random

import pytest

from drivers import virtualtime
from drivers.api import Outcome
from drivers.document import Document, Text
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.interfaces.printer import GiveUp, PrintForm, next_process_id
from drivers.profiles import Profile
from drivers.supervisor import Supervisor
from drivers.transport.memory import Bend, Temper
from tests.drivers.printers import STRONG, WEAK, emulated

NUMBERS = [f"A{n:03d}" for n in range(1, 9)]
TRIES_MAX = 200
TROUBLE = ("paper_out", "cover_open", "jam", "power_cycle", "unplug", "paper_low")
IN_MID_SLIP = ("paper_out", "cover_open", "jam", "power_cycle")
REMEDY = ("paper_in", "cover_close", "clear_jam", "plug")


def slip(number: str) -> Document:
    return Document((Text(f"[{number}]", scale=4), *(Text(f"line {line}") for line in range(6))))


async def trouble(emulator: EscposEmulator, chance: random.Random) -> None:
    """Something every few seconds, now between slips and now in the middle of one."""
    while True:
        await asyncio.sleep(chance.uniform(0.1, 8))
        for remedy in REMEDY:
            if chance.random() < 0.6:
                emulator.act(remedy)
        await asyncio.sleep(chance.uniform(0.1, 3))
        action, after_mm = chance.choice(TROUBLE), chance.choice((0, 5, 9, 14, 20))
        emulator.act(action, {"after_mm": after_mm} if action in IN_MID_SLIP else {})


async def serve(supervisor: Supervisor, chance: random.Random) -> None:
    """Give every number its slip."""
    printer, last = supervisor.device("printer-1"), None
    for number in NUMBERS:
        mark = None
        await asyncio.sleep(chance.uniform(0, 12))
        for _ in range(TRIES_MAX):
            last = next_process_id(last)
            give_up = chance.choice(tuple(GiveUp))
            command = PrintForm(document=slip(number), process_id=last, mark=mark, give_up=give_up)
            completion = await printer.execute(command, timeout_s=chance.choice((5, 60)))
            if completion.outcome is Outcome.DONE:
                break
            if completion.outcome is not Outcome.HELD:
                mark = "补打"
            await asyncio.sleep(chance.uniform(0.2, 4))
        else:
            raise AssertionError(f"{number} was never printed")


@pytest.mark.parametrize("profile", [STRONG, WEAK], ids=lambda profile: str(profile.id))
@pytest.mark.parametrize("seed", range(15))
def test_every_number_comes_out_and_none_twice_without_the_mark(profile: Profile, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- a day that can be had again
    printer, emulator, _ = emulated(profile, Bend(Temper.DELAYED if seed % 2 else Temper.WHOLE, seed=seed))

    async def day() -> None:
        supervisor = Supervisor([printer], chance=chance.random)
        await supervisor.start()
        hands = asyncio.create_task(trouble(emulator, chance))
        await serve(supervisor, chance)
        hands.cancel()
        for remedy in REMEDY:
            emulator.act(remedy)
        await asyncio.sleep(60)
        await supervisor.stop()

    virtualtime.run(day())
    for number in NUMBERS:
        slips = [slip for slip in emulator.slips() if f"[{number}]" in slip.text]
        assert any(slip.complete for slip in slips), f"{number} never came out whole"
        assert sum(not slip.copy for slip in slips) <= 1, f"{number} came out twice without the mark"
