"""One SQLite file: one thread that writes it with group commit, one connection that only reads it.

* Jobs that arrive while a commit is being flushed share the next one: full durability costs one flush for many branches.
* A job's future resolves after COMMIT, never before. A job that raises is undone alone, through its savepoint.
* An I/O error of the disk is fatal and reported through `failed`: a second flush after a failed one would lie.
* Nothing else may open the file while head office runs.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from sync.headoffice.store import StoreBusy, StoreFull, StoreRefused

T = TypeVar("T")
Connection = apsw.Connection
DatabaseError = apsw.Error

VERSIONS_SAFE: Final = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""SQLite before these, by release line, can lose committed writes in a checkpoint race."""
MAX_WAITING_JOBS: Final = 4096
MAX_GROUP_JOBS: Final = 256
QUICK_CHECK_MAX_BYTES: Final = 2 * 1024**3
"""A larger file is not read whole at each start; `verify` does that."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA cache_size = -16384",
    "PRAGMA mmap_size = 0",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA busy_timeout = 5000",
)


@dataclass(slots=True)
class _Job:
    work: Callable[[apsw.Connection], Any]
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None

    def deliver(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def check_version(version: str) -> None:
    """Raises StoreRefused for a SQLite that can lose committed writes. `version` as in "3.54.1"."""
    number = tuple(int(part) for part in version.split(".")[:3])
    if number >= VERSIONS_SAFE[0] or any(number[:2] == safe[:2] and number >= safe for safe in VERSIONS_SAFE):
        return
    raise StoreRefused(f"SQLite {version} can lose committed writes; 3.51.3 or newer is needed")


class Database:
    """A file with its migrations applied.

    `durable` says whether COMMIT waits for the disk. `vfs` names another way to the disk, for tests of power cuts.
    """

    def __init__(self, path: Path, migrations: Sequence[str], *, durable: bool, vfs: str | None = None) -> None:
        self.path = path
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._migrations = migrations
        self._durable = durable
        self._vfs = vfs
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.Queue[_Job | None] = queue.Queue(MAX_WAITING_JOBS)
        self._thread: threading.Thread | None = None
        self._reading = ThreadPoolExecutor(1, f"{path.stem}-read")
        self._reader: apsw.Connection | None = None

    async def start(self) -> None:
        """Open, check and migrate. Raises StoreRefused."""
        check_version(apsw.sqlite_lib_version())
        writer = await asyncio.to_thread(self._prepare)
        self._reader = apsw.Connection(str(self.path), vfs=self._vfs)
        for pragma in ("PRAGMA query_only = ON", "PRAGMA busy_timeout = 5000", "PRAGMA trusted_schema = OFF"):
            self._reader.execute(pragma).fetchall()
        self._thread = threading.Thread(target=self._run, args=(writer,), name=f"{self.path.stem}-write", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish what waits, then close."""
        if self._thread is not None:
            await asyncio.to_thread(self._jobs.put, None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        self._reading.shutdown(wait=True)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if not self.failed.done():
            self.failed.cancel()

    async def write(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work` in a transaction; returns after COMMIT. Raises StoreBusy, StoreFull, and what `work` raises."""
        future: asyncio.Future[T] = self._loop.create_future()
        if self.failed.done() or self._thread is None:
            raise StoreBusy("the store is closed")
        try:
            self._jobs.put_nowait(_Job(work, future))
        except queue.Full:
            raise StoreBusy(f"{MAX_WAITING_JOBS} jobs wait") from None
        return await future

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work` on the connection that cannot write; all that it reads is of one moment."""
        reader = self._reader
        if reader is None:
            raise StoreBusy("the store is closed")
        return await self._loop.run_in_executor(self._reading, _at_one_moment, work, reader)

    # -- the writing thread -------------------------------------------------------------------------------------------

    def _prepare(self) -> apsw.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(self.path), vfs=self._vfs, statementcachesize=128)
        try:
            for pragma in (*_PRAGMAS, f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}"):
                connection.execute(pragma).fetchall()
            if self.path.stat().st_size <= QUICK_CHECK_MAX_BYTES:
                _check(connection)
            _migrate(connection, self._migrations)
        except apsw.Error as error:
            connection.close()
            raise StoreRefused(f"{self.path.name} cannot be used: {error}") from error
        except StoreRefused:
            connection.close()
            raise
        return connection

    def _run(self, connection: apsw.Connection) -> None:
        while (group := self._collect()) is not None:
            fatal = self._commit(connection, group)
            self._loop.call_soon_threadsafe(self._deliver, group, fatal)
            if fatal is not None:
                break
        connection.close()

    def _collect(self) -> list[_Job] | None:
        first = self._jobs.get()
        if first is None:
            return None
        group = [first]
        while len(group) < MAX_GROUP_JOBS:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            group.append(job)
        return group

    @staticmethod
    def _commit(connection: apsw.Connection, group: list[_Job]) -> apsw.Error | None:
        """Run the group in one transaction. Returns the error after which the file must not be written any more."""
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in group:
                _attempt(connection, job)
            connection.execute("COMMIT")
        except apsw.FullError as error:
            _undo(connection, group, StoreFull(str(error)))
        except apsw.Error as error:
            _undo(connection, group, error)
            return error
        return None

    def _deliver(self, group: list[_Job], fatal: apsw.Error | None) -> None:
        for job in group:
            job.deliver()
        if fatal is not None and not self.failed.done():
            self.failed.set_exception(fatal)
            while not self._jobs.empty():
                if (job_left := self._jobs.get_nowait()) is not None:
                    job_left.error = fatal
                    job_left.deliver()


def _at_one_moment(work: Callable[[apsw.Connection], T], reader: apsw.Connection) -> T:
    reader.execute("BEGIN")  # the snapshot is taken by the first statement, and held
    try:
        return work(reader)
    finally:
        reader.execute("COMMIT")


def _attempt(connection: apsw.Connection, job: _Job) -> None:
    connection.execute("SAVEPOINT job")
    try:
        job.result = job.work(connection)
    except (apsw.IOError, apsw.CorruptError, apsw.FullError, apsw.NotADBError):
        raise
    except Exception as error:  # noqa: BLE001 -- handed to whoever awaits the job, whatever it is
        job.error = error
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def _undo(connection: apsw.Connection, group: list[_Job], error: Exception) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    for job in group:
        job.error = error


def _check(connection: apsw.Connection) -> None:
    found = [str(text) for (text,) in connection.execute("PRAGMA quick_check(5)") if text != "ok"]
    if found:
        raise StoreRefused(f"the file is damaged: {'; '.join(found)}")


def _migrate(connection: apsw.Connection, migrations: Sequence[str]) -> None:
    """Bring the schema forward, each step in one transaction."""
    version = int(connection.pragma("user_version") or 0)
    if version > len(migrations):
        raise StoreRefused(f"the file has schema {version}, this program knows {len(migrations)}")
    for number, script in enumerate(migrations[version:], start=version + 1):
        with connection:
            connection.execute(script)
            connection.execute(f"PRAGMA user_version = {number}")
