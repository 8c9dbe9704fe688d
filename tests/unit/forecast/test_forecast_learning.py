"""What the forecast learns, and what it believes of what it has hardly seen."""

from statistics import fmean, median

import pytest

from edge.forecast.arrivals import Arrivals
from edge.forecast.hazard import Hazard
from edge.forecast.head_starts import HeadStarts
from edge.forecast.knowledge import Knowledge, Patience
from edge.forecast.service_times import ServiceTimes, residual_s
from edge.forecast.skills import Skills
from tests.unit.forecast.hall import seeded


def test_a_hazard_learns_its_rate_though_most_ends_are_never_seen() -> None:
    random, hazard = seeded(1), Hazard((0, 60), (0.1, 0.1))
    for _ in range(4_000):
        lifetime_s, watched_s = random.expovariate(1 / 200), random.uniform(0, 150)
        hazard.observe(0, min(lifetime_s, watched_s), happened=lifetime_s < watched_s)
    assert hazard.rate(30) == pytest.approx(1 / 200, rel=0.15)
    assert fmean(hazard.sample(50, random) - 50 for _ in range(4_000)) == pytest.approx(200, rel=0.2)


def test_what_is_sampled_agrees_with_survival() -> None:
    random, hazard = seeded(2), Hazard((0, 10, 100), (0.05, 0.001, 0.01))
    beyond = fmean(hazard.sample(5, random) > 120 for _ in range(10_000))
    assert beyond == pytest.approx(hazard.survival(5, 120), abs=0.02)
    assert hazard.survival(5, 120) == pytest.approx(hazard.survival(5, 60) * hazard.survival(60, 120))


def test_a_stretch_never_seen_keeps_its_prior() -> None:
    hazard = Hazard((0, 60), (0.1, 0.02))
    hazard.observe(0, 50, happened=True)
    assert hazard.rate(70) == pytest.approx(0.02)


@pytest.mark.parametrize(("edges", "rates"), [((1, 2), (1, 1)), ((0, 5, 3), (1, 1, 1)), ((0,), (0,)), ((0, 1), (1,))])
def test_a_hazard_without_sense_is_refused(edges: tuple[float, ...], rates: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"edges|rates"):
        Hazard(edges, rates)


def test_the_table_is_the_times_themselves() -> None:
    times = ServiceTimes()
    for number in range(2_000):
        times.observe("cash", "ann", 20.0 if number % 2 else 600.0)
    table = times.table("cash")
    assert list(table) == sorted(table)
    assert table[len(table) // 4] == pytest.approx(20, abs=1)
    assert table[3 * len(table) // 4] == pytest.approx(600, abs=1)


def test_a_service_seen_once_borrows_the_shape_of_all() -> None:
    times = ServiceTimes()
    for _ in range(500):
        times.observe("cash", "ann", 100.0)
    times.observe("safe", "ann", 3_000.0)
    assert times.mean_s("safe") < 400


def test_a_slow_teller_is_known_as_slow_and_one_day_proves_little() -> None:
    times, random = ServiceTimes(), seeded(3)
    for _ in range(600):
        for staff, pace in (("fast", 0.8), ("slow", 1.25)):
            times.observe("cash", staff, 200 * pace * random.lognormvariate(0, 0.5))
    assert times.factor("slow") / times.factor("fast") == pytest.approx(1.25 / 0.8, rel=0.15)
    assert times.factor("new") == pytest.approx(1, abs=0.1)
    times.observe("cash", "new", 4_000)
    assert times.factor("new") < 1.2


def test_a_slow_day_is_noticed_and_forgotten_by_morning() -> None:
    times = ServiceTimes()
    tellers = [f"teller {number}" for number in range(8)]
    for _ in range(60):
        for staff in tellers:
            times.observe("cash", staff, 200)
    times.new_day()
    for _ in range(6):
        for staff in tellers:
            times.observe("cash", staff, 320)
    slow = times.factor("carl")
    times.new_day()
    assert slow > 1.1
    assert times.factor("carl") == pytest.approx(1)


def test_a_service_that_has_lasted_takes_what_those_took_that_lasted_longer() -> None:
    random, table = seeded(4), tuple(float(n) for n in range(1, 257))
    assert median(residual_s(table, 1.0, 0.0, random) for _ in range(2_000)) == pytest.approx(128, abs=8)
    assert median(residual_s(table, 1.0, 200.0, random) for _ in range(2_000)) == pytest.approx(28, abs=5)
    assert median(residual_s(table, 2.0, 400.0, random) for _ in range(2_000)) == pytest.approx(56, abs=10)


def test_a_service_longer_than_any_still_ends_some_time() -> None:
    random, table = seeded(5), tuple(float(n) for n in range(1, 257))
    rests = [residual_s(table, 1.0, 5_000.0, random) for _ in range(500)]
    assert min(rests) >= 0
    assert 100 < fmean(rests) < 5_000


def test_the_impatient_leave_sooner() -> None:
    patience, random = Patience(), seeded(6)
    for number in range(3_000):
        patience.observe("calm", 100, left=number % 100 == 0)
        patience.observe("hasty", 100, left=number % 5 == 0)
    assert patience.survival("hasty", 0, 100) == pytest.approx(0.8, abs=0.05)
    assert patience.survival("calm", 0, 100) > 0.96
    assert patience.sample("hasty", 500, random) > 500


def test_arrivals_have_their_half_hours_and_today_has_its_crowd() -> None:
    arrivals = Arrivals()
    for _ in range(20):
        for minute in range(540, 600):
            arrivals.observe(("cash", "normal"), minute)
        arrivals.close_day("workday")
    assert arrivals.per_hour(("cash", "normal"), "workday", 550) == pytest.approx(60, rel=0.1)
    assert arrivals.per_hour(("cash", "normal"), "workday", 800) < 1
    assert arrivals.per_hour(("cash", "normal"), "holiday", 550) == 0
    assert arrivals.crowd("workday", 600) < 0.5
    for minute in range(540, 600):
        for _ in range(2):
            arrivals.observe(("cash", "normal"), minute)
    assert arrivals.crowd("workday", 600) == pytest.approx(1.75, abs=0.1)


def test_head_starts_show_in_who_was_called_past_whom() -> None:
    random, sights = seeded(7), HeadStarts()
    starts_s = {0: 0, 1: 90, 2: 180}
    for _ in range(3_000):
        one, other = random.sample([0, 1, 2], 2)
        apart_s = random.randint(-300, 300)
        first = apart_s > starts_s[other] - starts_s[one]
        sights.saw(one if first else other, other if first else one, apart_s if first else -apart_s)
    learned = sights.learned_s((0, 1, 2))
    assert learned[0] == 0
    assert learned[1] == pytest.approx(90, abs=10)
    assert learned[2] == pytest.approx(180, abs=10)


def test_a_counter_that_passes_people_over_does_not_take_them() -> None:
    skills = Skills()
    for _ in range(50):
        skills.took("c1", "cash", {"loans"})
        skills.took("c2", "loans", ())
        skills.took("c2", "cash", ())
    assert skills.of("c1") == {"cash"}
    assert skills.of("c2") == {"cash", "loans"}


def test_knowledge_begins_with_sense() -> None:
    knowledge = Knowledge()
    assert 120 < knowledge.service_times.mean_s("anything") < 480
    assert knowledge.service_times.factor("anybody") == 1
    assert knowledge.patience.survival("anything", 0, 2_700) == pytest.approx(0.95, abs=0.01)
