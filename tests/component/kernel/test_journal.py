"""The journal on a real file: one unbroken chain, and what happens to it shows."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from edge.kernel import journal
from edge.kernel.db import Connection, connect
from edge.kernel.domain import InvariantBroken
from edge.kernel.journal import ChainBreak, check_chain
from edge.kernel.migrations import migrate
from sync.chain import GENESIS, START, Position, follow
from tests.component.kernel.ledger import MIGRATIONS, START_MS, Broken, Ledger


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Connection]:
    with closing(connect(tmp_path / "core.db")) as connection:
        migrate(connection, MIGRATIONS, now_ms=START_MS)
        yield connection


async def test_facts_are_numbered_without_gaps_and_chained_as_sync_wants_them(ledger: Ledger) -> None:
    for number in range(10):
        await ledger.write(f"line {number}", times=1 + number % 3)
    records = ledger.pipeline.journal.tail(0)
    assert [record.seq for record in records] == list(range(1, 20))
    assert follow(START, records) == ledger.pipeline.journal.head()
    assert {record.actor for record in records} == {"staff:1001"}


async def test_an_abandoned_transaction_leaves_no_gap(ledger: Ledger) -> None:
    await ledger.write("one")
    with pytest.raises(Broken):
        await ledger.write("apply breaks", times=5)
    await ledger.write("two")
    assert [(record.seq, record.entity) for record in ledger.pipeline.journal.tail(0)] == [(1, "one"), (2, "two")]
    with ledger.db.reader() as connection:
        assert check_chain(connection) == (ledger.pipeline.journal.head(), None)


async def test_the_chain_goes_on_after_a_restart(ledger: Ledger) -> None:
    before = (await ledger.write("one")).seq
    await ledger.reopen()
    after = (await ledger.write("two")).seq
    assert (before, after) == (1, 2)
    with ledger.db.reader() as connection:
        assert check_chain(connection)[1] is None


async def test_the_tail_is_read_in_portions(ledger: Ledger) -> None:
    await ledger.write("line", times=25)
    read = ledger.pipeline.journal
    assert [record.seq for record in read.tail(20)] == [21, 22, 23, 24, 25]
    assert [record.seq for record in read.tail(3, limit=2)] == [4, 5]
    assert read.tail(25) == []
    assert (read.hash_at(0), read.hash_at(26)) == (GENESIS, None)
    assert read.hash_at(25) == read.head().hash


def test_an_empty_journal(empty: Connection) -> None:
    assert journal.head(empty) == START
    assert journal.last_time_ms(empty) == 0
    assert check_chain(empty) == (START, None)
    with pytest.raises(InvariantBroken):
        journal.life(empty)


def test_a_journal_has_one_first_life(empty: Connection) -> None:
    first = journal.ensure_life(empty, fresh_jid=b"a" * 16, now_ms=1)
    again = journal.ensure_life(empty, fresh_jid=b"b" * 16, now_ms=2)
    assert first == again == journal.Life(b"a" * 16, None, Position(0, GENESIS))


async def damage(ledger: Ledger, sql: str) -> None:
    """As a technician's hand would do it."""
    await ledger.db.write(lambda connection: connection.execute(sql).fetchall())


DAMAGE = {
    "a body": "UPDATE journal SET body = CAST(replace(body, 'line', 'lime') AS BLOB) WHERE seq = 3",
    "an actor": "UPDATE journal SET actor = 'staff:1002' WHERE seq = 3",
    "a time": "UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 3",
    "a type": "UPDATE journal SET type = 'book.written.v2' WHERE seq = 3",
    "an entity": "UPDATE journal SET entity = 'other' WHERE seq = 3",
    "a hash": "UPDATE journal SET hash = zeroblob(32) WHERE seq = 3",
}


@pytest.mark.parametrize("what", DAMAGE)
async def test_a_change_of_anything_shows_where_it_is(ledger: Ledger, what: str) -> None:
    await ledger.write("line", times=5)
    await damage(ledger, DAMAGE[what])
    with ledger.db.reader() as connection:
        position, found = check_chain(connection)
    assert position.seq == 2
    assert found == ChainBreak(3, "hash differs")


async def test_a_missing_fact_shows(ledger: Ledger) -> None:
    await ledger.write("line", times=5)
    await damage(ledger, "DELETE FROM journal WHERE seq = 3")
    with ledger.db.reader() as connection:
        assert check_chain(connection)[1] == ChainBreak(4, "gap after 2")


async def test_a_check_may_begin_in_the_middle(ledger: Ledger) -> None:
    await ledger.write("line", times=5)
    await damage(ledger, DAMAGE["a body"])
    with ledger.db.reader() as connection:
        assert check_chain(connection, after=3)[1] is None
        assert check_chain(connection, after=2)[1] is not None


async def test_a_seq_is_given_once(ledger: Ledger) -> None:
    await ledger.write("line")
    with pytest.raises(apsw.ConstraintError):
        await damage(ledger, "INSERT INTO journal SELECT * FROM journal")
