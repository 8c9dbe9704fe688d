"""Backups of `core.db`: made while the branch works, verified before they count, restored without destroying anything.

    backups/000042.db     a copy by SQLite's online backup, in one file, readable by nobody but the daemon
    backups/000042.json   two lines: the manifest, and the box's Ed25519 signature of exactly those bytes

* A copy without a manifest is no backup: the manifest is written last, after the copy was read again and found sound.
* Backups count up; the clock has no say in which is the newest. The seven newest are kept. One is removed only after a newer
  one was verified.
* The copy holds the vault's ciphertext, never the keys. Blobs are not in it: they are content-addressed files of their own.
* A restore verifies first, then stages, then switches: at no moment is the only good copy the one being written. The old
  database goes to `quarantine/` and is never deleted by the program. A restore that a power cut interrupted is finished at
  the next start (`finish_restore`).
* A restored journal is a new incarnation with the backup's head as parent, so head office sees a declared restore and can
  give back what it has beyond that point.
"""

import hashlib
import os
import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from edge.kernel.db import Connection, DatabaseError, check_integrity, connect, connect_reader, copy_database
from edge.kernel.files import copy_durably, make_folder, move_durably, remove_durably, sync_file, sync_folder, write_durably
from edge.kernel.journal import check_chain, head, life
from edge.kernel.notices import Notice, post
from sync.chain import Position
from sync.keys import SigningKey, verify

FORMAT: Final = 1
KEPT: Final = 7
PAGES_PER_STEP: Final = 256
"""1 MiB, about a millisecond of the disk: a ticket waits no longer than that for a backup."""
STEP_PAUSE_S: Final = 0.002
MANIFEST_BYTES_MAX: Final = 64 * 1024
HASH_STEP_BYTES: Final = 1024 * 1024
JID_BYTES: Final = 16
CORE: Final = "core.db"
STAGED: Final = "core.db.staged"
STAGED_NOTICE: Final = "core.db.staged.json"
MARKS: Final = ("head", "running")
"""What `startup` noted about a database; it says nothing about the one that takes its place."""
SIDE_FILES: Final = ("", "-wal", "-shm", "-journal")
_NAME: Final = re.compile(r"([0-9]{6,12})\.db")


class BackupRefused(Exception):
    """This backup cannot be made, or must not be used. The text says why; the present database was not touched."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup claims to be; signed."""

    format: int
    file: str
    size_bytes: int
    sha256: str
    jid: str
    seq: int
    hash: str
    schema: tuple[str, ...]
    """The migrations that were applied, in their order."""
    made_ms: int
    made_by: str
    """The program's version."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup in the folder, with its signed manifest."""

    path: Path
    number: int
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Listed:
    """A backup as listed: `problem` says why it cannot be used; the content is hashed only when it is used."""

    path: Path
    number: int
    manifest: Manifest | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    backup: Backup
    jid: bytes
    """The new incarnation."""
    parent: Position
    quarantine: Path | None
    """Where the replaced database went; None when there was none."""


def breathe() -> None:
    """Between two steps of a copy: the disk and the interpreter belong to the customers."""
    time.sleep(STEP_PAUSE_S)


def make_backup(
    data: Path, key: SigningKey, *, now_ms: int, made_by: str, pause: Callable[[], None] | None = breathe, keep: int = KEPT
) -> Backup:
    """Copy the live database, verify the copy, sign it, and let the oldest ones go.

    Blocks, about 3 s for a million facts, most of it recomputing the chain: the daemon runs it as a process of its own
    (`branchbox backup`). It reads one snapshot through a connection of its own, so writers go on.
    Raises BackupRefused where the copy is not sound, OSError or DatabaseError where the disk is the trouble.
    """
    folder = data / "backups"
    make_folder(folder)
    _clear_unfinished(folder)
    number = max((_number(path) for path in _copies(folder)), default=0) + 1
    part = folder / f"{number:06}.db.part"
    part.touch(mode=0o600)
    copied = _copy(data / CORE, part, pause)
    sync_file(part)
    manifest = _describe(part, f"{number:06}.db", now_ms=now_ms, made_by=made_by)
    if (manifest.seq, manifest.hash) != (copied.seq, copied.hash.hex()):
        raise BackupRefused(f"{manifest.file}: the copy ends at {manifest.seq}, the journal at {copied.seq}")
    path = folder / manifest.file
    move_durably(part, path)
    _write_manifest(path, manifest, key)
    _let_go(folder, key.public, keep)
    return Backup(path, number, manifest)


def list_backups(data: Path, public_key: bytes) -> tuple[Listed, ...]:
    """All backups, newest first. Checks signatures and sizes, not the content."""
    paths = sorted(_copies(data / "backups"), key=_number, reverse=True)
    return tuple(_list_one(path, public_key) for path in paths)


def verify_backup(path: Path, public_key: bytes) -> Backup:
    """Read the whole backup again: signature, size, SHA-256, SQLite's integrity, the chain, the head.

    Raises BackupRefused with the first thing that is wrong.
    """
    listed = _list_one(path, public_key)
    if listed.manifest is None or listed.problem is not None:
        raise BackupRefused(f"{path.name}: {listed.problem}")
    if _sha256(path) != listed.manifest.sha256:
        raise BackupRefused(f"{path.name}: the content is not what was signed")
    found = _describe(path, path.name, now_ms=listed.manifest.made_ms, made_by=listed.manifest.made_by)
    if found != listed.manifest:
        raise BackupRefused(f"{path.name}: the journal's head is not what was signed")
    return Backup(path, listed.number, listed.manifest)


def carry(backup: Backup, folder: Path) -> Backup:
    """Copy a backup to another folder, a stick or a second disk, and verify it there with the same key."""
    make_folder(folder)
    copy_durably(backup.path, folder / backup.path.name)
    copy_durably(backup.path.with_suffix(".json"), folder / backup.path.with_suffix(".json").name)
    if _sha256(folder / backup.path.name) != backup.manifest.sha256:
        raise BackupRefused(f"{backup.path.name}: what was written to {folder} is not what was read")
    return Backup(folder / backup.path.name, backup.number, backup.manifest)


def restore(data: Path, source: Path, public_key: bytes, *, now_ms: int) -> Restored:
    """Put the backup `source` in the place of the present database.

    The caller holds the data folder (`files.hold_folder`), so no daemon runs. Raises BackupRefused before anything was
    touched, OSError where the disk is the trouble; repeating it is safe.
    """
    backup = verify_backup(source, public_key)
    remove_durably(data / STAGED)
    draft = data / (STAGED + ".draft")
    for side in SIDE_FILES:
        draft.with_name(draft.name + side).unlink(missing_ok=True)
    copy_durably(source, draft)
    jid = os.urandom(JID_BYTES)
    parent = _begin_life(draft, jid, now_ms)
    sync_file(draft)
    facts: dict[str, int | str] = {"lost_after_seq": parent.seq, "backup_ms": backup.manifest.made_ms}
    notice = Notice(id=f"restored-{jid.hex()}", code="restored_from_backup", at_ms=now_ms, facts=facts)
    write_durably(data / STAGED_NOTICE, msgspec.json.encode(notice))
    move_durably(draft, data / STAGED)
    return Restored(backup, jid, parent, finish_restore(data, now_ms=now_ms))


def finish_restore(data: Path, *, now_ms: int) -> Path | None:
    """Switch to the staged database if there is one; where the replaced files went, if there were any.

    From the moment the staged file has its name the restore is decided; after a power cut the next start ends here again.
    """
    if not (data / STAGED).exists():
        return None
    post(data, msgspec.json.decode((data / STAGED_NOTICE).read_bytes(), type=Notice))
    for mark in MARKS:
        remove_durably(data / mark)
    quarantined = quarantine(data, now_ms=now_ms)
    move_durably(data / STAGED, data / CORE)
    remove_durably(data / STAGED_NOTICE)
    return quarantined


def quarantine(data: Path, *, now_ms: int) -> Path | None:
    """Move the present database, whatever is left of it, into a folder of its own; None when there is nothing."""
    files = [data / (CORE + side) for side in SIDE_FILES if (data / (CORE + side)).exists()]
    if not files:
        return None
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_ms / 1000))
    folder = next(path for n in range(10**6) if not (path := data / "quarantine" / (f"{stamp}-{n}" if n else stamp)).exists())
    make_folder(folder)
    for file in files:
        file.replace(folder / file.name)
    sync_folder(folder)
    sync_folder(data)
    return folder


def begin_life(connection: Connection, jid: bytes, *, now_ms: int) -> Position:
    """Mint a new incarnation of the journal that grows from its present head; returns that head.

    Effects that are open at this point may have been carried out in the history that is gone: they are put in doubt, so
    that no handler simply does them again.
    """
    parent = head(connection)
    connection.execute(
        "INSERT INTO journal_life VALUES (?, ?, ?, ?, ?)", (jid, life(connection).jid, parent.seq, parent.hash, now_ms)
    )
    connection.execute("UPDATE outbox SET state = 'started', boot = '' WHERE state IN ('ready', 'leased')")
    return parent


# --- making


def _copy(source: Path, target: Path, pause: Callable[[], None] | None) -> Position:
    """Copy one snapshot and return its head. The open read transaction keeps it still: else each commit would start the
    copy afresh."""
    with closing(connect_reader(source)) as reader:
        reader.execute("BEGIN")
        tip = head(reader)
        copy_database(reader, target, pages_per_step=PAGES_PER_STEP, pause=pause)
    return tip


def _describe(path: Path, name: str, *, now_ms: int, made_by: str) -> Manifest:
    """Read a copy and say what it is. Raises BackupRefused where it is not sound."""
    try:
        with closing(connect_reader(path)) as connection:
            if problems := check_integrity(connection, full=True):
                raise BackupRefused(f"{name}: {problems[0]}")
            first = connection.execute("SELECT min(seq) FROM journal").get
            position, broken = check_chain(connection, after=0 if first in (None, 1) else first)
            if broken is not None:
                raise BackupRefused(f"{name}: the journal breaks at {broken.seq}: {broken.reason}")
            rows = connection.execute("SELECT id FROM migration ORDER BY applied_ms, id").fetchall()
            jid = life(connection).jid
    except (DatabaseError, UnicodeDecodeError) as error:
        raise BackupRefused(f"{name}: {error}") from error
    return Manifest(
        format=FORMAT,
        file=name,
        size_bytes=path.stat().st_size,
        sha256=_sha256(path),
        jid=jid.hex(),
        seq=position.seq,
        hash=position.hash.hex(),
        schema=tuple(str(row[0]) for row in rows),
        made_ms=now_ms,
        made_by=made_by,
    )


def _write_manifest(path: Path, manifest: Manifest, key: SigningKey) -> None:
    content = msgspec.json.encode(manifest)
    write_durably(path.with_suffix(".json"), content + b"\n" + key.sign(content).hex().encode() + b"\n")


def _let_go(folder: Path, public_key: bytes, keep: int) -> None:
    """Remove the oldest beyond `keep`; the manifest first, so that half a removal is no backup. Unusable ones stay."""
    usable = [listed for listed in list_backups(folder.parent, public_key) if listed.problem is None]
    for listed in usable[max(1, keep) :]:
        remove_durably(listed.path.with_suffix(".json"))
        remove_durably(listed.path)


def _clear_unfinished(folder: Path) -> None:
    """Remove what an interrupted backup left: parts, and copies that never got a manifest."""
    for part in folder.glob("*.part*"):
        part.unlink()
    for path in _copies(folder):
        if not path.with_suffix(".json").exists():
            path.unlink()
    sync_folder(folder)


# --- reading


def _copies(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.db") if _NAME.fullmatch(path.name)]


def _number(path: Path) -> int:
    match = _NAME.fullmatch(path.name)
    return int(match[1]) if match else 0


def _list_one(path: Path, public_key: bytes) -> Listed:
    manifest, problem = _read_manifest(path, public_key)
    if manifest is not None and problem is None and path.stat().st_size != manifest.size_bytes:
        problem = "the file has another size than was signed"
    return Listed(path, _number(path), manifest, problem)


def _read_manifest(path: Path, public_key: bytes) -> tuple[Manifest | None, str | None]:
    file = path.with_suffix(".json")
    if not path.is_file() or not file.is_file():
        return None, "the copy or its manifest is missing"
    with file.open("rb") as reader:
        content, _, rest = reader.read(MANIFEST_BYTES_MAX).partition(b"\n")
    try:
        signature = bytes.fromhex(rest.decode("ascii").strip())
        manifest = msgspec.json.decode(content, type=Manifest)
    except ValueError:
        return None, "the manifest cannot be read"
    if not verify(public_key, signature, content):
        return None, "the signature is not this box's"
    if manifest.format != FORMAT or manifest.file != path.name:
        return manifest, "the manifest is of another file or format"
    return manifest, None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(HASH_STEP_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


# --- restoring


def _begin_life(path: Path, jid: bytes, now_ms: int) -> Position:
    """Mint the incarnation in the staged copy, and leave it as one file without a WAL."""
    with closing(connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        parent = begin_life(connection, jid, now_ms=now_ms)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    return parent
