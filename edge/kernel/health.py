"""/health: one word for the whole box, and the checks it comes from.

`assess` is pure: readings in, judgement out. A check is a name, a status, a stable code and facts; its text in each language
is in the locale files. No personal data: names of tasks, ages, counts.

    ok         everything does what it should
    degraded   customers are served; somebody should look today
    failing    customers are not served, or facts are at risk: somebody must come now
"""

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.kernel.notices import Notice
from edge.kernel.supervise import Snapshot, State


class Status(enum.StrEnum):
    """Worst last."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at and is not as it should be, or `code` "ok"."""

    name: str
    status: Status
    code: str
    facts: dict[str, int | float | str] = {}


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of /health."""

    status: Status
    checks: tuple[Check, ...]

    @property
    def http_status(self) -> int:
        """503 only where nobody is served: whoever watches from outside must not restart a box that works."""
        return 503 if self.status is Status.FAILING else 200


@dataclass(frozen=True, slots=True)
class Readings:
    """What the box measured about itself just now."""

    waiting_jobs: int
    waiting_jobs_max: int
    wal_pages: int
    storage_failed: bool
    reserve_there: bool
    disk_free_bytes: int
    backup_age_s: float | None
    """None: there is no verified backup."""
    backup_every_s: float
    clock_suspect: bool
    safe_mode: bool
    head_office_silent_s: float | None
    """None: this branch has no head office."""
    effect_waits_s: float
    """How long the oldest effect has been due."""
    tasks: Sequence[Snapshot]
    essential_tasks: frozenset[str]
    """Without these nobody is served."""
    notices: Sequence[Notice]


WAL_PAGES_MAX: Final = 8192
DISK_FREE_BYTES_MIN: Final = 1024 * 1024 * 1024
BACKUPS_MISSED_MAX: Final = 3
HEAD_OFFICE_SILENT_S_MAX: Final = 15 * 60
EFFECT_WAITS_S_MAX: Final = 60


def assess(readings: Readings) -> Health:
    """Judge the readings: every check answers, at least with "ok"; the whole is as bad as its worst part."""
    checks: list[Check] = []
    for name, look in _CHECKS.items():
        found = list(look(readings))
        checks += [Check(name=name, status=status, code=code, facts=facts) for status, code, facts in found]
        if not found:
            checks.append(Check(name=name, status=Status.OK, code="ok"))
    order = list(Status)
    worst = max((check.status for check in checks), key=order.index)
    return Health(status=worst, checks=tuple(checks))


_Finding = tuple[Status, str, dict[str, int | float | str]]


def _writer(readings: Readings) -> Iterator[_Finding]:
    load = readings.waiting_jobs / readings.waiting_jobs_max
    facts: dict[str, int | float | str] = {"waiting_jobs": readings.waiting_jobs}
    if readings.storage_failed:
        yield Status.FAILING, "storage_failed", {}
    elif load >= 0.9:
        yield Status.FAILING, "overloaded", facts
    elif load >= 0.5:
        yield Status.DEGRADED, "busy", facts
    if readings.wal_pages > WAL_PAGES_MAX:
        yield Status.DEGRADED, "wal_long", {"wal_pages": readings.wal_pages}


def _disk(readings: Readings) -> Iterator[_Finding]:
    facts: dict[str, int | float | str] = {"free_bytes": readings.disk_free_bytes}
    if not readings.reserve_there:
        yield Status.FAILING, "disk_full", facts
    elif readings.disk_free_bytes < DISK_FREE_BYTES_MIN:
        yield Status.DEGRADED, "disk_low", facts


def _backup(readings: Readings) -> Iterator[_Finding]:
    if readings.backup_age_s is None:
        yield Status.DEGRADED, "backup_missing", {}
    elif readings.backup_age_s > BACKUPS_MISSED_MAX * readings.backup_every_s:
        yield Status.DEGRADED, "backup_old", {"age_s": round(readings.backup_age_s)}


def _clock(readings: Readings) -> Iterator[_Finding]:
    if readings.clock_suspect:
        yield Status.DEGRADED, "clock_suspect", {}


def _head_office(readings: Readings) -> Iterator[_Finding]:
    silent_s = readings.head_office_silent_s
    if silent_s is not None and silent_s > HEAD_OFFICE_SILENT_S_MAX:
        yield Status.DEGRADED, "head_office_silent", {"silent_s": round(silent_s)}


def _effects(readings: Readings) -> Iterator[_Finding]:
    if readings.effect_waits_s > EFFECT_WAITS_S_MAX:
        yield Status.DEGRADED, "effects_waiting", {"waits_s": round(readings.effect_waits_s)}


def _tasks(readings: Readings) -> Iterator[_Finding]:
    for task in readings.tasks:
        if task.state not in _TASK_CODES:
            continue
        bad = task.state is State.GIVEN_UP and task.name in readings.essential_tasks
        facts: dict[str, int | float | str] = {"task": task.name, "failures": task.failures, "error": task.error}
        yield Status.FAILING if bad else Status.DEGRADED, _TASK_CODES[task.state], facts


def _start(readings: Readings) -> Iterator[_Finding]:
    if readings.safe_mode:
        yield Status.DEGRADED, "safe_mode", {}
    for notice in readings.notices:
        if notice.code != "safe_mode":
            yield Status.DEGRADED, notice.code, dict(notice.facts)


_TASK_CODES: Final = {State.WAITING: "task_waiting", State.GIVEN_UP: "task_given_up"}
_CHECKS: Final[dict[str, Callable[[Readings], Iterator[_Finding]]]] = {
    "writer": _writer,
    "disk": _disk,
    "backup": _backup,
    "clock": _clock,
    "head_office": _head_office,
    "effects": _effects,
    "tasks": _tasks,
    "start": _start,
}
