"""S08–S10: tickets taken from afar."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from edge.kernel.domain import Rejected
from edge.queue import load
from edge.queue.call_rules import CallRules
from edge.queue.desk import COPIES_MAX
from edge.queue.load import Ticket
from edge.queue.model import (
    ActivateTicket,
    CancelTicket,
    Channel,
    ExpirePassed,
    IssueTicket,
    ParkTicket,
    RecordSlip,
    Slip,
    State,
    Tier,
)
from edge.queue.rules import Rule, Threshold
from tests.scenarios.hall import MONDAY, Hall, open_hall

HOLDER = "5a" * 16
OTHER_CARD = "7c" * 16


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.staff(1)
        yield opened


async def take_remote(hall: Hall, holder: str = HOLDER, tier: Tier = Tier.NORMAL, *, customer: str | None = None) -> Ticket:
    command = IssueTicket(service="personal", tier=tier, channel=Channel.WECHAT, holder=holder, customer=customer)
    outcome = await hall.branch.pipeline.submit(command, actor="device:channel")
    return now(hall, outcome.records[-1].entity)


def now(hall: Hall, ticket: str) -> Ticket:
    with hall.branch.db.reader() as connection:
        found = load.ticket(connection, ticket)
    assert found is not None
    return found


async def activate(hall: Hall, ticket: Ticket, holder: str = HOLDER) -> None:
    await hall.branch.pipeline.submit(ActivateTicket(ticket=ticket.id, holder=holder), actor="device:kiosk-1")


async def test_s08_a_remote_ticket_is_never_called_before_activation(hall: Hall) -> None:
    await hall.at("09:00")
    remote = await take_remote(hall)
    here = await hall.take(Tier.NORMAL, "09:05")
    assert remote.state is State.PENDING
    assert await hall.calls(2) == [here, None]


async def test_s08_activated_it_stands_where_it_was_taken(hall: Hall) -> None:
    await hall.at("09:00")
    remote = await take_remote(hall)
    await hall.take(Tier.NORMAL, "09:05")
    await hall.at("09:20")
    await activate(hall, remote)
    assert await hall.calls(1) == [remote.number]


async def test_s08_nobody_ages_at_home(hall: Hall) -> None:
    """At 09:40 it was taken 40 minutes ago and activated 20: a threshold of 30 minutes is not passed."""
    rule = Rule(order=(Tier.GOLD, Tier.NORMAL), thresholds={Tier.NORMAL: Threshold(wait_s=1800)})
    await hall.follow(CallRules(default=rule))
    await hall.at("09:00")
    remote = await take_remote(hall)
    await hall.at("09:20")
    await activate(hall, remote)
    gold = await hall.take(Tier.GOLD, "09:40")
    assert await hall.calls(2) == [gold, remote.number]


async def test_s09_whoever_comes_after_their_turn_waits_behind_the_next_two(hall: Hall) -> None:
    await hall.at("09:00")
    remote = await take_remote(hall)
    here = [await hall.take(Tier.NORMAL) for _ in range(4)]
    assert await hall.calls(1) == [here[0]]
    await activate(hall, remote)
    assert await hall.calls(4) == [here[1], here[2], remote.number, here[3]]


async def test_s09_half_an_hour_after_its_turn_passed_it_expires(hall: Hall) -> None:
    await hall.at("09:00")
    remote = await take_remote(hall)
    await hall.take(Tier.NORMAL)
    await hall.next()
    hall.clock.advance(30 * 60 - 5)
    await hall.branch.pipeline.submit(ExpirePassed(), actor="system")
    assert now(hall, remote.id).state is State.PENDING
    hall.clock.advance(10)
    await hall.branch.pipeline.submit(ExpirePassed(), actor="system")
    assert now(hall, remote.id).state is State.EXPIRED


async def test_s09_it_does_not_outlive_the_day(hall: Hall) -> None:
    remote = await take_remote(hall)
    await hall.at(MONDAY + timedelta(days=1))
    assert now(hall, remote.id).state is State.EXPIRED


async def test_s09_one_live_remote_ticket_per_holder(hall: Hall) -> None:
    first = await take_remote(hall)
    with pytest.raises(Rejected, match="duplicate_ticket") as refusal:
        await take_remote(hall)
    assert refusal.value.facts == {"number": first.number}
    await hall.branch.pipeline.submit(CancelTicket(ticket=first.id), actor="staff:2001")
    assert (await take_remote(hall)).state is State.PENDING


async def test_s09_a_customer_is_one_with_however_many_cards(hall: Hall) -> None:
    first = await take_remote(hall, customer="c-1")
    with pytest.raises(Rejected, match="duplicate_ticket") as refusal:
        await take_remote(hall, OTHER_CARD, customer="c-1")
    assert refusal.value.facts == {"number": first.number}
    assert (await take_remote(hall, OTHER_CARD, customer="c-2")).state is State.PENDING


async def test_s09_who_is_away_for_a_moment_still_holds_their_ticket(hall: Hall) -> None:
    remote = await take_remote(hall)
    await activate(hall, remote)
    await hall.next()
    await hall.branch.pipeline.submit(ParkTicket(counter="counter-1", staff="1001"), actor="staff:1001")
    with pytest.raises(Rejected, match="duplicate_ticket"):
        await take_remote(hall)


async def test_s09_those_that_were_not_used_count_whatever_card_they_were_taken_with(hall: Hall) -> None:
    for day, holder in enumerate((HOLDER, OTHER_CARD, HOLDER), 1):
        await take_remote(hall, holder, customer="c-1")
        await hall.at(MONDAY + timedelta(days=day))
    for holder in (HOLDER, OTHER_CARD):
        with pytest.raises(Rejected, match="remote_refused"):
            await take_remote(hall, holder, customer="c-1")


async def test_s09_three_that_were_not_used_close_the_door_for_a_week(hall: Hall) -> None:
    for day in range(1, 4):
        await take_remote(hall)
        await hall.at(MONDAY + timedelta(days=day))
    with pytest.raises(Rejected, match="remote_refused") as refusal:
        await take_remote(hall)
    assert refusal.value.facts == {"days": 7}
    assert (await take_remote(hall, holder="6b" * 16)).state is State.PENDING
    await hall.at(MONDAY + timedelta(days=10, minutes=1))
    assert (await take_remote(hall)).state is State.PENDING


async def test_s10_another_document_is_refused_and_changes_nothing(hall: Hall) -> None:
    remote = await take_remote(hall)
    with pytest.raises(Rejected, match="wrong_document"):
        await activate(hall, remote, holder="00" * 16)
    assert now(hall, remote.id).state is State.PENDING


async def test_s10_the_same_swipe_again_prints_the_same_number(hall: Hall) -> None:
    remote = await take_remote(hall)
    command = ActivateTicket(ticket=remote.id, holder=HOLDER, printer="printer-1")
    await hall.branch.pipeline.submit(command, actor="device:kiosk-1")
    first = now(hall, remote.id)
    again = await hall.branch.pipeline.submit(command, actor="device:kiosk-1")
    assert (first.state, first.number, first.copies) == (State.WAITING, remote.number, 0)
    assert msgspec.json.decode(again.answer)["number"] == remote.number
    assert now(hall, remote.id).state is State.WAITING


async def test_s10_however_often_it_is_swiped_there_is_an_end_to_the_paper(hall: Hall) -> None:
    remote = await take_remote(hall)
    command = ActivateTicket(holder=HOLDER, printer="printer-1")
    for copy in range(COPIES_MAX + 3):
        outcome = await hall.branch.pipeline.submit(command, actor="device:kiosk-1")
        assert msgspec.json.decode(outcome.answer)["number"] == remote.number
        done = RecordSlip(ticket=remote.id, slip=Slip.PRINTED, copy=min(copy, COPIES_MAX), proof="printer")
        await hall.branch.pipeline.submit(done, actor="device:printer-1")
    assert now(hall, remote.id).copies == COPIES_MAX


async def test_s10_the_answer_of_a_swipe_is_the_same_when_it_is_asked_for_after_the_call(hall: Hall) -> None:
    remote = await take_remote(hall)
    swipe = ActivateTicket(holder=HOLDER, printer="printer-1")
    first = await hall.branch.pipeline.submit(swipe, actor="device:kiosk-1", command_id="swipe-1")
    assert await hall.calls(1) == [remote.number]
    again = await hall.branch.pipeline.submit(swipe, actor="device:kiosk-1", command_id="swipe-1")
    assert (again.answer, again.repeated) == (first.answer, True)
    swiped_anew = await hall.branch.pipeline.submit(swipe, actor="device:kiosk-1")
    assert msgspec.json.decode(swiped_anew.answer)["state"] == "called"


async def test_a_remote_ticket_needs_an_identity(hall: Hall) -> None:
    with pytest.raises(Rejected, match="identity_needed"):
        await hall.branch.pipeline.submit(
            IssueTicket(service="personal", tier=Tier.NORMAL, channel=Channel.WECHAT), actor="device:channel"
        )


async def test_nobody_waits_behind_somebody_who_is_not_here(hall: Hall) -> None:
    await take_remote(hall)
    outcome = await hall.branch.pipeline.submit(
        IssueTicket(service="personal", tier=Tier.NORMAL, channel=Channel.KIOSK), actor="device:kiosk-1"
    )
    assert msgspec.json.decode(outcome.answer)["ahead"] == 0
