"""`verify` finds whatever does not fit: a changed row, a changed byte, a fact that nobody can read."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.kernel import fold
from edge.kernel.db import connect
from edge.kernel.journal import check_chain
from edge.queue import model as m
from sync.chain import Record, link
from tests.component.queue.hall import TELLERS, Hall, open_hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    """A branch after a short morning."""
    async with open_hall(tmp_path) as opened:
        await opened.man("counter-1", "counter-2")
        for tier in (m.Tier.NORMAL, m.Tier.GOLD, m.Tier.NORMAL, m.Tier.NORMAL):
            await opened.take(tier=tier)
            opened.wait(30)
        await opened.call("counter-1")
        await opened.do(m.ServeTicket(counter="counter-1", staff=TELLERS["counter-1"]))
        await opened.call("counter-2")
        await opened.do(m.MarkNoShow(counter="counter-2", staff=TELLERS["counter-2"]))
        yield opened


async def damage(hall: Hall, *statements: str) -> fold.Verdict:
    """Change the file behind the program's back and verify it."""
    await hall.db.close()
    with closing(connect(hall.path)) as connection:
        for sql in statements:
            connection.execute(sql)
            assert connection.changes() > 0
    hall.open()
    return hall.verdict()


async def test_a_sound_branch(hall: Hall) -> None:
    verdict = hall.verdict()
    assert verdict.sound
    assert verdict.events == hall.facts()[-1].seq
    assert (verdict.rows["ticket"], verdict.rows["org_counter"], verdict.rows["queue_day"]) == (4, 3, 1)
    assert (verdict.chain_break, verdict.differences, verdict.unknown_types) == (None, (), ())


@pytest.mark.parametrize(
    ("table", "sql"),
    [
        ("ticket", "UPDATE ticket SET place_ms = place_ms - 1 WHERE number = 'A003'"),
        ("ticket", "UPDATE ticket SET state = 'finished' WHERE number = 'A004'"),
        ("ticket", "DELETE FROM ticket WHERE number = 'A004'"),
        ("queue_length", "UPDATE queue_length SET waiting = waiting + 1 WHERE queue = 'personal.normal'"),
        ("queue_counter", "UPDATE queue_counter SET ticket = NULL WHERE counter = 'counter-1'"),
        ("queue_series", "UPDATE queue_series SET last = 9"),
        ("queue_day", "UPDATE queue_day SET state = 'closed'"),
        ("org_service", "UPDATE org_service SET usual_s = 1 WHERE id = 'personal'"),
        ("org_counter", "INSERT INTO org_counter VALUES ('counter-9', 9, x'7b7d')"),
    ],
)
async def test_a_changed_row_is_found_and_named(hall: Hall, table: str, sql: str) -> None:
    verdict = await damage(hall, sql)
    assert not verdict.sound
    assert [difference.table for difference in verdict.differences] == [table]
    assert verdict.differences[0].stored != verdict.differences[0].folded
    assert verdict.chain_break is None


async def test_a_changed_byte_of_the_journal_is_found(hall: Hall) -> None:
    verdict = await damage(
        hall, "UPDATE journal SET body = CAST(replace(body, 'gold', 'vip') AS BLOB) WHERE type = 'queue.ticket_called.v1'"
    )
    assert not verdict.sound
    assert verdict.chain_break is not None
    assert verdict.chain_break.reason == "hash differs"
    assert verdict.events == verdict.chain_break.seq - 1


async def test_a_cut_off_journal_is_found_by_the_tables(hall: Hall) -> None:
    """The chain alone cannot know what stood behind its end."""
    verdict = await damage(hall, "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)")
    assert verdict.chain_break is None
    assert not verdict.sound


async def append(hall: Hall, kind: str, body: bytes) -> fold.Verdict:
    """A fact that is chained as it should be, and that this program did not write."""
    await hall.db.close()
    with closing(connect(hall.path)) as connection:
        tip, _ = check_chain(connection)
        record = Record(tip.seq + 1, 1, kind, "x", "system", body)
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", (*record, link(tip.hash, record)))
    hall.open()
    return hall.verdict()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("queue.ticket_blessed.v1", b"{}"),
        ("queue.ticket_served.v2", b"{}"),
        ("queue.ticket_served.v1", b'{"ticket":7}'),
        ("queue.ticket_served.v1", b"{}"),
        ("queue.ticket_served.v1", b"not JSON"),
    ],
    ids=["unknown", "a newer version", "a wrong type", "fields missing", "not JSON"],
)
async def test_a_fact_that_cannot_be_read_is_doubt(hall: Hall, kind: str, body: bytes) -> None:
    verdict = await append(hall, kind, body)
    assert not verdict.sound
    assert verdict.unknown_types == (kind,)
    assert verdict.chain_break is None


async def test_a_verify_changes_nothing(hall: Hall) -> None:
    before = hall.facts()
    with hall.db.reader() as connection:
        changes = connection.pragma("data_version")
        hall.verdict()
        assert connection.pragma("data_version") == changes
    assert hall.facts() == before
