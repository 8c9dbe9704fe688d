"""Long-running tasks that may fall over without taking the branch with them.

     ┌────────── it fails ───────────┐
     ▼                               │
  running ── it fails ─▶ waiting ────┘      waiting: backing off, 0.5 s doubling to 30 s
     │  │                   │
     │  └─ returns ─▶ done  └─ budget used up, or a broken invariant ─▶ given_up ─▶ the give-up callback
     └── stop ─▶ stopped

* Time is the loop's monotonic time: a clock that is set does not burn the budget.
* One line in the log when a task falls over, one when it has held for a while again; the failures in between are counted.
* `InvariantBroken` is a bug: it is never retried. The give-up callback decides what it means; for what the queue stands on
  it ends the process, for a driver it only shows as `failing` in /health.
* A cancelled task stays cancelled.
"""

import asyncio
import enum
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
from structlog.typing import FilteringBoundLogger

from edge.kernel.domain import InvariantBroken

TASKS_MAX: Final = 256

Run = Callable[[], Awaitable[None]]
"""Starts the work afresh; awaited until it returns, raises or is cancelled."""
Look = Callable[[], Awaitable[None]]


def every(pause_s: float, look: Look) -> Run:
    """A task that looks, pauses, and looks again until it is cancelled."""

    async def run() -> None:
        while True:
            await look()
            await asyncio.sleep(pause_s)

    return run


GiveUp = Callable[[str, BaseException], None]
"""Told the task's name and what ended it; must return at once."""


class State(enum.StrEnum):
    """Where a supervised task stands."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Budget:
    """How often a task may fall over."""

    restarts_max: int = 8
    window_s: float = 300.0
    """More than `restarts_max` failures within this time, and it is given up."""
    backoff_s: float = 0.5
    backoff_s_max: float = 30.0
    steady_s: float = 20.0
    """A task that has run for so long has recovered: its back-off starts from the beginning."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A task as /health and /metrics see it."""

    name: str
    state: State
    failures: int
    """Since the program started."""
    since_s: float
    """How long it has been in this state."""
    error: str
    """The kind of the last failure; no text, which might hold anything."""


@dataclass(slots=True)
class _Task:
    name: str
    run: Run
    budget: Budget
    give_up: GiveUp
    log: FilteringBoundLogger
    state: State = State.RUNNING
    changed_s: float = 0.0
    failures: int = 0
    in_a_row: int = 0
    recent_s: deque[float] = field(default_factory=deque)
    error: str = ""
    handle: asyncio.Task[None] | None = None

    def enter(self, state: State) -> None:
        self.state = state
        self.changed_s = asyncio.get_running_loop().time()

    def delay_s(self, now_s: float) -> float | None:
        """How long to wait after a failure now; None when the budget is used up."""
        self.failures += 1
        self.in_a_row += 1
        self.recent_s.append(now_s)
        while now_s - self.recent_s[0] > self.budget.window_s:
            self.recent_s.popleft()
        if len(self.recent_s) > self.budget.restarts_max:
            return None
        doubled: float = self.budget.backoff_s * 2.0 ** min(self.in_a_row - 1, 30)
        return min(doubled, self.budget.backoff_s_max)

    def recover(self) -> None:
        if self.in_a_row:
            self.log.info("task_recovered", task=self.name, failures=self.in_a_row)
            self.in_a_row = 0
            self.error = ""


def leave_it(_name: str, _error: BaseException) -> None:
    """The give-up callback of tasks that the branch can do without."""


class Supervisor:
    """Starts named tasks, restarts them within their budget, stops them all."""

    def __init__(self, log: FilteringBoundLogger | None = None) -> None:
        self._log: FilteringBoundLogger = structlog.get_logger() if log is None else log
        self._tasks: dict[str, _Task] = {}

    def start(self, name: str, run: Run, *, budget: Budget | None = None, give_up: GiveUp = leave_it) -> None:
        """Keep `run` going under `name`. A name that is stopped, done or given up may be started again.

        Raises ValueError for a name that is alive, or when there are too many.
        """
        known = self._tasks.get(name)
        if known is not None and known.state in (State.RUNNING, State.WAITING):
            raise ValueError(f"task {name} is running already")
        if known is None and len(self._tasks) >= TASKS_MAX:
            raise ValueError(f"more than {TASKS_MAX} supervised tasks")
        task = _Task(name, run, budget or Budget(), give_up, self._log)
        task.enter(State.RUNNING)
        self._tasks[name] = task
        task.handle = asyncio.create_task(self._keep(task), name=name)
        task.handle.add_done_callback(lambda handle: task.enter(State.STOPPED) if handle.cancelled() else None)

    async def stop(self, name: str) -> None:
        """Cancel one task and wait for it. An unknown or ended one is fine."""
        task = self._tasks.get(name)
        if task is not None and task.handle is not None and not task.handle.done():
            task.handle.cancel()
            await asyncio.wait([task.handle])

    async def close(self) -> None:
        """Cancel all tasks and wait for them."""
        handles = [task.handle for task in self._tasks.values() if task.handle is not None and not task.handle.done()]
        for handle in handles:
            handle.cancel()
        if handles:
            await asyncio.wait(handles)

    def snapshot(self) -> tuple[Snapshot, ...]:
        """All tasks, by name."""
        now_s = asyncio.get_running_loop().time()
        return tuple(
            Snapshot(task.name, task.state, task.failures, now_s - task.changed_s, task.error)
            for _, task in sorted(self._tasks.items())
        )

    async def _keep(self, task: _Task) -> None:
        while (delay_s := await self._run_once(task)) is not None:
            task.enter(State.WAITING)
            await asyncio.sleep(delay_s)
            task.enter(State.RUNNING)

    async def _run_once(self, task: _Task) -> float | None:
        """Run until it ends. How long to wait before the next run; None when there is none."""
        steady = asyncio.get_running_loop().call_later(task.budget.steady_s, task.recover)
        try:
            await task.run()
        except Exception as error:  # noqa: BLE001 -- this is the place that answers for whatever a task raises
            return self._after_failure(task, error)
        finally:
            steady.cancel()
        task.recover()
        task.enter(State.DONE)
        return None

    def _after_failure(self, task: _Task, error: Exception) -> float | None:
        first = task.in_a_row == 0
        task.error = type(error).__name__
        delay_s = task.delay_s(asyncio.get_running_loop().time())
        if delay_s is None or isinstance(error, InvariantBroken):
            task.enter(State.GIVEN_UP)
            self._log.error("task_given_up", task=task.name, failures=task.failures, exc_info=error)
            task.give_up(task.name, error)
            return None
        if first:
            self._log.warning("task_failed", task=task.name, retry_s=delay_s, exc_info=error)
        return delay_s
