"""kill -9 on the real branch and the real head office, again and again, under sixteen clients."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final

import pytest

from drivers import profiles
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.escpos_printer.paper import Slip
from tests.durability.branch_beside_printer import ADDRESS
from tests.durability.storm import FACTS, TELLERS, Caller, Storm
from tests.harness import agreement
from tests.harness.api import Api
from tests.harness.programs import BranchProcess, HeadOfficeProcess

KILLS: Final = 10
"""And one more during every fourth start: thirteen in all."""
OFFICE_KILLS: Final = 3
SEED: Final = 20261123
TAKE_EVERY_S: Final = 0.05
EACH_WISH_ONE_FACT: Final = {"queue.served_after_s": 0, "queue.recalls_unanswered": None}
"""Nobody counts as not there by the clock, so that each no-show is somebody's wish."""
START_MS_MAX: Final = 900
"""A start is killed at some moment before this."""


class BranchBesidePrinter(BranchProcess):
    """The branch with its printer outside."""

    MODULE: ClassVar[str] = "tests.durability.branch_beside_printer"


class Tray:
    """The paper that came out. The emulator forgets old slips, so they are taken out often."""

    def __init__(self) -> None:
        self.printer = EscposEmulator(profiles.load()["generic.escpos-80mm"]).on_tcp()
        self.slips: dict[int, Slip] = {}

    def take(self) -> None:
        self.slips.update((slip.n, slip) for slip in self.printer.slips())

    async def keep_taking(self) -> None:
        while True:
            self.take()
            await asyncio.sleep(TAKE_EVERY_S)


@asynccontextmanager
async def printer() -> AsyncIterator[Tray]:
    tray = Tray()
    await tray.printer.start()
    taking = asyncio.create_task(tray.keep_taking())
    try:
        yield tray
    finally:
        taking.cancel()
        await tray.printer.stop()
        tray.take()


async def clients(storm: Storm, guest: Api, tasks: asyncio.TaskGroup) -> None:
    """Eight kiosks, four tellers, four in the lobby."""
    kiosk, lobby = Caller(await guest.as_kiosk()), Caller(await guest.as_staff("2001"), "2001")
    for counter, staff in TELLERS.items():
        tasks.create_task(storm.teller(Caller(await guest.at_counter(staff, counter), staff), counter))
    for _ in range(8):
        tasks.create_task(storm.kiosk(kiosk))
    for _ in range(4):
        tasks.create_task(storm.lobby(lobby))


async def kill_often(storm: Storm, branch: BranchProcess, office: HeadOfficeProcess) -> list[str]:
    """The storm itself; returns answers that changed."""
    dice, changed = storm.dice, list[str]()
    for turn in range(KILLS):
        await asyncio.sleep(dice.uniform(0.1, 1.2))
        storm.up.clear()
        branch.kill()
        if turn % 4 == 1:  # once more while it starts
            branch.begin()
            await asyncio.sleep(dice.uniform(0.05, START_MS_MAX / 1000))
            branch.kill()
        if turn % (KILLS // OFFICE_KILLS) == 2:
            await asyncio.to_thread(office.restart)
        await asyncio.to_thread(branch.start)
        storm.up.set()
        changed += await storm.changed_answers(10)
    return changed


@pytest.mark.slow
async def test_whatever_was_acknowledged_happened_exactly_once(tmp_path: Path) -> None:
    data = tmp_path / "branch"
    storm = Storm(random.Random(SEED))  # noqa: S311 -- repeatable on purpose
    async with AsyncExitStack() as stack:
        paper = await stack.enter_async_context(printer())
        office = stack.enter_context(HeadOfficeProcess(tmp_path / "office"))
        branch = BranchBesidePrinter(data, head_office=office.url, environment={ADDRESS: paper.printer.address})
        stack.enter_context(branch)
        guest = await stack.enter_async_context(Api(branch.url))
        admin = await guest.as_staff("9001")
        for policy, value in EACH_WISH_ONE_FACT.items():
            await admin.send("PUT", f"/api/policy/{policy}", {"value": value})
        storm.up.set()
        async with asyncio.TaskGroup() as tasks:
            await clients(storm, guest, tasks)
            changed = await kill_often(storm, branch, office)
            storm.over = True
        assert changed == []
        assert storm.unexpected() == []
        assert await storm.changed_answers(300) == []
        counter = await stack.enter_async_context(Api(office.url))
        await agreement.settled(data)
        await agreement.received(counter, data)
        assert branch.stop() == 0
        assert await agreement.disagreements(counter, data) == []
        verdict = branch.verify()
        assert verdict.returncode == 0, verdict.stdout
    assert_once(storm, data)
    assert_paper(data, paper)
    assert len(storm.told) > 1000
    assert storm.repeats > KILLS
    print(f"{len(storm.told)} answers, {storm.repeats} repeats, {len(paper.slips)} slips")


def assert_once(storm: Storm, data: Path) -> None:
    """Every acknowledged number exists once, no other exists, and each act is one fact."""
    rows = [row for day in agreement.branch_tickets(data).values() for row in day]
    numbers = Counter((row[7] // 86_400_000, row[1]) for row in rows)
    assert [number for number, count in numbers.items() if count > 1] == []
    assert {row[0]: row[1] for row in rows} == storm.tickets()
    facts = Counter(fact.type for fact in agreement.branch_facts(data))
    assert {kind: facts[kind] for kind in FACTS.values()} == {kind: storm.expected_facts()[kind] for kind in FACTS.values()}


def assert_paper(data: Path, paper: Tray) -> None:
    """No number came out twice; where nobody can know whether it came out, the branch says so instead of printing again."""
    slips, facts = paper.slips.values(), agreement.branch_facts(data)
    assert len(slips) == max(paper.slips)
    printed = Counter(number_on(slip.text) for slip in slips if slip.complete)
    assert [number for number, count in printed.items() if count > 1] == []
    assert not any(slip.copy for slip in slips)
    said = [(fact.body["number"], fact.body["slip"]) for fact in facts if fact.type == "queue.slip_recorded.v1"]
    proved = {number for number, slip in said if slip == "printed"}
    unknown = {number for number, slip in said if slip == "unknown"}
    assert len(proved) > 20
    assert proved <= set(printed)
    assert set(printed) <= proved | unknown


def number_on(text: str) -> str:
    """The ticket number that stands on a slip."""
    return next(word for word in text.split() if word[:1] in "ABCD" and word[1:].isdigit())
