"""S27: what a machine can do is offered one before a number is issued, and the answers make the share diverted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from edge import registry
from edge.kernel import fold
from edge.kernel.domain import Rejected
from edge.lobby import views as lobby
from edge.policy.model import SetValue
from edge.queue import self_service
from edge.queue.model import AnswerDiversion, CloseDay, Tier
from edge.queue.self_service import SelfService
from edge.reports.ask import ReportQuery
from edge.reports.catalogue import REPORTS
from edge.reports.gather import Source
from edge.reports.period import Period
from edge.reports.report import Ask
from edge.reports.table import written
from tests.scenarios.hall import MONDAY, ZONE, Hall, open_hall

STAY_S = 300


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    """Two machines for personal business; customers usually stay five minutes."""
    async with open_hall(tmp_path) as opened:
        for name, value in (("machines", 2), ("services", ["personal"]), ("stay_s", STAY_S)):
            command = SetValue(policy=f"queue.self_service_{name}", value=value, reason="两台自助机")
            await opened.branch.pipeline.submit(command, actor="staff:9001")
        yield opened


async def answer(hall: Hall, *, accepted: bool, service: str = "personal") -> SelfService:
    outcome = await hall.branch.pipeline.submit(AnswerDiversion(service=service, accepted=accepted), actor="device:kiosk-1")
    return msgspec.json.decode(outcome.answer, type=SelfService)


def offered(hall: Hall) -> SelfService:
    with hall.branch.db.reader() as connection:
        return self_service.now(connection, hall.branch.pipeline.clock.now_ms())


async def test_s27_the_kiosk_is_told_how_many_machines_are_free(hall: Hall) -> None:
    await hall.at("09:00")
    assert offered(hall) == SelfService(machines=2, free=2, services=("personal",))
    assert (await answer(hall, accepted=True)).free == 1
    assert (await answer(hall, accepted=False)).free == 1


async def test_s27_a_machine_is_free_again_after_the_usual_stay(hall: Hall) -> None:
    await hall.at("09:00")
    await answer(hall, accepted=True)
    began = hall.branch.place.now()
    await hall.at(began + timedelta(seconds=STAY_S - 1))
    assert offered(hall).free == 1
    await hall.at(began + timedelta(seconds=STAY_S + 1))
    assert offered(hall).free == 2


async def test_s27_nobody_is_sent_where_no_machine_is_free(hall: Hall) -> None:
    await hall.at("09:00")
    for _ in range(2):
        await answer(hall, accepted=True)
    with pytest.raises(Rejected, match="machines_busy"):
        await answer(hall, accepted=True)
    assert (await answer(hall, accepted=False)).free == 0


async def test_s27_only_what_a_machine_does_is_offered(hall: Hall) -> None:
    with pytest.raises(Rejected, match="no_self_service"):
        await answer(hall, accepted=True, service="corporate")


async def test_s27_without_machines_nothing_is_offered(tmp_path: Path) -> None:
    async with open_hall(tmp_path) as bare:
        assert offered(bare) == SelfService(machines=0, free=0, services=())
        with pytest.raises(Rejected, match="no_self_service"):
            await answer(bare, accepted=False)


async def test_s27_nobody_is_sent_once_the_day_is_over(hall: Hall) -> None:
    await hall.take(Tier.NORMAL, "09:00")
    await hall.branch.pipeline.submit(CloseDay(), actor="staff:9001")
    with pytest.raises(Rejected, match="day_closed"):
        await answer(hall, accepted=True)


async def test_s27_the_answers_make_the_share_diverted(hall: Hall) -> None:
    """Three take a number, one of them having declined; one goes to a machine: a quarter is diverted."""
    await hall.at("09:05")
    await answer(hall, accepted=True)
    await answer(hall, accepted=False)
    for _ in range(3):
        await hall.take(Tier.NORMAL)
    with hall.branch.db.reader() as connection:
        now_ms = hall.branch.pipeline.clock.now_ms()
        source = Source(connection, Period(MONDAY.date(), MONDAY.date()), ZONE, now_ms)
        made = REPORTS["traffic"].table(Ask(source, ReportQuery()))
        names = [column.name for column in made.columns]
        (row,) = [dict(zip(names, line, strict=True)) for line in written(made, made.rows, ZONE, "en")]
    assert {name: row[name] for name in ("taken", "offered", "diverted", "diverted_share")} == {
        "taken": 3,
        "offered": 2,
        "diverted": 1,
        "diverted_share": pytest.approx(0.25),
    }


async def test_s27_the_tables_are_what_the_journal_says(hall: Hall) -> None:
    await hall.at("09:00")
    await answer(hall, accepted=True)
    with hall.branch.db.reader() as connection:
        assert connection.execute("SELECT service, accepted FROM queue_diversion").fetchall() == [("personal", 1)]
        assert fold.verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound


async def test_s27_the_lobby_sees_the_answers_newest_first(hall: Hall) -> None:
    await hall.at("09:00")
    await answer(hall, accepted=False)
    await hall.at("09:10")
    await answer(hall, accepted=True)
    with hall.branch.db.reader() as connection:
        seen = [(one.service, one.accepted, f"{one.at:%H:%M}") for one in lobby.diversions(connection, ZONE)]
    assert seen == [("personal", True, "09:10"), ("personal", False, "09:00")]
