"""Add up the cells of a period: kept ones where a day is rolled up and they can be told apart, else counted from its facts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from edge.kernel.db import Connection
from edge.reports import rollup
from edge.reports.cells import ANY, Cell
from edge.reports.facts import EVERYBODY, Day, Scope
from edge.reports.period import Period
from edge.reports.tally import Part, tally

C = TypeVar("C", bound=Cell)
_FIELD: Final = {"service": "service", "tier": "tier", "teller": "staff", "counter": "counter"}


class Edition(NamedTuple):
    """Which state of the facts a report shows: it stands in the head of the screen, the print and the workbook."""

    days: int
    """Business days with facts."""
    version: int
    """1 and one more for every day that had to be counted again because a fact came late."""
    through_seq: int
    """The newest journal row in it."""
    open_days: tuple[date, ...]
    """未结: counted while they were still going on."""


@dataclass(frozen=True)
class Source:
    """The facts of a period, of everybody or of some."""

    connection: Connection
    period: Period
    zone: ZoneInfo
    now_ms: int
    cut: str = "total"
    """How the period is cut into the lines of a report."""
    scope: Scope = field(default=EVERYBODY)

    @cached_property
    def states(self) -> list[rollup.DayState]:
        return rollup.states(self.connection, self.period)

    @cached_property
    def edition(self) -> Edition:
        days = self.states
        return Edition(
            len(days),
            1 + sum(max(0, state.version - 1) for state in days),
            max((state.through_seq for state in days), default=0),
            tuple(state.day for state in days if state.open),
        )

    def part_of(self, day: date) -> Period:
        return self.period.part(self.cut, day)

    def days(self) -> Iterator[Day]:
        """The business days themselves, one after the other."""
        for state in self.states:
            yield self.day(state.day)

    def day(self, day: date) -> Day:
        """A settled day goes on until its midnight, the open one until now."""
        found = Day(self.connection, day, self.zone, self.now_ms, self.scope)
        return found if day in self._open else replace(found, now_ms=found.end_ms)

    @cached_property
    def _open(self) -> frozenset[date]:
        return frozenset(self.edition.open_days)

    def cells(self, part: Part) -> Iterator[tuple[date, Cell]]:
        """Every cell of the period with its day, for those in the scope."""
        wanted = self.scope.named - part.blind
        can_tell = wanted <= part.cut
        keep = self._tests(part, wanted if can_tell else wanted & part.cube)
        kept = {state.day for state in self.states if can_tell and state.fresh and not state.open}
        if kept:
            for day, cells in rollup.kept(self.connection, part, self.period):
                if day in kept:
                    yield from ((day, cell) for cell in cells if _fits(cell, keep))
        for state in self.states:
            if state.day not in kept:
                yield from ((state.day, cell) for cell in tally(part, self._facts_of(part, state.day)) if _fits(cell, keep))

    def _facts_of(self, part: Part, day: date) -> Day:
        """A day's facts without what the part takes no notice of."""
        scope = replace(self.scope, **dict.fromkeys(part.blind))
        return replace(self.day(day), scope=scope)

    def _tests(self, part: Part, wanted: frozenset[str]) -> list[tuple[str, str]]:
        """What fields of a cell must say: what was asked for, or `*` where nothing was and there are cells for all."""
        asked = [(_FIELD[name], str(getattr(self.scope, name))) for name in sorted(wanted)]
        return asked + [(_FIELD[name], ANY) for name in sorted(part.cube - wanted)]

    def sums(self, part: Part, kind: type[C], group: Callable[[date, C], tuple[Any, ...]]) -> dict[tuple[Any, ...], C]:
        """One sum per group, in the order of groups."""
        found: dict[tuple[Any, ...], C] = {}
        for day, cell in self.cells(part):
            if isinstance(cell, kind):
                key = group(day, cell)
                if key not in found:
                    found[key] = kind(*cell.key)
                found[key].add(cell)
        return {key: found[key] for key in sorted(found)}


def _fits(cell: Cell, tests: list[tuple[str, str]]) -> bool:
    return all(getattr(cell, name) == value for name, value in tests)


def total(kind: type[C], cells: Iterator[C] | list[C]) -> C:
    """All of them as one; its key means nothing."""
    whole: C | None = None
    for cell in cells:
        if whole is None:
            whole = kind(*cell.key)
        whole.add(cell)
    return whole if whole is not None else kind(*([""] * kind.KEYS))
