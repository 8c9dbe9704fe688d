"""S34: a car or cash to the door: for the tier that may, at the fee that was shown, followed by customer and adviser."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge import registry
from edge.adapters.sms import SandboxSms
from edge.customers import tables as customers
from edge.customers.model import Means
from edge.customers.tables import Recognised
from edge.kernel import fold
from edge.kernel.db import Connection
from edge.kernel.domain import Rejected
from edge.org import phones
from edge.policy.model import SetValue
from edge.queue.answers import Issued
from edge.queue.model import CancelTicket, Channel, IssueTicket, Tier
from edge.retention.model import EraseCustomer
from edge.vip_services import tables
from edge.vip_services.model import AskForService, Kind, Move, MoveRequest, State
from edge.vip_services.tables import RequestView, VisitServices
from tests.harness.api import Api, ApiRefused
from tests.harness.programs import BranchProcess
from tests.scenarios.hall import ZONE, Hall, open_hall

OFFERS = {"car_pickup": {"tiers": ["gold"]}, "cash_delivery": {"tiers": ["gold"], "fee_fen": 5000}}
ADVISER, LOBBY = "staff:1003", "staff:2001"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        vault, now_ms = opened.branch.vault, opened.branch.clock.now_ms()

        def people(connection: Connection) -> None:
            phones.put(connection, vault, {"1003": "13900001003"}, now_ms=now_ms)
            customers.put(connection, Recognised("c-gold", "gold", "1003"), [], now_ms=now_ms)
            customers.put(connection, Recognised("c-normal", "normal"), [], now_ms=now_ms)

        await opened.branch.db.write(people)
        await offer(opened, OFFERS)
        yield opened


async def offer(hall: Hall, offers: object) -> None:
    command = SetValue(policy="vip_services.offers", value=offers, reason="贵宾服务")
    await hall.branch.pipeline.submit(command, actor="staff:9001")


async def visit(hall: Hall, customer: str | None = "c-gold") -> str:
    command = IssueTicket(service="personal", tier=Tier.NORMAL, channel=Channel.KIOSK, customer=customer)
    return msgspec.json.decode((await hall.branch.pipeline.submit(command, actor="device:kiosk-1")).answer, type=Issued).id


async def ask(hall: Hall, ticket: str, kind: Kind = Kind.CASH_DELIVERY, fee_fen: int = 5000) -> RequestView:
    outcome = await hall.branch.pipeline.submit(AskForService(ticket=ticket, kind=kind, fee_fen=fee_fen), actor="phone")
    return msgspec.json.decode(outcome.answer, type=RequestView)


async def move(hall: Hall, request: str, wish: Move, *, actor: str = ADVISER, reason: str = "") -> State:
    command = MoveRequest(request=request, move=wish, reason=reason)
    outcome = await hall.branch.pipeline.submit(command, actor=actor)
    return msgspec.json.decode(outcome.answer, type=RequestView).state


def on_phone(hall: Hall, ticket: str) -> VisitServices | None:
    found = hall.branch.phones.view(ticket)
    assert found is not None
    return found.vip


async def test_s34_the_fee_is_shown_before_anything_is_asked_for(hall: Hall) -> None:
    shown = on_phone(hall, await visit(hall))
    assert shown is not None
    assert {one.kind: one.fee_fen for one in shown.offers} == {Kind.CAR_PICKUP: 0, Kind.CASH_DELIVERY: 5000}


@pytest.mark.parametrize("customer", ["c-normal", None])
async def test_s34_whoever_is_not_of_the_tier_sees_nothing_and_gets_nothing(hall: Hall, customer: str | None) -> None:
    ticket = await visit(hall, customer)
    assert on_phone(hall, ticket) is None
    with pytest.raises(Rejected, match="tier_not_eligible"):
        await ask(hall, ticket)


async def test_s34_a_fee_that_was_not_shown_is_not_charged(hall: Hall) -> None:
    ticket = await visit(hall)
    await offer(hall, {"cash_delivery": {"tiers": ["gold"], "fee_fen": 8000}})
    with pytest.raises(Rejected, match="fee_changed") as refused:
        await ask(hall, ticket)
    assert refused.value.facts == {"fee_fen": 8000}
    assert (await ask(hall, ticket, fee_fen=8000)).fee_fen == 8000
    with pytest.raises(Rejected, match="service_not_offered"):
        await ask(hall, ticket, Kind.CAR_PICKUP, 0)


async def test_s34_the_customer_follows_every_step(hall: Hall) -> None:
    ticket = await visit(hall)
    request = (await ask(hall, ticket)).id
    steps = [(Move.ACCEPT, State.ACCEPTED), (Move.SET_OUT, State.ON_THE_WAY), (Move.FINISH, State.DONE)]
    for wish, becomes in steps:
        assert await move(hall, request, wish) is becomes
        shown = on_phone(hall, ticket)
        assert shown is not None
        assert [one.state for one in shown.requests] == [becomes]
    with pytest.raises(Rejected, match="request_not_in_state"):
        await move(hall, request, Move.CANCEL)


async def test_s34_a_refusal_says_why(hall: Hall) -> None:
    ticket = await visit(hall)
    request = (await ask(hall, ticket)).id
    with pytest.raises(Rejected, match="reason_needed"):
        await move(hall, request, Move.REFUSE)
    await move(hall, request, Move.REFUSE, reason="今日运力已满")
    shown = on_phone(hall, ticket)
    assert shown is not None
    assert (shown.requests[0].state, shown.requests[0].reason) == (State.REFUSED, "今日运力已满")


async def test_s34_one_of_a_kind_at_a_time_and_six_a_visit(hall: Hall) -> None:
    ticket = await visit(hall)
    for _ in range(6):
        request = (await ask(hall, ticket)).id
        with pytest.raises(Rejected, match="already_asked"):
            await ask(hall, ticket)
        await move(hall, request, Move.CANCEL)
    with pytest.raises(Rejected, match="too_many_requests"):
        await ask(hall, ticket)


async def test_s34_nobody_is_erased_while_a_car_is_on_its_way(hall: Hall) -> None:
    """What the branch has promised needs the customer."""
    ticket = await visit(hall)
    request = (await ask(hall, ticket)).id
    await hall.branch.pipeline.submit(CancelTicket(ticket=ticket), actor="phone")
    erase = EraseCustomer(customer="c-gold", channel=Means.LOBBY)
    for wish in (Move.ACCEPT, Move.SET_OUT, Move.FINISH):
        with pytest.raises(Rejected, match="customer_service_open") as refused:
            await hall.branch.pipeline.submit(erase, actor="staff:2001")
        assert refused.value.facts == {"kind": "cash_delivery"}
        await move(hall, request, wish)
    await hall.branch.pipeline.submit(erase, actor="staff:2001")


async def test_s34_who_has_left_the_queue_asks_for_nothing(hall: Hall) -> None:
    ticket = await visit(hall)
    await hall.branch.pipeline.submit(CancelTicket(ticket=ticket), actor="phone")
    assert on_phone(hall, ticket) is None
    with pytest.raises(Rejected, match="unknown_ticket"):
        await ask(hall, ticket)


async def test_s34_the_adviser_is_told_in_english_where_policy_says_so(hall: Hall) -> None:
    command = SetValue(policy="notify.alert_language", value="en", reason="English-speaking advisers")
    await hall.branch.pipeline.submit(command, actor="staff:9001")
    request = (await ask(hall, await visit(hall))).id
    await told(hall, request, "sent")
    gateway = hall.branch.gateway
    assert isinstance(gateway, SandboxSms)
    news = [message.text for message in gateway.messages() if "Cash to the door" in message.text]
    assert news == ["[Test branch] Cash to the door for A001 (fee CNY 50.00): asked for, please confirm soon."]


async def test_s34_the_adviser_is_told_of_every_step_but_their_own(hall: Hall) -> None:
    ticket = await visit(hall)
    request = (await ask(hall, ticket)).id
    await told(hall, request, "sent")
    await move(hall, request, Move.ACCEPT, actor=ADVISER)
    await move(hall, request, Move.CANCEL, actor=LOBBY)
    await told(hall, request, "sent")
    gateway = hall.branch.gateway
    assert isinstance(gateway, SandboxSms)
    texts = [message.text for message in gateway.messages() if "送款上门" in message.text]
    assert texts == [
        "【测试支行】A001号客户的送款上门（手续费 50.00 元）：客户已申请，请尽快确认。",
        "【测试支行】A001号客户的送款上门（手续费 50.00 元）：已取消。",
    ]
    with hall.branch.db.reader() as connection:
        assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


async def told(hall: Hall, request: str, wanted: str) -> None:
    changed = asyncio.Event()
    hall.branch.pipeline.followers.append(lambda _records: changed.set())

    def outcome() -> str | None:
        with hall.branch.db.reader() as connection:
            found = tables.request(connection, request)
            return None if found is None else found.told

    async with asyncio.timeout(10):
        while outcome() != wanted:
            changed.clear()
            await changed.wait()


async def test_s34_what_is_over_leaves_the_list_what_is_open_stays(hall: Hall) -> None:
    ticket = await visit(hall)
    await ask(hall, ticket, Kind.CAR_PICKUP, 0)
    cash = (await ask(hall, ticket)).id
    await move(hall, cash, Move.CANCEL)

    def listed() -> list[Kind]:
        with hall.branch.db.reader() as connection:
            return [one.kind for one in tables.listed(connection, hall.branch.clock.now_ms(), ZONE)]

    assert sorted(listed()) == [Kind.CAR_PICKUP, Kind.CASH_DELIVERY]
    hall.clock.advance(13 * 3600)
    assert listed() == [Kind.CAR_PICKUP]


async def test_s34_from_the_phone_to_the_tablet_and_back(tmp_path: Path) -> None:
    with BranchProcess(tmp_path) as branch:
        async with Api(branch.url) as guest:
            kiosk, lobby = await guest.as_kiosk(), await guest.as_staff("2001")
            card = {"kind": "bank_card", "value": "6217000010099887765"}
            wish = {"service": "wealth", "channel": "kiosk", "identity": card}
            mine, other = [await kiosk.post("/api/tickets", wish) for _ in range(2)]
            address = f"/api/t/{mine['token']}/vip-services"
            offers = {one["kind"]: one["fee_fen"] for one in (await guest.get(f"/api/t/{mine['token']}"))["vip"]["offers"]}
            asked = await guest.post(address, {"kind": "cash_delivery", "fee_fen": offers["cash_delivery"]}, key="once")
            assert asked["state"] == "requested"
            (seen,) = (await lobby.get("/api/vip-services"))["requests"]
            assert (seen["number"], seen["kind"], seen["fee_fen"], seen["adviser"]) == (
                *(mine["number"], "cash_delivery", 5000, "1003"),
            )
            with pytest.raises(ApiRefused, match="unknown_request"):
                await guest.post(f"/api/t/{other['token']}/vip-services/{asked['id']}/cancel")
            await lobby.post(f"/api/vip-services/{asked['id']}/move", {"move": "accept"})
            assert (await guest.get(f"/api/t/{mine['token']}"))["vip"]["requests"][0]["state"] == "accepted"
            gone = await guest.post(f"{address}/{asked['id']}/cancel")
            assert gone["state"] == "cancelled"
