"""Customers and tellers on a real file: what they see after each step, and that the books can be folded from the journal."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.kernel.db import connect_reader
from edge.kernel.domain import Rejected
from edge.kernel.pipeline import Secret
from edge.org.model import ConfigureBranch
from edge.queue import model as m
from edge.queue import views
from edge.queue.answers import Issued
from tests.component.queue.hall import CONFIGURE, START, TELLERS, ZONE, Hall

GOLD = m.Tier.GOLD
AT_1: dict[str, Any] = {"counter": "counter-1", "staff": TELLERS["counter-1"]}


def ahead(hall: Hall) -> dict[str, int | None]:
    """People ahead of everyone who waits, by number; the list and the single view must agree."""
    listed = {ticket.number: ticket.ahead for ticket in hall.listed()}
    assert listed == {ticket.number: hall.ticket(ticket.id).ahead for ticket in hall.listed()}
    return listed


async def test_a_customer_from_number_to_rating(hall: Hall) -> None:
    await hall.man("counter-1")
    taken = await hall.take()
    assert (taken.number, taken.state, taken.ahead, taken.taken_at) == ("A001", "waiting", 0, START)
    hall.wait(125)
    called = await hall.call()
    assert called is not None
    assert (called.number, called.state, called.counter, called.calls) == ("A001", "called", "counter-1", 1)
    assert called.called_at == START + timedelta(seconds=125)
    await hall.do(m.ServeTicket(**AT_1))
    hall.wait(300)
    await hall.do(m.FinishTicket(**AT_1, outcome="done"))
    await hall.do(m.RateService(ticket=taken.id, score=5))
    seen = hall.ticket(taken.id)
    assert (seen.state, seen.outcome, seen.rating) == ("finished", "done", 5)
    assert (seen.served_at, seen.finished_at) == (START + timedelta(seconds=125), START + timedelta(seconds=425))
    assert hall.counter("counter-1").ticket is None
    assert hall.verdict().sound


async def test_gold_goes_first_then_whoever_came_first(hall: Hall) -> None:
    await hall.man("counter-1")
    for tier in (m.Tier.NORMAL, m.Tier.NORMAL, GOLD):
        await hall.take(tier=tier)
        hall.wait(60)
    assert ahead(hall) == {"A003": 0, "A001": 1, "A002": 2}
    assert await hall.numbers_called(4) == ["A003", "A001", "A002", None]


async def test_s19_two_tellers_pressing_next_at_once_never_get_the_same_customer(hall: Hall) -> None:
    await hall.man("counter-1", "counter-2")
    for _ in range(20):
        await hall.take()
    called = await asyncio.gather(*(hall.call(f"counter-{1 + turn % 2}") for turn in range(20)))
    numbers = [ticket.number for ticket in called if ticket]
    assert len(set(numbers)) == len(numbers) == 20


async def test_pressing_next_with_nobody_waiting_still_ends_the_service(hall: Hall) -> None:
    await hall.man("counter-1")
    taken = await hall.take()
    await hall.call()
    hall.wait(120)
    assert await hall.call() is None
    assert (hall.ticket(taken.id).state, hall.ticket(taken.id).outcome) == ("finished", "assumed")


async def test_a_counter_with_its_own_services_calls_no_other(hall: Hall) -> None:
    await hall.man("counter-3")
    await hall.take("personal")
    await hall.take("corporate")
    assert await hall.numbers_called(2, "counter-3") == ["B001", None]


# --- transfer, park, requeue


async def test_a_transfer_keeps_number_and_place(hall: Hall) -> None:
    await hall.man("counter-1", "counter-3")
    first = await hall.take("personal")
    hall.wait(60)
    await hall.take("corporate")
    await hall.do(m.TransferTicket(ticket=first.id, service="corporate", reason="选错业务"))
    assert ahead(hall) == {"A001": 0, "B001": 1}
    assert (hall.queue("personal.normal").waiting, hall.queue("corporate.normal").waiting) == (0, 2)
    assert hall.ticket(first.id).transferred_from == "personal.normal"
    assert await hall.numbers_called(2, "counter-3") == ["A001", "B001"]
    assert hall.verdict().sound


async def test_a_transfer_without_keeping_the_place_goes_to_the_end(hall: Hall) -> None:
    first = await hall.take()
    hall.wait(60)
    await hall.take("corporate")
    hall.wait(60)
    await hall.do(m.TransferTicket(ticket=first.id, service="corporate", reason="选错业务", keep_place=False))
    assert ahead(hall) == {"B001": 0, "A001": 1}
    assert hall.ticket(first.id).taken_at == START


async def test_a_transfer_from_the_counter_frees_it(hall: Hall) -> None:
    await hall.man("counter-1")
    taken = await hall.take()
    await hall.call()
    await hall.do(m.ServeTicket(**AT_1))
    await hall.do(m.TransferTicket(ticket=taken.id, service="corporate"))
    assert hall.counter("counter-1").ticket is None
    seen = hall.ticket(taken.id)
    assert (seen.state, seen.counter, seen.ahead) == ("waiting", None, 0)
    assert await hall.refused(m.FinishTicket(**AT_1)) == "nobody_in_hand"


async def test_whoever_is_sent_to_a_counter_is_called_there_first_and_nowhere_else(hall: Hall) -> None:
    await hall.man("counter-1", "counter-2")
    tiers = (m.Tier.NORMAL, GOLD, m.Tier.NORMAL, GOLD)
    tickets = [await hall.take(tier=tier) for tier in tiers]
    for ticket in (tickets[0], tickets[1]):
        await hall.do(m.TransferTicket(ticket=ticket.id, counter="counter-2", reason="熟客"))
    assert ahead(hall) == {"A001": 0, "A002": 1, "A004": 0, "A003": 1}
    assert hall.queue("@counter-2").waiting == 2
    assert await hall.numbers_called(3, "counter-1") == ["A004", "A003", None]
    assert await hall.numbers_called(3, "counter-2") == ["A001", "A002", None]
    assert hall.verdict().sound


async def test_a_parked_customer_comes_back_to_the_old_place(hall: Hall) -> None:
    await hall.man("counter-1")
    first = await hall.take()
    for _ in range(4):
        hall.wait(30)
        await hall.take()
    await hall.call()
    await hall.do(m.ParkTicket(**AT_1, reason="去取身份证"))
    assert hall.ticket(first.id).ahead is None
    assert hall.queue("personal.normal").waiting == 4
    await hall.do(m.RequeueTicket(ticket=first.id))
    assert ahead(hall)["A001"] == 0
    assert await hall.numbers_called(2) == ["A001", "A002"]


async def test_a_missed_customer_waits_behind_three_others(hall: Hall) -> None:
    await hall.man("counter-1")
    missed = await hall.take()
    for _ in range(5):
        hall.wait(30)
        await hall.take()
    await hall.call()
    await hall.do(m.MarkNoShow(**AT_1))
    assert hall.ticket(missed.id).finished_at is not None
    await hall.do(m.RequeueTicket(ticket=missed.id))
    seen = hall.ticket(missed.id)
    assert (seen.ahead, seen.finished_at, seen.counter) == (3, None, None)
    assert ahead(hall) == {"A002": 0, "A003": 1, "A004": 2, "A001": 3, "A005": 4, "A006": 5}
    assert await hall.numbers_called(4) == ["A002", "A003", "A004", "A001"]


async def test_a_missed_customer_called_again_is_a_new_call_and_a_new_service(hall: Hall) -> None:
    """The hall display knows a call by ticket and call number: a second call with the number of the first would stay unseen."""
    await hall.man("counter-1")
    taken = await hall.take()
    await hall.call()
    await hall.do(m.RecallTicket(**AT_1))
    await hall.do(m.MarkNoShow(**AT_1))
    await hall.do(m.RequeueTicket(ticket=taken.id))
    await hall.take()
    hall.wait(3600)
    again = await hall.call()
    assert again is not None
    assert (again.number, again.calls, again.called_at) == ("A001", 3, START)
    hall.wait(60)
    await hall.do(m.FinishTicket(**AT_1))
    seen = hall.ticket(taken.id)
    assert seen.served_at == START + timedelta(seconds=3600)
    assert seen.finished_at == START + timedelta(seconds=3660)
    assert hall.verdict().sound


async def test_the_hall_shows_the_last_calls_newest_first(hall: Hall) -> None:
    await hall.man("counter-1", "counter-2")
    first = await hall.take()
    await hall.call("counter-1")
    await hall.do(m.MarkNoShow(**AT_1))
    for _ in range(9):
        await hall.take()
        hall.wait(10)
        await hall.call("counter-2")
    await hall.do(m.RequeueTicket(ticket=first.id))
    await hall.call("counter-1")
    hall.wait(10)
    await hall.do(m.RecallTicket(counter="counter-2", staff="1002"))
    with hall.db.reader() as connection:
        calls = views.calls(connection, ZONE)
    assert [(call.number, call.counter_number, call.call_no) for call in calls[:2]] == [("A010", 2, 2), ("A001", 1, 2)]
    assert len(calls) == views.CALLS_SHOWN
    assert [call.seq for call in calls] == sorted((call.seq for call in calls), reverse=True)


# --- the day


async def test_midnight_settles_everybody_and_starts_the_numbers_again(hall: Hall) -> None:
    await hall.man("counter-1", "counter-2")
    kinds = [await hall.take() for _ in range(5)]
    await hall.call("counter-1")
    await hall.do(m.ParkTicket(**AT_1))
    await hall.call("counter-1")
    await hall.do(m.MarkNoShow(**AT_1))
    await hall.call("counter-1")
    await hall.do(m.ServeTicket(**AT_1))
    await hall.call("counter-2")
    hall.wait(15 * 3600 + 5)
    fresh = await hall.take()
    assert (fresh.number, fresh.ahead, fresh.state) == ("A001", 0, "waiting")
    ends = [(hall.ticket(ticket.id).state, hall.ticket(ticket.id).outcome) for ticket in kinds]
    assert ends == [
        ("expired", "parked"),
        ("expired", "no_show"),
        ("finished", "assumed"),
        ("expired", "called"),
        ("expired", "waiting"),
    ]
    assert [hall.counter(counter).state for counter in TELLERS] == ["closed"] * 3
    assert await hall.refused(m.CallNext(**AT_1)) == "not_signed_in_here"
    assert [ticket.id for ticket in hall.listed(*m.LIVE)] == [fresh.id]
    assert hall.queue("personal.normal").waiting == 1
    assert hall.verdict().sound


async def test_the_end_of_the_day_flags_whoever_forgot_to_sign_out(hall: Hall) -> None:
    await hall.man("counter-1")
    await hall.do(m.SignIn(counter="counter-2", staff="1002"))
    await hall.do(m.SignOut(counter="counter-2", staff="1002"))
    await hall.do(m.CloseDay())
    out = [msgspec.json.decode(record.body) for record in hall.facts() if record.type == "queue.counter_signed_out.v1"]
    assert [(fact["staff"], fact.get("automatic", False)) for fact in out] == [("1002", False), ("1001", True)]


async def test_closing_twice_changes_nothing_and_opening_again_goes_on_with_the_numbers(hall: Hall) -> None:
    await hall.take()
    await hall.do(m.CloseDay())
    seq = hall.facts()[-1].seq
    await hall.do(m.CloseDay())
    assert hall.types(seq) == []
    issue = m.IssueTicket(service="personal", tier=m.Tier.NORMAL, channel=m.Channel.KIOSK)
    assert await hall.refused(issue) == "day_closed"
    assert await hall.refused(m.SignIn(**AT_1)) == "day_closed"
    await hall.do(m.OpenDay())
    assert (await hall.take()).number == "A002"
    assert hall.verdict().sound


async def test_the_first_of_the_morning_signs_in_where_another_sat_yesterday(hall: Hall) -> None:
    await hall.man("counter-1")
    hall.wait(24 * 3600)
    await hall.do(m.SignIn(counter="counter-1", staff="1002"))
    staff = hall.counter("counter-1").staff
    assert staff is not None
    assert staff.staff_no == "1002"
    assert hall.types()[-4:] == ["counter_signed_out", "day_closed", "day_opened", "counter_signed_in"]


# --- configuration


def without_counter_1(version: int) -> ConfigureBranch:
    return msgspec.structs.replace(CONFIGURE, version=version, counters=CONFIGURE.counters[1:])


async def test_a_counter_that_head_office_removes_keeps_nobody(hall: Hall) -> None:
    await hall.man("counter-1", "counter-2")
    taken = await hall.take()
    await hall.call("counter-1")
    await hall.do(without_counter_1(2))
    assert await hall.refused(m.FinishTicket(**AT_1)) == "unknown_counter"
    await hall.do(m.TransferTicket(ticket=taken.id, service="personal", reason="选错业务"))
    assert await hall.numbers_called(1, "counter-2") == ["A001"]
    with hall.db.reader() as connection:
        assert views.counter_of(connection, "1001") is None
    await hall.do(m.SignOut(counter="counter-2", staff="1002"))
    await hall.do(m.SignIn(counter="counter-2", staff="1001"))
    assert hall.verdict().sound


async def test_an_older_document_changes_nothing(hall: Hall) -> None:
    await hall.do(without_counter_1(3))
    seq = hall.facts()[-1].seq
    await hall.do(without_counter_1(3), command_id="again")
    await hall.do(msgspec.structs.replace(CONFIGURE, version=2))
    assert hall.types(seq) == []
    with pytest.raises(AssertionError):
        hall.counter("counter-1")


# --- asking twice


async def test_a_client_that_asks_again_gets_the_first_answer_to_the_byte(hall: Hall) -> None:
    command = m.IssueTicket(service="personal", tier=m.Tier.NORMAL, channel=m.Channel.KIOSK)
    first = await hall.do(command, actor="device:kiosk-1", command_id="k-1")
    hall.wait(600)
    await hall.take()
    again = await hall.do(command, actor="device:kiosk-1", command_id="k-1")
    assert again.answer == first.answer
    assert (again.repeated, again.records) == (True, ())
    await hall.reopen()
    after = await hall.do(command, actor="device:kiosk-1", command_id="k-1")
    assert after.answer == first.answer
    assert len(hall.listed()) == 2


async def test_a_hundred_taps_of_one_key_give_one_number(hall: Hall) -> None:
    command = m.IssueTicket(service="personal", tier=m.Tier.NORMAL, channel=m.Channel.KIOSK)
    answers = {outcome.answer for outcome in await asyncio.gather(*(hall.do(command, command_id="same") for _ in range(100)))}
    assert len(answers) == 1
    assert len(hall.listed()) == 1


async def test_a_refusal_stays_a_refusal_when_the_world_has_changed(hall: Hall) -> None:
    assert await hall.refused(m.CallNext(**AT_1), command_id="early") == "not_signed_in_here"
    await hall.man("counter-1")
    assert await hall.refused(m.CallNext(**AT_1), command_id="early") == "not_signed_in_here"
    await hall.do(m.CallNext(**AT_1), command_id="late")


@pytest.mark.parametrize("service", ["corporate", "unknown"])
async def test_one_key_for_two_wishes_is_a_conflict(hall: Hall, service: str) -> None:
    one = m.IssueTicket(service="personal", tier=m.Tier.NORMAL, channel=m.Channel.KIOSK)
    await hall.do(one, command_id="k")
    assert await hall.refused(msgspec.structs.replace(one, service=service), command_id="k") == "idempotency_conflict"
    with pytest.raises(Rejected, match="idempotency_conflict"):
        await hall.do(one, command_id="k", actor="staff:1001")
    assert len(hall.listed()) == 1


# --- people


async def test_what_a_customer_says_is_in_the_vault_and_nowhere_else(hall: Hall, tmp_path: Path) -> None:
    """Searched in the bytes of every file: a phone number, an identity and an opinion."""
    phone, card, words = "13912345678", "110105194912310026", "柜员王芳态度很好"
    issue = m.IssueTicket(service="personal", tier=m.Tier.NORMAL, channel=m.Channel.KIOSK, phone_ref="contact-1")
    secrets = [Secret("contact-1", "phone", phone.encode()), Secret("contact-1", "id_card", card.encode())]
    taken = msgspec.json.decode((await hall.do(issue, secrets=secrets)).answer, type=Issued)
    await hall.man("counter-1")
    await hall.call()
    await hall.do(m.ServeTicket(**AT_1))
    rate = m.RateService(ticket=taken.id, score=4, comment_ref="comment-1")
    await hall.do(rate, secrets=[Secret("comment-1", "comment", words.encode())])
    with hall.db.reader() as connection:
        assert hall.vault.get(connection, "contact-1", "phone") == phone.encode()
        assert hall.vault.get(connection, "comment-1", "comment") == words.encode()
    files = every_byte(tmp_path)  # with the WAL
    await hall.reopen()
    files += every_byte(tmp_path)
    assert b"contact-1" in files
    for secret in (phone, card, words):
        assert secret.encode() not in files
        assert secret.encode("utf-16-le") not in files


def every_byte(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_a_refused_wish_leaves_no_secret_behind(hall: Hall) -> None:
    issue = m.IssueTicket(service="none", tier=m.Tier.NORMAL, channel=m.Channel.KIOSK, phone_ref="contact-2")
    with pytest.raises(Rejected):
        await hall.do(issue, secrets=[Secret("contact-2", "phone", b"13912345678")])
    with hall.db.reader() as connection:
        assert hall.vault.names(connection, "contact-2") == []


# --- a clock that is set


@pytest.mark.parametrize("step_s", [-299, 299, -3600, 3600])
async def test_no_wait_is_negative_after_the_clock_was_set(hall: Hall, step_s: int) -> None:
    await hall.man("counter-1")
    await hall.take()
    hall.clock.advance(step_s)
    await hall.take()
    assert hall.queue("personal.normal").longest_wait_s >= 0
    outcome = await hall.do(m.CallNext(**AT_1))
    why = msgspec.json.decode(outcome.answer)["why"]
    assert all(candidate["waited_s"] >= 0 for candidate in why["candidates"])
    assert hall.verdict().sound


async def test_the_box_reads_what_another_connection_wrote_nothing_of(hall: Hall) -> None:
    """A reader sees only what was committed, never a part of a command."""
    await hall.man("counter-1")
    other = connect_reader(hall.path)
    try:
        for _ in range(10):
            await hall.take()
            waiting, length = other.execute(
                "SELECT (SELECT count(*) FROM ticket WHERE state = 'waiting'), (SELECT sum(waiting) FROM queue_length)"
            ).fetchall()[0]
            assert waiting == length
    finally:
        other.close()
