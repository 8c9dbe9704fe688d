"""However counters came and went: nobody comes back before now, everybody does in the end, and what is kept is the same."""

from hypothesis import given
from hypothesis import strategies as st

from edge.forecast.hazard import NEVER_S
from edge.forecast.situation import Away
from edge.forecast.turnaround import Turnaround
from tests.unit.forecast.hall import seeded

SECONDS = st.floats(0, 20_000)
SIGHTS = st.lists(st.tuples(st.sampled_from(["", "ann", "bob"]), SECONDS, SECONDS, st.booleans()), max_size=30)
MOMENTS_MS = st.integers(0, 20_000_000)


@given(SIGHTS, st.sampled_from(["ann", "zoe"]), st.builds(Away, MOMENTS_MS, st.none() | MOMENTS_MS), MOMENTS_MS)
def test_whoever_is_away_comes_back_from_now_on(
    sights: list[tuple[str, float, float, bool]], staff: str, away: Away, now_ms: int
) -> None:
    known, again = Turnaround(), Turnaround()
    for one, free_s, wanted_s, called in sights:
        known.observe(one, free_s, wanted_s, called=called)
    again.restore(known.state)
    left_s = known.left_s(staff, away, now_ms, seeded(1))
    assert 0 <= left_s <= NEVER_S
    assert again.left_s(staff, away, now_ms, seeded(1)) == left_s


@given(SECONDS, SECONDS, SECONDS)
def test_who_was_free_teaches_nothing_of_who_has_just_finished(free_s: float, wanted_s: float, at_s: float) -> None:
    known = Turnaround()
    known.observe("ann", max(1.0, free_s), wanted_s, called=True)
    assert known.of("ann").rate(at_s) == Turnaround().of("ann").rate(at_s)
