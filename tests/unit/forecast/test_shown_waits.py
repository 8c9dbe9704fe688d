"""What is shown of a forecast: rounding, and what may change without a word (reference on queues, §3.5)."""

from hypothesis import given
from hypothesis import strategies as st

from edge.queue.forecast import Said, Wait, rounded, say
from edge.queue.outlook import Newcomer

SECONDS = st.floats(0, 4 * 3_600)


def test_minutes_up_to_ten_then_steps_of_five() -> None:
    assert rounded(61, 119) == Wait(60, 120)
    assert rounded(601, 601) == Wait(600, 900)
    assert rounded(-20, 30) == Wait(0, 60)


@given(SECONDS, SECONDS)
def test_what_is_shown_never_promises_less_than_is_meant(one: float, other: float) -> None:
    low_s, high_s = min(one, other), max(one, other)
    shown = rounded(low_s, high_s)
    assert shown.low_s <= low_s <= high_s <= shown.high_s


def test_one_step_longer_needs_no_reason_two_do() -> None:
    told = say(None, 200, 400, "")
    assert told.wait.high_s == 420
    assert say(told, 200, 470, "fewer_counters").reason == ""
    longer = say(told, 200, 500, "fewer_counters")
    assert (longer.reason, longer.wait.high_s) == ("fewer_counters", 540)


def test_creeping_up_step_by_step_needs_a_reason_as_well() -> None:
    told: Said | None = None
    for high_s in (400, 460):
        told = say(told, 100, high_s, "slower_than_expected")
        assert told.reason == ""
    assert say(told, 100, 520, "slower_than_expected").reason == "slower_than_expected"


def test_a_reason_stays_until_the_wait_is_shorter_again() -> None:
    longer = say(say(None, 0, 300, ""), 600, 1_200, "rule_changed")
    assert say(longer, 600, 1_190, "").reason == "rule_changed"
    assert say(longer, 300, 800, "").reason == ""


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=2, max_size=20))
def test_nobody_is_made_to_wait_two_steps_longer_without_a_word(ranges: list[tuple[float, float]]) -> None:
    told: Said | None = None
    least_s = 0
    for one, other in ranges:
        told = say(told, min(one, other), max(one, other), "why")
        if told.reason and told.least_high_s == told.wait.high_s:
            least_s = told.wait.high_s
        least_s = min(least_s, told.wait.high_s) if least_s else told.wait.high_s
        step_s = 300 if least_s >= 600 else 60
        assert told.reason or told.wait.high_s <= least_s + step_s


def test_a_newcomer_behind_others_who_came_since_is_told_later() -> None:
    newcomer = Newcomer("personal.normal", ahead=4, position=4, low_s=300, high_s=540, step_s=60)
    assert newcomer.quote(4) == (4, Wait(300, 540))
    assert newcomer.quote(7) == (7, Wait(480, 900))
    assert newcomer.quote(0) == (0, Wait(60, 300))
