"""Whom the default rule calls and what it says of it; how a wait is told. Other rules: tests/scenarios."""

from itertools import pairwise

import pytest

from edge.queue.forecast import Wait, estimate
from edge.queue.model import Tier
from edge.queue.rules import DEFAULT, Head, Rule, choose
from tests.unit.given import NOW_MS, a_head

PRIORITY, GOLD, NORMAL = Tier.PRIORITY, Tier.GOLD, Tier.NORMAL


def test_nobody_waiting_is_no_choice() -> None:
    assert choose((), DEFAULT, NOW_MS) is None


@pytest.mark.parametrize(
    ("heads", "called", "text_code"),
    [
        ([a_head("A001")], "A001", "only_queue_waiting"),
        ([a_head("A001", waited_s=3000), a_head("A002", GOLD, waited_s=1)], "A002", "tier_goes_first"),
        ([a_head("A001", GOLD, waited_s=3000), a_head("A002", PRIORITY, waited_s=1)], "A002", "tier_goes_first"),
        ([a_head("A002", waited_s=60), a_head("B001", waited_s=61)], "B001", "waited_longest"),
        ([a_head("A002"), a_head("A001")], "A001", "waited_longest"),
        ([a_head("A001", PRIORITY), a_head("A002", pooled=True, waited_s=1)], "A002", "sent_to_this_counter"),
    ],
    ids=["one queue", "gold first", "priority first", "the earlier", "a tie: the number", "sent here by name"],
)
def test_the_default_rule(heads: list[Head], called: str, text_code: str) -> None:
    for order in (heads, heads[::-1]):
        choice = choose(order, DEFAULT, NOW_MS)
        assert choice is not None
        assert (choice[0].number, choice[1].text_code) == (called, text_code)
        assert choice[1].rule == "priority_then_time"
        assert [one.rank for one in choice[1].candidates] == list(range(1, len(heads) + 1))
        assert [one.number for one in choice[1].candidates if one.chosen] == [called]


def test_a_place_in_the_future_has_waited_for_nothing() -> None:
    choice = choose([a_head("A001", waited_s=-30)], DEFAULT, NOW_MS)
    assert choice is not None
    assert choice[1].candidates[0].waited_s == 0


def test_a_tier_that_the_rule_does_not_name_is_not_forgotten() -> None:
    ranks = Rule(order=(NORMAL, GOLD)).ranks
    assert sorted(ranks, key=lambda tier: ranks[tier]) == [PRIORITY, NORMAL, GOLD]


@pytest.mark.parametrize(
    ("ahead", "usual_s", "counters", "told"),
    [
        (0, 300, 2, (0, 180)),
        (0, 600, 1, (0, 300)),
        (1, 300, 1, (180, 480)),
        (2, 300, 2, (180, 480)),
        (4, 300, 2, (360, 900)),
        (10, 300, 2, (900, 2400)),
        (3, 300, 0, (540, 1500)),
        (5, 0, 1, (0, 0)),
    ],
)
def test_a_wait_is_told_in_whole_minutes_and_above_ten_in_fives(
    ahead: int, usual_s: int, counters: int, told: tuple[int, int]
) -> None:
    assert estimate(ahead, usual_s, counters) == Wait(*told)


def test_a_range_holds_the_middle_and_never_shrinks_with_more_people() -> None:
    for usual_s in (60, 240, 300, 417, 900):
        ranges = [estimate(ahead, usual_s, 3) for ahead in range(80)]
        for ahead, wait in enumerate(ranges):
            assert wait.low_s <= ahead * usual_s / 3 <= wait.high_s
        assert all(one.low_s <= more.low_s and one.high_s <= more.high_s for one, more in pairwise(ranges))
