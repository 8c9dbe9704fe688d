"""The power goes at random moments of a busy time: nothing is corrupt, nothing acknowledged is lost, and the branch goes on."""

from pathlib import Path

import pytest

from tests.durability import power_cut
from tests.durability.disk import Cut

CUTS = 1200


@pytest.mark.slow
def test_no_power_cut_loses_what_was_acknowledged(tmp_path: Path) -> None:
    figures = power_cut.run(CUTS, seed=20261120, folder=tmp_path)
    print(figures.text())
    assert figures.sound, "\n".join([*figures.examples, figures.text()])
    assert figures.cuts == CUTS
    assert set(figures.modes) == set(Cut)
    assert figures.promises > 50 * CUTS
    assert figures.slowest_ms < 2000


@pytest.mark.slow
def test_the_same_cuts_find_out_a_database_that_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    """With `synchronous=NORMAL` acknowledged facts must be found missing, or the test above proves nothing."""
    figures = power_cut.run(100, seed=3, folder=tmp_path, synchronous="NORMAL")
    assert figures.lost > 10
    assert figures.lost_promises > figures.lost
    assert figures.corrupt == 0
