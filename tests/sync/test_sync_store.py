"""The embedded store: what it took stays, what it cannot promise it refuses."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import apsw
import pytest

from sync.chain import GENESIS
from sync.headoffice import identity
from sync.headoffice.store import FleetLedger, StoreBusy, StoreRefused
from sync.headoffice.store_database import MAX_GROUP_JOBS, Connection, Database, check_version
from sync.headoffice.store_sqlite import MIGRATIONS, SqliteStore
from sync.keys import SigningKey
from sync.protocol import Budget, Open, signed
from sync.receiver import Enrolment, Receiver, Taken, examine
from tests.sync.box import MemoryJournal, day
from tests.sync.pair import Pair
from tests.sync.test_sync_receiver import batch


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path)
    await store.start()
    yield store
    await store.stop()


RECEIVER = Receiver(SigningKey(bytes(32)).sign, b"E" * 16, Budget())


async def enter(store: SqliteStore, journal: MemoryJournal) -> None:
    """Enrol the journal's box and open its lane."""
    enrolment = Enrolment(journal.branch, "示范支行", journal.key.public, approved=True)
    question = Open(
        branch=journal.branch, jid=journal.jid, parent=None, head=journal.head(), session=b"S" * 16,
        nonce=b"N" * 16, sent_at_ms=0,
    )  # fmt: skip
    question = signed(question, journal.sign(question.covered()))

    def open_lane(ledger: FleetLedger) -> None:
        ledger.enrol(enrolment, 1)
        RECEIVER.open(ledger, question, 1)

    await store.within(open_lane)


async def receive(store: SqliteStore, journal: MemoryJournal, after: int, upto: int) -> Taken:
    """The records after `after` up to `upto`, as one batch under the first lease."""
    pair = Pair(journal)
    pair.ledger.grant(journal.branch, b"S" * 16, 1)
    examined = examine(batch(pair, after, upto), journal.key.public)
    return await store.within(partial(RECEIVER.batch, examined=examined, now_ms=5000))


async def fill(store: SqliteStore, journal: MemoryJournal, ends: list[int]) -> None:
    """Receive the journal in batches that end at `ends`."""
    await enter(store, journal)
    for after, upto in itertools.pairwise([0, *ends]):
        await receive(store, journal, after, upto)


def journal_of(count: int) -> MemoryJournal:
    journal = MemoryJournal()
    journal.append(*itertools.islice(day(1), count))
    return journal


async def test_what_was_taken_is_there_after_a_restart(tmp_path: Path) -> None:
    journal, store = journal_of(100), SqliteStore(tmp_path)
    await store.start()
    await fill(store, journal, [40, 100])
    await store.stop()
    again = SqliteStore(tmp_path)
    await again.start()
    (lane,) = await again.lanes()
    assert lane.cursor == journal.head()
    assert (await again.totals()).events == 100
    assert [one.after.seq for one in await again.batches("0001", journal.jid, 0, 10)] == [40, 100]
    await again.stop()


async def test_any_hash_can_be_told_also_from_inside_a_batch(store: SqliteStore) -> None:
    journal = journal_of(100)
    await fill(store, journal, [40, 100])
    for seq in (1, 39, 40, 41, 99, 100):
        assert await store.hash_at("0001", journal.jid, seq) == journal.hash_at(seq)
    assert await store.hash_at("0001", journal.jid, 0) == GENESIS
    assert await store.hash_at("0001", journal.jid, 101) is None


async def test_work_that_raises_changes_nothing_and_takes_nobody_with_it(store: SqliteStore) -> None:
    def bad(ledger: FleetLedger) -> None:
        ledger.enrol(Enrolment("evil", "x", bytes(32), approved=True), 0)
        raise LookupError("on purpose")

    def enrol(number: int) -> "asyncio.Future[None]":
        key = number.to_bytes(32, "big")
        work = store.within(lambda ledger: ledger.enrol(Enrolment(f"b{number}", "x", key, approved=True), 0))
        return asyncio.ensure_future(work)

    outcomes = await asyncio.gather(
        *(enrol(number) for number in range(MAX_GROUP_JOBS)), store.within(bad), return_exceptions=True
    )
    assert [outcome for outcome in outcomes if outcome is not None] == [outcomes[-1]]
    assert isinstance(outcomes[-1], LookupError)
    assert await store.enrolment("evil") is None
    assert (await store.totals()).branches == MAX_GROUP_JOBS


async def test_a_stopped_store_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.start()
    await store.stop()
    with pytest.raises(StoreBusy):
        await store.within(lambda ledger: ledger.enrolment("0001"))
    with pytest.raises(StoreBusy):
        await store.lanes()


async def test_a_damaged_file_is_not_served(tmp_path: Path) -> None:
    journal, store = journal_of(3000), SqliteStore(tmp_path)
    await store.start()
    await fill(store, journal, list(range(500, 3001, 500)))
    await store.stop()
    path = tmp_path / "journal.db"
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreRefused, match=r"damaged|cannot be used"):
        await SqliteStore(tmp_path).start()


async def test_a_file_of_a_newer_program_is_not_touched(tmp_path: Path) -> None:
    newer = Database(tmp_path / "journal.db", (*MIGRATIONS, "CREATE TABLE a (b)"), durable=True)
    await newer.start()
    await newer.stop()
    with pytest.raises(StoreRefused, match=f"schema {len(MIGRATIONS) + 1}, this program knows {len(MIGRATIONS)}"):
        await SqliteStore(tmp_path).start()


async def test_a_disk_error_ends_the_store(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db", ("CREATE TABLE a (b)",), durable=True)
    await database.start()

    def broken(connection: Connection) -> None:
        connection.execute("INSERT INTO a VALUES (1)")
        raise apsw.IOError("disk I/O error")

    with pytest.raises(Exception, match="disk I/O error"):
        await database.write(broken)
    with pytest.raises(Exception, match="disk I/O error"):
        await database.failed
    with pytest.raises(StoreBusy):
        await database.write(broken)
    await database.stop()


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "3.50.7", "3.44.6", "4.0.0"])
def test_a_sound_library_is_accepted(version: str) -> None:
    check_version(version)


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.50.6", "3.44.5", "3.45.9"])
def test_a_library_that_can_lose_commits_is_refused(version: str) -> None:
    with pytest.raises(StoreRefused, match="can lose committed writes"):
        check_version(version)


def test_the_epoch_stays_while_the_memory_does(tmp_path: Path) -> None:
    first = identity.begin(tmp_path, 0)
    identity.note(tmp_path, identity.Epoch(first.id, 70))
    assert identity.begin(tmp_path, 90).id == first.id


def test_a_memory_that_was_set_back_begins_a_new_epoch(tmp_path: Path) -> None:
    first = identity.begin(tmp_path, 0)
    identity.note(tmp_path, identity.Epoch(first.id, 70))
    second = identity.begin(tmp_path, 60)
    assert second.id != first.id
    identity.new_epoch(tmp_path)
    assert identity.begin(tmp_path, 60).id not in {first.id, second.id}


def test_secrets_are_for_the_owner_alone(tmp_path: Path) -> None:
    key, token = identity.signing_key(tmp_path), identity.console_token(tmp_path)
    assert identity.signing_key(tmp_path).public == key.public
    assert identity.console_token(tmp_path) == token
    assert len(token) == 48
    for name in (identity.KEY_FILE, identity.TOKEN_FILE):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
