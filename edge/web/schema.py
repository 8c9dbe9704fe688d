"""What this room keeps on disk: who may come in. Security state, not business facts, so none of it is journalled.

Tokens and passwords are never stored: a token as its SHA-256 (it has 256 bits of chance, so a plain hash is enough), a
password as argon2id.
"""

from typing import Final

from edge.kernel.migrations import Migration

MIGRATIONS: Final = (
    Migration(
        "web/001",
        """
        CREATE TABLE staff_secret(
            staff_no TEXT PRIMARY KEY,
            argon2 TEXT NOT NULL,
            set_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE staff_session(
            digest BLOB PRIMARY KEY,
            staff_no TEXT NOT NULL,
            opened_ms INTEGER NOT NULL,
            seen_ms INTEGER NOT NULL,
            expires_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX staff_session_by_staff ON staff_session(staff_no, opened_ms);
        CREATE TABLE login_attempt(
            staff_no TEXT PRIMARY KEY,
            failures INTEGER NOT NULL,
            locked_until_ms INTEGER NOT NULL,
            last_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX login_attempt_by_age ON login_attempt(last_ms);
        CREATE TABLE device_token(
            device TEXT PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            role TEXT NOT NULL,
            enrolled_ms INTEGER NOT NULL,
            enrolled_by TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
)
