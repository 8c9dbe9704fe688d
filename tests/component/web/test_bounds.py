"""The bounds by themselves: token buckets, backlogs, deadlines, and the end of the day."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.web.backlog import Backlog
from edge.web.deadlines import Deadlines
from edge.web.limits import Buckets, Rate
from tests.component.web.world import DISPLAY_TOKEN, bearer, open_world

# --- token buckets


@given(
    burst=st.integers(1, 20),
    per_s=st.floats(0.1, 100),
    pauses_s=st.lists(st.floats(0, 5), min_size=1, max_size=200),
)
def test_no_caller_gets_more_than_the_burst_and_the_rate(burst: int, per_s: float, pauses_s: list[float]) -> None:
    buckets = Buckets(Rate(per_s, burst))
    now_s, let_through = 100.0, 0
    for pause_s in pauses_s:
        now_s += pause_s
        let_through += buckets.take("caller", now_s) == 0.0
        assert let_through <= burst + (now_s - 100.0) * per_s + 1e-6


@given(burst=st.integers(1, 20), per_s=st.floats(0.1, 100))
def test_the_wait_that_is_told_is_enough(burst: int, per_s: float) -> None:
    buckets = Buckets(Rate(per_s, burst))
    assert [buckets.take("caller", 0.0) for _ in range(burst)] == [0.0] * burst
    wait_s = buckets.take("caller", 0.0)
    assert 0 < wait_s <= 1 / per_s + 1e-6
    assert buckets.take("another", 0.0) == 0.0
    assert buckets.take("caller", wait_s) == 0.0


def test_many_callers_do_not_fill_the_memory() -> None:
    buckets = Buckets(Rate(1, 1), keys_max=10)
    for number in range(1000):
        assert buckets.take(f"caller {number}", 0.0) == 0.0
    assert buckets.take("caller 999", 0.0) > 0


# --- backlogs

STEPS = st.lists(st.one_of(st.tuples(st.just("add"), st.sampled_from(["", "a", "b"])), st.just(("take", ""))), max_size=60)


@given(STEPS)
def test_a_backlog_stays_in_its_bounds_and_in_order(steps: list[tuple[str, str]]) -> None:
    backlog = Backlog(messages_max=5, bytes_max=40)
    model: list[tuple[str, bytes]] = []
    for number, (step, key) in enumerate(steps):
        message = b"%04d" % number + b"." * (number % 7)
        if step == "take":
            assert backlog.take() == (model.pop(0)[1] if model else None)
        elif backlog.add(message, key=key):
            places = [place for place, (known, _) in enumerate(model) if key and known == key]
            if places:
                model[places[0]] = (key, message)
            else:
                model.append((key, message))
        assert len(backlog) == len(model) <= 5
        assert backlog.size_bytes == sum(len(message) for _, message in model) <= 40


def test_a_backlog_that_begins_anew_has_one_message() -> None:
    backlog = Backlog(messages_max=3, bytes_max=100)
    backlog.add(b"old", key="a")
    backlog.restart(b"reset")
    backlog.add(b"new", key="a")
    assert [backlog.take(), backlog.take(), backlog.take()] == [b"reset", b"new", None]


# --- deadlines


async def test_what_is_in_time_is_left_alone() -> None:
    async def quick() -> str:
        return "done"

    assert await Deadlines(10).keep(quick()) == "done"


async def test_a_cancellation_from_outside_is_not_taken_for_a_time_out() -> None:
    deadlines = Deadlines(10)
    started = asyncio.Event()

    async def slow() -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(deadlines.keep(slow()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# --- the end of the day

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


async def test_live_clients_are_told_that_the_daemon_restarts(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as page, open_world(tmp_path) as world:
        connected = await page.ws_connect(f"{world.base}/api/live", headers=bearer(DISPLAY_TOKEN))
        assert "hello" in await connected.receive_json(timeout=5)
        closing = asyncio.create_task(world.live.close())
        told = await connected.receive(timeout=5)
        assert told.data == aiohttp.WSCloseCode.GOING_AWAY
        await closing
        async with page.get(f"{world.base}/api/live", headers={**bearer(DISPLAY_TOKEN), **UPGRADE}) as answer:
            assert answer.status == 503
        await connected.close()
