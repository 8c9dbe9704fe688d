"""The report of devices: availability by day and over the period, and how each stands now."""

from collections.abc import Iterator
from datetime import date

import pytest

from drivers.api import ErrorCode
from edge.devices.model import ConditionChanged, DaySummed, DeviceDay
from edge.reports.ask import ReportQuery
from edge.reports.catalogue import REPORTS
from edge.reports.device_health import ERRORS
from edge.reports.gather import Source
from edge.reports.period import Period
from edge.reports.report import Ask
from edge.reports.table import written
from tests.component.reports.books import ZONE, Books, at

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 3)


def a_day(device: str, ready_s: int, away_s: int, last_error: str | None = None) -> DeviceDay:
    return DeviceDay(
        device=device,
        family="escpos_printer",
        model="XP-80",
        ready_s=ready_s,
        away_s=away_s,
        commands=10,
        failures=1,
        connections=2,
        noise=0,
        last_error=last_error,
    )


@pytest.fixture
def books() -> Iterator[Books]:
    told = Books()
    told.configure()
    told.add(at(FIRST, "09:00"), ConditionChanged(device="printer-1", family="escpos_printer", model="XP-80", state="ready"))
    told.add(at(LAST, "00:01"), DaySummed(day="2026-03-02", devices=(a_day("printer-1", 80_000, 6_400, "paperOut"),)))
    told.add(
        at(LAST, "23:59"),
        DaySummed(day="2026-03-03", devices=(a_day("printer-1", 86_400, 0), a_day("printer-2", 0, 86_400, "notConnected"))),
    )
    yield told
    told.connection.close()


def made(books: Books, by: str, language: str = "zh-CN") -> list[dict[str, object]]:
    source = Source(books.connection, Period(FIRST, LAST), ZONE, at(LAST, "23:59"), by)
    table = REPORTS["device-health"].table(Ask(source, ReportQuery()))
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in written(table, table.rows, ZONE, language)]


def test_a_period_sums_its_days(books: Books) -> None:
    one, other = made(books, "total")
    assert (one["device"], one["now"], one["commands"], one["last_error"]) == ("printer-1", "正常", 20, "缺纸")
    assert one["ready_share"] == pytest.approx(166_400 / 172_800, abs=1e-4)
    assert (other["device"], other["ready_share"], other["last_error"]) == ("printer-2", 0, "没有接上")
    assert other["now"] is None, "nothing was told of it since"


def test_a_period_is_cut_into_its_days(books: Books) -> None:
    assert [(row["device"], row["away"]) for row in made(books, "day", "en")] == [
        ("printer-1", pytest.approx(106.67)),
        ("printer-1", 0),
        ("printer-2", 1440),
    ]


def test_every_trouble_has_words() -> None:
    assert {error.value for error in ErrorCode} <= ERRORS.keys()
