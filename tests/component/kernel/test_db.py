"""The database: which library and which disk it refuses, who may write, and how it ends."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from edge.kernel.db import (
    NETWORK_FILESYSTEMS,
    Connection,
    Database,
    Limits,
    Overloaded,
    StorageRefused,
    check_filesystem,
    check_integrity,
    check_version,
    connect,
    connect_reader,
    copy_database,
)

SMALL = Limits(reserve_bytes=8192, idle_s=0.005, readers_max=2)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "core.db", limits=SMALL)
    opened.start()
    await opened.write(lambda connection: connection.execute("CREATE TABLE line(n INTEGER PRIMARY KEY, text TEXT) STRICT"))
    yield opened
    await opened.close()


def add(number: int, text: str = "") -> "Adding":
    return Adding(number, text)


class Adding:
    """A job."""

    def __init__(self, number: int, text: str) -> None:
        self.row = (number, text)

    def __call__(self, connection: Connection) -> int:
        connection.execute("INSERT INTO line VALUES (?, ?)", self.row)
        return self.row[0]


def count(connection: Connection) -> int:
    rows: int = connection.execute("SELECT count(*) FROM line").get
    return rows


# --- where it refuses to work


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ("3.54.1", True),
        ("3.51.3", True),
        ("3.51.3.0", True),
        ("4.0.0", True),
        ("3.51.2", False),
        ("3.51.0", False),
        ("3.50.7", True),
        ("3.50.9", True),
        ("3.50.6", False),
        ("3.49.1", False),
        ("3.44.6", True),
        ("3.44.5", False),
        ("3.45.1", False),
        ("3.40.1", False),
        ("3.34.1", False),
    ],
)
def test_a_library_with_the_wal_reset_bug_is_refused(version: str, safe: bool) -> None:  # noqa: FBT001 -- a case
    if safe:
        check_version(version)
        return
    with pytest.raises(StorageRefused, match="WAL-reset"):
        check_version(version)


def test_the_library_that_is_here_is_safe() -> None:
    check_version(apsw.sqlite_lib_version())


def mounted(kind: str, where: Path) -> str:
    escaped = str(where).replace(" ", "\\040")
    return f"/dev/sda1 / ext4 rw 0 0\nserver:/x {escaped} {kind} rw 0 0\ntmpfs {escaped}-other tmpfs rw 0 0\n"


@pytest.mark.parametrize("kind", sorted(NETWORK_FILESYSTEMS))
def test_a_network_filesystem_is_refused(kind: str, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "deeper"):
        with pytest.raises(StorageRefused, match=kind):
            check_filesystem(folder, mounted(kind, tmp_path))
    check_filesystem(tmp_path.parent, mounted(kind, tmp_path))


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "fuse.mergerfs"])
def test_a_local_filesystem_is_taken(kind: str, tmp_path: Path) -> None:
    check_filesystem(tmp_path, mounted(kind, tmp_path))


def test_a_local_disk_mounted_inside_a_network_one_is_taken_and_blanks_are_understood(tmp_path: Path) -> None:
    folder = tmp_path / "with blank"
    check_filesystem(folder, mounted("nfs4", tmp_path) + mounted("ext4", folder))
    with pytest.raises(StorageRefused):
        check_filesystem(folder, mounted("nfs4", folder))


def test_the_disk_that_is_here_is_taken(tmp_path: Path) -> None:
    check_filesystem(tmp_path)


# --- who may write


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "core.db")) as writer, closing(connect_reader(tmp_path / "core.db")) as reader:
        writer.execute("CREATE TABLE line(n INTEGER PRIMARY KEY, text TEXT) STRICT")
        for sql in ("INSERT INTO line VALUES (1, '')", "DROP TABLE line", "CREATE TABLE other(n)"):
            with pytest.raises(apsw.ReadOnlyError):
                reader.execute(sql)


def test_a_reader_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(apsw.CantOpenError):
        connect_reader(tmp_path / "none.db")


def test_every_commit_is_synced(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "core.db")) as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
        assert [connection.pragma(name) for name in pragmas] == ["wal", 2, 1, 0]


async def test_both_kinds_of_readers_see_what_was_acknowledged(database: Database) -> None:
    for number in range(5):
        await database.write(add(number))
        with database.reader() as connection:
            assert count(connection) == number + 1
        assert await database.scan(count) == number + 1


async def test_no_reader_writes(database: Database) -> None:
    with database.reader() as connection, pytest.raises(apsw.ReadOnlyError):
        connection.execute("DELETE FROM line")
    with pytest.raises(apsw.ReadOnlyError):
        await database.scan(lambda connection: connection.execute("DELETE FROM line"))


async def test_a_scan_sees_one_moment(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def twice(connection: Connection) -> tuple[int, int]:
        first = count(connection)
        begun.set()
        go_on.wait()
        return first, count(connection)

    scanning = asyncio.ensure_future(database.scan(twice))
    await asyncio.to_thread(begun.wait)
    await database.write(add(1))
    go_on.set()
    assert await scanning == (0, 0)
    assert await database.scan(count) == 1


async def test_a_scan_that_breaks_gives_its_connection_back(database: Database) -> None:
    for _ in range(5):
        with pytest.raises(apsw.SQLError):
            await database.scan(lambda connection: connection.execute("SELECT * FROM nowhere"))
    assert await database.scan(count) == 0


# --- jobs


async def test_a_job_s_error_is_its_caller_s_and_nothing_of_it_stays(database: Database) -> None:
    def half(connection: Connection) -> None:
        add(1)(connection)
        raise LookupError("half way")

    with pytest.raises(LookupError, match="half way"):
        await database.write(half)
    with pytest.raises(apsw.ConstraintError):
        await asyncio.gather(database.write(add(2)), database.write(add(2)))
    assert await database.scan(count) == 1
    assert database.waiting_jobs == 0


async def test_rollbacks_are_counted_for_those_who_remember_what_they_wrote(database: Database) -> None:
    before = database.rollbacks
    await database.write(add(1))
    assert database.rollbacks == before
    with pytest.raises(apsw.ConstraintError):
        await database.write(add(1))
    assert database.rollbacks > before


async def test_the_wal_is_checkpointed_in_the_pauses(database: Database, tmp_path: Path) -> None:
    await database.write(add(1, "x" * 100_000))
    pause = asyncio.Event()
    while database.wal_pages:
        asyncio.get_running_loop().call_later(0.002, pause.set)
        await pause.wait()
        pause.clear()
    assert b"xxxx" in await asyncio.to_thread((tmp_path / "core.db").read_bytes)


# --- the end


async def test_closing_finishes_what_was_taken_and_takes_no_more(tmp_path: Path) -> None:
    database = Database(tmp_path / "core.db", limits=SMALL)
    database.start()
    await database.write(lambda connection: connection.execute("CREATE TABLE line(n INTEGER, text TEXT) STRICT"))
    jobs = [asyncio.ensure_future(database.write(add(number))) for number in range(500)]
    await asyncio.sleep(0)
    closing_down = asyncio.ensure_future(database.close())
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await database.write(add(500))
    await closing_down
    assert [await job for job in jobs] == list(range(500))
    with closing(connect(tmp_path / "core.db")) as connection:
        assert count(connection) == 500
        assert check_integrity(connection, full=True) == []
    assert not await asyncio.to_thread((tmp_path / "core.db-wal").exists)


async def test_a_database_that_was_not_started_takes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "core.db", limits=SMALL)
    with pytest.raises(StorageRefused):
        await database.write(count)
    await database.close()


async def test_the_reserve_is_laid_once_and_kept(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(tmp_path / "core.db", limits=SMALL)
        database.start()
        assert database.reserve_there
        assert (await asyncio.to_thread((tmp_path / "reserve").stat)).st_size == SMALL.reserve_bytes
        await database.close()


async def test_an_online_copy_is_whole(database: Database, tmp_path: Path) -> None:
    for number in range(200):
        await database.write(add(number, "y" * 500))
    steps = 0

    def pause() -> None:
        nonlocal steps
        steps += 1

    def copy(connection: Connection) -> None:
        copy_database(connection, tmp_path / "copy.db", pages_per_step=5, pause=pause)

    with database.reader() as connection:
        copy(connection)
    with closing(connect_reader(tmp_path / "copy.db")) as copied:
        assert count(copied) == 200
        assert check_integrity(copied, full=True) == []
    assert steps > 3
