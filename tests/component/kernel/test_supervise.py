"""Supervision on a virtual loop: its clock jumps to the next timer, so an hour of failures takes no time."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
import structlog
from structlog.testing import CapturingLogger
from structlog.typing import FilteringBoundLogger

from edge.kernel.domain import InvariantBroken
from edge.kernel.supervise import Budget, Snapshot, State, Supervisor


class _Selector(selectors.SelectSelector):
    """Does not wait for the world: time passes at once."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            self.loop.now_s += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    now_s = 1000.0

    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s


def virtually(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main)


class Script:
    """A task that does what its script says, run by run: seconds to hold, then what to raise; at the end it holds for ever."""

    def __init__(self, *runs: tuple[float, BaseException | None]) -> None:
        self.runs = list(runs)
        self.started_s: list[float] = []

    async def __call__(self) -> None:
        self.started_s.append(asyncio.get_running_loop().time() - 1000.0)
        if not self.runs:
            await asyncio.get_running_loop().create_future()
        hold_s, error = self.runs.pop(0)
        await asyncio.sleep(hold_s)
        if error is not None:
            raise error


BAD = (1.0, OSError("unplugged"))


class Notebook:
    """What a supervisor logs, as `event task`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.log: FilteringBoundLogger = structlog.wrap_logger(CapturingLogger(), processors=[self._keep])

    def _keep(self, _logger: object, _level: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        self.lines.append(f"{event['event']} {event['task']}")
        raise structlog.DropEvent


def only(supervisor: Supervisor) -> Snapshot:
    (snapshot,) = supervisor.snapshot()
    return snapshot


def test_a_failing_task_is_restarted_with_growing_pauses() -> None:
    async def main() -> None:
        supervisor = Supervisor(Notebook().log)
        task = Script(BAD, BAD, BAD, BAD)
        supervisor.start("printer", task, budget=Budget(backoff_s=1, backoff_s_max=3))
        await asyncio.sleep(60)
        assert task.started_s == [0, 2, 5, 9, 13]
        await supervisor.close()

    virtually(main())


def test_states_and_failures_are_seen_from_outside() -> None:
    async def main() -> None:
        supervisor = Supervisor(Notebook().log)
        supervisor.start("printer", Script(BAD), budget=Budget(backoff_s=10, steady_s=20))
        await asyncio.sleep(0.5)
        assert only(supervisor) == Snapshot("printer", State.RUNNING, 0, 0.5, "")
        await asyncio.sleep(2.5)
        assert only(supervisor) == Snapshot("printer", State.WAITING, 1, 2.0, "OSError")
        await asyncio.sleep(9)
        assert only(supervisor) == Snapshot("printer", State.RUNNING, 1, 1.0, "OSError")
        await asyncio.sleep(30)
        assert only(supervisor).error == ""
        await supervisor.stop("printer")
        assert only(supervisor).state is State.STOPPED

    virtually(main())


def test_one_line_when_it_falls_and_one_when_it_has_recovered() -> None:
    notebook = Notebook()

    async def main() -> None:
        supervisor = Supervisor(notebook.log)
        supervisor.start("printer", Script(BAD, BAD, BAD, (100, OSError("again"))), budget=Budget(steady_s=20))
        await asyncio.sleep(10)
        assert notebook.lines == ["task_failed printer"]
        await asyncio.sleep(30)
        assert notebook.lines == ["task_failed printer", "task_recovered printer"]
        await asyncio.sleep(200)
        assert notebook.lines == ["task_failed printer", "task_recovered printer"] * 2
        await supervisor.close()

    virtually(main())


def test_a_recovered_task_begins_again_with_the_short_pause() -> None:
    async def main() -> None:
        supervisor = Supervisor(Notebook().log)
        task = Script(BAD, BAD, (50, OSError()), BAD)
        supervisor.start("printer", task, budget=Budget(backoff_s=1, steady_s=20))
        await asyncio.sleep(200)
        assert task.started_s == [0, 2, 5, 56, 59]
        await supervisor.close()

    virtually(main())


def test_over_its_budget_it_is_given_up_and_somebody_is_told() -> None:
    told: list[tuple[str, BaseException]] = []
    notebook = Notebook()

    async def main() -> None:
        supervisor = Supervisor(notebook.log)
        task = Script(*[BAD] * 50)
        budget = Budget(restarts_max=3, window_s=100, backoff_s=1)
        supervisor.start("printer", task, budget=budget, give_up=lambda name, error: told.append((name, error)))
        await asyncio.sleep(1000)
        assert len(task.started_s) == 4
        assert only(supervisor).state is State.GIVEN_UP
        assert told == [("printer", BAD[1])]
        assert notebook.lines == ["task_failed printer", "task_given_up printer"]
        supervisor.start("printer", Script(), budget=budget)
        await asyncio.sleep(1)
        assert only(supervisor).state is State.RUNNING
        await supervisor.close()

    virtually(main())


def test_failures_further_apart_than_the_window_never_use_up_the_budget() -> None:
    async def main() -> None:
        supervisor = Supervisor(Notebook().log)
        task = Script(*[(60.0, OSError())] * 40)
        supervisor.start("printer", task, budget=Budget(restarts_max=2, window_s=100, backoff_s=1))
        await asyncio.sleep(40 * 62)
        assert len(task.started_s) == 41
        await supervisor.close()

    virtually(main())


def test_a_broken_invariant_is_never_retried() -> None:
    told: list[str] = []

    async def main() -> None:
        supervisor = Supervisor(Notebook().log)
        task = Script((1, InvariantBroken("two tickets with one number")), BAD)
        supervisor.start("effects", task, give_up=lambda name, _error: told.append(name))
        await asyncio.sleep(100)
        assert task.started_s == [0]
        assert told == ["effects"]

    virtually(main())


def test_a_task_that_returns_is_done() -> None:
    async def main() -> None:
        supervisor = Supervisor(Notebook().log)
        supervisor.start("import", Script((5, None)))
        await asyncio.sleep(10)
        assert only(supervisor) == Snapshot("import", State.DONE, 0, 5.0, "")
        await supervisor.stop("import")
        await supervisor.stop("unknown")

    virtually(main())


@pytest.mark.parametrize("moment_s", [0.0, 0.5, 3.0], ids=["before its first step", "running", "waiting"])
def test_stopping_stops_it_at_once_whatever_it_does(moment_s: float) -> None:
    async def main() -> None:
        supervisor = Supervisor(Notebook().log)
        task = Script(BAD, BAD)
        supervisor.start("printer", task, budget=Budget(backoff_s=100))
        if moment_s:
            await asyncio.sleep(moment_s)
        await supervisor.stop("printer")
        begun = len(task.started_s)
        assert only(supervisor).state is State.STOPPED
        await asyncio.sleep(1000)
        assert len(task.started_s) == begun

    virtually(main())


def test_a_task_may_clean_up_when_it_is_cancelled_and_stop_waits_for_it() -> None:
    async def main() -> None:
        closed_s: list[float] = []

        async def slow_to_close() -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                await asyncio.sleep(3)
                closed_s.append(asyncio.get_running_loop().time())

        supervisor = Supervisor(Notebook().log)
        supervisor.start("printer", slow_to_close)
        await asyncio.sleep(1)
        await supervisor.close()
        assert closed_s == [1004.0]
        assert only(supervisor).state is State.STOPPED

    virtually(main())


def test_one_task_does_not_disturb_another() -> None:
    async def main() -> None:
        supervisor = Supervisor(Notebook().log)
        steady = Script()
        supervisor.start("b-steady", steady)
        supervisor.start("a-broken", Script(*[BAD] * 9), budget=Budget(restarts_max=1))
        await asyncio.sleep(500)
        assert [(one.name, one.state) for one in supervisor.snapshot()] == [
            ("a-broken", State.GIVEN_UP),
            ("b-steady", State.RUNNING),
        ]
        assert steady.started_s == [0]
        await supervisor.close()

    virtually(main())


def test_a_name_is_alive_once_and_names_are_bounded() -> None:
    async def main() -> None:
        supervisor = Supervisor(Notebook().log)
        run: Callable[[], Awaitable[None]] = Script()
        supervisor.start("task-0", run)
        with pytest.raises(ValueError, match="running already"):
            supervisor.start("task-0", run)
        for n in range(1, 256):
            supervisor.start(f"task-{n}", run)
        with pytest.raises(ValueError, match="more than 256"):
            supervisor.start("task-256", run)
        await supervisor.close()

    virtually(main())
