"""S21: the lobby transfers, puts first and leads to a machine, each with a reason; the books and the reports show it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from edge import registry
from edge.kernel import fold
from edge.kernel.domain import Command, Rejected
from edge.policy.model import SetValue
from edge.queue import model as m
from edge.queue import self_service, views
from edge.queue.call_rules import CallRules
from edge.queue.model import CancelTicket, PinTicket, Tier, TransferTicket
from edge.queue.rules import Rule
from edge.queue.views import TicketView
from edge.reports.ask import ReportQuery
from edge.reports.catalogue import REPORTS
from edge.reports.gather import Source
from edge.reports.period import Period
from edge.reports.report import Ask
from edge.reports.table import written
from tests.scenarios.hall import MONDAY, ZONE, Hall, open_hall

LOBBY = "staff:2001"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    """Two windows at work, both for both services."""
    async with open_hall(tmp_path, services=("personal", "corporate")) as opened:
        await opened.staff(1)
        await opened.staff(2)
        yield opened


def ticket(hall: Hall, number: str) -> TicketView:
    with hall.branch.db.reader() as connection:
        found = views.tickets(connection, [state.value for state in m.State], None, 100, ZONE)
    return next(one for one in found if one.number == number)


async def do(hall: Hall, command: Command) -> None:
    await hall.branch.pipeline.submit(command, actor=LOBBY)


def report(hall: Hall, name: str) -> list[dict[str, Any]]:
    """The day's report as people read it in Chinese; detail tells every ticket, traffic every half hour."""
    with hall.branch.db.reader() as connection:
        source = Source(connection, Period(MONDAY.date(), MONDAY.date()), ZONE, hall.clock.now_ms())
        made = REPORTS[name].table(Ask(source, ReportQuery()))
        names = [column.name for column in made.columns]
        return [dict(zip(names, line, strict=True)) for line in written(made, made.rows, ZONE, "zh-CN")]


# --- transfer


async def test_s21_a_transfer_takes_number_and_waited_time_along(hall: Hall) -> None:
    wrong = await hall.take(Tier.NORMAL, "09:00")
    await hall.take(Tier.NORMAL, "09:05", service="corporate")
    await do(hall, TransferTicket(ticket=ticket(hall, wrong).id, service="corporate", reason="wrong_service"))
    assert (ticket(hall, wrong).queue, ticket(hall, wrong).number) == ("corporate.normal", wrong)
    assert (await hall.next()).ticket == ticket(hall, wrong)


async def test_s21_whoever_is_sent_to_a_window_is_called_there_next_and_nowhere_else(hall: Hall) -> None:
    first = await hall.take(Tier.NORMAL)
    sent = await hall.take(Tier.NORMAL)
    await do(hall, TransferTicket(ticket=ticket(hall, sent).id, counter="counter-2", reason="elderly"))
    assert await hall.calls(1, counter=1) == [first]
    assert await hall.calls(1, counter=2) == [sent]


async def test_s21_nobody_is_sent_to_a_window_where_nobody_sits(hall: Hall) -> None:
    number = await hall.take(Tier.NORMAL)
    with pytest.raises(Rejected, match="counter_unattended") as refused:
        await do(hall, TransferTicket(ticket=ticket(hall, number).id, counter="counter-3", reason="elderly"))
    assert refused.value.facts == {"counter_number": 3}
    assert await hall.calls(1) == [number]


async def test_s21_a_transfer_of_somebody_who_waits_needs_a_reason(hall: Hall) -> None:
    number = await hall.take(Tier.NORMAL)
    for reason in ("", "  "):
        with pytest.raises(Rejected, match="reason_needed"):
            await do(hall, TransferTicket(ticket=ticket(hall, number).id, service="corporate", reason=reason))
    assert ticket(hall, number).queue == "personal.normal"


async def test_s21_a_teller_who_sends_on_whom_they_have_in_hand_is_not_asked_why(hall: Hall) -> None:
    number = await hall.take(Tier.NORMAL)
    await hall.calls(1)
    await do(hall, TransferTicket(ticket=ticket(hall, number).id, service="corporate"))
    assert ticket(hall, number).state == "waiting"


async def test_s21_a_teller_at_a_counter_is_not_asked_why_either(hall: Hall) -> None:
    number = await hall.take(Tier.NORMAL)
    sent_on = TransferTicket(ticket=ticket(hall, number).id, service="corporate")
    await hall.branch.pipeline.submit(sent_on, actor="staff:1001")
    assert ticket(hall, number).queue == "corporate.normal"


async def test_s21_a_bank_may_do_without_the_reason(hall: Hall) -> None:
    await do(hall, SetValue(policy="queue.hand_reason_needed", value=False, reason="小网点"))
    number = await hall.take(Tier.NORMAL)
    await do(hall, TransferTicket(ticket=ticket(hall, number).id, service="corporate"))
    assert ticket(hall, number).queue == "corporate.normal"


# --- put first


async def test_s21_whoever_is_put_first_is_called_next_at_any_window(hall: Hall) -> None:
    elderly = await hall.take(Tier.PRIORITY, "09:00", service="corporate")
    gold = await hall.take(Tier.GOLD, "09:01")
    pinned = await hall.take(Tier.NORMAL, "09:02")
    await do(hall, PinTicket(ticket=ticket(hall, pinned).id, reason="small_child"))
    assert ticket(hall, pinned).ahead == 0
    assert await hall.calls(1, counter=2) == [pinned]
    assert await hall.calls(2, counter=1) == [elderly, gold]


async def test_s21_a_window_whose_rule_prefers_others_keeps_to_it_and_a_sent_one_is_its_next_under_any(hall: Hall) -> None:
    await hall.follow(CallRules(default=Rule(order=(Tier.NORMAL, Tier.GOLD, Tier.PRIORITY))), counter=2)
    normal = await hall.take(Tier.NORMAL, "09:00")
    pinned = await hall.take(Tier.NORMAL, "09:01")
    sent = await hall.take(Tier.GOLD, "09:02")
    await do(hall, PinTicket(ticket=ticket(hall, pinned).id, reason="small_child"))
    await do(hall, TransferTicket(ticket=ticket(hall, sent).id, counter="counter-2", reason="complaint"))
    assert await hall.calls(3, counter=2) == [sent, normal, pinned]


async def test_s21_the_last_one_put_first_goes_before_the_others(hall: Hall) -> None:
    numbers = [await hall.take(Tier.NORMAL) for _ in range(3)]
    for number in numbers:
        await do(hall, PinTicket(ticket=ticket(hall, number).id, reason="complaint"))
    assert await hall.calls(3) == numbers[::-1]


async def test_s21_two_hands_that_put_the_same_person_first_are_one_deed(hall: Hall) -> None:
    first, second = await hall.take(Tier.NORMAL), await hall.take(Tier.NORMAL)
    for number in (first, first, second, second):
        await do(hall, PinTicket(ticket=ticket(hall, number).id, reason="complaint"))
    assert {line["number"]: line["pins"] for line in report(hall, "ticket-detail")} == {first: 1, second: 1}
    assert await hall.calls(2) == [second, first]


async def test_s21_putting_somebody_first_does_not_change_how_long_they_waited(hall: Hall) -> None:
    await hall.take(Tier.PRIORITY, "09:00")
    pinned = await hall.take(Tier.NORMAL, "09:20")
    await do(hall, PinTicket(ticket=ticket(hall, pinned).id, reason="small_child"))
    await hall.at("09:30")
    called = await hall.next()
    assert called.why is not None
    (chosen,) = [candidate for candidate in called.why.candidates if candidate.chosen]
    assert chosen.number == pinned
    assert chosen.waited_s == pytest.approx(600, abs=2), "the clock runs on"


@pytest.mark.parametrize("state", ["parked", "no_show"])
async def test_s21_whoever_comes_back_can_be_put_first(hall: Hall, state: str) -> None:
    away = await hall.take(Tier.NORMAL)
    await hall.calls(1)
    at: dict[str, Any] = {"counter": "counter-1", "staff": "1001"}
    await do(hall, m.ParkTicket(**at) if state == "parked" else m.MarkNoShow(**at))
    await hall.take(Tier.GOLD)
    await do(hall, PinTicket(ticket=ticket(hall, away).id, reason="complaint"))
    assert await hall.calls(1) == [away]


async def test_s21_putting_first_needs_a_reason_and_somebody_who_waits(hall: Hall) -> None:
    number = await hall.take(Tier.NORMAL)
    with pytest.raises(Rejected, match="reason_needed"):
        await do(hall, PinTicket(ticket=ticket(hall, number).id, reason=" "))
    await hall.calls(1)
    with pytest.raises(Rejected, match="ticket_not_in_state"):
        await do(hall, PinTicket(ticket=ticket(hall, number).id, reason="complaint"))


# --- to a machine


async def test_s21_whoever_is_led_to_a_machine_waits_no_more_and_stands_at_it(hall: Hall) -> None:
    for name, value in (("machines", 1), ("services", ["personal"]), ("stay_s", 300)):
        await do(hall, SetValue(policy=f"queue.self_service_{name}", value=value, reason="一台自助机"))
    number = await hall.take(Tier.NORMAL)
    await do(hall, CancelTicket(ticket=ticket(hall, number).id, reason="diverted_self_service"))
    assert (ticket(hall, number).state, await hall.calls(1)) == ("cancelled", [None])
    with hall.branch.db.reader() as connection:
        assert self_service.now(connection, hall.clock.now_ms()).free == 0


# --- in the books


async def test_s21_the_detail_report_counts_each_hand_and_says_why(hall: Hall) -> None:
    moved, pinned, led, plain = [await hall.take(Tier.NORMAL, "09:00") for _ in range(4)]
    await do(hall, TransferTicket(ticket=ticket(hall, moved).id, service="corporate", reason="wrong_service"))
    await do(hall, TransferTicket(ticket=ticket(hall, moved).id, service="personal", reason="客户改主意"))
    await do(hall, PinTicket(ticket=ticket(hall, pinned).id, reason="small_child"))
    await do(hall, CancelTicket(ticket=ticket(hall, led).id, reason="diverted_self_service"))
    shown = {line["number"]: (line["transfers"], line["pins"], line["hand"]) for line in report(hall, "ticket-detail")}
    assert shown == {
        moved: (2, 0, "客户改主意"),
        pinned: (0, 1, "带婴幼儿"),
        led: (0, 0, "分流到自助机"),
        plain: (0, 0, None),
    }


async def test_s21_whoever_is_led_to_a_machine_counts_as_diverted(hall: Hall) -> None:
    numbers = [await hall.take(Tier.NORMAL, "09:00") for _ in range(4)]
    await do(hall, CancelTicket(ticket=ticket(hall, numbers[0]).id, reason="diverted_self_service"))
    await do(hall, CancelTicket(ticket=ticket(hall, numbers[1]).id, reason="diverted_another_day"))
    (line,) = [line for line in report(hall, "traffic") if line["taken"]]
    assert (line["diverted_by_hand"], line["diverted_share"]) == (1, pytest.approx(0.25))


async def test_s21_who_did_it_and_why_is_in_the_journal(hall: Hall) -> None:
    number = await hall.take(Tier.NORMAL)
    outcome = await hall.branch.pipeline.submit(PinTicket(ticket=ticket(hall, number).id, reason="complaint"), actor=LOBBY)
    (record,) = outcome.records
    assert (record.type, record.actor, b"complaint" in record.body) == ("queue.ticket_pinned.v1", LOBBY, True)
    with hall.branch.db.reader() as connection:
        assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound
