"""Whether what phones showed came true. Pure.

A range was true when the next call after it was shown came within it, both ends included, to whole seconds: as the promise on
the slip is judged (`edge.reports.tally`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.forecast import tables
from edge.forecast.model import PromisesScored, ScorePromises
from edge.forecast.tables import ShownRange
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event
from edge.kernel.pipeline import Handler


@dataclass(frozen=True, slots=True)
class ScoreState:
    ranges: tuple[ShownRange, ...]
    calls_ms: tuple[int, ...]
    """The first and the last call so far."""


def for_score(connection: Connection, command: ScorePromises, _context: Context) -> ScoreState:
    return ScoreState(tuple(tables.shown(connection, command.ticket)), tables.calls_ms(connection, command.ticket))


def score(state: ScoreState, command: ScorePromises, _context: Context) -> Sequence[Event]:
    """Nothing where no call has come since."""
    over_s = [
        (called_ms - one.at_ms) // 1_000 - one.high_s if called_ms is not None else None
        for one in state.ranges
        for called_ms in [_next(state.calls_ms, one.at_ms)]
    ]
    judged = [(one, by_s) for one, by_s in zip(state.ranges, over_s, strict=True) if by_s is not None]
    if not judged:
        return []
    late_s = [by_s for _, by_s in judged if by_s > 0]
    early = sum(by_s + one.high_s < one.low_s for one, by_s in judged)
    kept = len(judged) - early - len(late_s)
    return [PromisesScored(ticket=command.ticket, kept=kept, early=early, late=len(late_s), late_s=sum(late_s))]


def _next(calls_ms: Sequence[int], at_ms: int) -> int | None:
    return next((called_ms for called_ms in calls_ms if called_ms >= at_ms), None)


HANDLERS: Final[dict[type[Command], Handler]] = {ScorePromises: Handler(for_score, score)}
