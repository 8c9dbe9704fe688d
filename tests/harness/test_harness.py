"""The harness itself: both programs start, talk, die and come back on the same port and data."""

from pathlib import Path

import pytest

from tests.harness.api import Api, ApiRefused
from tests.harness.programs import BranchProcess, HeadOfficeProcess, ProgramBroken


async def test_a_branch_dies_and_comes_back_with_what_it_acknowledged(tmp_path: Path) -> None:
    with HeadOfficeProcess(tmp_path / "office") as office, BranchProcess(tmp_path / "branch", head_office=office.url) as branch:
        async with Api(branch.url) as guest:
            first = await (await guest.as_kiosk()).post("/api/tickets", {"service": "personal"}, key="one")
        port = branch.port
        branch.restart()
        assert branch.port == port
        async with Api(branch.url) as guest:
            kiosk = await guest.as_kiosk()
            assert await kiosk.post("/api/tickets", {"service": "personal"}, key="one") == first
            teller = await guest.at_counter("1001", "counter-1")
            called = await teller.post("/api/counters/counter-1/next")
            assert called["ticket"]["number"] == first["number"]
            with pytest.raises(ApiRefused) as refused:
                await kiosk.post("/api/tickets", {"service": "none"})
            assert refused.value.code == "unknown_service"
        assert branch.stop() == 0
        assert branch.verify().returncode == 0


def test_a_program_that_cannot_start_tells_why(tmp_path: Path) -> None:
    with pytest.raises(ProgramBroken, match="no-such-option"):
        BranchProcess(tmp_path, options=["--no-such-option"]).start()
