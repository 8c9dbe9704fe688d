"""S15, S16, S21: who has arrived, who somebody is, and hands that reach into the queue."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge.kernel.domain import Rejected
from edge.lobby import views as lobby
from edge.policy.model import SetValue
from edge.queue import views
from edge.queue.answers import Called
from edge.queue.model import BindCustomer, CallTicket, SignOut, Tier, TransferTicket
from edge.queue.views import TicketView
from tests.scenarios.hall import Hall, open_hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.staff(1)
        yield opened


def ticket_of(hall: Hall, number: str) -> TicketView:
    zone = hall.branch.place.zone
    with hall.branch.db.reader() as connection:
        found = views.tickets(connection, ["waiting", "called", "finished"], None, 100, zone)
    return next(ticket for ticket in found if ticket.number == number)


async def test_s15_a_gold_customer_is_on_the_arrival_list_at_once(hall: Hall) -> None:
    await hall.take(Tier.NORMAL)
    gold = await hall.take(Tier.GOLD)
    with hall.branch.db.reader() as connection:
        seen = lobby.arrivals(connection, hall.branch.place.zone)
    assert [(arrival.number, arrival.tier) for arrival in seen] == [(gold, "gold")]


async def test_s16_a_bound_ticket_is_classed_anew_and_keeps_its_place(hall: Hall) -> None:
    first = await hall.take(Tier.NORMAL, "09:00")
    await hall.at("09:05")
    unswiped = await hall.take(Tier.NORMAL)
    await hall.at("09:06")
    gold = await hall.take(Tier.GOLD)
    command = BindCustomer(ticket=ticket_of(hall, unswiped).id, customer="c-1", tier=Tier.GOLD)
    await hall.branch.pipeline.submit(command, actor="staff:2001")
    assert ticket_of(hall, unswiped).tier == "gold"
    assert await hall.calls(3) == [unswiped, gold, first]


async def test_s16_where_policy_says_so_a_bound_ticket_keeps_its_class(hall: Hall) -> None:
    keep = SetValue(policy="queue.reclass_on_bind", value=False, reason="按取号时的级别排队")
    await hall.branch.pipeline.submit(keep, actor="staff:9001")
    first, unswiped = await hall.take(Tier.NORMAL, "09:00"), await hall.take(Tier.NORMAL)
    command = BindCustomer(ticket=ticket_of(hall, unswiped).id, customer="c-1", tier=Tier.GOLD)
    outcome = await hall.branch.pipeline.submit(command, actor="staff:2001")
    assert outcome.records[-1].actor == "staff:2001"
    assert ticket_of(hall, unswiped).tier == "normal"
    assert await hall.calls(2) == [first, unswiped]


async def test_s21_a_pick_by_hand_needs_a_reason_and_is_in_the_books(hall: Hall) -> None:
    first = await hall.take(Tier.NORMAL)
    last = await hall.take(Tier.NORMAL)
    wish = CallTicket(counter="counter-1", staff="1001", ticket=ticket_of(hall, last).id, reason=" ")
    with pytest.raises(Rejected, match="reason_needed"):
        await hall.branch.pipeline.submit(wish, actor="staff:1001")
    wish = msgspec.structs.replace(wish, reason="赶火车")
    outcome = await hall.branch.pipeline.submit(wish, actor="staff:1001")
    called = msgspec.json.decode(outcome.answer, type=Called)
    assert called.ticket is not None
    assert called.why is not None
    assert (called.ticket.number, called.why.text_code, called.why.note) == (last, "picked_by_hand", "赶火车")
    assert [candidate.number for candidate in called.why.candidates] == [last, first]
    assert msgspec.json.decode(outcome.records[-1].body)["reason"] == "赶火车"
    assert await hall.calls(1) == [first]


async def test_who_will_wait_too_long(hall: Hall) -> None:
    old = await hall.take(Tier.NORMAL, "09:00")
    await hall.take(Tier.NORMAL, "09:20")
    await hall.at("09:25")  # nobody is ahead of the older one: three minutes more at most
    with hall.branch.db.reader() as connection:
        assert lobby.at_risk(connection, hall.clock.now_ms()) == []
    hall.clock.advance(6 * 60)
    with hall.branch.db.reader() as connection:
        risks = lobby.at_risk(connection, hall.clock.now_ms())
    assert [(risk.number, risk.target_s) for risk in risks] == [(old, 1800)]
    assert risks[0].waited_s >= 1800


async def test_s04_nobody_is_orphaned_when_a_teller_leaves(hall: Hall) -> None:
    await hall.staff(2)
    number = await hall.take(Tier.NORMAL)
    command = TransferTicket(ticket=ticket_of(hall, number).id, counter="counter-2", reason="熟客")
    await hall.branch.pipeline.submit(command, actor="staff:2001")
    assert await hall.calls(1, counter=1) == [None]
    await hall.branch.pipeline.submit(SignOut(counter="counter-2", staff="1002"), actor="staff:1002")
    assert await hall.calls(1, counter=1) == [number]
