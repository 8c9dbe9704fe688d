"""Which days a report covers."""

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, NamedTuple

from edge.kernel.domain import Rejected

DAYS_MAX: Final = 366


class Period(NamedTuple):
    """From a day to a day, both included."""

    first: date
    last: date


def _day(day: date) -> Period:
    return Period(day, day)


def _month(day: date) -> Period:
    return Period(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def _quarter(day: date) -> Period:
    first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return Period(first, _month(first.replace(month=first.month + 2)).last)


def _year(day: date) -> Period:
    return Period(date(day.year, 1, 1), date(day.year, 12, 31))


KINDS: Final[dict[str, Callable[[date], Period]]] = {"day": _day, "month": _month, "quarter": _quarter, "year": _year}


def resolve(kind: str, first: date | None, last: date | None, today: date) -> Period:
    """The days meant: an explicit range, or the calendar period around `first`, or around today."""
    period = Period(first, last) if first and last else KINDS[kind](first or last or today)
    if period.last < period.first or period.last - period.first >= timedelta(days=DAYS_MAX):
        raise Rejected("invalid_period", first=str(period.first), last=str(period.last), days_max=DAYS_MAX)
    return period
