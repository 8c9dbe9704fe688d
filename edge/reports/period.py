"""Which days a report covers, and how they are cut into parts."""

import calendar
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from edge.kernel.domain import Rejected

DAYS_MAX: Final = 366
YEAR_MIN: Final = 1990
YEAR_MAX: Final = 2099


class Period(NamedTuple):
    """From a day to a day, both included."""

    first: date
    last: date

    @property
    def days(self) -> Iterator[date]:
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    @property
    def label(self) -> str:
        """A whole year or month by its name, else its days."""
        if self.first == self.last:
            return self.first.isoformat()
        if self == _year(self.first):
            return f"{self.first:%Y}"
        if self == _month(self.first):
            return f"{self.first:%Y-%m}"
        if self == _quarter(self.first):
            return f"{self.first:%Y}-Q{(self.first.month + 2) // 3}"
        return f"{self.first} – {self.last}"

    def part(self, cut: str, day: date) -> "Period":
        """The part of this period that `day` falls into, when it is cut by day, month, quarter or year, or not at all."""
        if cut == "total":
            return self
        whole = KINDS[cut](day)
        return Period(max(whole.first, self.first), min(whole.last, self.last))

    @property
    def previous(self) -> "Period":
        """What came before: the calendar period of the same kind, or as many days."""
        for kind in KINDS.values():
            if kind(self.first) == self:
                return kind(self.first - timedelta(days=1))
        return Period(self.first - (self.last - self.first) - timedelta(days=1), self.first - timedelta(days=1))


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
    known = period.first.year >= YEAR_MIN and period.last.year <= YEAR_MAX
    if not known or period.last < period.first or period.last - period.first >= timedelta(days=DAYS_MAX):
        raise Rejected("invalid_period", first=str(period.first), last=str(period.last), days_max=DAYS_MAX)
    return period


def midnight_ms(day: date, zone: ZoneInfo) -> int:
    """When `day` begins in the branch."""
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)
