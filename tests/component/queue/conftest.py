"""One hall per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.component.queue.hall import Hall, open_hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        yield opened
