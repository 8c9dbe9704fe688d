"""Which days are not what their weekday says: public holidays, and weekends on which the bank works (调休).

Three say so, each before the next: what the outlet has set for itself, the calendar in head office's or the region's policy,
and the state's published calendar that a library brings. A year of which the bank's own calendar says anything is the bank's:
the library is not asked about it, so a holiday that head office leaves out is a day like any other.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Final

import chinese_calendar

from edge.queue.call_rules import Calendar, DayClass, natural

SHOWN_FROM_YEARS_AGO: Final = 1
"""Pages show, and save, the calendar from the beginning of last year."""


@cache
def state_calendar() -> Calendar:
    """What the state has published, as far as the library knows it."""
    off = dict.fromkeys(chinese_calendar.holidays, DayClass.HOLIDAY)
    return off | dict.fromkeys(chinese_calendar.workdays, DayClass.WORKDAY)


class WorkCalendar(Mapping[date, DayClass]):
    """The three as one."""

    def __init__(self, own: Calendar, bank: Calendar) -> None:
        self._own = own
        self._bank = bank
        self._years = {day.year for day in bank}

    def __getitem__(self, day: date) -> DayClass:
        found = self._own.get(day) or self._bank.get(day)
        if found is None and day.year not in self._years:
            found = state_calendar().get(day)
        if found is None:
            raise KeyError(day)
        return found

    def __iter__(self) -> Iterator[date]:
        state = (day for day in state_calendar() if day.year not in self._years)
        return iter(dict.fromkeys((*self._own, *self._bank, *state)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def shown(calendar: Calendar, today: date) -> dict[date, DayClass]:
    """The days a page is told of: those that differ from their weekday, from last year on."""
    first = date(today.year - SHOWN_FROM_YEARS_AGO, 1, 1)
    return {day: kind for day, kind in sorted(calendar.items()) if day >= first and kind is not natural(day)}


def own_days(wished: Calendar, above: Calendar, today: date) -> dict[date, DayClass]:
    """What the outlet says itself where it wants `wished` to be what a page shows."""
    own = {day: kind for day, kind in wished.items() if above.get(day, natural(day)) is not kind}
    dropped = {day: natural(day) for day in shown(above, today) if day not in wished}
    return own | dropped
