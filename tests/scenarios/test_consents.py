"""Consent by purpose: given, replaced by a newer text, taken back, and none of it stands in the way of the queue."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge import registry
from edge.customers import tables as customers
from edge.customers.consents import ConsentLedger
from edge.customers.model import GiveConsent, Means, Purpose, WithdrawConsent
from edge.customers.tables import Recognised
from edge.kernel.db import Connection
from edge.kernel.fold import verify
from tests.scenarios.hall import Hall, open_hall

CUSTOMER = "c-1"
EVIDENCE = "ab" * 32


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:

        def known(connection: Connection) -> None:
            customers.put(connection, Recognised(CUSTOMER, "gold"), [bytes(16)], now_ms=opened.clock.now_ms())

        await opened.branch.db.write(known)
        yield opened


async def give(hall: Hall, purpose: Purpose, version: int) -> ConsentLedger:
    command = GiveConsent(customer=CUSTOMER, purpose=purpose, version=version, channel=Means.COUNTER, evidence=EVIDENCE)
    outcome = await hall.branch.pipeline.submit(command, actor="staff:1001")
    return msgspec.json.decode(outcome.answer, type=ConsentLedger)


async def withdraw(hall: Hall, purpose: Purpose) -> ConsentLedger:
    command = WithdrawConsent(customer=CUSTOMER, purpose=purpose, channel=Means.LOBBY)
    outcome = await hall.branch.pipeline.submit(command, actor="staff:2001")
    return msgspec.json.decode(outcome.answer, type=ConsentLedger)


async def test_each_purpose_is_agreed_to_by_itself(hall: Hall) -> None:
    await give(hall, Purpose.SERVICE, 1)
    await give(hall, Purpose.MARKETING, 1)
    after = await withdraw(hall, Purpose.MARKETING)
    assert after.in_force == [Purpose.SERVICE]


async def test_the_ledger_keeps_who_took_it_down_when_and_who_took_it_back(hall: Hall) -> None:
    await hall.at("09:00")
    await give(hall, Purpose.RECORD, 1)
    await hall.at("09:30")
    (line,) = (await withdraw(hall, Purpose.RECORD)).lines
    assert (line.given_to, line.withdrawn_to, line.withdrawn_channel) == ("staff:1001", "staff:2001", Means.LOBBY)
    assert line.withdrawn_at is not None
    assert [f"{moment:%H:%M}" for moment in (line.given_at, line.withdrawn_at)] == ["09:00", "09:30"]
    assert (line.evidence, line.replaced_at) == (EVIDENCE, None)


async def test_a_newer_text_replaces_the_older_and_both_stay_in_the_ledger(hall: Hall) -> None:
    await give(hall, Purpose.PHOTO, 1)
    await hall.at("09:30")
    after = await give(hall, Purpose.PHOTO, 2)
    assert [(line.version, line.replaced_at is None) for line in after.lines] == [(2, True), (1, False)]
    assert after.in_force == [Purpose.PHOTO]


async def test_the_same_again_makes_no_second_line(hall: Hall) -> None:
    assert await give(hall, Purpose.SERVICE, 1) == await give(hall, Purpose.SERVICE, 1)
    assert await withdraw(hall, Purpose.SERVICE) == await withdraw(hall, Purpose.SERVICE)


async def test_what_was_taken_back_can_be_given_again(hall: Hall) -> None:
    await give(hall, Purpose.PROFILING, 1)
    await withdraw(hall, Purpose.PROFILING)
    await hall.at("10:00")
    after = await give(hall, Purpose.PROFILING, 1)
    assert (after.in_force, len(after.lines)) == ([Purpose.PROFILING], 2)


async def test_the_ledger_is_what_the_journal_says(hall: Hall) -> None:
    await give(hall, Purpose.SERVICE, 1)
    await give(hall, Purpose.SERVICE, 2)
    await withdraw(hall, Purpose.SERVICE)
    with hall.branch.db.reader() as connection:
        verdict = verify(connection, registry.rules(), registry.migrations(), ["consent"])
    assert verdict.rows == {"consent": 2}
    assert not verdict.differences
