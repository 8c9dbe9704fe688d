"""Published documents in head office's journal file: what was signed, for whom, in one growing order."""

from typing import Any, Final

from sync.headoffice.store import Published, Region
from sync.headoffice.store_database import Connection

MIGRATION: Final = """
    CREATE TABLE region (
        branch TEXT PRIMARY KEY, region TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- n is the place in every stream; stale: succeeded by so many newer ones that no branch needs it any more.
    CREATE TABLE document (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL, scope TEXT NOT NULL, subject TEXT NOT NULL, version INTEGER NOT NULL,
        body BLOB NOT NULL, signature BLOB NOT NULL, published_at_ms INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX document_by_scope ON document (scope, n) WHERE stale = 0;
    CREATE UNIQUE INDEX document_by_version ON document (kind, scope, subject, version);
    """
MIGRATION_SETTLED: Final = """
    -- n: from where on a region's documents are for this branch; those before it were sent once more when it came.
    ALTER TABLE region ADD COLUMN n INTEGER NOT NULL DEFAULT 0;
    """
_COLUMNS: Final = "n, kind, scope, subject, version, body, signature, published_at_ms"
Row = tuple[Any, ...]


class SqliteDocuments:
    """Documents over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def add(self, draft: Published, kept: int) -> Published:
        """Give it its place. Older ones of the same kind, scope and subject beyond `kept` are not sent any more."""
        self._sql.execute(
            "INSERT INTO document (kind, scope, subject, version, body, signature, published_at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (draft.kind, draft.scope, draft.subject, draft.version, draft.body, draft.signature, draft.published_at_ms),
        )
        placed = draft._replace(n=self._sql.last_insert_rowid())
        named = (draft.kind, draft.scope, draft.subject)
        self._sql.execute(
            "UPDATE document SET stale = 1 WHERE kind = ?1 AND scope = ?2 AND subject = ?3 AND stale = 0 AND n NOT IN"
            " (SELECT n FROM document WHERE kind = ?1 AND scope = ?2 AND subject = ?3 ORDER BY version DESC LIMIT ?4)",
            (*named, kept),
        )
        return placed

    def newest_version(self, kind: str, scope: str, subject: str) -> int:
        """0 where there is none."""
        rows: list[Row] = self._sql.execute(
            "SELECT coalesce(max(version), 0) FROM document WHERE kind = ? AND scope = ? AND subject = ?",
            (kind, scope, subject),
        ).fetchall()
        return int(rows[0][0])

    def after(self, branch: str, n: int, limit: int) -> list[Published]:
        """What a branch is to know beyond `n`, in order: a region's documents after the word that it belongs there."""
        place = self.region(branch)
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM document WHERE stale = 0 AND n > ?1 AND scope IN ('head_office', ?2, ?3)"  # noqa: S608
            " AND (scope = 'head_office' OR kind <> 'policy' OR n > ?4) ORDER BY n LIMIT ?5",
            (n, f"outlet:{branch}", f"region:{place.region}" if place else "", place.n if place else 0, limit),
        )
        return [Published(*row) for row in rows]

    def in_force(self, kind: str, scope: str) -> list[Published]:
        """What is still sent of a scope, oldest first."""
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM document WHERE stale = 0 AND kind = ? AND scope = ? ORDER BY n",  # noqa: S608
            (kind, scope),
        )
        return [Published(*row) for row in rows]

    def history(self, kind: str, limit: int) -> list[Published]:
        """Newest first."""
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM document WHERE kind = ? ORDER BY n DESC LIMIT ?",  # noqa: S608
            (kind, limit),
        )
        return [Published(*row) for row in rows]

    def region(self, branch: str) -> Region | None:
        rows = self._sql.execute("SELECT region, name, version, n FROM region WHERE branch = ?", (branch,))
        return next((Region(*row) for row in rows), None)

    def regions(self) -> dict[str, Region]:
        rows = self._sql.execute("SELECT branch, region, name, version, n FROM region ORDER BY branch")
        return {branch: Region(*row) for branch, *row in rows}

    def assign(self, branch: str, region: Region) -> None:
        self._sql.execute("INSERT OR REPLACE INTO region VALUES (?, ?, ?, ?, ?)", (branch, *region))
