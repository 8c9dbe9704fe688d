"""S22: one opinion for each service, in the time for it, and who says nothing counts as asked and not as dissatisfied."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.kernel.domain import Rejected
from edge.policy.model import SetValue
from edge.queue.model import FinishTicket, RateService, ServeTicket, Tier
from edge.reports.ask import ReportQuery
from edge.reports.catalogue import REPORTS
from edge.reports.gather import Source
from edge.reports.period import Period
from edge.reports.report import Ask
from edge.reports.table import written
from tests.scenarios.hall import MONDAY, ZONE, Hall, open_hall

WITHIN_S = 30


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.at("09:00")
        await opened.staff(1)
        within = SetValue(policy="queue.rating_within_s", value=WITHIN_S, reason="三十秒内评价")
        await opened.branch.pipeline.submit(within, actor="staff:9001")
        yield opened


async def serve(hall: Hall) -> str:
    """Somebody is served from beginning to end; the ticket's id."""
    await hall.take(Tier.NORMAL)
    called = await hall.next()
    assert called.ticket is not None
    for command in (ServeTicket(counter="counter-1", staff="1001"), FinishTicket(counter="counter-1", staff="1001")):
        await hall.branch.pipeline.submit(command, actor="staff:1001")
    return called.ticket.id


async def rate(hall: Hall, ticket: str, score: int) -> None:
    await hall.branch.pipeline.submit(RateService(ticket=ticket, score=score), actor="phone")


async def test_s22_one_rating_for_each_service(hall: Hall) -> None:
    ticket = await serve(hall)
    await rate(hall, ticket, 5)
    with pytest.raises(Rejected, match="already_rated"):
        await rate(hall, ticket, 1)


async def test_s22_after_thirty_seconds_it_is_unrated(hall: Hall) -> None:
    ticket = await serve(hall)
    hall.clock.advance(WITHIN_S + 1)
    with pytest.raises(Rejected, match="rating_closed"):
        await rate(hall, ticket, 5)


async def test_s22_who_said_nothing_is_in_the_rated_share_and_not_in_satisfaction(hall: Hall) -> None:
    for score in (5, 2, None, None):
        ticket = await serve(hall)
        if score is not None:
            await rate(hall, ticket, score)
    with hall.branch.db.reader() as connection:
        source = Source(connection, Period(MONDAY.date(), MONDAY.date()), ZONE, hall.branch.clock.now_ms())
        made = REPORTS["satisfaction"].table(Ask(source, ReportQuery()))
        names = [column.name for column in made.columns]
        (row,) = [dict(zip(names, line, strict=True)) for line in written(made, made.rows, ZONE, "en")]
    assert {name: row[name] for name in ("finished", "rated", "rated_share", "satisfied_share")} == {
        "finished": 4,
        "rated": 2,
        "rated_share": pytest.approx(0.5),
        "satisfied_share": pytest.approx(0.5),
    }
