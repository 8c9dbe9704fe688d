"""Schema changes: each in one transaction with its receipt, and a verified copy of the database made before.

A migration that has shipped is never edited: its SHA-256 is in the receipt, and another text under the same id refuses to
start. Corrections are new migrations.

The receipts are sealed: a checksum of all of them stands in the database's header. What a bad disk made of one would else be
taken for a migration that is still to come.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.kernel.db import Connection, StorageRefused, check_integrity

_RECEIPTS = """
CREATE TABLE IF NOT EXISTS migration(
    id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    applied_ms INTEGER NOT NULL
) STRICT
"""

UNSEALED: Final = 0
"""The header of a database whose migrations were applied before there were seals."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema of one room, for example `queue/001`."""

    id: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def missing(connection: Connection, migrations: Sequence[Migration]) -> list[str]:
    """The ids of those not applied yet; reads only. All of them where there is no list."""
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").get
    applied = {str(name) for (name,) in connection.execute("SELECT id FROM migration")} if known else frozenset[str]()
    return [migration.id for migration in migrations if migration.id not in applied]


def pending(connection: Connection, migrations: Sequence[Migration]) -> list[Migration]:
    """Those not applied yet, in their order. Raises StorageRefused where an applied one has another text today."""
    connection.execute(_RECEIPTS)
    applied = {str(row[0]): str(row[1]) for row in connection.execute("SELECT id, sha256 FROM migration")}
    for migration in migrations:
        if applied.get(migration.id, migration.sha256) != migration.sha256:
            raise StorageRefused(f"migration {migration.id} was edited after it had been applied")
    return [migration for migration in migrations if migration.id not in applied]


def migrate(connection: Connection, migrations: Sequence[Migration], *, now_ms: int, copies: Path | None = None) -> list[str]:
    """Apply what is pending and return the ids applied.

    `copies` is the folder for the copy that is made and checked before a database with content is touched.
    """
    todo = pending(connection, migrations)
    if todo and copies is not None and _has_content(connection):
        _copy_before(connection, copies / f"before-{todo[0].id.replace('/', '-')}.db")
    for migration in todo:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(migration.sql).fetchall()  # to the last of its statements
            connection.execute("INSERT INTO migration VALUES (?, ?, ?)", (migration.id, migration.sha256, now_ms))
            connection.execute(f"PRAGMA user_version = {_checksum(connection)}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return [migration.id for migration in todo]


def is_sealed(connection: Connection) -> bool:
    """Whether the receipts are those that were written. Raises UnicodeDecodeError where one is not even text."""
    seal: int = connection.execute("PRAGMA user_version").get
    return seal in (UNSEALED, _checksum(connection))


def _checksum(connection: Connection) -> int:
    rows = connection.execute("SELECT id, sha256 FROM migration NOT INDEXED").fetchall()
    return zlib.crc32("\n".join(sorted(f"{name} {sha256}" for name, sha256 in rows)).encode()) >> 1


def _has_content(connection: Connection) -> bool:
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM migration)").get)


def _copy_before(connection: Connection, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    connection.execute("VACUUM INTO ?", (str(target),))
    copy = Connection(str(target))
    try:
        if found := check_integrity(copy, full=True):
            raise StorageRefused(f"the copy before a schema change is not sound: {found[0]}")
    finally:
        copy.close()
