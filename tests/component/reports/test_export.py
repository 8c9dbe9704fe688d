"""The export worker as a process, and the roll-up jobs on a real pipeline."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import psutil
import pytest

from edge.kernel.domain import Rejected
from edge.queue.model import CloseDay, RateService, ServeTicket, Tier
from edge.reports import export as exports
from edge.reports.__main__ import Order
from edge.reports.ask import ReportQuery
from edge.reports.export import Exporter
from edge.reports.period import Period
from edge.reports.rollup import catch_up, roll_up, roll_up_stale, states
from tests.component.reports.books import ZONE, Books, tell_days
from tests.scenarios.hall import MONDAY, open_hall

DAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Order]:
    path = tmp_path_factory.mktemp("books") / "core.db"
    books = Books(path)
    tell_days(books, DAY, 2, tickets=80, seed=5)
    yield Order(
        database=str(path),
        target="",
        report="ticket-detail",
        query=ReportQuery(),
        first=DAY,
        last=DAY + timedelta(days=1),
        zone=ZONE.key,
        now_ms=books.last_ms,
        language="zh-CN",
    )
    books.connection.close()


async def test_a_workbook_is_made_by_another_process(order: Order) -> None:
    done = await Exporter().export(order)
    assert done.rows == 168, "eight of them with appointments"
    assert done.content.startswith(b"PK")
    assert 0 < done.peak_kib < 60 * 1024


async def test_an_export_that_takes_too_long_ends_with_its_process(order: Order) -> None:
    with pytest.raises(Rejected, match="export_too_slow"):
        await Exporter(timeout_s=0.001).export(order)
    assert not _workers()


async def test_an_export_that_nobody_waits_for_any_more_ends(order: Order) -> None:
    for patience_s in (0.0, 0.001, 0.1):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Exporter().export(order), patience_s)
    assert not _workers()


async def test_a_broken_export_says_so(order: Order, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="export_failed"):
        await Exporter().export(msgspec.structs.replace(order, database=str(tmp_path / "nothing.db")))


async def test_exports_wait_for_each_other_but_not_all_of_them(order: Order) -> None:
    exporter = Exporter()
    many = [exporter.export(order) for _ in range(exports.WAITING_MAX + 2)]
    results = await asyncio.gather(*many, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Rejected)]
    assert [no.code for no in refused] == ["export_busy"]


def _workers() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if child.status() != psutil.STATUS_ZOMBIE and "edge.reports" in child.cmdline()]


async def test_s25_the_jobs_roll_up_what_is_settled_and_only_that(tmp_path: Path) -> None:
    async with open_hall(tmp_path / "branch") as hall:
        pipeline = hall.branch.pipeline
        assert await roll_up_stale(pipeline) == 0, "no facts yet"
        await hall.staff(1)
        await hall.take(Tier.NORMAL, "09:00")
        called = (await hall.next()).ticket
        assert called is not None
        await pipeline.submit(ServeTicket(counter="counter-1", staff="1001"), actor="staff:1001")
        assert await roll_up(pipeline, MONDAY.date()) is None, "the open day"
        assert await roll_up(pipeline, MONDAY.date() - timedelta(days=1)) is None, "a day without facts"
        await pipeline.submit(CloseDay(), actor="staff:9001")
        assert await roll_up_stale(pipeline) == 1
        assert await roll_up(pipeline, MONDAY.date()) == 1
        assert await roll_up_stale(pipeline) == 0
        await pipeline.submit(RateService(ticket=called.id, score=4), actor="phone")
        period = Period(MONDAY.date(), MONDAY.date())
        assert await catch_up(pipeline, period) == 1
        with hall.branch.db.reader() as connection:
            (state,) = states(connection, period)
        assert (state.version, state.fresh, state.open) == (2, True, False)
