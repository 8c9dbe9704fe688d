"""Which days a report is about."""

from datetime import date

import pytest

from edge.reports.period import DAYS_MAX, Period, resolve
from tests.unit.given import refused

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("kind", "day", "first", "last"),
    [
        ("day", None, "2026-11-23", "2026-11-23"),
        ("day", "2024-02-29", "2024-02-29", "2024-02-29"),
        ("month", "2024-02-10", "2024-02-01", "2024-02-29"),
        ("month", "2026-02-28", "2026-02-01", "2026-02-28"),
        ("month", "2026-12-31", "2026-12-01", "2026-12-31"),
        ("quarter", "2026-03-31", "2026-01-01", "2026-03-31"),
        ("quarter", "2026-04-01", "2026-04-01", "2026-06-30"),
        ("quarter", None, "2026-10-01", "2026-12-31"),
        ("year", "2024-07-01", "2024-01-01", "2024-12-31"),
        ("year", None, "2026-01-01", "2026-12-31"),
    ],
)
def test_s24_the_calendar_period_around_a_day(kind: str, day: str | None, first: str, last: str) -> None:
    meant = Period(date.fromisoformat(first), date.fromisoformat(last))
    around = None if day is None else date.fromisoformat(day)
    assert resolve(kind, around, None, TODAY) == meant
    assert resolve(kind, None, around, TODAY) == meant


def test_a_range_beats_the_kind() -> None:
    first, last = date(2026, 1, 30), date(2026, 2, 2)
    assert resolve("year", first, last, TODAY) == Period(first, last)
    assert resolve("day", first, first, TODAY) == Period(first, first)


def test_a_range_the_wrong_way_round_is_refused() -> None:
    with refused("invalid_period") as no:
        resolve("day", date(2026, 2, 2), date(2026, 2, 1), TODAY)
    assert no.facts == {"first": "2026-02-02", "last": "2026-02-01", "days_max": 366}


def test_the_longest_range_is_a_leap_year() -> None:
    assert resolve("day", date(2024, 1, 1), date(2024, 12, 31), TODAY).last == date(2024, 12, 31)
    assert DAYS_MAX == 366
    with refused("invalid_period"):
        resolve("day", date(2024, 1, 1), date(2025, 1, 1), TODAY)
