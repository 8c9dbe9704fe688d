"""The one SQLite file, the one thread that writes it, and the connections that only read it.

What is true here:

* All writes and all checkpoints happen on one connection in one thread. Jobs that arrive while a commit is being flushed
  share the next one, so that full durability costs one fsync for many commands (design decision 2).
* A job's future resolves after COMMIT returned, never before. An acknowledged fact is on disk.
* A job that raises takes nobody with it: the group is rolled back and every job of it is run again alone.
* An I/O error of the disk is fatal. The kernel may have dropped the dirty pages and a second fsync would lie, so the process
  ends and starts again from what is really on disk.
* A full disk is not fatal: the reserve file is given up once, and beyond that jobs are refused with `StorageFull`.
* Nothing else may open this file while the daemon runs: a second SQLite library in one process drops the POSIX locks.
"""

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final, TypeVar

import apsw
import structlog

log = structlog.get_logger()

T = TypeVar("T")
Connection = apsw.Connection
DatabaseError = apsw.Error
CorruptError = apsw.CorruptError
Job = Callable[[apsw.Connection], Any]

VERSIONS_SAFE: Final = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""SQLite before these (per release line) has the WAL-reset bug: a checkpoint race can lose committed writes."""

NETWORK_FILESYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs", "glusterfs", "ncpfs"}
)

PRAGMAS: Final = (
    "PRAGMA page_size = 4096",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA cache_size = -16384",
    "PRAGMA mmap_size = 0",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA busy_timeout = 100",
    "PRAGMA temp_store = MEMORY",
)


class StorageRefused(Exception):
    """This place or this library cannot keep the promise of durability; the daemon must not start."""


class StorageFull(Exception):
    """The disk has no room. Nothing was acknowledged; the caller may try again."""


class Overloaded(Exception):
    """More commands wait than the bound allows; the caller should come back after `retry_s`."""

    retry_s: Final = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the writer."""

    waiting_jobs_max: int = 4096
    group_jobs_max: int = 256
    checkpoint_pages: int = 1024
    """PASSIVE checkpoint above this many WAL pages (4 MiB)."""
    restart_pages: int = 8192
    """RESTART checkpoint above this many (32 MiB): some reader holds an old snapshot."""
    idle_s: float = 0.25
    """After so long without a job the writer uses the pause for a checkpoint."""
    reserve_bytes: int = 32 * 1024 * 1024
    readers_max: int = 2


def check_version(version: str) -> None:
    """Refuse a SQLite with the WAL-reset bug. `version` as in "3.54.1"; a fourth part is ignored."""
    number = tuple(int(part) for part in version.split(".")[:3])
    newest, *backports = VERSIONS_SAFE
    if number >= newest or any(number[:2] == safe[:2] and number >= safe for safe in backports):
        return
    raise StorageRefused(f"SQLite {version} can lose committed writes (WAL-reset bug); 3.51.3 or newer is needed")


def check_filesystem(folder: Path, mounts: str | None = None) -> None:
    """Refuse a network filesystem: its locks and its fsync cannot be relied on. `mounts` as in /proc/self/mounts."""
    text = Path("/proc/self/mounts").read_text(encoding="utf-8") if mounts is None else mounts
    best = ("", "")
    for line in text.splitlines():
        _, where, kind, *_ = line.split(" ")
        point = where.replace("\\040", " ")
        if folder.resolve().is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind)
    if best[1] in NETWORK_FILESYSTEMS:
        raise StorageRefused(f"{folder} is on a network filesystem ({best[1]}); the branch's data needs a local disk")


def connect(path: Path | str, *, vfs: str | None = None) -> apsw.Connection:
    """A writing connection with the project's settings."""
    connection = _steady(apsw.Connection(str(path), vfs=vfs, statementcachesize=256))
    for pragma in PRAGMAS:
        connection.execute(pragma).fetchall()
    return connection


def connect_reader(path: Path | str, *, vfs: str | None = None) -> apsw.Connection:
    """A connection that cannot write."""
    connection = _steady(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs, statementcachesize=256))
    for pragma in ("PRAGMA query_only = ON", "PRAGMA busy_timeout = 5000", "PRAGMA trusted_schema = OFF"):
        connection.execute(pragma).fetchall()
    return connection


def _steady(connection: apsw.Connection) -> apsw.Connection:
    """Have it plan a statement once, whatever is bound to it later.

    Without the stability guarantee SQLite looks at bound values, and a statement with `LIMIT ?` is prepared anew each time.
    """
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return connection


def check_integrity(connection: Connection, *, full: bool) -> list[str]:
    """What SQLite finds wrong with the file; empty when it is sound. `full` also checks every index against its table."""
    pragma = "PRAGMA integrity_check(20)" if full else "PRAGMA quick_check(20)"
    found = [str(text) for (text,) in connection.execute(pragma) if text != "ok"]
    return found + [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check").fetchall()[:20]]


def copy_database(
    source: Connection, target: Path, *, pages_per_step: int = 256, pause: Callable[[], None] | None = None
) -> None:
    """An online copy through the backup API, in steps so that writers get their turn; `pause` runs between steps."""
    copy = apsw.Connection(str(target))
    try:
        with copy.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(pages_per_step)
                if pause is not None:
                    pause()
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    finally:
        copy.close()


@dataclass(slots=True)
class _Job:
    run: Job
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Database:
    """The branch's `core.db`: open, read, write, close."""

    def __init__(
        self,
        path: Path,
        *,
        limits: Limits | None = None,
        vfs: str | None = None,
        fatal: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Open the file.

        `fatal` is called on the writer thread when the disk can no longer be trusted; by default it ends the process.
        `delivered`, when set, sees the results of each committed group, in order, before the callers do.
        `committed`, when set, hears on the writer thread how many jobs shared a commit and how long it took.
        `rollbacks` counts abandoned transactions: whoever caches what it wrote drops the cache when it changes.
        """
        check_version(apsw.sqlite_lib_version())
        check_filesystem(path.parent)
        self.path = path
        self.limits = limits or Limits()
        self.wal_pages = 0
        self._vfs = vfs
        self._fatal = fatal or _end_process
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._closing = False
        self._failed = False
        self.rollbacks = 0
        self.committed: Callable[[int, float], None] | None = None
        self.delivered: Callable[[list[Any]], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.connection = connect(path, vfs=vfs)
        self.connection.set_wal_hook(self._note_wal)
        self._reader = connect_reader(path, vfs=vfs)
        self._scanners: queue.SimpleQueue[apsw.Connection] = queue.SimpleQueue()
        for _ in range(self.limits.readers_max):
            self._scanners.put(connect_reader(path, vfs=vfs))
        self._pool = ThreadPoolExecutor(self.limits.readers_max, thread_name_prefix="reader")
        self._reserve = path.with_name("reserve")

    # --- life

    def start(self) -> None:
        """Begin to take jobs; must be called from the event loop that will wait for them."""
        self._loop = asyncio.get_running_loop()
        self._lay_reserve()
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Finish the jobs taken so far, checkpoint, close."""
        self._closing = True
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        self._pool.shutdown()
        while not self._scanners.empty():
            self._scanners.get().close()
        self._reader.close()
        if not self._failed:
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.connection.close()

    # --- use

    async def write(self, run: Callable[[apsw.Connection], T]) -> T:
        """Run `run` inside a transaction on the writer and return its result once that is on disk.

        Raises Overloaded, StorageFull, or whatever `run` raised (then nothing of it was kept).
        """
        if self._closing or self._failed or self._waiting >= self.limits.waiting_jobs_max:
            raise Overloaded
        if self._loop is None:
            raise StorageRefused("the database has not been started")
        job = _Job(run, self._loop.create_future())
        self._waiting += 1
        self._queue.put(job)
        return await job.future  # type: ignore[no-any-return]

    @contextmanager
    def reader(self) -> Iterator[apsw.Connection]:
        """The event loop's own connection, for point reads of microseconds. Never await while holding it."""
        yield self._reader

    async def scan(self, run: Callable[[apsw.Connection], T]) -> T:
        """Run a longer read in a thread, on a consistent snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._scan, run)

    @property
    def waiting_jobs(self) -> int:
        return self._waiting

    @property
    def failed(self) -> bool:
        """The disk can no longer be trusted; no job is taken."""
        return self._failed

    @property
    def reserve_there(self) -> bool:
        return self._reserve.exists()

    # --- the writer thread

    def _scan(self, run: Callable[[apsw.Connection], T]) -> T:
        connection = self._scanners.get()
        try:
            connection.execute("BEGIN")
            try:
                return run(connection)
            finally:
                connection.execute("COMMIT")
        finally:
            self._scanners.put(connection)

    def _serve(self) -> None:
        while (group := self._gather()) is not None:
            if group:
                self._settle(group)
            self._checkpoint(idle=not group)

    def _gather(self) -> list[_Job] | None:
        """The next group of jobs; empty after an idle while; None when closing."""
        try:
            job = self._queue.get(timeout=self.limits.idle_s)
        except queue.Empty:
            return []
        group: list[_Job] = []
        while job is not None:
            group.append(job)
            if len(group) == self.limits.group_jobs_max:
                return group
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return group
        if not group:
            return None
        self._queue.put(None)
        return group

    def _settle(self, group: list[_Job]) -> None:
        """Commit the group, or each of its jobs alone, and tell the waiting callers."""
        if self._failed:
            for job in group:
                job.error = Overloaded()
        else:
            began_s = perf_counter()
            if not self._commit(group):
                for job in group:
                    self._commit([job])
            if self.committed is not None:
                self.committed(len(group), perf_counter() - began_s)
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._deliver, group)

    def _commit(self, group: list[_Job], *, last_try: bool = False) -> bool:
        """One transaction for the group. False: rolled back, and the group has several jobs to be run alone."""
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in group:
                job.error = None
                job.result = job.run(connection)
            connection.execute("COMMIT")
        except apsw.FullError:
            self._roll_back()
            return self._after_full(group, last_try=last_try)
        except (apsw.IOError, apsw.CorruptError, apsw.NotADBError) as error:
            self._fail(group, error)
        except BaseException as error:  # noqa: BLE001 -- handed to the one caller whose job it was
            self._roll_back()
            if len(group) > 1:
                return False
            group[0].error = error
        return True

    def _roll_back(self) -> None:
        self.rollbacks += 1
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def _after_full(self, group: list[_Job], *, last_try: bool) -> bool:
        if not last_try and self._reserve.exists():
            self._reserve.unlink()
            log.error("disk_full_reserve_released", reserve_bytes=self.limits.reserve_bytes)
            return self._commit(group, last_try=True)
        for job in group:
            job.error = StorageFull()
        return True

    def _fail(self, group: list[_Job], error: BaseException) -> None:
        self._failed = True
        for job in group:
            job.error = error
        log.critical("storage_failed", error=str(error))
        self._fatal(error)

    def _deliver(self, group: list[_Job]) -> None:
        self._waiting -= len(group)
        try:
            if self.delivered is not None:
                self.delivered([job.result for job in group if job.error is None])
        finally:  # whatever breaks there, nobody waits for ever for what is on disk
            for job in group:
                _answer(job)

    # --- the WAL

    def _note_wal(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self.wal_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self, *, idle: bool) -> None:
        pages = self.wal_pages
        if self._failed or pages == 0 or (pages < self.limits.checkpoint_pages and not idle):
            return
        mode = apsw.SQLITE_CHECKPOINT_RESTART if pages > self.limits.restart_pages else apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            total, moved = self.connection.wal_checkpoint(mode=mode)
        except (apsw.BusyError, apsw.LockedError, apsw.FullError):
            return  # a reader holds a snapshot, or the disk is full: the WAL stays, and the next pause tries again
        except apsw.Error as error:
            self._fail([], error)
            return
        self.wal_pages = 0 if total == moved else pages

    # --- the reserve

    def _lay_reserve(self) -> None:
        """Keep some room that can be given up when the disk is full, so that tickets are the last thing to stop."""
        try:
            with self._reserve.open("ab") as file:
                missing = self.limits.reserve_bytes - file.tell()
                if missing > 0:
                    os.posix_fallocate(file.fileno(), file.tell(), missing)
        except OSError as error:
            log.warning("no_room_for_reserve", error=error.strerror)


def _answer(job: _Job) -> None:
    if job.future.done():
        return
    if job.error is None:
        job.future.set_result(job.result)
    else:
        job.future.set_exception(job.error)


def _end_process(error: BaseException) -> None:
    log.critical("process_ends", reason="storage", error=str(error))
    os._exit(70)
