"""Lanes at work: each effect done once, tried again with patience, and never repeated where it may have happened."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from edge.kernel.outbox import End, Leased
from edge.kernel.runner import RETRY_S, EffectHandler, Lane, Runner, Settled, Started, TryAgain
from tests.component.kernel.ledger import LETTER, START_MS, Ledger, Write

Step = Callable[[Leased, Started], Awaitable[Settled | TryAgain]]


class Postman:
    """A handler that does what it is told, letter by letter, and says when it is there."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.carried: list[tuple[str, int, bool]] = []
        self.news = asyncio.Event()

    async def __call__(self, effect: Leased, started: Started) -> Settled | TryAgain:
        self.carried.append((effect.key, effect.attempt, effect.in_doubt))
        self.news.set()
        step = self.steps.pop(0) if self.steps else deliver
        return await step(effect, started)

    @property
    def keys(self) -> list[str]:
        return [key.removeprefix("letter:") for key, _, _ in self.carried]


async def deliver(_effect: Leased, started: Started) -> Settled | TryAgain:
    await started("0001")
    return Settled(End.DONE, "sent")


async def report(effect: Leased, started: Started) -> Settled | TryAgain:
    await started("0001")
    return Settled(End.DONE, "sent", Write(line=f"sent {effect.key}"))


async def no_paper(_effect: Leased, _started: Started) -> Settled | TryAgain:
    return TryAgain("no paper", Write(line="held"))


async def break_before(_effect: Leased, _started: Started) -> Settled | TryAgain:
    raise ConnectionError


async def break_after(_effect: Leased, started: Started) -> Settled | TryAgain:
    await started("0001")
    raise ConnectionError


@asynccontextmanager
async def working(ledger: Ledger, handler: EffectHandler, boot: str = "boot-1") -> AsyncIterator[Runner]:
    """The runner with its one lane; cancelled at the end."""
    runner = Runner(ledger.pipeline, {LETTER: handler}, boot=boot)
    ledger.pipeline.ask = runner.ask
    task = asyncio.ensure_future(runner.lanes[LETTER].run())
    try:
        yield runner
    finally:
        ledger.pipeline.ask = lambda _kinds: None
        task.cancel()
        await asyncio.wait([task])


async def until(ledger: Ledger, condition: Callable[[], bool]) -> None:
    """Wait for it, looking after each thing that is committed."""
    news = asyncio.Event()
    before = ledger.db.committed
    loop = asyncio.get_running_loop()

    def committed(jobs: int, seconds: float) -> None:
        if before is not None:
            before(jobs, seconds)
        loop.call_soon_threadsafe(loop.call_soon, news.set)

    ledger.db.committed = committed
    try:
        async with asyncio.timeout(10):
            while not condition():
                await news.wait()
                news.clear()
    finally:
        ledger.db.committed = before


async def test_letters_are_carried_out_one_by_one_in_order(ledger: Ledger) -> None:
    for line in "abc":
        await ledger.write(line, letter=True)
    postman = Postman()
    async with working(ledger, postman):
        await until(ledger, lambda: [state for _, state, _ in ledger.effects()] == ["done"] * 3)
        await ledger.write("d", letter=True)
        await until(ledger, lambda: ledger.effects()[-1][1] == "done")
    assert postman.carried == [(f"letter:{line}", 1, False) for line in "abcd"]


async def test_the_outcome_is_a_fact_and_the_effect_ends_with_it(ledger: Ledger) -> None:
    await ledger.write("a", letter=True)
    async with working(ledger, Postman(report)):
        await until(ledger, lambda: ledger.effects() == [("letter:a", "done", 1)])
    assert ledger.book() == ["a", "sent letter:a"]
    assert ledger.pipeline.journal.tail(1)[0].actor == "system"


async def test_an_outcome_that_the_domain_refuses_still_ends_the_effect(ledger: Ledger) -> None:
    async def say_nothing(_effect: Leased, _started: Started) -> Settled | TryAgain:
        return Settled(End.DONE, "sent", Write(line=""))

    await ledger.write("a", letter=True)
    async with working(ledger, Postman(say_nothing)):
        await until(ledger, lambda: ledger.effects() == [("letter:a", "done", 1)])


async def test_waiting_for_paper_is_told_and_the_pauses_grow(ledger: Ledger) -> None:
    await ledger.write("a", letter=True)
    postman = Postman(*[no_paper] * 7)
    pauses: list[float] = []
    async with working(ledger, postman) as runner:
        for attempt in range(1, 8):
            await until(ledger, lambda attempt=attempt: ledger.effects() == [("letter:a", "ready", attempt)])  # type: ignore[misc]
            due_ms = await ledger.db.write(lambda connection: connection.execute("SELECT not_before_ms FROM outbox").get)
            pauses.append((due_ms - ledger.clock.now_ms()) / 1000)
            ledger.steady_ms[0] = due_ms - START_MS
            runner.lanes[LETTER].wake()
        await until(ledger, lambda: ledger.effects() == [("letter:a", "done", 8)])
    assert pauses == [*RETRY_S, RETRY_S[-1], RETRY_S[-1]]
    assert ledger.book().count("held") == 7


async def test_paper_back_means_now_and_the_oldest_first(ledger: Ledger) -> None:
    """Nobody waits out a back-off in front of a printer that was just put right, and a newer slip does not overtake."""
    for line in "abc":
        await ledger.write(line, letter=True)
    postman = Postman(*[no_paper] * 3)
    async with working(ledger, postman) as runner:
        await until(ledger, lambda: ledger.effects() == [(f"letter:{line}", "ready", 1) for line in "abc"])
        runner.wake(LETTER)
        await until(ledger, lambda: [state for _, state, _ in ledger.effects()] == ["done"] * 3)
    assert postman.keys == ["a", "b", "c", "a", "b", "c"]


@pytest.mark.parametrize(("late_ms", "end"), [(0, "done"), (1, "dropped")])
async def test_what_would_come_too_late_is_dropped(ledger: Ledger, late_ms: int, end: str) -> None:
    await ledger.write("a", letter=True, not_after_ms=START_MS + 60_000)
    ledger.steady_ms[0] = 60_000 + late_ms
    postman = Postman()
    async with working(ledger, postman):
        await until(ledger, lambda: ledger.effects() == [("letter:a", end, 1)])
    assert bool(postman.carried) is (end == "done")


async def test_late_and_in_doubt_is_still_for_the_handler_to_say(ledger: Ledger) -> None:
    """It may have happened in time: dropping it as too late would be an invention."""
    await ledger.write("a", letter=True, not_after_ms=START_MS + 60_000)
    lane = Lane(ledger.pipeline, LETTER, Postman(break_after), boot="boot-1")
    with pytest.raises(ConnectionError):
        await lane.run()
    ledger.steady_ms[0] = 3_600_000
    postman = Postman()
    async with working(ledger, postman, "boot-2"):
        await until(ledger, lambda: ledger.effects() == [("letter:a", "done", 2)])
    assert postman.carried == [("letter:a", 2, True)]


async def test_a_lane_that_broke_gives_back_what_had_not_begun(ledger: Ledger) -> None:
    await ledger.write("a", letter=True)
    postman = Postman(break_before)
    lane = Lane(ledger.pipeline, LETTER, postman, boot="boot-1")
    with pytest.raises(ConnectionError):
        await lane.run()
    assert ledger.effects() == [("letter:a", "leased", 1)]
    async with working(ledger, postman):
        await until(ledger, lambda: ledger.effects() == [("letter:a", "done", 2)])
    assert [in_doubt for _, _, in_doubt in postman.carried] == [False, False]


async def test_a_lane_that_broke_in_the_middle_leaves_a_doubt_also_within_one_run(ledger: Ledger) -> None:
    await ledger.write("a", letter=True)
    postman = Postman(break_after)
    lane = Lane(ledger.pipeline, LETTER, postman, boot="boot-1")
    with pytest.raises(ConnectionError):
        await lane.run()
    async with working(ledger, postman):
        await until(ledger, lambda: ledger.effects() == [("letter:a", "done", 2)])
    assert [in_doubt for _, _, in_doubt in postman.carried] == [False, True]


async def test_a_program_that_was_stopped_goes_on_where_it_was(ledger: Ledger) -> None:
    blocked = asyncio.Event()

    async def stand_still(_effect: Leased, started: Started) -> Settled | TryAgain:
        await started("0001")
        blocked.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    for line in "ab":
        await ledger.write(line, letter=True)
    async with working(ledger, Postman(stand_still)):
        await blocked.wait()
    await ledger.reopen()
    postman = Postman()
    async with working(ledger, postman, "boot-2"):
        await until(ledger, lambda: [state for _, state, _ in ledger.effects()] == ["done"] * 2)
    assert postman.carried == [("letter:a", 2, True), ("letter:b", 1, False)]


async def test_one_stuck_lane_holds_up_no_other(ledger: Ledger) -> None:
    stuck = asyncio.Event()

    async def never(_effect: Leased, _started: Started) -> Settled | TryAgain:
        stuck.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    await ledger.write("a", letter=True)
    async with working(ledger, never):
        await stuck.wait()
        await ledger.write("b", letter=True)
        assert ledger.book() == ["a", "b"]
