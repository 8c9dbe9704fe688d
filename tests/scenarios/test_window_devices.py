"""The rating pad and the call keypad of a window: real wires, emulated devices (S22)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from drivers.evaluator.emulator import IDLE, PROMPT, THANKS
from edge.queue import views
from edge.queue.model import FinishTicket, ServeTicket, Tier
from edge.queue.views import CounterView
from tests.scenarios.hall import Hall, open_hall
from tests.scenarios.test_calls_on_devices import Bench, with_devices


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.staff(1)
        await opened.staff(2)
        yield opened


def ratings(hall: Hall) -> dict[str, int | None]:
    with hall.branch.db.reader() as connection:
        rows = connection.execute("SELECT number, rating FROM ticket").fetchall()
    return {str(number): rating if rating is None else int(str(rating)) for number, rating in rows}


def counter(hall: Hall, number: int) -> CounterView:
    with hall.branch.db.reader() as connection:
        found = views.counters(connection, hall.branch.place.zone)
    return next(one for one in found if one.number == number)


async def journalled(hall: Hall, holds: Callable[[], bool]) -> None:
    """Wait for a fact."""
    news = asyncio.Event()
    hall.branch.pipeline.followers.append(lambda _records: news.set())
    async with asyncio.timeout(30):
        while not holds():
            await news.wait()
            news.clear()


async def serve(hall: Hall, number: int = 1) -> None:
    who = {"counter": f"counter-{number}", "staff": f"100{number}"}
    await hall.next(number)
    await hall.branch.pipeline.submit(ServeTicket(**who), actor=f"staff:{who['staff']}")
    await hall.branch.pipeline.submit(FinishTicket(**who), actor=f"staff:{who['staff']}")


async def ready(hall: Hall, bench: Bench) -> None:
    """Until its devices can be asked."""
    async with asyncio.timeout(30):
        while any(hall.branch.floor.view(name).device != "online" for name in bench.devices):  # noqa: ASYNC110 -- polled
            await asyncio.sleep(0.01)


async def test_s22_a_service_that_ends_asks_the_pad_of_its_window_and_its_key_counts_once(hall: Hall) -> None:
    async with with_devices(hall, "evaluator-1", "evaluator-2") as bench:
        await ready(hall, bench)
        await hall.take(Tier.NORMAL)
        await serve(hall)
        await bench.until(lambda: PROMPT in bench.shown("evaluator-1"))
        bench.devices["evaluator-1"].act("press", {"score": 4})
        bench.devices["evaluator-1"].act("press", {"score": 2})
        await journalled(hall, lambda: ratings(hall) == {"A001": 4})
        assert THANKS in bench.shown("evaluator-1")
        assert bench.shown("evaluator-2") == [], "nobody asks at the other window"


async def test_s22_the_next_service_ends_the_question_about_the_last(hall: Hall) -> None:
    async with with_devices(hall, "evaluator-1") as bench:
        await ready(hall, bench)
        await hall.take(Tier.NORMAL)
        await hall.take(Tier.NORMAL)
        await serve(hall)
        await bench.until(lambda: PROMPT in bench.shown("evaluator-1"))
        await serve(hall)
        await bench.until(lambda: bench.shown("evaluator-1") == [PROMPT, IDLE, PROMPT])
        bench.devices["evaluator-1"].act("press", {"score": 5})
        await journalled(hall, lambda: ratings(hall)["A002"] == 5)
        assert ratings(hall)["A001"] is None, "未评价"


async def test_a_key_does_what_the_tellers_button_does_and_a_double_press_one_thing(hall: Hall) -> None:
    async with with_devices(hall, "keypads") as bench:
        await ready(hall, bench)
        for _ in range(3):
            await hall.take(Tier.NORMAL)
        keypads = bench.devices["keypads"]
        await hall.next(2)
        await bench.until(lambda: "[2] A001" in bench.shown("keypads"))
        keypads.act("press", {"unit": 1, "key": "next", "times": 3})
        await bench.until(lambda: "[1] A002" in bench.shown("keypads"))
        keypads.act("press", {"unit": 1, "key": "noShow"})
        await journalled(hall, lambda: counter(hall, 1).ticket is None)
        await bench.until(lambda: bench.shown("keypads")[-1] == "[1] ")
        keypads.act("press", {"unit": 1, "key": "recall"})
        await bench.until(lambda: "[1] beep" in bench.shown("keypads"))
        keypads.act("press", {"unit": 1, "key": "pause"})
        await journalled(hall, lambda: counter(hall, 1).state == "paused")
        assert "[1] A003" not in bench.shown("keypads"), "three presses in a row called once"
