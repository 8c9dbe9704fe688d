"""The bench's figures: repeatable by anybody, and at the marks."""

import time
from datetime import date
from pathlib import Path

import pytest

from edge.forecast import bench, replay
from edge.forecast.forecaster import Forecaster
from edge.forecast.rivals import POSITION
from edge.forecast.what_if import effects, with_desk
from tests.unit.forecast.hall import desk, hall, knowing, seeded

BANK = Path(__file__).parents[4] / "shared" / "data" / "bank-queue-february.csv"
COLUMNS = "date,entered_s,type,priority,queued_s,outcome,service_start_s,service_s,server"


@pytest.fixture
def small_bank(tmp_path: Path) -> Path:
    """Three days of one counter and a queue before it; every seventh hangs up."""
    rows, random = [COLUMNS], seeded(1)
    for day in (1, 2, 3):
        at_s, free_s = 30_000.0, 30_000.0
        for number in range(60):
            at_s += random.expovariate(1 / 100)
            waited_s = max(0, int(free_s - at_s))
            if number % 7 == 6 and waited_s > 20:
                rows.append(f"1999-02-0{day},{int(at_s)},PS,1,20,HANG,,,")
                continue
            service_s = int(random.expovariate(1 / 95)) + 1
            begun_s = int(at_s) + waited_s
            free_s = begun_s + service_s + 4
            rows.append(f"1999-02-0{day},{int(at_s)},PS,1,{waited_s},AGENT,{begun_s},{service_s},S01")
    rows.append("1999-02-03,80000,NW,0,0,AGENT,,,")
    file = tmp_path / "bank.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def test_the_last_lines_are_for_programs_and_the_same_every_time(small_bank: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data", str(small_bank), "--fit", "1999-02-01:1999-02-02", "--score", "1999-02-03"]
    printed = []
    for _ in range(2):
        bench.main(arguments)
        printed.append(capsys.readouterr().out.splitlines())
    assert printed[0][-5:] == printed[1][-5:]
    figures = dict(line.split() for line in printed[0][-5:])
    assert list(figures) == ["n", "mae_s", "mae_position_s", "mae_ratio_to_position", "coverage"]
    assert float(figures["mae_ratio_to_position"]) < 1.2
    assert any(line.startswith("left before their call:") for line in printed[0])


def test_no_day_is_judged_that_was_learned_from(small_bank: Path) -> None:
    with pytest.raises(SystemExit, match="no day may be in both"):
        bench.main(["--data", str(small_bank), "--fit", "1999-02-01:1999-02-02", "--score", "1999-02-02"])


@pytest.mark.slow
def test_a_hundred_people_are_forecast_in_time() -> None:
    situation, forecaster = hall(100, 6), Forecaster(knowing(), seed=1)
    began_s = time.process_time()
    assert len(forecaster.forecast(situation)) == 100
    forecast_s = time.process_time() - began_s
    effects(situation, with_desk(situation, desk(9)), knowing())
    what_if_s = time.process_time() - began_s - forecast_s
    assert forecast_s <= 0.3
    assert what_if_s <= 0.3


@pytest.mark.slow
def test_real_people_are_forecast_better_than_by_their_position() -> None:
    if not BANK.is_file():
        pytest.skip(
            f"the real bank's queue is not beside the project: no {BANK.name}, so the marks on real people are NOT checked"
        )
    days = replay.read(BANK)
    one = bench.bank(days, [date(1999, 2, day) for day in (8, 9)], [date(1999, 2, 10)], runs=20)
    assert one.score is not None
    assert one.score.count > 500
    assert one.score.ratio_to(POSITION) <= 0.8
    assert 0.72 <= one.score.coverage <= 0.88


@pytest.mark.slow
def test_a_simulated_branch_is_forecast_better_than_by_position() -> None:
    one = bench.branches(1.05, bench.Extent(1, learn_days=4, learn_forecast_days=1, branches=1, runs=12), 4)
    assert one.score is not None
    assert one.score.count > 150
    assert one.score.ratio_to(POSITION) <= 0.7
    assert 0.65 <= one.score.coverage <= 0.92
