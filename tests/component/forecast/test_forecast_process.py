"""The forecast's own process beside a real branch: it speaks, dies, comes back, answers questions and refuses nonsense."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.forecast import letters
from edge.forecast.api import WhatIfRequest
from edge.forecast.jobs import BackTests, BackTestView, Wish
from edge.forecast.live import ForecastBroken, LiveForecast
from edge.kernel.domain import Rejected
from edge.queue import outlook
from edge.queue.call_rules import CallRules
from edge.queue.model import CloseDay, FinishTicket, OpenDay, Tier
from edge.queue.rules import Rule
from tests.scenarios.hall import Hall, minutes, open_hall

PATIENCE_S = 60
TARGETS_S = {Tier.PRIORITY: 600, Tier.GOLD: 600, Tier.NORMAL: 1_800}


class Beside:
    """A branch whose forecast runs."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.forecast: LiveForecast = hall.branch.forecast
        self.back_tests: BackTests = hall.branch.back_tests
        self._changed = asyncio.Event()
        self.forecast.changed = self._changed.set
        self.life = asyncio.create_task(self.forecast.run())

    async def until(self, state: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.forecast.standing.state != state:
                self._changed.clear()
                await self._changed.wait()

    def quoted(self) -> outlook.Newcomer | None:
        with self.hall.branch.db.reader() as connection:
            return outlook.newcomer(connection, "personal.normal")

    async def what_if(self, *changes: letters.Change) -> letters.Effects:
        now_ms = self.hall.clock.now_ms()
        return await self.forecast.ask(lambda number: letters.WhatIf(number, now_ms, changes), letters.Effects)


@asynccontextmanager
async def beside(hall: Hall) -> AsyncIterator[Beside]:
    branch = Beside(hall)
    try:
        await branch.until("ready")
        yield branch
    finally:
        branch.life.cancel()
        await asyncio.wait([branch.life])


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.staff(1)
        yield opened


async def test_it_speaks_and_its_death_is_noticed(hall: Hall) -> None:
    async with beside(hall) as branch:
        assert branch.quoted() is not None
        assert branch.forecast.pid is not None
        os.kill(branch.forecast.pid, signal.SIGKILL)
        with pytest.raises(ForecastBroken):
            await branch.life
        assert branch.quoted() is None
        assert branch.forecast.standing.basis == "position"
        with pytest.raises(Rejected):
            await branch.what_if(letters.OpenCounter("counter-2"))
        branch.life = asyncio.create_task(branch.forecast.run())
        await branch.until("ready")
        assert branch.quoted() is not None


async def test_one_more_counter_saves_time_and_one_less_costs_it(hall: Hall) -> None:
    for _ in range(12):
        await hall.take(Tier.NORMAL)
    async with beside(hall) as branch:
        (gain,) = (await branch.what_if(letters.OpenCounter("counter-2"))).classes
        assert gain.people == 12
        assert gain.before_s - gain.after_s > 60
        (both,) = (await branch.what_if(letters.OpenCounter("counter-2"), letters.CloseCounter("counter-1"))).classes
        assert both.after_s == pytest.approx(both.before_s, rel=0.2)
        with pytest.raises(Rejected, match="unknown_counter"):
            await branch.what_if(letters.OpenCounter("counter-9"))


async def test_another_rule_helps_some_and_costs_others(hall: Hall) -> None:
    for tier in (Tier.NORMAL, Tier.GOLD) * 5:
        await hall.take(tier)
    rules = CallRules(default=Rule(order=(Tier.PRIORITY, Tier.NORMAL, Tier.GOLD)))
    async with beside(hall) as branch:
        effects = {one.tier: one for one in (await branch.what_if(letters.ChangeRule(rules))).classes}
    assert effects[Tier.NORMAL].after_s < effects[Tier.NORMAL].before_s
    assert effects[Tier.GOLD].after_s > effects[Tier.GOLD].before_s


async def test_staffing_names_the_counter_that_helps(hall: Hall) -> None:
    for _ in range(25):
        await hall.take(Tier.NORMAL)
    async with beside(hall) as branch:
        now_ms = hall.clock.now_ms()
        found = await branch.forecast.ask(lambda number: letters.Staffing(number, now_ms, TARGETS_S), letters.Proposals)
    assert found.people >= 25
    best = found.proposals[0]
    assert (best.counter, best.in_s) == ("counter-2", 0)
    assert best.share_after > best.share_before


async def lived_day(hall: Hall) -> None:
    """A morning with one counter that cannot keep up, ended properly."""
    for number in range(20):
        await hall.take(Tier.GOLD if number % 4 == 0 else Tier.NORMAL)
        if number % 2:
            await hall.next()
            hall.clock.advance(240)
            await hall.branch.pipeline.submit(FinishTicket(counter="counter-1", staff="1001"), actor="staff:1001")
    for _ in range(10):
        await hall.next()
        hall.clock.advance(240)
    await hall.branch.pipeline.submit(CloseDay(), actor="system")
    await hall.at(hall.branch.place.now() + minutes(24 * 60))
    await hall.branch.pipeline.submit(OpenDay(), actor="system")
    await hall.staff(1)


async def finished(tests: BackTests, number: str) -> BackTestView:
    async with asyncio.timeout(PATIENCE_S):
        return await tests.settled(number)


async def test_a_rule_is_tried_on_the_days_that_were_lived(hall: Hall) -> None:
    await lived_day(hall)
    await lived_day(hall)
    rules = CallRules(default=Rule(order=(Tier.PRIORITY, Tier.NORMAL, Tier.GOLD)))
    wish = Wish(rules=rules, counters=(), days=5, target_s=TARGETS_S)
    async with beside(hall) as branch:
        asked = branch.back_tests.begin(wish, hall.branch.place.now())
        found = await finished(branch.back_tests, asked.id)
    assert (found.state, len(found.days)) == ("done", 2)
    classes = {one.tier: one for one in found.classes}
    assert sum(one.people for one in found.classes) == 40
    assert classes[Tier.GOLD].after_s > classes[Tier.GOLD].before_s
    assert classes[Tier.NORMAL].after_s <= classes[Tier.NORMAL].before_s
    was_s, before_s = (
        sum(one.people * value for one, value in zip(found.classes, values, strict=True))
        for values in ([one.was_s for one in found.classes], [one.before_s for one in found.classes])
    )
    assert before_s == pytest.approx(was_s, rel=0.25)


async def test_a_past_day_is_played_under_the_rules_that_were_in_force(hall: Hall) -> None:
    """What changed since, and what is tried, does not change what was."""
    then = CallRules(default=Rule(order=(Tier.PRIORITY, Tier.NORMAL, Tier.GOLD)))
    await hall.follow(then)
    await lived_day(hall)
    await hall.follow(CallRules(default=Rule(order=(Tier.PRIORITY, Tier.GOLD, Tier.NORMAL))))
    async with beside(hall) as branch:
        wish = Wish(rules=then, counters=(), days=5, target_s=TARGETS_S)
        asked = branch.back_tests.begin(wish, hall.branch.place.now())
        found = await finished(branch.back_tests, asked.id)
    assert [one.before_s for one in found.classes] == [one.after_s for one in found.classes]


async def test_a_back_test_without_days_finds_nothing(hall: Hall) -> None:
    async with beside(hall) as branch:
        wish = Wish(rules=CallRules(), counters=(), days=5, target_s=TARGETS_S)
        asked = branch.back_tests.begin(wish, hall.branch.place.now())
        found = await finished(branch.back_tests, asked.id)
    assert (found.state, found.days, found.classes) == ("done", [], [])


@pytest.mark.parametrize("in_s", [-5, 10**18, 14_401])
def test_a_counter_is_thought_to_open_now_or_within_hours(in_s: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"changes": [{"type": "open_counter", "counter": "counter-2", "in_s": in_s}]}, WhatIfRequest)


@pytest.mark.parametrize("body", [b"", b"\xff", b"\x80", b"\x81\xa4type\xa4None"])
def test_letters_that_nobody_wrote_are_refused(body: bytes) -> None:
    for read in (letters.for_worker, letters.from_worker):
        with pytest.raises(letters.BadLetter):
            read(body)


def test_letters_come_whole_however_they_are_cut() -> None:
    written: list[letters.ToWorker] = [letters.Look(7), letters.Cancel(3), letters.Goodbye()]
    whole = b"".join(letters.packed(letter) for letter in written)
    for size in (1, 2, 3, 7, len(whole)):
        unpacker = letters.Unpacker()
        read: list[Any] = []
        for start in range(0, len(whole), size):
            read += [letters.for_worker(body) for body in unpacker.feed(whole[start : start + size])]
        assert read == written
    with pytest.raises(letters.BadLetter):
        list(letters.Unpacker().feed(b"\xff\xff\xff\xff"))
