"""`branchbox verify` on data of an earlier version: it says so, and does not call it damaged."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.harness.programs import verify
from tests.scenarios.hall import open_hall


async def test_data_of_an_earlier_version_is_called_that(tmp_path: Path) -> None:
    async with open_hall(tmp_path):
        pass
    assert verify(tmp_path).returncode == 0
    with closing(sqlite3.connect(tmp_path / "core.db")) as connection:
        connection.execute("DROP TABLE parking_stay")
        connection.execute("DELETE FROM migration WHERE id = 'parking/001'")
        connection.commit()
    found = verify(tmp_path)
    assert found.returncode == 1
    assert "an earlier version wrote this data (1 schema changes, from parking/001)" in found.stderr
