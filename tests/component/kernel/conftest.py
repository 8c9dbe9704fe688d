"""One ledger per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.component.kernel.ledger import Ledger, open_ledger


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with open_ledger(tmp_path) as opened:
        yield opened
