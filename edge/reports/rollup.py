"""T+1: settled days are counted once and kept; a day that a late fact touches is counted again under a higher version (S25).

Every fact leaves its journal row's number with the day it belongs to (`report_day_fact`). A roll-up notes the number it was
made from, so it is fresh exactly as long as the two are equal. Rolling a fresh day up again changes nothing. The open day is
never kept: it is counted live and marked 未结.

When: at 02:00, when a day is closed, and before a report is made (`catch_up`).
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import structlog

from edge.kernel.db import Connection, Overloaded, StorageFull
from edge.kernel.pipeline import Pipeline
from edge.reports.cells import LAYOUT, Cell
from edge.reports.facts import Day
from edge.reports.period import Period, midnight_ms
from edge.reports.tally import PARTS, Part, tally

log = structlog.get_logger()

CATCH_UP_DAYS_MAX: Final = 800
"""More than two years: what one call may have to make good."""


class Rolled(NamedTuple):
    """A day counted: its sums by part, from the facts up to a row of the journal."""

    day: date
    through_seq: int
    parts: dict[str, bytes]


class DayState(NamedTuple):
    """What is known of a day that has facts."""

    day: date
    through_seq: int
    """The newest fact that belongs to it."""
    open: bool
    version: int
    """Of the kept roll-up; 0 where there is none."""
    fresh: bool
    """Whether the kept roll-up holds all facts."""


_STATES: Final = """
SELECT report_day_fact.day, report_day_fact.seq, coalesce(queue_day.state, 'closed') = 'open', coalesce(version, 0),
       coalesce(through_seq = report_day_fact.seq AND layout = ?, 0)
FROM report_day_fact LEFT JOIN queue_day USING (day) LEFT JOIN report_day USING (day)
WHERE report_day_fact.day BETWEEN ? AND ? ORDER BY 1
"""


def states(connection: Connection, period: Period) -> list[DayState]:
    """The days of `period` that have facts, in order."""
    rows = connection.execute(_STATES, (LAYOUT, period.first.isoformat(), period.last.isoformat()))
    return [
        DayState(date.fromisoformat(day), seq, bool(is_open), version, bool(fresh))
        for day, seq, is_open, version, fresh in rows
    ]


def count(connection: Connection, state: DayState, zone: ZoneInfo) -> Rolled:
    """Count a settled day. Nothing goes on in it any more, so it needs no clock."""
    day = Day(connection, state.day, zone, now_ms=midnight_ms(state.day + timedelta(days=1), zone))
    return Rolled(state.day, state.through_seq, {part.name: msgspec.msgpack.encode(tally(part, day)) for part in PARTS})


def keep(connection: Connection, rolled: Rolled, *, now_ms: int) -> int:
    """Keep what was counted, on the writer; returns the version in force. A kept day that is as new stays as it is."""
    day = rolled.day.isoformat()
    known = connection.execute("SELECT version, through_seq, layout FROM report_day WHERE day = ?", (day,)).fetchone()
    version, through_seq, layout = known or (0, -1, LAYOUT)
    if through_seq >= rolled.through_seq and layout == LAYOUT:
        return int(version)
    changed = version + (through_seq != rolled.through_seq)
    connection.execute(
        "INSERT INTO report_day VALUES (?, ?, ?, ?, ?) ON CONFLICT (day) DO UPDATE SET version = excluded.version,"
        " layout = excluded.layout, through_seq = excluded.through_seq, rolled_ms = excluded.rolled_ms",
        (day, changed, LAYOUT, rolled.through_seq, now_ms),
    )
    connection.execute("DELETE FROM report_roll WHERE day = ?", (day,))
    connection.executemany("INSERT INTO report_roll VALUES (?, ?, ?)", [(day, *part) for part in rolled.parts.items()])
    return int(changed)


def kept(connection: Connection, part: Part, days: Period) -> Iterator[tuple[date, list[Cell]]]:
    """The kept cells of one part, day by day."""
    decode = msgspec.msgpack.Decoder(list[part.cell]).decode  # type: ignore[name-defined]
    rows = connection.execute(
        "SELECT day, cells FROM report_roll WHERE part = ? AND day BETWEEN ? AND ? ORDER BY day",
        (part.name, days.first.isoformat(), days.last.isoformat()),
    )
    for day, cells in rows:
        yield date.fromisoformat(day), decode(cells)


async def roll_up(pipeline: Pipeline, day: date) -> int | None:
    """Roll one day up, where it is settled and not fresh; returns its version, None for an open day or one without facts.

    Raises Overloaded or StorageFull where nothing could be kept.
    """

    def work(connection: Connection) -> tuple[DayState | None, Rolled | None]:
        found = states(connection, Period(day, day))
        state = found[0] if found else None
        todo = state is not None and not state.open and not state.fresh
        return state, count(connection, state, pipeline.zone) if state is not None and todo else None

    state, rolled = await pipeline.db.scan(work)
    if state is None or state.open:
        return None
    if rolled is None:
        return state.version
    now_ms = pipeline.clock.now_ms()
    return await pipeline.db.write(lambda connection: keep(connection, rolled, now_ms=now_ms))


async def catch_up(pipeline: Pipeline, period: Period) -> int:
    """Roll up every settled day of `period` that is missing or stale; returns how many.

    Where the box is too busy or too full to keep them, the rest is left: reports count such days from their facts.
    """
    found: list[DayState] = await pipeline.db.scan(lambda connection: states(connection, period))
    stale = [state.day for state in found if not state.open and not state.fresh][:CATCH_UP_DAYS_MAX]
    done = 0
    for day in stale:
        try:
            await roll_up(pipeline, day)
        except (Overloaded, StorageFull) as error:
            log.warning("roll_up_postponed", day=day.isoformat(), days=len(stale) - done, reason=type(error).__name__)
            break
        done += 1
    return done


async def roll_up_stale(pipeline: Pipeline) -> int:
    """All days that need it, however old: the job at 02:00 and at the close of a day."""
    whole = await pipeline.db.scan(_whole)
    return 0 if whole is None else await catch_up(pipeline, whole)


def _whole(connection: Connection) -> Period | None:
    """From the first day with facts to the last."""
    rows = connection.execute("SELECT min(day), max(day) FROM report_day_fact")
    return next((Period(date.fromisoformat(first), date.fromisoformat(last)) for first, last in rows if first), None)
