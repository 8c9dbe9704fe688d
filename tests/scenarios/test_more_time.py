"""Somebody who is not ready asks for more time on the phone, and the next few go first; the staff see it."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge import registry
from edge.kernel import fold
from edge.kernel.domain import Rejected
from edge.lobby import views
from edge.notify.phone import PhoneTicket
from edge.policy.model import SetValue
from edge.queue.model import AskForTime, Tier
from tests.harness.api import Api, ApiRefused
from tests.harness.programs import BranchProcess
from tests.scenarios.hall import ZONE, Hall, open_hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.at("09:00")
        await opened.staff(1)
        yield opened


def id_of(hall: Hall, number: str) -> str:
    with hall.branch.db.reader() as connection:
        return str(connection.execute("SELECT id FROM ticket WHERE number = ?", (number,)).get)


async def ask(hall: Hall, number: str) -> None:
    await hall.branch.pipeline.submit(AskForTime(ticket=id_of(hall, number)), actor="phone")


def phone(hall: Hall, number: str) -> PhoneTicket:
    found = hall.branch.phones.view(id_of(hall, number))
    assert found is not None
    return found


async def test_the_next_three_go_first_and_the_number_stays(hall: Hall) -> None:
    for minute in range(6):
        await hall.take(Tier.NORMAL, at=f"09:0{minute}")
    await ask(hall, "A001")
    assert phone(hall, "A001").ahead == 3
    assert phone(hall, "A002").ahead == 0
    assert await hall.calls(6) == ["A002", "A003", "A004", "A001", "A005", "A006"]


async def test_where_fewer_wait_it_is_behind_the_last_and_those_of_another_tier_do_not_count(hall: Hall) -> None:
    for tier in (Tier.NORMAL, Tier.NORMAL, Tier.GOLD, Tier.GOLD):
        await hall.take(tier)
    await ask(hall, "A001")
    assert await hall.calls(4) == ["A003", "A004", "A002", "A001"]


async def test_where_nobody_waits_behind_there_is_nothing_to_offer(hall: Hall) -> None:
    await hall.take(Tier.NORMAL)
    assert phone(hall, "A001").more_time is None
    with pytest.raises(Rejected, match="nobody_behind"):
        await ask(hall, "A001")


async def test_twice_a_visit_and_then_no_more(hall: Hall) -> None:
    for _ in range(9):
        await hall.take(Tier.NORMAL)
    for left in (2, 1):
        offer = phone(hall, "A001").more_time
        assert offer is not None
        assert (offer.behind, offer.left) == (3, left)
        await ask(hall, "A001")
    assert phone(hall, "A001").more_time is None
    with pytest.raises(Rejected, match="more_time_used"):
        await ask(hall, "A001")
    assert (await hall.calls(7))[-1] == "A001"


async def test_the_bank_may_not_offer_it(hall: Hall) -> None:
    await hall.branch.pipeline.submit(SetValue(policy="queue.more_time_max", value=0, reason="不提供"), actor="staff:9001")
    for _ in range(2):
        await hall.take(Tier.NORMAL)
    assert phone(hall, "A001").more_time is None


async def test_whoever_is_called_already_is_waited_for(hall: Hall) -> None:
    for _ in range(2):
        await hall.take(Tier.NORMAL)
    await hall.next()
    assert phone(hall, "A001").more_time is None
    with pytest.raises(Rejected, match="ticket_not_in_state"):
        await ask(hall, "A001")


async def test_the_lobby_sees_who_asked_and_the_books_agree(hall: Hall) -> None:
    for _ in range(5):
        await hall.take(Tier.NORMAL)
    await ask(hall, "A001")
    await ask(hall, "A001")
    with hall.branch.db.reader() as connection:
        assert [(one.number, one.times, one.state) for one in views.deferrals(connection, ZONE)] == [("A001", 2, "waiting")]
        assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


async def test_a_round_for_all_phones_tells_each_what_it_would_be_told_alone(hall: Hall) -> None:
    for tier in (Tier.NORMAL, Tier.GOLD, Tier.NORMAL, Tier.PRIORITY, Tier.NORMAL, Tier.GOLD, Tier.NORMAL):
        await hall.take(tier)
    await hall.next()
    await ask(hall, "A001")
    phones = hall.branch.phones
    told = phones.for_everybody()
    for ordinal in range(1, 8):
        ticket = id_of(hall, f"A{ordinal:03d}")
        alone, among_others = (msgspec.json.decode(view(ticket) or b"", type=PhoneTicket) for view in (phones.encoded, told))
        assert msgspec.structs.replace(among_others, as_of=alone.as_of) == alone
    assert told("nobody") is None


async def test_from_the_phone_over_the_guests_address(tmp_path: Path) -> None:
    with BranchProcess(tmp_path) as branch:
        async with Api(branch.url) as guest:
            kiosk, lobby = await guest.as_kiosk(), await guest.as_staff("2001")
            tickets = [await kiosk.post("/api/tickets", {"service": "personal", "channel": "kiosk"}) for _ in range(3)]
            feed = await lobby.live(topics="queue")
            await feed.receive_json(timeout=5)
            address = f"/api/t/{tickets[0]['token']}"
            assert (await guest.get(address))["more_time"] == {"behind": 2, "left": 2}
            for _ in range(2):  # a repeat does nothing more
                moved = await guest.post(f"{address}/more-time", key="once")
                assert moved["ahead"] == 2
            while (heard := await feed.receive_json(timeout=5)).get("type") != "queue.ticket_deferred.v1":
                pass
            assert (heard["body"]["number"], heard["body"]["times"]) == ("A001", 1)
            assert [one["number"] for one in (await lobby.get("/api/wishes"))["more_time"]] == ["A001"]
            with pytest.raises(ApiRefused, match="unknown_ticket"):
                await guest.post("/api/t/nobody/more-time")
            await feed.close()
