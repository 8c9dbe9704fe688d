"""A real bank's day, flat out, through the public API, with the WAN cut half-way."""

from collections import Counter
from contextlib import AsyncExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from edge.sandbox.day_file import RecordedDay, read
from edge.sandbox.replay import ZONE, Replay, Tally
from tests.harness import agreement
from tests.harness.api import Api
from tests.harness.programs import ROOT, BranchProcess, HeadOfficeProcess

DAY_FILE: Final = ROOT.parent / "shared" / "data" / "bank-queue-february.csv"
DAY: Final = date(1999, 2, 2)
CUT_HOUR: Final = 12
MEND_HOUR: Final = 15
CALLED: Final = "queue.ticket_called.v1"
FINISHED: Final = "queue.ticket_finished.v1"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DAY_FILE.exists(), reason=f"needs {DAY_FILE.name}, which is not part of this repository"),
]


async def play(branch: BranchProcess, guest: Api, day: RecordedDay) -> tuple[Tally, list[str]]:
    """The day; and how the line to head office looked in the middle of the cut."""
    admin, seen = await guest.as_staff("9001"), list[str]()

    async def on_hour(hour: int) -> None:
        if hour in (CUT_HOUR, MEND_HOUR):
            seen.append((await admin.get("/api/sync"))["head_office"])
            await guest.post("/sandbox/wan", {"up": hour == MEND_HOUR})

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        return await Replay(http, branch.url, day, on_hour=on_hour).run(), seen


async def test_each_arrival_has_one_ticket_and_each_service_one_finish(tmp_path: Path) -> None:
    day, data = read(DAY_FILE, DAY), tmp_path / "branch"
    start = datetime.combine(DAY, datetime.min.time(), ZONE)
    options = ["--day", str(DAY_FILE), "--date", DAY.isoformat(), "--clock", start.isoformat()]
    async with AsyncExitStack() as stack:
        there = stack.enter_context(HeadOfficeProcess(tmp_path / "office"))
        branch = stack.enter_context(BranchProcess(data, head_office=there.url, options=options))
        guest = await stack.enter_async_context(Api(branch.url))
        office = await stack.enter_async_context(Api(there.url))
        tally, seen = await play(branch, guest, day)
        await agreement.settled(data)
        await agreement.received(office, data)
        assert await agreement.disagreements(office, data) == []
        assert branch.stop() == 0
        verdict = branch.verify()
        assert verdict.returncode == 0, verdict.stdout
    assert seen == ["connected", "unreachable"]
    check(day, tally, data)


def check(day: RecordedDay, tally: Tally, data: Path) -> None:
    """Against the file that the day was played from."""
    tickets = {row[0]: row for row in agreement.branch_tickets(data)[DAY.isoformat()]}
    assert len(tickets) == len(day.customers) == len(tally.issued) == 1835
    assert set(tickets) == set(tally.issued)
    wanted = Counter(customer.service for customer in day.customers)
    assert Counter(row[2] for row in tickets.values()) == wanted
    for service in wanted:
        numbers = sorted(int(row[1][1:]) for row in tickets.values() if row[2] == service)
        assert numbers == list(range(1, wanted[service] + 1))

    states = Counter(row[5] for row in tickets.values())
    served = {ticket for ticket, customer in tally.issued.items() if customer.patience_s is None}
    assert {ticket for ticket, row in tickets.items() if row[5] == "finished"} == served == tally.finished
    assert states == {
        "finished": len(served),
        "cancelled": len(tally.cancelled),
        "no_show": len(tally.missed),
    }
    finishes = Counter(fact.entity for fact in agreement.branch_facts(data) if fact.type == FINISHED)
    assert finishes == dict.fromkeys(served, 1)
    calls = Counter(fact.entity for fact in agreement.branch_facts(data) if fact.type == CALLED)
    assert calls == dict.fromkeys(served | tally.missed, 1)
