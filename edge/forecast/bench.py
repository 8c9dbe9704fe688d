"""The forecast's figures, to be repeated by anybody.

`python -m edge.forecast.bench --data FILE --fit A:B --score C:D` learns from the telephone bank's days A to B and
forecasts everybody who had to wait on the days C to D, each from what was known when they came. `--simulated --days N
--seed K` does the same in three simulated branches whose tellers' speed, pauses and no-shows are hidden from the
forecast, at loads 0.92 and 1.05.

The scored days go on teaching as they pass, as a branch's days do; nothing is known before it happened.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from edge.forecast import replay
from edge.forecast.branch import Branch
from edge.forecast.forecaster import Forecaster
from edge.forecast.knowledge import Knowledge
from edge.forecast.rivals import POSITION, Rivals
from edge.forecast.score import Score
from edge.forecast.simulate import RUNS
from edge.forecast.situation import Situation, Waiting

CALIBRATE_DAYS: Final = 9
"""Of the days to learn from, the last ones are also forecast, to learn from the errors."""
BANK_TOLERANCE_S: Final = 60.0
"""A telephone wait is about a fifth as long as a hall's, and so is what "five minutes off" means there."""
BRANCH_TOLERANCE_S: Final = 300.0
SEED: Final = 1999
LOADS: Final = (0.92, 1.05)


class Bench:
    """Listens to a day: forecasts, compares, and lets the forecaster learn."""

    def __init__(self, forecaster: Forecaster, rivals: Rivals) -> None:
        self.forecaster = forecaster
        self.rivals = rivals
        self.score: Score | None = None
        self.spent_s = 0.0
        self.made = 0

    def waits(self, one: Waiting, situation: Situation) -> None:
        began_s = time.process_time()
        forecasts = self.forecaster.forecast(situation, keep=(one.ticket,))
        self.spent_s += time.process_time() - began_s
        self.made += 1
        if self.score is not None:
            mine = next(forecast for forecast in forecasts if forecast.ticket == one.ticket)
            times = self.forecaster.knowledge.service_times
            self.score.predicted(mine, self.rivals.predict(one, situation, mine.ahead, times))

    def called(self, one: Waiting, waited_s: float) -> None:
        self.forecaster.called(one.ticket, one.entered_ms + int(waited_s * 1_000))
        self.rivals.called(one.service, waited_s)
        if self.score is not None:
            self.score.came_true(one.ticket, waited_s)

    def left(self, ticket: str, waited_s: float) -> None:
        self.forecaster.left(ticket)
        if self.score is not None:
            self.score.left(ticket, waited_s)


def bank(days: dict[date, list[replay.Call]], fit: Sequence[date], score: Sequence[date], *, runs: int = RUNS) -> Bench:
    """Learn from the days `fit`, forecast the days `score`."""
    knowledge = Knowledge()
    lived = replay.Bank(knowledge)
    bench = Bench(Forecaster(knowledge, seed=SEED, runs=runs), Rivals(skills_known=False))
    for day in fit:
        lived.live(day, days[day], bench if day in fit[-CALIBRATE_DAYS:] and day != fit[0] else None)
    bench.score = Score(BANK_TOLERANCE_S)
    bench.spent_s, bench.made = 0.0, 0
    for day in score:
        lived.live(day, days[day], bench)
    return bench


class Extent(NamedTuple):
    """How much of a simulated branch is lived."""

    days: int
    """Days to score, in each branch."""
    learn_days: int = 15
    learn_forecast_days: int = 4
    """Of which the errors are learned as well."""
    branches: int = 3
    """Branches differ in their tellers: one alone says little."""
    runs: int = 60


def branches(load: float, extent: Extent, seed: int) -> Bench:
    """Learn some simulated branches, then forecast some days of each; one score for all."""
    score, benches = Score(BRANCH_TOLERANCE_S), []
    for number in range(extent.branches):
        knowledge = Knowledge()
        simulated = Branch(knowledge, load=load, seed=seed + number)
        bench = Bench(Forecaster(knowledge, seed=seed + number, runs=extent.runs), Rivals())
        for day in range(extent.learn_days + extent.learn_forecast_days):
            simulated.live(bench if day >= extent.learn_days else None)
        bench.score = score
        for _ in range(extent.days):
            simulated.live(bench)
        benches.append(bench)
    last = benches[-1]
    last.spent_s, last.made = sum(one.spent_s for one in benches), sum(one.made for one in benches)
    return last


def _report(title: str, bench: Bench, out: TextIO) -> None:
    if bench.score is None or not bench.score.count:
        raise SystemExit(f"{title}: nobody had to wait on the days to score")
    print(title, file=out)
    print(*bench.score.lines(), sep="\n", file=out)
    print(f"cost {bench.spent_s / bench.made * 1_000:.1f} ms a forecast of everybody waiting, {bench.made} made", file=out)


def _span(text: str) -> tuple[date, date]:
    first, _, last = text.partition(":")
    return date.fromisoformat(first), date.fromisoformat(last or first)


def _between(days: Sequence[date], span: tuple[date, date]) -> list[date]:
    return [day for day in days if span[0] <= day <= span[1]]


def run_bank(file: Path, fit: str, score: str, out: TextIO, *, runs: int = RUNS) -> None:
    """`branchbox bench forecast`: the table, then the figures."""
    days = replay.read(file)
    known = sorted(days)
    fitted, scored = _between(known, _span(fit)), _between(known, _span(score))
    if not fitted or not scored or set(fitted) & set(scored):
        raise SystemExit("both spans need days of the file, and no day may be in both")
    bench = bank(days, fitted, scored, runs=runs)
    _report(f"real bank, fit {fit}, score {score}", bench, out)
    if bench.score is not None:
        print(*bench.score.marks(), sep="\n", file=out)


def run_simulated(extent: Extent, seeds: Sequence[int], out: TextIO) -> None:
    """The simulated branches at both loads, once for each seed and then how far the seeds lie apart; figures come last."""
    for load in LOADS:
        ratios, held = [], []
        for seed in seeds:
            bench = branches(load, extent, seed)
            _report(f"simulated branches, load {load}, {extent.days} days of each, from seed {seed}", bench, out)
            if bench.score is not None:
                print(*(f"{line.replace(' ', f'_at_load_{load} ', 1)}" for line in bench.score.marks()), sep="\n", file=out)
                ratios.append(bench.score.ratio_to(POSITION))
                held.append(bench.score.coverage)
        if len(seeds) > 1:
            print(f"mae_ratio_spread_at_load_{load} {min(ratios):.4f} {max(ratios):.4f}", file=out)
            print(f"coverage_spread_at_load_{load} {min(held):.4f} {max(held):.4f}", file=out)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="branchbox bench forecast", description="How good the waiting forecast is.")
    parser.add_argument("--data", type=Path, help="the real bank's queue, a CSV file")
    parser.add_argument("--fit", default="1999-02-01:1999-02-14", help="days to learn from, FIRST:LAST")
    parser.add_argument("--score", default="1999-02-15:1999-02-21", help="days to forecast, FIRST:LAST")
    parser.add_argument("--simulated", action="store_true", help="the simulated branch instead")
    parser.add_argument("--days", type=int, default=5, help="days to score in each simulated branch")
    parser.add_argument("--seed", type=int, default=1, help="the first simulated branches")
    parser.add_argument("--seeds", type=int, default=1, help="so many times other simulated branches, and their spread")
    parser.add_argument("--runs", type=int, help=f"futures that each forecast plays; {RUNS} of the bank, {Extent(1).runs} else")
    options = parser.parse_args(arguments)
    if options.simulated:
        extent = Extent(options.days, runs=options.runs or Extent(options.days).runs)
        seeds = [options.seed + Extent(options.days).branches * number for number in range(options.seeds)]
        run_simulated(extent, seeds, sys.stdout)
    elif options.data is not None:
        run_bank(options.data, options.fit, options.score, sys.stdout, runs=options.runs or RUNS)
    else:
        parser.error("name --data FILE, or --simulated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
