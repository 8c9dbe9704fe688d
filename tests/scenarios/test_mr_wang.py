"""S14: Mr Wang from home to the counter, as far as the branch has a part in it. The whole program, over its own wires."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.api import Api
from tests.harness.programs import BranchProcess


@pytest.fixture
async def guest(tmp_path: Path) -> AsyncIterator[Api]:
    options = ("--clock", "2026-03-02T09:00:00+08:00")
    with BranchProcess(tmp_path / "branch", options=options) as running:
        async with Api(running.url) as anybody:
            yield anybody


async def mr_wang(guest: Api) -> dict[str, str]:
    """A gold customer, by his identity card."""
    gold = next(one for one in (await guest.sandbox())["customers"] if one["tier"] == "gold")
    found: dict[str, str] = next(one for one in gold["identities"] if one["kind"] == "id_card")
    return found


async def on_the_phone(guest: Api, ticket: Any) -> Any:
    return await guest.get(f"/api/t/{ticket['token']}")


async def test_s14_from_home_to_the_counter(guest: Api) -> None:
    channel, kiosk = await guest.as_staff("9001"), await guest.as_kiosk()
    teller = await guest.at_counter("1001", "counter-1")
    before = [await kiosk.post("/api/tickets", {"service": "personal"}) for _ in range(2)]

    # At home: is it open, who waits, how long will it take, and where is it?
    state = await guest.get("/api/branch-state")
    personal = next(one for one in state["services"] if one["id"] == "personal")
    assert (state["open"], personal["waiting"], personal["wait"]["high_s"] > 0) == (True, 2, True)
    assert all(state["way"].values())

    # He takes a number from afar; his phone says how to come.
    wish = {"service": "personal", "channel": "mobile_bank", "identity": await mr_wang(guest)}
    ticket = await channel.post("/api/tickets", wish)
    seen = await on_the_phone(guest, ticket)
    assert (seen["state"], seen["way"]) == ("pending", state["way"])

    # His number is nobody's turn while he is on his way.
    called = await teller.post("/api/counters/counter-1/next")
    assert called["ticket"]["number"] == before[0]["number"]

    # He swipes: he is here, the lobby hears of him, and nothing tells him the way any more.
    async with asyncio.timeout(20):
        activated = await kiosk.post("/api/activations", {"identity": await mr_wang(guest)})
    assert (activated["number"], activated["state"], activated["tier"]) == (ticket["number"], "waiting", "gold")
    seen = await on_the_phone(guest, ticket)
    assert (seen["state"], seen.get("way")) == ("waiting", None)
    lobby = await (await guest.as_staff("2001")).get("/api/lobby")
    assert [one["number"] for one in lobby["arrivals"]] == [ticket["number"]]

    # His turn.
    assert (await teller.post("/api/counters/counter-1/next"))["ticket"]["number"] == ticket["number"]
    assert (await on_the_phone(guest, ticket))["counter"]["number"] == 1
