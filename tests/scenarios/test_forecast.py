"""The forecast of the live branch: real rules ahead, promises at hand, reasons given, knowledge that survives (R062, S11)."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter

import msgspec
import pytest

from edge.forecast.letters import Outlook, Silent
from edge.forecast.memory import FILE
from edge.forecast.student import Student
from edge.kernel.backup import CORE
from edge.kernel.db import connect_reader
from edge.queue import order, outlook, views
from edge.queue.answers import Issued
from edge.queue.call_rules import CallRules
from edge.queue.forecast import POSITION, SIMULATED
from edge.queue.model import CancelTicket, Channel, FinishTicket, IssueTicket, PauseCounter, Tier
from edge.queue.rules import Rule, Threshold
from tests.scenarios.hall import ZONE, Hall, minutes, open_hall

GOLD_LAST = Rule(order=(Tier.PRIORITY, Tier.NORMAL, Tier.GOLD))


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path, services=("personal", "corporate")) as opened:
        await opened.staff(1)
        yield opened


@contextmanager
def student(hall: Hall) -> Iterator[Student]:
    """Somebody who learns this branch, as the forecast's process does."""
    folder = hall.branch.ground.launch.data
    with closing(connect_reader(folder / CORE)) as connection:
        pupil = Student(connection, folder, ZONE)
        pupil.learn(perf_counter() + 60)
        yield pupil


async def look(hall: Hall) -> Outlook:
    """What the process would say now, put where everybody finds it."""
    with student(hall) as pupil:
        news = pupil.look(hall.clock.now_ms())
    assert isinstance(news, Outlook)
    await hall.branch.db.write(lambda connection: outlook.put(connection, news.expected, news.newcomers, news.why))
    return news


async def issue(hall: Hall, tier: Tier = Tier.NORMAL, service: str = "personal") -> Issued:
    command = IssueTicket(service=service, tier=tier, channel=Channel.KIOSK)
    outcome = await hall.branch.pipeline.submit(command, actor="device:kiosk-1")
    return msgspec.json.decode(outcome.answer, type=Issued)


def seen(hall: Hall, ticket: str) -> views.TicketView:
    with hall.branch.db.reader() as connection:
        found = views.ticket(connection, ticket, ZONE)
    assert found is not None
    return found


async def serve_a_morning(hall: Hall, customers: int = 30, *, each_s: int = 240) -> None:
    for _ in range(customers):
        await hall.take(Tier.NORMAL)
        await hall.next()
        hall.clock.advance(each_s)
        await hall.branch.pipeline.submit(FinishTicket(counter="counter-1", staff="1001"), actor="staff:1001")
        hall.clock.advance(10)


async def test_without_a_forecast_the_position_answers_and_says_so(hall: Hall) -> None:
    ticket = await issue(hall)
    assert ticket.wait.basis == POSITION
    view = seen(hall, ticket.id)
    assert view.wait is not None
    assert view.wait.basis == POSITION


async def test_a_newcomer_is_told_what_the_forecast_says(hall: Hall) -> None:
    for _ in range(6):
        await hall.take(Tier.NORMAL)
    await look(hall)
    ticket = await issue(hall)
    assert (ticket.ahead, ticket.wait.basis) == (6, SIMULATED)
    later = await issue(hall)
    assert later.ahead == 7
    assert later.wait.high_s >= ticket.wait.high_s
    assert (await issue(hall, Tier.GOLD)).ahead == 0


async def test_ahead_are_those_whom_the_rule_calls_first_in_whatever_queue(hall: Hall) -> None:
    await hall.follow(CallRules(default=GOLD_LAST))
    golden = await issue(hall, Tier.GOLD, "corporate")
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    await look(hall)
    assert seen(hall, golden.id).ahead == 3
    with hall.branch.db.reader() as connection:
        assert order.by_rule(connection, hall.branch.place.now())[golden.id] == 3


async def test_whoever_is_past_a_threshold_is_not_behind_the_others(hall: Hall) -> None:
    rule = Rule(thresholds={Tier.NORMAL: Threshold(wait_s=600)})
    await hall.follow(CallRules(default=rule))
    patient = await issue(hall)
    await hall.at(hall.branch.place.now() + minutes(11))
    await hall.take(Tier.GOLD)
    with hall.branch.db.reader() as connection:
        assert order.by_rule(connection, hall.branch.place.now())[patient.id] == 0
    await look(hall)
    assert seen(hall, patient.id).ahead == 0


async def test_service_times_are_learned(hall: Hall) -> None:
    await serve_a_morning(hall, each_s=60)
    quick = await look(hall)
    await serve_a_morning(hall, 60, each_s=900)
    slow = await look(hall)
    assert slow.newcomers[0].step_s > 2 * quick.newcomers[0].step_s


async def test_a_wait_that_grows_is_explained(hall: Hall) -> None:
    await hall.staff(2)
    tickets = [await issue(hall) for _ in range(8)]
    await look(hall)
    before = seen(hall, tickets[-1].id).wait
    await hall.branch.pipeline.submit(PauseCounter(counter="counter-2", staff="1002", reason="lunch"), actor="staff:1002")
    await hall.follow(CallRules(), counter=2)
    await look(hall)
    after = seen(hall, tickets[-1].id).wait
    assert before is not None
    assert after is not None
    assert after.high_s <= before.high_s + 300 or after.reason in ("fewer_counters", "rule_changed")


async def test_others_put_before_somebody_are_the_reason(hall: Hall) -> None:
    waiting = await issue(hall)
    await look(hall)
    for _ in range(12):
        await issue(hall, Tier.GOLD)
    await look(hall)
    view = seen(hall, waiting.id)
    assert view.ahead == 12
    assert view.wait is not None
    assert view.wait.reason == outlook.OTHERS_FIRST


async def test_who_left_has_no_outlook_and_nobody_waits_for_them(hall: Hall) -> None:
    first, second = await issue(hall), await issue(hall)
    await look(hall)
    await hall.branch.pipeline.submit(CancelTicket(ticket=first.id), actor="staff:2001")
    await look(hall)
    assert seen(hall, first.id).wait is None
    assert seen(hall, second.id).ahead == 0


async def test_what_was_learned_survives_and_is_not_learned_twice(hall: Hall) -> None:
    await serve_a_morning(hall)
    with student(hall) as first:
        first.keep()
    with student(hall) as second:
        assert second.knowledge.service_times.state.seen == first.knowledge.service_times.state.seen
    await serve_a_morning(hall, 5)
    with student(hall) as third:
        assert len(third.knowledge.service_times.state.seen["personal"]) == 35


async def test_without_its_file_the_journal_teaches_the_same(hall: Hall) -> None:
    await serve_a_morning(hall)
    with student(hall) as first:
        first.keep()
    (hall.branch.ground.launch.data / FILE).unlink()
    with student(hall) as second:
        assert second.knowledge.service_times.state.seen == first.knowledge.service_times.state.seen


async def test_a_damaged_file_is_no_error(hall: Hall) -> None:
    await serve_a_morning(hall, 3)
    (hall.branch.ground.launch.data / FILE).write_bytes(b"\x93nonsense")
    with student(hall) as pupil:
        assert isinstance(pupil.look(hall.clock.now_ms()), Outlook)


async def test_before_it_has_read_the_journal_it_says_nothing(hall: Hall) -> None:
    await serve_a_morning(hall, 3)
    folder = hall.branch.ground.launch.data
    with closing(connect_reader(folder / CORE)) as connection:
        assert isinstance(Student(connection, folder, ZONE).look(hall.clock.now_ms()), Silent)
