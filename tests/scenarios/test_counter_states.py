"""S20, S23: each state of a counter is on every page before the next one; the books tell who came, went, and forgot to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from edge.kernel.domain import Command
from edge.queue.model import CloseDay, SignOut
from edge.reports.ask import ReportQuery
from edge.reports.catalogue import REPORTS
from edge.reports.gather import Source
from edge.reports.period import Period
from edge.reports.report import Ask
from edge.reports.table import written
from tests.harness.api import Api
from tests.harness.programs import BranchProcess
from tests.scenarios.hall import MONDAY, ZONE, Hall, open_hall

PATIENCE_S: Final = 20
AT_1: Final[dict[str, Any]] = {"counter": "counter-1", "staff": "1001"}


async def hears(feed: aiohttp.ClientWebSocketResponse, fact: str) -> None:
    """No other fact about a counter comes before it."""
    async with asyncio.timeout(PATIENCE_S):
        while (heard := (await feed.receive_json()).get("type", "")) != fact:
            assert not heard.startswith("queue.counter_"), heard


async def test_s20_the_lobby_hears_each_state_before_the_next_and_reads_it_with_the_wait(tmp_path: Path) -> None:
    with BranchProcess(tmp_path) as branch:
        async with Api(branch.url) as guest:
            await guest.post("/sandbox/clock", {"now": "2026-03-02T09:00:00+08:00"})
            kiosk, lobby, admin = await guest.as_kiosk(), await guest.as_staff("2001"), await guest.as_staff("9001")
            await kiosk.post("/api/tickets", {"service": "personal", "channel": "kiosk"})
            await kiosk.post("/api/tickets", {"service": "personal", "channel": "kiosk"})
            await guest.post("/sandbox/clock", {"advance_s": 300})
            teller = await guest.as_staff("1001")
            feeds = [await one.live() for one in (lobby, admin)]
            steps = (
                ("sign-in", "queue.counter_signed_in.v1", "signed_in", None),
                ("open", "queue.counter_opened.v1", "open", None),
                ("pause", "queue.counter_paused.v1", "paused", None),
                ("resume", "queue.counter_resumed.v1", "open", None),
                ("next", "queue.ticket_called.v1", "open", "called"),
                ("serve", "queue.ticket_served.v1", "open", "serving"),
            )
            for deed, fact, state, in_hand in steps:
                await teller.post(f"/api/counters/counter-1/{deed}")
                for feed in feeds:
                    await hears(feed, fact)
                for page in (lobby, admin):
                    (seen, *_) = (await page.get("/api/counters"))["counters"]
                    ticket = seen.get("ticket") or {}
                    assert (seen["state"], ticket.get("state")) == (state, in_hand), deed
            (waits,) = (await lobby.get("/api/tickets", state="waiting"))["tickets"]
            assert waits["taken_at"].startswith("2026-03-02T09:00:0")
            assert waits["wait"]["high_s"] >= waits["wait"]["low_s"]
            (queue,) = [one for one in (await lobby.get("/api/queues"))["queues"] if one["id"] == "personal.normal"]
            assert (queue["waiting"], queue["serving"]) == (1, 1)
            assert 300 <= queue["longest_wait_s"] <= 300 + PATIENCE_S
            for feed in feeds:
                await feed.close()


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.at("09:00")
        yield opened


async def do(hall: Hall, command: Command) -> None:
    await hall.branch.pipeline.submit(command, actor="staff:1001")


def attendance(hall: Hall) -> list[dict[str, Any]]:
    with hall.branch.db.reader() as connection:
        source = Source(connection, Period(MONDAY.date(), MONDAY.date()), ZONE, hall.clock.now_ms())
        made = REPORTS["attendance"].table(Ask(source, ReportQuery()))
        names = [column.name for column in made.columns]
        return [dict(zip(names, line, strict=True)) for line in written(made, made.rows, ZONE, "zh-CN")]


async def test_s23_signing_in_and_out_is_told_to_the_second(hall: Hall) -> None:
    await hall.staff(1)
    hall.clock.advance(3600)
    await do(hall, SignOut(**AT_1))
    (shift,) = attendance(hall)
    assert shift["signed_in"][:16] == "2026-03-02 09:00"
    assert shift["signed_out"][:16] == "2026-03-02 10:00"
    assert shift["present"] == pytest.approx(60, abs=0.1)
    assert not shift["automatic"]


async def test_s23_whoever_forgot_to_sign_out_is_signed_out_at_the_close_and_flagged(hall: Hall) -> None:
    await hall.staff(1)
    await hall.staff(2)
    await hall.at("17:00")
    await do(hall, SignOut(**AT_1))
    await hall.at("17:30")
    await hall.branch.pipeline.submit(CloseDay(), actor="staff:9001")
    ends = {shift["counter"]: (shift["signed_out"][11:16], shift["automatic"]) for shift in attendance(hall)}
    assert ends == {"1": ("17:00", None), "2": ("17:30", "✓")}
