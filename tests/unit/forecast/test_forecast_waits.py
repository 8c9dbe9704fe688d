"""What a hall's people are told, and what a change would save them."""

from dataclasses import replace
from statistics import fmean

import pytest

from edge.forecast.forecaster import Forecaster
from edge.forecast.situation import WAITING_MAX, Away, Expected, Free, Serving, Situation, Span
from edge.forecast.what_if import effects, with_desk, with_rule, with_service, without_desk
from edge.queue.model import Tier
from edge.queue.rules import Rule
from tests.unit.forecast.hall import NOW_MS, desk, hall, knowing, person

GOLD_FIRST = Rule()
LAST_RESORT = Rule(order=(Tier.NORMAL, Tier.GOLD))


def test_whoever_a_free_counter_calls_now_waits_for_nothing() -> None:
    situation = Situation(NOW_MS, (person(1),), (desk(1, Free()),), minute_of_day=600)
    (told,) = Forecaster(knowing()).forecast(situation)
    assert (told.low_s, told.median_s, told.high_s, told.ahead) == (0, 0, 0, 0)


def test_the_first_in_line_is_called_before_the_last() -> None:
    told = Forecaster(knowing(), seed=1).forecast(hall(12, 3))
    assert [one.ahead for one in told] == list(range(12))
    medians = [one.median_s for one in told]
    assert medians == sorted(medians)
    assert all(one.low_s <= one.median_s <= one.high_s for one in told)
    assert medians[-1] == pytest.approx(12 * 300 / 3, rel=0.35)


def test_gold_is_ahead_though_it_came_later() -> None:
    people = (person(1, minutes_ago=9), person(2, minutes_ago=1, tier=Tier.GOLD))
    told = Forecaster(knowing()).forecast(Situation(NOW_MS, people, (desk(1),), minute_of_day=600))
    assert [one.ahead for one in told] == [1, 0]
    assert told[1].median_s < told[0].median_s


def test_people_in_a_queue_that_no_common_counter_serves_are_not_ahead() -> None:
    people = (person(1, minutes_ago=9, service="loans"), person(2, minutes_ago=1))
    counters = (desk(1, services=frozenset({"loans"})), desk(2, services=frozenset({"cash"})))
    told = Forecaster(knowing()).forecast(Situation(NOW_MS, people, counters, minute_of_day=600))
    assert [one.ahead for one in told] == [0, 0]


def test_gold_who_will_still_come_lengthen_the_wait() -> None:
    knowledge = knowing()
    for _ in range(10):
        for minute in range(540, 720, 3):
            knowledge.arrivals.observe(("cash", Tier.GOLD), minute)
        knowledge.arrivals.close_day("workday")
    situation = hall(6, 2)
    quiet = Forecaster(knowing(), seed=1).forecast(situation)[-1]
    rushed = Forecaster(knowledge, seed=1).forecast(situation)[-1]
    assert rushed.median_s > quiet.median_s * 1.2


def test_a_planned_break_is_waited_out_and_a_counter_that_closes_calls_nobody() -> None:
    rest = Span(NOW_MS - 60_000, NOW_MS + 1_800_000)
    resting = replace(desk(1, Free()), breaks=(rest,))
    (told,) = Forecaster(knowing()).forecast(Situation(NOW_MS, (person(1),), (resting,), minute_of_day=600))
    assert told.low_s == 1_800
    closing = replace(desk(1), closes_ms=NOW_MS + 1)
    (told,) = Forecaster(knowing()).forecast(Situation(NOW_MS, (person(1),), (closing,), minute_of_day=600))
    assert told.median_s >= 4 * 3_600


def test_a_counter_long_away_is_not_counted_on() -> None:
    people = (person(1),)
    doings = (Away(NOW_MS - 2_000), Away(NOW_MS - 7_200_000), Expected())
    soon, late, maybe = (
        Forecaster(knowing(), seed=2).forecast(Situation(NOW_MS, people, (desk(1, doing),), minute_of_day=600))[0].median_s
        for doing in doings
    )
    assert soon < 60
    assert late > 900
    assert maybe > 300


def test_a_service_just_begun_frees_its_counter_later_than_one_nearly_done() -> None:
    begun, lasted = (
        Situation(NOW_MS, (person(1),), (desk(1, Serving("cash", NOW_MS - age_ms)),), minute_of_day=600)
        for age_ms in (0, 400_000)
    )
    assert Forecaster(knowing()).forecast(begun)[0].median_s > Forecaster(knowing()).forecast(lasted)[0].median_s + 60


def test_people_who_leave_shorten_the_wait_of_those_who_stay() -> None:
    impatient = knowing()
    for _ in range(400):
        impatient.patience.observe("cash", 200, left=True)
    situation = hall(15, 2)
    assert Forecaster(impatient).forecast(situation)[-1].median_s < Forecaster(knowing()).forecast(situation)[-1].median_s / 2


def test_a_ticket_for_one_counter_waits_for_that_counter() -> None:
    sent = replace(person(1), desk="c1")
    counters = (desk(1, Away(NOW_MS - 3_600_000)), desk(2, Free()))
    (told,) = Forecaster(knowing()).forecast(Situation(NOW_MS, (sent,), counters, minute_of_day=600))
    assert told.median_s > 300


def test_nobody_waiting_is_no_forecast_and_too_many_are_refused() -> None:
    assert Forecaster(knowing()).forecast(hall(0, 2)) == []
    with pytest.raises(ValueError, match="waiting"):
        hall(WAITING_MAX + 1, 1)


def test_promises_that_come_true_teach() -> None:
    forecaster = Forecaster(knowing(), seed=3)
    for _ in range(150):
        told = forecaster.forecast(hall(4, 2))
        forecaster.left(told[0].ticket)
        for one in told[1:]:
            forecaster.called(one.ticket, NOW_MS + int(one.median_s * 2_000))
    assert forecaster.forecast(hall(4, 2))[2].median_s > 1.5 * Forecaster(knowing(), seed=3).forecast(hall(4, 2))[2].median_s


def test_the_same_seed_says_the_same() -> None:
    first, again, other = (Forecaster(knowing(), seed=seed).forecast(hall(9, 2)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_another_counter_saves_everybody_time() -> None:
    situation = hall(12, 2)
    (effect,) = effects(situation, with_desk(situation, desk(9, Free())), knowing())
    assert (effect.service, effect.people) == ("cash", 12)
    assert effect.saved_s > 120
    (loss,) = effects(situation, without_desk(situation, "c1"), knowing())
    assert loss.saved_s < -120


def test_another_rule_moves_waiting_between_people() -> None:
    people = tuple(person(n, minutes_ago=30 - n, tier=Tier.GOLD if n % 2 else Tier.NORMAL) for n in range(12))
    situation = Situation(NOW_MS, people, (desk(1, rule=GOLD_FIRST), desk(2, rule=GOLD_FIRST)), minute_of_day=600)
    saved = {effect.tier: effect.saved_s for effect in effects(situation, with_rule(situation, LAST_RESORT), knowing())}
    assert saved[Tier.NORMAL] > 120
    assert saved[Tier.GOLD] < -120


def test_a_class_moved_to_a_counter_of_its_own_gains() -> None:
    people = tuple(person(n, minutes_ago=30 - n, service="safe" if n > 8 else "cash") for n in range(12))
    situation = Situation(NOW_MS, people, tuple(desk(n) for n in range(3)), minute_of_day=600)
    moved = with_service(with_service(situation, "safe", ["c0"]), "cash", ["c1", "c2"])
    saved = {effect.service: effect.saved_s for effect in effects(situation, moved, knowing())}
    assert saved["safe"] > 0
    assert fmean(saved.values()) != 0


def test_a_what_if_never_changes_who_waits() -> None:
    with pytest.raises(ValueError, match="not who waits"):
        effects(hall(3, 1), hall(4, 1), knowing())
