"""Who may serve what: skills, pools, a window that closes (S04), appointments among walk-ins (R067, R049)."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge.kernel.domain import Command, Rejected
from edge.org import tables as org
from edge.org.model import Branch as Outlet
from edge.org.model import ConfigureBranch, Counter, Service, Staff
from edge.policy.model import SetValue
from edge.queue.answers import Issued
from edge.queue.call_rules import CallRules
from edge.queue.model import (
    Channel,
    IssueTicket,
    ParkTicket,
    Pool,
    RequeueTicket,
    ServeTicket,
    SignOut,
    Tier,
    TransferTicket,
)
from edge.queue.rules import Blend, Rule
from tests.scenarios.hall import Hall, open_hall

SERVICES = tuple(
    Service(id=name, name=name, name_en=name, letter=letter) for name, letter in (("personal", "A"), ("forex", "B"))
)
CASH, FOREX = Counter(id="counter-1", number=1, name="1", services=("personal",)), ("forex",)
COUNTERS = (
    CASH,
    Counter(id="counter-2", number=2, name="2", services=FOREX),
    Counter(id="counter-3", number=3, name="3"),
)


def branch(*counters: Counter, version: int = 2) -> ConfigureBranch:
    outlet = Outlet(id="0001", name="测试支行", name_en="Test branch")
    return ConfigureBranch(version=version, branch=outlet, services=SERVICES, counters=counters)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.branch.pipeline.submit(branch(*COUNTERS), actor="system")
        yield opened


async def do(hall: Hall, command: Command, actor: str = "staff:1001") -> bytes:
    return (await hall.branch.pipeline.submit(command, actor=actor)).answer


async def learn(hall: Hall, **skills: tuple[str, ...]) -> None:
    members = tuple(
        Staff(staff_no=f"100{n}", name=f"柜员{n}", roles=("teller",), skills=skills.get(f"s{n}", ())) for n in range(1, 4)
    )
    await hall.branch.db.write(lambda connection: org.put_staff(connection, members))


async def take_id(hall: Hall, service: str = "personal") -> tuple[str, str]:
    answer = await do(hall, IssueTicket(service=service, tier=Tier.NORMAL, channel=Channel.KIOSK), "device:kiosk-1")
    issued = msgspec.json.decode(answer, type=Issued)
    return issued.id, issued.number


async def test_next_calls_only_what_counter_and_teller_have_in_common(hall: Hall) -> None:
    await learn(hall, s3=("personal",))
    await hall.staff(2)
    await hall.staff(3)
    forex, personal = await hall.take(Tier.GOLD, service="forex"), await hall.take(Tier.NORMAL)
    assert await hall.calls(2, counter=3) == [personal, None]  # the counter may, she may not
    assert await hall.calls(1, counter=2) == [forex]


async def test_s04_what_only_a_closed_window_served_goes_to_the_others(hall: Hall) -> None:
    await hall.staff(1)
    await hall.staff(2)
    forex = await hall.take(Tier.NORMAL, service="forex")
    assert await hall.calls(1, counter=1) == [None]
    await do(hall, SignOut(counter="counter-2", staff="1002"), "staff:1002")
    assert await hall.calls(1, counter=1) == [forex]


async def test_s04_who_lacks_the_skill_takes_nothing_over(hall: Hall) -> None:
    await learn(hall, s1=("personal",))
    await hall.staff(1)
    await hall.staff(2)
    await do(hall, SignOut(counter="counter-2", staff="1002"), "staff:1002")
    await hall.take(Tier.NORMAL, service="forex")
    assert await hall.calls(1, counter=1) == [None]


async def test_s04_taking_over_can_be_switched_off(hall: Hall) -> None:
    await hall.staff(1)
    await hall.staff(2)
    await do(hall, SignOut(counter="counter-2", staff="1002"), "staff:1002")
    forex = await hall.take(Tier.NORMAL, service="forex")
    await do(hall, SetValue(policy="queue.take_over", value=False, temporary=False, reason="试"), "staff:9001")
    assert await hall.calls(1, counter=1) == [None]
    await hall.staff(3)
    assert await hall.calls(1, counter=3) == [forex]


async def test_s04_a_window_that_is_taken_away_leaves_nobody_behind(hall: Hall) -> None:
    await hall.staff(1)
    await hall.staff(3)
    called = await hall.take(Tier.NORMAL)
    sent, number = await take_id(hall)
    await do(hall, TransferTicket(ticket=sent, counter="counter-3", reason="熟客"))
    assert await hall.calls(1, counter=3) == [number]  # by name, before the earlier one
    again, waits_there = await take_id(hall)
    await do(hall, TransferTicket(ticket=again, counter="counter-3", reason="熟客"))
    await do(hall, branch(*COUNTERS[:2], version=3), "system")
    assert await hall.calls(3, counter=1) == [called, number, waits_there]


async def test_a_ticket_follows_its_teller(hall: Hall) -> None:
    await learn(hall)
    await hall.staff(1)
    ticket, number = await take_id(hall)
    await do(hall, TransferTicket(ticket=ticket, staff_no="1003", reason="熟客"))
    assert await hall.calls(1, counter=1) == [None]
    await hall.staff(3)
    called = await hall.next(counter=3)
    assert called.ticket is not None
    assert called.why is not None
    assert (called.ticket.number, called.why.text_code) == (number, "sent_to_this_teller")
    with pytest.raises(Rejected, match="unknown_staff"):
        await do(hall, TransferTicket(ticket=(await take_id(hall))[0], staff_no="7777"))


@pytest.mark.parametrize(("pool", "first"), [(Pool.QUEUE, 0), (Pool.COUNTER, 1), (Pool.STAFF, 1)])
async def test_a_parked_ticket_comes_back_to_where_it_was_parked(hall: Hall, pool: Pool, first: int) -> None:
    await learn(hall)
    await hall.staff(1)
    ticket, parked = await take_id(hall)
    await hall.calls(1, counter=1)
    gold = await hall.take(Tier.GOLD)
    await do(hall, ServeTicket(counter="counter-1", staff="1001"))
    await do(hall, ParkTicket(counter="counter-1", staff="1001", reason="填单", pool=pool))
    await do(hall, RequeueTicket(ticket=ticket), "staff:2001")
    assert await hall.calls(1, counter=1) == [[gold, parked][first]]


async def test_a_pool_that_nobody_attends_keeps_nobody(hall: Hall) -> None:
    await learn(hall)
    await hall.staff(1)
    ticket, number = await take_id(hall)
    await hall.calls(1, counter=1)
    await do(hall, ParkTicket(counter="counter-1", staff="1001", pool=Pool.STAFF))
    await do(hall, SignOut(counter="counter-1", staff="1001"))
    await do(hall, RequeueTicket(ticket=ticket), "staff:2001")
    await hall.staff(3)
    assert await hall.calls(1, counter=3) == [number]


async def appointment(hall: Hall, slot: str, serial: int) -> str:
    hour, minute = slot.split(":")
    start = hall.branch.place.now().replace(hour=int(hour), minute=int(minute), second=0)
    command = IssueTicket(
        service="personal",
        tier=Tier.NORMAL,
        channel=Channel.KIOSK,
        appointment=f"a-{serial}",
        place_ms=int(start.timestamp() * 1000),
    )
    return msgspec.json.decode(await do(hall, command, "device:kiosk-1"), type=Issued).number


async def test_walk_ins_are_called_between_two_appointments(hall: Hall) -> None:
    await hall.staff(1)
    await hall.follow(CallRules(default=Rule(blend=Blend(walk_ins=2))))
    await hall.at("10:00")
    booked = [await appointment(hall, "10:00", n) for n in range(3)]
    walked_in = [await hall.take(Tier.NORMAL) for _ in range(3)]
    expected = [booked[0], walked_in[0], walked_in[1], booked[1], walked_in[2], booked[2]]
    called = [await hall.next() for _ in range(6)]
    assert [one.ticket and one.ticket.number for one in called] == expected
    assert [one.why and one.why.text_code for one in called[1:2]] == ["between_appointments"]


async def test_an_appointment_goes_first_only_near_its_slot_and_never_waits_for_nobody(hall: Hall) -> None:
    await hall.staff(1)
    await hall.follow(CallRules(default=Rule(blend=Blend(lead_s=300))))
    await hall.at("09:40")
    booked, walked_in = await appointment(hall, "10:00", 1), await hall.take(Tier.NORMAL)
    assert await hall.calls(2) == [walked_in, booked]
    other, late = await appointment(hall, "10:00", 2), await hall.take(Tier.NORMAL)
    await hall.at("09:55")
    assert await hall.calls(2) == [other, late]
