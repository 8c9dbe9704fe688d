"""Every range that a phone shows is kept, and the call tells whether it was true; the report says how often (R062)."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge import registry
from edge.forecast.model import PromisesScored
from edge.forecast.promises import RANGES_MAX, Promises
from edge.kernel import fold
from edge.notify.phone import PhoneTicket
from edge.queue.forecast import Wait
from edge.queue.model import AskForTime, CancelTicket, Tier
from edge.reports.ask import ReportQuery
from edge.reports.catalogue import REPORTS
from edge.reports.gather import Source
from edge.reports.period import Period
from edge.reports.report import Ask
from edge.reports.table import Value, written
from tests.scenarios.hall import ZONE, Hall, minutes, open_hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.at("09:00")
        await opened.staff(1)
        yield opened


def id_of(hall: Hall, number: str) -> str:
    with hall.branch.db.reader() as connection:
        return str(connection.execute("SELECT id FROM ticket WHERE number = ?", (number,)).get)


def phone(hall: Hall, number: str) -> PhoneTicket:
    found = hall.branch.phones.view(id_of(hall, number))
    assert found is not None
    return found


def scored(hall: Hall) -> list[PromisesScored]:
    records = hall.branch.journal.tail(0)
    return [msgspec.json.decode(one.body, type=PromisesScored) for one in records if one.type == PromisesScored.TYPE]


def kept_waiting(hall: Hall) -> int:
    with hall.branch.db.reader() as connection:
        return int(connection.execute("SELECT count(*) FROM forecast_shown").get)


def report(hall: Hall) -> dict[str, Value]:
    """The line of the whole day, by column."""
    today = hall.branch.place.now().date()
    with hall.branch.db.reader() as connection:
        query = ReportQuery()
        source = Source(connection, Period(today, today), ZONE, hall.clock.now_ms(), query.by, query.scope)
        made = REPORTS["promise-kept"].table(Ask(source, query))
        assert made.total is not None
        line = next(iter(written(made, [made.total], ZONE, "en")))
    return {column.name: value for column, value in zip(made.columns, line, strict=True)}


async def test_what_the_phone_showed_is_scored_at_the_call_and_reported(hall: Hall) -> None:
    for _ in range(5):
        await hall.take(Tier.NORMAL)
    first = phone(hall, "A005").wait
    assert kept_waiting(hall) == 0, "what stands on the slip is no later promise"
    for number in ("A001", "A002", "A003"):
        assert await hall.calls(1) == [number]
        assert phone(hall, "A005").wait == phone(hall, "A005").wait != first
    await hall.branch.promises.settle()
    assert (kept_waiting(hall), scored(hall)) == (3, [])
    await hall.at(hall.branch.place.now() + minutes(1))
    await hall.calls(2)  # A005 a minute after its phone last said what it had to expect
    await hall.branch.promises.settle()
    (one,) = scored(hall)
    assert (one.ticket, one.kept + one.early + one.late, one.late) == (id_of(hall, "A005"), 3, 0)
    assert kept_waiting(hall) == 0
    line = report(hall)
    assert (line["promised"], line["later_shown"], line["later_kept"]) == (5, 3, one.kept)
    with hall.branch.db.reader() as connection:
        assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


async def test_a_range_that_was_too_short_is_late_and_one_too_long_is_early(hall: Hall) -> None:
    await hall.take(Tier.NORMAL)
    ticket, on_slip = id_of(hall, "A001"), Wait(1, 2)
    for said in (Wait(0, 60), Wait(60, 300), Wait(600, 900)):
        hall.branch.promises.shown(ticket, said, on_slip)
        await hall.at(hall.branch.place.now() + minutes(2))
    await hall.calls(1)
    await hall.branch.promises.settle()
    (one,) = scored(hall)
    assert (one.kept, one.early, one.late) == (1, 1, 1)
    assert 290 <= one.late_s < 310  # six minutes later, where one was said
    assert report(hall)["later_overrun"] == pytest.approx(5.0, abs=0.1)


async def test_what_the_customer_changed_is_no_broken_promise(hall: Hall) -> None:
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    hall.branch.promises.shown(id_of(hall, "A001"), Wait(0, 60), Wait(1, 2))
    hall.branch.promises.shown(id_of(hall, "A002"), Wait(0, 60), Wait(1, 2))
    await hall.branch.promises.settle()
    await hall.branch.pipeline.submit(AskForTime(ticket=id_of(hall, "A001")), actor="phone")
    await hall.branch.pipeline.submit(CancelTicket(ticket=id_of(hall, "A002")), actor="phone")
    assert kept_waiting(hall) == 0
    await hall.at(hall.branch.place.now() + minutes(30))
    await hall.calls(2)
    await hall.branch.promises.settle()
    assert scored(hall) == []


async def test_the_box_may_stop_in_between(hall: Hall) -> None:
    await hall.take(Tier.NORMAL)
    hall.branch.promises.shown(id_of(hall, "A001"), Wait(0, 300), Wait(1, 2))
    await hall.branch.promises.settle()
    await hall.calls(1)
    await Promises(hall.branch.pipeline).settle()  # of another life: it knows nothing but the table
    assert [(one.kept, one.late) for one in scored(hall)] == [(1, 0)]


async def test_a_phone_that_asks_all_day_fills_nothing(hall: Hall) -> None:
    await hall.take(Tier.NORMAL)
    for time in range(3 * RANGES_MAX):
        hall.branch.promises.shown(id_of(hall, "A001"), Wait(0, 60 * (1 + time)), Wait(1, 2))
        hall.clock.advance(1)
    await hall.branch.promises.settle()
    assert kept_waiting(hall) == RANGES_MAX
