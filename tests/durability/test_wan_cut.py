"""The WAN goes and comes back: the branch serves on, and afterwards head office has every fact once, in order."""

from pathlib import Path

from tests.harness import agreement
from tests.harness.api import Api
from tests.harness.programs import BranchProcess, HeadOfficeProcess


async def serve_one(kiosk: Api, teller: Api, counter: str) -> None:
    """One customer from the kiosk to the end."""
    await kiosk.post("/api/tickets", {"service": "personal", "channel": "phone"})
    for step in ("next", "recall", "serve", "finish"):
        await teller.post(f"/api/counters/{counter}/{step}")


async def test_facts_made_without_a_line_arrive_once_in_order(tmp_path: Path) -> None:
    data = tmp_path / "branch"
    with HeadOfficeProcess(tmp_path / "office") as there, BranchProcess(data, head_office=there.url) as branch:
        async with Api(branch.url) as guest, Api(there.url) as office:
            kiosk, teller = await guest.as_kiosk(), await guest.at_counter("1001", "counter-1")
            await serve_one(kiosk, teller, "counter-1")
            before = await agreement.received(office, data)

            assert await guest.post("/sandbox/wan", {"up": False}) == {"up": False}
            for _ in range(60):
                await serve_one(kiosk, teller, "counter-1")
            await kiosk.post("/api/tickets", {"service": "wealth", "channel": "phone"})
            assert (await teller.get("/api/sync"))["head_office"] == "unreachable"
            notices = (await teller.get("/api/notices"))["notices"]
            assert "head_office_unreachable" in [notice["code"] for notice in notices]
            assert (await office.get("/sandbox"))["events"] == before

            assert await guest.post("/sandbox/wan", {"up": True}) == {"up": True}
            assert await agreement.received(office, data) >= before + 301
            assert await agreement.disagreements(office, data) == []

            there.restart()
            await serve_one(kiosk, teller, "counter-1")
            await agreement.received(office, data)
            assert await agreement.disagreements(office, data) == []
            assert (await teller.get("/api/sync"))["pending"] == 0
