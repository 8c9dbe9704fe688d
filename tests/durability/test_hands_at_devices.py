"""Two minutes of hands at every device of the branch while people take numbers."""

from pathlib import Path
from typing import Final

import pytest

from tests.durability.hands import SEED, storm

SECONDS: Final = 120.0


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_no_ticket_and_no_slip_is_lost_or_doubled(tmp_path: Path) -> None:
    found = await storm(tmp_path, SECONDS, SEED)
    assert found.wrong == []
    assert found.tickets > 300
    assert found.slips > 50
    assert found.hands > 200
    print(f"{found.tickets} tickets, {found.slips} slips, {found.doubtful} in doubt, {found.hands} acts of hands")
