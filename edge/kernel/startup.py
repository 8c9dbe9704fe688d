"""What happens before the daemon serves: is this data what it was when we stopped, and if not, what now.

    running           there while the daemon runs; found at start: it did not stop cleanly
    head              the journal's newest position, noted from time to time: it can only grow
    born              the box has served once; from then on an empty or missing database is a damage, not a beginning
    start-attempts    one byte for each start that did not get ready

* After an unclean stop SQLite's full integrity check runs, else the quick one. Always: foreign keys, the list of schema
  changes, the chain of the newest records, and the noted head.
* Damage: the newest backup that verifies takes the database's place; the damaged files go to quarantine. No usable backup: the
  daemon refuses to start (exit code 65). It never starts empty.
* A sound journal that has lost facts it once had (a deleted WAL, an old copy laid over it) goes on as a new incarnation,
  so that head office sees a declared fork and can give the facts back.
* Both put up a notice. Trouble that is not damage (permissions, a read error of the disk) refuses and touches nothing.
* The third start in a row that does not get ready is followed by one in safe mode: devices, sync and schedules stay off, the
  queue works. Getting ready, or a clean stop, forgets the count.
"""

import os
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from edge.kernel.backup import (
    CORE,
    JID_BYTES,
    Backup,
    BackupRefused,
    Restored,
    begin_life,
    finish_restore,
    list_backups,
    verify_backup,
)
from edge.kernel.backup import restore as restore_backup
from edge.kernel.db import Connection, DatabaseError, check_integrity, connect
from edge.kernel.files import make_folder, read_ahead, remove_durably, sync_file, sync_folder, write_durably
from edge.kernel.journal import check_chain, hash_at, last_time_ms
from edge.kernel.journal import head as journal_head
from edge.kernel.migrations import is_sealed
from edge.kernel.notices import Notice, post, standing
from sync.chain import Position

log = structlog.get_logger()

CHAIN_RECORDS: Final = 10_000
"""So many of the newest records are recomputed at each start: about 30 ms. `branchbox verify` does all."""
ATTEMPTS_MAX: Final = 3
FOLDERS: Final = ("blobs", "backups", "keys", "quarantine")

RELEASED_MS: Final = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
"""Raised with each release; a built package also carries its build time in `edge/built`."""

ENVIRONMENT_CODES: Final = {
    3: "data_not_accessible",
    5: "data_in_use",
    6: "data_in_use",
    7: "no_memory",
    10: "disk_unreadable",
    13: "disk_full",
    14: "data_not_accessible",
    15: "data_in_use",
    22: "data_not_accessible",
    23: "data_not_accessible",
}
"""SQLite's result codes that speak of the machine, not of the file. Any other one is taken for damage."""

REFUSALS: Final[dict[str, tuple[int, str, str]]] = {
    "no_usable_backup": (
        65,
        "数据库已损坏，且没有可用的备份。请插入备份介质并执行 branchbox restore，或联系总行恢复。",
        "The database is damaged and no backup is usable. Bring a backup and run branchbox restore, or call head office.",
    ),
    "data_not_accessible": (77, "无法打开数据目录：请检查权限。", "The data folder cannot be opened: check its permissions."),
    "data_in_use": (75, "另一个程序正在使用数据库。", "Another program uses the database."),
    "no_memory": (71, "内存不足，无法启动。", "There is not enough memory to start."),
    "disk_unreadable": (74, "磁盘读取错误：请检查硬盘。", "The disk reports read errors: have it checked."),
    "disk_full": (74, "磁盘已满：请清理空间后再启动。", "The disk is full: make room, then start again."),
}


class StartRefused(Exception):
    """The daemon must not start. `exit_code` as in sysexits.h; the text is for the console, Chinese first."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        self.exit_code, chinese, english = REFUSALS[code]
        super().__init__(f"{chinese}\n{english}\n({code}: {detail})")


@dataclass(frozen=True, slots=True)
class Start:
    """What the daemon starts with."""

    fresh: bool
    """A new box: there is nothing yet."""
    unclean: bool
    safe_mode: bool
    damage: str | None
    """What was wrong with the database that was replaced."""
    restored: Restored | None
    notices: tuple[Notice, ...]
    """To be shown on every staff page: those standing, and safe mode while it lasts."""
    floor_ms: int
    """The branch's clock starts no earlier: the newer of the build and the last fact."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look at the database gave."""

    damage: str | None = None
    head: Position | None = None
    """None where there is no journal yet."""
    last_ms: int = 0
    forked: Notice | None = None


def prepare(data: Path, public_key: bytes, *, now_ms: int) -> Start:
    """Check, repair, count this start, and mark the daemon as running.

    The caller holds the data folder (`files.hold_folder`). `public_key` is the one backups are signed with.
    Raises StartRefused.
    """
    for folder in FOLDERS:
        make_folder(data / folder)
    finish_restore(data, now_ms=now_ms)
    unclean = (data / "running").exists()
    found = inspect(data, full=unclean, now_ms=now_ms)
    damage, restored = found.damage, None
    if damage is not None:
        log.error("database_damaged", unclean=unclean, damage=damage)
        restored = _rescue(data, public_key, damage, now_ms=now_ms)
        found = inspect(data, full=False, now_ms=now_ms)
    if found.forked is not None:
        log.error("facts_missing", **found.forked.facts)
        post(data, found.forked)
    if found.head is not None:
        note_head(data, found.head)
    safe_mode = _count_attempt(data) > ATTEMPTS_MAX
    write_durably(data / "running", b"")
    return Start(
        fresh=found.head is None,
        unclean=unclean,
        safe_mode=safe_mode,
        damage=damage,
        restored=restored,
        notices=standing(data) + _of_safe_mode(safe_mode, now_ms),
        floor_ms=max(build_time_ms(), found.last_ms),
    )


def has_lived(data: Path) -> bool:
    """Whether this data folder ever served: then its keys must be there and its database must not be empty."""
    return (data / "born").exists() or any((data / "backups").glob("*.db")) or any((data / "quarantine").glob("*"))


def mark_ready(data: Path, head: Position) -> None:
    """The daemon serves: this start succeeded, and from now on the box has lived."""
    note_head(data, head)
    if not (data / "born").exists():
        write_durably(data / "born", b"")
    remove_durably(data / "start-attempts")


def mark_clean_stop(data: Path, head: Position) -> None:
    """The last thing before the process ends, after the database was closed. `head` is its last durable position."""
    note_head(data, head)
    remove_durably(data / "start-attempts")
    remove_durably(data / "running")


def note_head(data: Path, head: Position) -> None:
    """Remember that the journal got so far, outside of it. To be called with a durable position, every minute or so."""
    write_durably(data / "head", msgspec.json.encode([head.seq, head.hash.hex()]))


def build_time_ms() -> int:
    """When this program was built, or released."""
    stamp = Path(__file__).parents[1] / "built"
    return int(stamp.read_text(encoding="ascii")) * 1000 if stamp.is_file() else RELEASED_MS


def inspect(data: Path, *, full: bool, now_ms: int) -> _Found:
    """Look at the database. It is written to only where a new incarnation has to be declared."""
    lived = has_lived(data)
    path = data / CORE
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return _Found(damage="missing or empty") if lived else _Found()
    try:
        read_ahead(path)
        with closing(connect(path)) as connection:
            return _inspect_open(connection, data, full=full, lived=lived, now_ms=now_ms)
    except UnicodeDecodeError:
        return _Found(damage="text that is no text")
    except DatabaseError as error:
        code = ENVIRONMENT_CODES.get(getattr(error, "result", 0))
        if code is None and os.access(path, os.R_OK | os.W_OK):
            return _Found(damage=str(error))
        raise StartRefused(code or "data_not_accessible", str(error)) from error


def _inspect_open(connection: Connection, data: Path, *, full: bool, lived: bool, now_ms: int) -> _Found:
    tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not {"journal", "journal_life"} <= tables or _is_unborn(connection):
        return _Found(damage="the journal is missing") if lived else _Found()
    if problems := check_integrity(connection, full=full):
        return _Found(damage=problems[0])
    if not is_sealed(connection):
        return _Found(damage="the list of schema changes is not what was written")
    head = journal_head(connection)
    first = connection.execute("SELECT min(seq) FROM journal").get or 1
    _, broken = check_chain(connection, after=max(head.seq - CHAIN_RECORDS, first if first > 1 else 0))
    if broken is not None:
        return _Found(damage=f"the journal breaks at {broken.seq}: {broken.reason}")
    forked = _declare_fork(connection, data, head, now_ms=now_ms)
    return _Found(head=head, last_ms=last_time_ms(connection), forked=forked)


def _is_unborn(connection: Connection) -> bool:
    """A first start that was interrupted before the journal had its incarnation."""
    return not connection.execute("SELECT EXISTS (SELECT 1 FROM journal_life)").get


def _declare_fork(connection: Connection, data: Path, head: Position, *, now_ms: int) -> Notice | None:
    """Begin a new incarnation where the journal no longer holds the position that was noted."""
    noted = _noted_head(data)
    if noted is None or hash_at(connection, noted.seq) == noted.hash:
        return None
    jid = os.urandom(JID_BYTES)
    connection.execute("BEGIN IMMEDIATE")
    begin_life(connection, jid, now_ms=now_ms)
    connection.execute("COMMIT")
    facts: dict[str, int | str] = {"lost_after_seq": min(head.seq, noted.seq), "noted_seq": noted.seq}
    return Notice(id=f"fork-{jid.hex()}", code="facts_missing", at_ms=now_ms, facts=facts)


def _noted_head(data: Path) -> Position | None:
    """None where nothing readable was noted: then there is nothing to compare with."""
    try:
        seq, text = msgspec.json.decode((data / "head").read_bytes(), type=tuple[int, str])
        return Position(seq, bytes.fromhex(text))
    except (FileNotFoundError, ValueError):
        return None


def _rescue(data: Path, public_key: bytes, damage: str, *, now_ms: int) -> Restored:
    """Restore the newest backup that verifies; the damaged files stay where they are until one does."""
    reasons = [damage]
    for listed in list_backups(data, public_key):
        try:
            backup: Backup = verify_backup(listed.path, public_key)
        except BackupRefused as refused:
            reasons.append(str(refused))
            continue
        restored = restore_backup(data, backup.path, public_key, now_ms=now_ms)
        log.error("database_restored", backup=backup.number, seq=restored.parent.seq)
        return restored
    raise StartRefused("no_usable_backup", "; ".join(reasons))


def _count_attempt(data: Path) -> int:
    """Count this start: one byte each, so that no power cut can leave half a number."""
    path = data / "start-attempts"
    with path.open("ab") as file:
        file.write(b".")
        file.flush()
        attempts = file.tell()
    sync_file(path)
    sync_folder(data)
    return attempts


def _of_safe_mode(safe_mode: bool, now_ms: int) -> tuple[Notice, ...]:  # noqa: FBT001 -- one yes or no
    return (Notice(id="safe-mode", code="safe_mode", at_ms=now_ms, facts={}),) if safe_mode else ()
