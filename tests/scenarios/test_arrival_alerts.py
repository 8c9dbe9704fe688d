"""S15: a gold customer's card is swiped; the lobby's list, the counters and the customer's adviser hear of it at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from edge import registry
from edge.customers import tables as customers
from edge.customers.tables import Recognised
from edge.kernel import fold
from edge.kernel.db import Connection
from edge.lobby import views
from edge.lobby.views import Arrival
from edge.notify.model import TELL_ADVISER
from edge.org import phones
from edge.org import tables as org
from edge.org.model import Staff
from edge.policy.model import SetValue
from edge.queue.answers import Issued
from edge.queue.model import BindCustomer, CancelTicket, Channel, IssueTicket, Tier
from tests.harness.api import Api
from tests.harness.programs import BranchProcess
from tests.scenarios.hall import ZONE, Hall, open_hall

PATIENCE_S = 20
"""How fast it is, `make bench` says."""
GOLD_CARD, STRANGERS_CARD = "6217000010099887765", "6225881234567893"
ADVISER = "1003"


# --- the whole branch, from the card to the screens


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BranchProcess]:
    with BranchProcess(tmp_path_factory.mktemp("branch"), options=("--clock", "2026-11-23T10:02:00+08:00")) as running:
        yield running


@pytest.fixture
async def guest(branch: BranchProcess) -> AsyncIterator[Api]:
    async with Api(branch.url) as opened:
        yield opened


@asynccontextmanager
async def watching(page: Api, topics: str = "queue") -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    feed = await page.live(topics=topics)
    try:
        assert "hello" in await feed.receive_json(timeout=PATIENCE_S)
        yield feed
    finally:
        await feed.close()


async def heard(feed: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = await feed.receive_json(timeout=PATIENCE_S)
        if message.get("type") == kind:
            return message


async def swipe(guest: Api, card: str) -> Any:
    """A card through the kiosk's reader, and a touch on a service; the ticket."""
    kiosk = await guest.as_kiosk()
    async with watching(kiosk, "recognition") as reader:
        await guest.post("/sandbox/devices/magnetic-stripe-1/swipe", {"number": card})
        assert (await heard(reader, "recognition.shown"))["body"] == {"kiosk": "kiosk-1"}
    shown = await kiosk.get("/api/kiosk/recognition")
    identity = {"kind": "recognition", "value": shown["recognition"]}
    return await kiosk.post("/api/tickets", {"service": "personal", "channel": "kiosk", "identity": identity})


async def test_s15_tablet_counter_and_adviser_hear_of_it(guest: Api) -> None:
    lobby, teller = await guest.as_staff("2001"), await guest.as_staff("1001")
    async with watching(lobby) as tablet, watching(teller) as counter:
        ticket = await swipe(guest, GOLD_CARD)
        news = [await heard(feed, "queue.ticket_issued.v1") for feed in (tablet, counter)]
        on_tablet, at_counter = (await lobby.get("/api/lobby"), await teller.get("/api/arrivals"))
        told = await heard(tablet, "notify.adviser_told.v1")
    assert {one["body"]["ticket"] for one in news} == {ticket["id"]}
    assert min(on_tablet["seq"], at_counter["seq"]) >= max(one["seq"] for one in news)
    for arrivals in (on_tablet["arrivals"], at_counter["arrivals"]):
        first = arrivals[0]
        assert (first["number"], first["tier"], first["recognised"]) == (ticket["number"], "gold", True)
        assert first["taken_at"].startswith("2026-11-23T10:02")
        assert first["tags"] == ["大额存单到期", "偏好理财"]
        assert (first["adviser"]["staff_no"], first["adviser"]["name"]) == (ADVISER, "张敏")
    assert told["body"] == {"ticket": ticket["id"], "adviser": ADVISER, "outcome": "sent"}
    output = await guest.get("/sandbox/devices/printer-1/output")
    messages = [one for one in output["sms"] if one["to"] == "+8613900001003"]
    assert [one["text"] for one in messages] == [
        f"【示范支行】贵宾到店：{ticket['number']}号，金卡客户，10:02取号，个人业务。请到厅堂接待。"
    ]


async def test_s15_an_unknown_card_takes_an_ordinary_number_and_alerts_nobody(guest: Api) -> None:
    lobby = await guest.as_staff("2001")
    ticket = await swipe(guest, STRANGERS_CARD)
    assert (ticket["tier"], ticket["state"]) == ("normal", "waiting")
    assert ticket["number"] not in [one["number"] for one in (await lobby.get("/api/arrivals"))["arrivals"]]


async def test_s15_whom_the_list_names_is_for_staff_only(guest: Api) -> None:
    await swipe(guest, GOLD_CARD)
    for page in (await guest.as_kiosk(), await guest.as_display()):
        assert (await page.send("GET", "/api/arrivals")).status == 403


# --- what becomes of the message


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        vault = opened.branch.vault

        def people(connection: Connection) -> None:
            org.put_staff(connection, (Staff(staff_no="1003", name="张敏", roles=("teller",)),))
            phones.put(connection, vault, {"1003": "139 0000 1003", "1004": None}, now_ms=0)
            customers.put(connection, Recognised("c-1", "gold", "1003", ("私行潜力",)), [], now_ms=0)
            customers.put(connection, Recognised("c-2", "gold", "1004"), [], now_ms=0)
            customers.put(connection, Recognised("c-3", "normal", "1003"), [], now_ms=0)

        await opened.branch.db.write(people)
        yield opened


async def arrive(hall: Hall, customer: str | None, tier: Tier = Tier.GOLD) -> str:
    command = IssueTicket(service="personal", tier=tier, channel=Channel.KIOSK, customer=customer)
    outcome = await hall.branch.pipeline.submit(command, actor="device:kiosk-1")
    return msgspec.json.decode(outcome.answer, type=Issued).id


def listed(hall: Hall) -> list[Arrival]:
    with hall.branch.db.reader() as connection:
        return views.arrivals(connection, ZONE)


async def told(hall: Hall, ticket: str, wanted: str) -> None:
    """Wait until the message about a visit has come to this outcome."""
    changed = asyncio.Event()
    hall.branch.pipeline.followers.append(lambda _records: changed.set())
    async with asyncio.timeout(10):
        while outcome(hall, ticket) != wanted:
            changed.clear()
            await changed.wait()


def outcome(hall: Hall, ticket: str) -> object:
    with hall.branch.db.reader() as connection:
        return connection.execute("SELECT outcome FROM notify_adviser WHERE ticket = ?", (ticket,)).get


async def test_s15_the_adviser_is_told_once_and_the_books_agree(hall: Hall) -> None:
    ticket = await arrive(hall, "c-1")
    await told(hall, ticket, "sent")
    await hall.branch.pipeline.submit(BindCustomer(ticket=ticket, customer="c-1", tier=Tier.GOLD), actor="staff:2001")
    other = await arrive(hall, "c-1")
    await told(hall, other, "sent")
    assert [message.to for message in hall.sms.messages()] == ["+8613900001003"] * 2
    with hall.branch.db.reader() as connection:
        assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


async def test_s15_without_a_number_the_list_says_so(hall: Hall) -> None:
    await told(hall, await arrive(hall, "c-2"), "no_phone")
    assert hall.sms.messages() == ()


async def test_s15_a_platform_that_is_down_too_long_is_shown(hall: Hall) -> None:
    tried = hall.sms_down()
    ticket = await arrive(hall, "c-1")
    await tried.wait()
    hall.clock.advance(10 * 60 + 1)
    hall.sms_back(TELL_ADVISER)
    await told(hall, ticket, "expired")
    assert hall.sms.messages() == ()


async def test_s15_a_customer_who_left_again_is_no_news(hall: Hall) -> None:
    tried = hall.sms_down()
    ticket = await arrive(hall, "c-1")
    await tried.wait()
    await hall.branch.pipeline.submit(CancelTicket(ticket=ticket), actor="staff:2001")
    hall.sms_back(TELL_ADVISER)
    await told(hall, ticket, "suppressed")
    assert hall.sms.messages() == ()


async def test_s15_which_tiers_is_policy(hall: Hall) -> None:
    ordinary = await arrive(hall, "c-3", Tier.NORMAL)
    command = SetValue(policy="notify.alert_tiers", value=["gold", "normal"], reason="普卡客户也告知")
    await hall.branch.pipeline.submit(command, actor="staff:9001")
    later = await arrive(hall, "c-3", Tier.NORMAL)
    await told(hall, later, "sent")
    of_both = {one.ticket: one.adviser and one.adviser.told for one in listed(hall)}
    assert of_both == {ordinary: None, later: "sent"}


async def test_s15_the_message_is_in_english_where_policy_says_so(hall: Hall) -> None:
    command = SetValue(policy="notify.alert_language", value="en", reason="English-speaking advisers")
    await hall.branch.pipeline.submit(command, actor="staff:9001")
    await told(hall, await arrive(hall, "c-1"), "sent")
    (message,) = hall.sms.messages()
    assert message.text.startswith("[Test branch] A gold customer has come in: ")
    assert message.text.endswith(". Please receive them in the hall.")
