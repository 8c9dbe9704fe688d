"""S19, S20, S23 and the teller's desk: recalls, pauses with a reason, outcomes, calling by itself, signing in and out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.kernel.domain import Command, Rejected
from edge.kernel.pipeline import Outcome
from edge.policy.model import SetValue
from edge.queue import views
from edge.queue.auto_call import AutoCall
from edge.queue.model import (
    CloseDay,
    FinishTicket,
    MarkNoShow,
    PauseCounter,
    RecallTicket,
    ResumeCounter,
    ServeTicket,
    SignIn,
    SignOut,
    Tier,
)
from edge.queue.unanswered import Unanswered
from edge.queue.views import CounterView
from tests.scenarios.hall import MONDAY, Hall, open_hall

AT_1: dict[str, Any] = {"counter": "counter-1", "staff": "1001"}


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        await opened.staff(1)
        yield opened


async def do(hall: Hall, command: Command) -> Outcome:
    return await hall.branch.pipeline.submit(command, actor="staff:1001")


async def says_no(hall: Hall, command: Command) -> str:
    with pytest.raises(Rejected) as refusal:
        await do(hall, command)
    return refusal.value.code


async def set_policy(hall: Hall, **values: Any) -> None:
    for name, value in values.items():
        command = SetValue(policy=f"queue.{name}", value=value, temporary=False, reason="测试")
        await hall.branch.pipeline.submit(command, actor="staff:9001")


def in_hand(hall: Hall) -> str | None:
    ticket = counter(hall).ticket
    return None if ticket is None else ticket.number


def counter(hall: Hall, number: int = 1) -> CounterView:
    with hall.branch.db.reader() as connection:
        found = views.counter(connection, f"counter-{number}", hall.branch.place.zone)
    assert found is not None
    return found


async def test_s19_three_recalls_and_then_no_show(hall: Hall) -> None:
    await set_policy(hall, calls_before_no_show=4)
    missed, after = await hall.take(Tier.NORMAL), await hall.take(Tier.NORMAL)
    assert await hall.calls(1) == [missed]
    for _ in range(3):
        assert await says_no(hall, MarkNoShow(**AT_1)) == "call_again_first"
        await do(hall, RecallTicket(**AT_1))
    await do(hall, MarkNoShow(**AT_1))
    assert counter(hall).ticket is None
    assert await hall.calls(1) == [after]


def states(hall: Hall) -> dict[str, str]:
    with hall.branch.db.reader() as connection:
        rows = connection.execute("SELECT number, state FROM ticket ORDER BY seq").fetchall()
    return {str(number): str(state) for number, state in rows}


async def test_s19_next_a_moment_after_a_call_means_that_nobody_came(hall: Hall) -> None:
    for _ in range(4):
        await hall.take(Tier.NORMAL)
    await hall.calls(1)
    hall.clock.advance(29)
    await hall.calls(1)
    await do(hall, ServeTicket(**AT_1))
    await hall.calls(1)
    hall.clock.advance(30)
    await hall.calls(1)
    assert states(hall) == {"A001": "no_show", "A002": "finished", "A003": "finished", "A004": "called"}


async def test_s19_next_is_no_way_round_the_calls_a_no_show_needs(hall: Hall) -> None:
    await set_policy(hall, calls_before_no_show=2)
    await hall.take(Tier.NORMAL)
    await hall.calls(1)
    with pytest.raises(Rejected, match="call_again_first"):
        await hall.next()


async def test_a_bank_whose_tellers_never_press_serve_lets_next_always_mean_served(hall: Hall) -> None:
    await set_policy(hall, served_after_s=0)
    await hall.take(Tier.NORMAL)
    await hall.calls(2)
    assert states(hall) == {"A001": "finished"}


async def test_s19_after_three_recalls_without_an_answer_a_ticket_is_not_there(hall: Hall) -> None:
    watch = Unanswered(hall.branch.pipeline)
    for _ in range(2):
        await hall.take(Tier.NORMAL)
    await hall.calls(1)
    for _ in range(3):
        hall.clock.advance(90)
        await watch.look()
        await do(hall, RecallTicket(**AT_1))
    hall.clock.advance(59)
    await watch.look()
    assert states(hall)["A001"] == "called"
    hall.clock.advance(1)
    await watch.look()
    assert states(hall)["A001"] == "no_show"
    assert counter(hall).ticket is None
    await hall.calls(1)
    for _ in range(3):
        await do(hall, RecallTicket(**AT_1))
    await do(hall, ServeTicket(**AT_1))
    hall.clock.advance(600)
    await watch.look()
    assert states(hall)["A002"] == "serving"


async def test_s23_who_was_only_called_waits_at_the_head_when_the_teller_leaves(hall: Hall) -> None:
    await hall.staff(2)
    for _ in range(3):
        await hall.take(Tier.NORMAL)
        hall.clock.advance(1)
    await hall.calls(1)
    hall.clock.advance(300)
    await do(hall, SignOut(**AT_1))
    assert states(hall)["A001"] == "waiting"
    assert await hall.calls(1, counter=2) == ["A001"]


async def test_s19_a_call_that_nobody_answered_is_not_a_service_when_the_day_ends(hall: Hall) -> None:
    for _ in range(2):
        await hall.take(Tier.NORMAL)
    await hall.staff(2)
    await hall.next(1)
    await hall.branch.pipeline.submit(ServeTicket(counter="counter-1", staff="1001"), actor="staff:1001")
    await hall.next(2)
    await hall.branch.pipeline.submit(CloseDay(), actor="staff:9001")
    with hall.branch.db.reader() as connection:
        ends = connection.execute("SELECT state, outcome FROM ticket ORDER BY seq").fetchall()
        told = connection.execute("SELECT result FROM report_call ORDER BY seq").fetchall()
    assert ends == [("finished", "assumed"), ("expired", "called")]
    assert told == [("finished",), ("expired",)]


async def test_the_end_of_yesterdays_last_service_is_not_told_today(hall: Hall) -> None:
    await hall.take(Tier.NORMAL)
    await hall.calls(1)
    await do(hall, FinishTicket(**AT_1))
    assert counter(hall).finished_at is not None
    await hall.at(MONDAY + timedelta(days=1))
    await hall.staff(1)
    assert counter(hall).finished_at is None


async def test_a_pause_has_one_of_the_banks_reasons(hall: Hall) -> None:
    reasons = [{"code": "lunch", "zh": "午餐", "en": "Lunch"}]
    await set_policy(hall, pause_reasons=reasons, pause_reason_needed=True)
    assert await says_no(hall, PauseCounter(**AT_1)) == "pause_reason_needed"
    assert await says_no(hall, PauseCounter(**AT_1, reason="shopping")) == "pause_reason_needed"
    await do(hall, PauseCounter(**AT_1, reason="lunch"))
    assert (counter(hall).state, counter(hall).pause_reason) == ("paused", "lunch")


OUTCOMES = {"personal": {"needed": True, "choices": [{"code": "opened", "zh": "已开户", "en": "Account opened"}]}}


async def test_a_service_that_needs_an_outcome_does_not_end_without_one(hall: Hall) -> None:
    await set_policy(hall, outcomes=OUTCOMES)
    await hall.take(Tier.NORMAL)
    second = await hall.take(Tier.NORMAL)
    await hall.calls(1)
    await do(hall, ServeTicket(**AT_1))
    for wish in (FinishTicket(**AT_1), FinishTicket(**AT_1, outcome="done"), SignOut(**AT_1)):
        assert await says_no(hall, wish) == "outcome_needed"
    with pytest.raises(Rejected, match="outcome_needed"):
        await hall.next()
    await do(hall, FinishTicket(**AT_1, outcome="opened"))
    assert await hall.calls(1) == [second]


async def test_an_idle_counter_calls_by_itself_after_wrapping_up(hall: Hall) -> None:
    caller = AutoCall(hall.branch.pipeline)
    first, second = await hall.take(Tier.NORMAL), await hall.take(Tier.NORMAL)
    await caller.look()
    assert counter(hall).ticket is None  # not set to call by itself
    await set_policy(hall, auto_call={"counter-1": True}, wrap_up_s=60)
    await caller.look()
    assert in_hand(hall) == first
    await caller.look()
    await do(hall, FinishTicket(**AT_1))
    hall.clock.advance(59)
    await caller.look()
    assert counter(hall).ticket is None
    hall.clock.advance(2)
    await caller.look()
    assert in_hand(hall) == second


async def test_it_calls_nobody_while_paused_and_writes_nothing_for_nobody(hall: Hall) -> None:
    await set_policy(hall, auto_call={"*": True})
    caller, head = AutoCall(hall.branch.pipeline), hall.branch.journal.head().seq
    await caller.look()
    assert hall.branch.journal.head().seq == head
    await hall.take(Tier.NORMAL)
    await do(hall, PauseCounter(**AT_1))
    await caller.look()
    assert counter(hall).ticket is None
    await do(hall, ResumeCounter(**AT_1))
    await caller.look()
    assert counter(hall).ticket is not None


async def test_s23_one_teller_one_counter_and_the_day_signs_out(hall: Hall) -> None:
    assert await says_no(hall, SignIn(counter="counter-2", staff="1001")) == "signed_in_elsewhere"
    assert await says_no(hall, SignIn(counter="counter-1", staff="1002")) == "counter_taken"
    head = hall.branch.journal.head().seq
    await hall.at(MONDAY + timedelta(days=1))
    with hall.branch.db.reader() as connection:
        bodies: list[Any] = connection.execute(
            "SELECT body FROM journal WHERE seq > ? AND type = 'queue.counter_signed_out.v1'", (head,)
        ).fetchall()
    assert [msgspec.json.decode(body)["automatic"] for (body,) in bodies] == [True]
    assert counter(hall).staff is None
