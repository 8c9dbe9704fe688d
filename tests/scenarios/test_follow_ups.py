"""S22: whoever gave a bad rating is called back; once, by whoever may, and the report counts it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge import registry
from edge.follow_ups.model import Outcome
from edge.kernel import fold
from edge.kernel.db import Connection
from edge.org import tables as org
from edge.org.model import Staff
from edge.queue.model import RateService, Tier
from tests.harness.api import PASSWORD, Api
from tests.scenarios.hall import Hall, open_hall


class Branch:
    """The hall with its doors open: the lobby manager, and a teller who may not."""

    def __init__(self, hall: Hall, lobby: Api, teller: Api) -> None:
        self.hall, self.lobby, self.teller = hall, lobby, teller

    async def rated(self, score: int, *reasons: str) -> str:
        """Somebody is served at counter 1 and says so; the ticket."""
        await self.hall.take(Tier.NORMAL)
        called = await self.hall.next()
        assert called.ticket is not None
        await self.teller.post("/api/counters/counter-1/serve")
        ticket = called.ticket.id
        await self.hall.branch.pipeline.submit(RateService(ticket=ticket, score=score, reasons=reasons), actor="phone")
        return ticket

    async def listed(self) -> Any:
        return await self.lobby.get("/api/bad-ratings")

    async def report(self) -> dict[str, Any]:
        found = await self.lobby.get("/api/reports/satisfaction")
        return dict(zip([column["name"] for column in found["columns"]], found["total"], strict=True))


@pytest.fixture
async def branch(tmp_path: Path) -> AsyncIterator[Branch]:
    async with open_hall(tmp_path) as hall:
        box = hall.branch
        await box.db.write(people)
        for number in ("1001", "2001"):
            await box.sessions.set_password(number, PASSWORD)
        settings = box.ground.launch.settings
        anywhere = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, listen="127.0.0.1:0"))
        box.ground = replace(box.ground, launch=replace(box.ground.launch, settings=anywhere))
        port, _ = await box.open_doors()
        await hall.staff(1)
        async with Api(f"http://127.0.0.1:{port}") as nobody:
            yield Branch(hall, await nobody.as_staff("2001"), await nobody.as_staff("1001"))
        with box.db.reader() as connection:
            assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


def people(connection: Connection) -> None:
    roles = (("1001", "王芳", "teller"), ("2001", "陈静", "lobby"))
    org.put_staff(connection, tuple(Staff(staff_no=number, name=name, roles=(role,)) for number, name, role in roles))


async def test_s22_a_bad_rating_waits_until_somebody_followed_it_up_once(branch: Branch) -> None:
    good, bad = await branch.rated(4), await branch.rated(1, "long_wait", "unfriendly")
    (waits,) = (await branch.listed())["waiting"]
    told = (waits["ticket"], waits["score"], waits["reasons"], waits["counter_number"], waits["staff_name"])
    assert told == (bad, 1, ["long_wait", "unfriendly"], 1, "王芳")
    assert [(await branch.report())[name] for name in ("bad", "followed_up")] == [1, 0]
    path = f"/api/bad-ratings/{bad}/follow-up"
    await branch.lobby.post(path, {"outcome": "explained", "note": " 已致电说明 "})
    found = await branch.listed()
    assert found["waiting"] == []
    (done,) = found["done"]
    assert (done["outcome"], done["note"], done["done_by_name"]) == ("explained", "已致电说明", "陈静")
    assert (await branch.lobby.send("POST", path, {"outcome": "settled"})).code == "already_followed_up"
    refused = await branch.lobby.send("POST", f"/api/bad-ratings/{good}/follow-up", {"outcome": "settled"})
    assert (refused.status, refused.code) == (404, "no_bad_rating")
    assert [(await branch.report())[name] for name in ("bad", "followed_up", "followed_up_share")] == [1, 1, 1.0]


async def test_s22_what_is_noted_holds_no_number_and_is_one_of_a_few_words(branch: Branch) -> None:
    bad = await branch.rated(2)
    path = f"/api/bad-ratings/{bad}/follow-up"
    assert (await branch.lobby.send("POST", path, {"outcome": "settled", "note": "电话 13812345678"})).code == "number_in_text"
    assert (await branch.lobby.send("POST", path, {"outcome": "forgotten"})).status == 400
    assert (await branch.lobby.send("POST", path, {"outcome": "settled", "note": "好" * 81})).status == 400
    assert len((await branch.listed())["waiting"]) == 1


async def test_a_teller_does_not_follow_up_their_own_ratings(branch: Branch) -> None:
    bad = await branch.rated(1)
    assert (await branch.teller.send("GET", "/api/bad-ratings")).status == 403
    refused = await branch.teller.send("POST", f"/api/bad-ratings/{bad}/follow-up", {"outcome": "settled"})
    assert refused.status == 403


async def test_one_that_was_followed_up_leaves_the_list_after_a_week(branch: Branch) -> None:
    bad = await branch.rated(1)
    await branch.lobby.post(f"/api/bad-ratings/{bad}/follow-up", {"outcome": Outcome.NOT_REACHED})
    now = branch.hall.branch.place.now()
    for days, shown in ((6, 1), (8, 0)):
        await branch.hall.at(now.replace(day=now.day + days))
        assert len((await (await branch.lobby.as_staff("2001")).get("/api/bad-ratings"))["done"]) == shown
