"""What the waiting forecast costs with a full hall, and how good it is in simulated branches, beside what products show."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, Final

from edge.forecast import bench
from edge.forecast.forecaster import Forecaster
from edge.forecast.rivals import POSITION
from edge.forecast.what_if import effects, with_desk
from tests.bench.report import Figure, at_most, fact
from tests.harness.api import Api
from tests.harness.programs import BranchProcess
from tests.unit.forecast.hall import desk, hall, knowing

WAITING: Final = 100
COUNTERS: Final = 6
MARK_MS: Final = 300.0
RATIO_MARK: Final = 0.65
COVERAGE: Final = (0.75, 0.85)
TRIES: Final = 3
PATIENCE_S: Final = 60
OPEN_ANOTHER: Final = {"changes": [{"type": "open_counter", "counter": "counter-4"}]}
SHORT: Final = bench.Extent(days=1, learn_days=6, learn_forecast_days=2, branches=2, runs=40)
"""Enough for a daily look; `branchbox bench forecast --simulated` gives the figures to be quoted."""


def run(_seconds: float) -> list[Figure]:
    situation, knowledge = hall(WAITING, COUNTERS), knowing()
    forecaster = Forecaster(knowledge)
    everybody_ms = _fastest_ms(lambda: forecaster.forecast(situation))
    opened = with_desk(situation, desk(COUNTERS + 1))
    question_ms = _fastest_ms(lambda: effects(situation, opened, knowledge))
    return [
        at_most(f"forecast, {WAITING} waiting", everybody_ms, MARK_MS, "ms"),
        at_most(f"what-if, {WAITING} waiting", question_ms, MARK_MS, "ms"),
        at_most(f"what-if over HTTP, {WAITING} waiting, processor time", asyncio.run(_over_http_ms()), MARK_MS, "ms"),
        *(figure for load in bench.LOADS for figure in _quality(load)),
    ]


def _fastest_ms(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(TRIES):
        began_s = process_time()
        work()
        spent.append((process_time() - began_s) * 1_000)
    return min(spent)


async def _over_http_ms() -> float:
    """The least of some questions, each with whatever else the daemon and its forecast did meanwhile."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, BranchProcess(Path(scratch)) as branch:
        async with Api(branch.url) as guest:
            await guest.post("/sandbox/clock", {"now": "2026-03-02T10:00:00+08:00"})
            kiosk, lobby = await guest.as_kiosk(), await guest.as_staff("2001")
            for number in (1, 2, 3):
                await guest.at_counter(f"100{number}", f"counter-{number}")
            for _ in range(WAITING):
                await kiosk.post("/api/tickets", {"service": "personal", "channel": "kiosk"})
            await _all_forecast(lobby)
            return min([await _question_ms(branch, lobby) for _ in range(TRIES)])


async def _all_forecast(lobby: Api) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer: Any = await lobby.post("/api/what-if", OPEN_ANOTHER)
            if sum(one["people"] for one in answer["classes"]) == WAITING:
                return


async def _question_ms(branch: BranchProcess, lobby: Api) -> float:
    began_s = branch.all_cpu_s()
    await lobby.post("/api/what-if", OPEN_ANOTHER)
    return (branch.all_cpu_s() - began_s) * 1000


def _quality(load: float) -> list[Figure]:
    score = bench.branches(load, SHORT, seed=1).score
    if score is None:
        return []
    print(f"simulated branches, load {load}", *score.lines(), sep="\n", flush=True)
    low, high = COVERAGE
    held = score.coverage
    return [
        at_most(f"error at load {load}, of the position formula's", score.ratio_to(POSITION), RATIO_MARK, "×"),
        fact(f"people scored at load {load}", score.count, ""),
        Figure(f"stated range holds at load {load}", f"{held:.1%}", f"{low:.0%}–{high:.0%}", low <= held <= high),
    ]
