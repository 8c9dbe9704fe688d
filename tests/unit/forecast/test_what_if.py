"""What a change saves: those who are called anyway by minutes, those whom nobody would call by head."""

from edge.forecast.what_if import effects, with_desk, without_desk
from edge.queue.model import Tier
from tests.unit.forecast.hall import desk, hall, knowing


def test_one_more_counter_saves_minutes_and_frees_nobody() -> None:
    now = hall(12, 2)
    (found,) = effects(now, with_desk(now, desk(3)), knowing())
    assert (found.tier, found.people, found.stuck_before, found.stuck_after) == (Tier.NORMAL, 12, 0, 0)
    assert found.saved_s > 60


def test_whom_nobody_calls_is_counted_by_head_and_has_no_wait_to_average() -> None:
    now = hall(5, 0)
    (found,) = effects(now, with_desk(now, desk(1)), knowing())
    assert (found.stuck_before, found.stuck_after) == (5, 0)
    assert found.saved_s == 0


def test_the_last_counter_to_close_leaves_those_behind_whom_it_would_have_called() -> None:
    now = hall(5, 1)
    (found,) = effects(now, without_desk(now, "c0"), knowing())
    assert (found.stuck_before, found.stuck_after) == (0, 5)
