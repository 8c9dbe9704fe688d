"""Effects: what the branch does in the world after the facts are on disk.

An effect is a row, written in the transaction of the fact that asked for it. The life of a row:

    ready ── lease ──▶ leased ── started ──▶ started ── settle ──▶ done | dropped
      ▲                  │                      │
      └──── retry ◀──────┘                      └── this program died meanwhile ──▶ in doubt

* `leased` belongs to one run of the program (`boot`). A lease of an earlier run is void: nothing had touched the world.
* `started` is made durable before the first byte leaves. After a crash such an effect is in doubt: it may have happened.
  It is never simply repeated; its handler says what the doubt means (a slip: ask a person, reprint marked 补打).
* Not-after: an effect that would come too late is dropped, and the drop is an outcome like any other.
"""

import enum
from typing import Final, NamedTuple

from edge.kernel.db import Connection
from edge.kernel.domain import Effect
from edge.kernel.migrations import Migration

MIGRATIONS: Final = (
    Migration(
        "kernel/003-outbox",
        """
        CREATE TABLE outbox(
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            key TEXT NOT NULL UNIQUE,
            payload BLOB NOT NULL,
            seq INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'started', 'done', 'dropped')),
            boot TEXT NOT NULL DEFAULT '',
            attempt INTEGER NOT NULL DEFAULT 0,
            not_before_ms INTEGER NOT NULL,
            not_after_ms INTEGER,
            note TEXT NOT NULL DEFAULT '',
            changed_ms INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX outbox_open ON outbox(kind, id) WHERE state IN ('ready', 'leased', 'started');
        CREATE INDEX outbox_closed ON outbox(changed_ms) WHERE state IN ('done', 'dropped');
        """,
    ),
    Migration(
        "kernel/006-outbox-open-by-state",
        """
        DROP INDEX outbox_open;
        CREATE INDEX outbox_open ON outbox(kind, state, id) WHERE state IN ('ready', 'leased', 'started');
        """,
    ),
)

_OPEN: Final = "state IN ('ready', 'leased', 'started')"
"""In each statement about what is not settled: by these words SQLite knows that the short index holds all of it."""

KEPT_MS: Final = 8 * 24 * 3600 * 1000
FORGOTTEN_AT_ONCE_MAX: Final = 5000


class End(enum.StrEnum):
    """How an effect ends."""

    DONE = "done"
    DROPPED = "dropped"


class Leased(NamedTuple):
    """An effect in its handler's hands."""

    id: int
    kind: str
    key: str
    payload: bytes
    attempt: int
    not_after_ms: int | None
    in_doubt: bool
    """An earlier run of the program had started it and did not live to see the end."""


def add(connection: Connection, effect: Effect, *, seq: int, now_ms: int) -> None:
    """Ask for `effect`; a second one under the same key is the same effect."""
    connection.execute(
        "INSERT INTO outbox(kind, key, payload, seq, state, not_before_ms, not_after_ms, changed_ms)"
        " VALUES (?, ?, ?, ?, 'ready', ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        (effect.kind, effect.key, effect.payload, seq, now_ms, effect.not_after_ms, now_ms),
    )


_FIRST: Final = (
    f"(SELECT id FROM outbox WHERE kind = ?1 AND {_OPEN} AND state = '%s'"  # noqa: S608 -- constants
    " AND boot <> ?2 AND not_before_ms <= ?3 ORDER BY id LIMIT 1)"
)
_NEXT: Final = (
    "SELECT id, kind, key, payload, attempt, not_after_ms, state = 'started' FROM outbox"  # noqa: S608 -- constants
    f" WHERE id = coalesce({_FIRST % 'started'}, {_FIRST % 'leased'}, {_FIRST % 'ready'})"
)
"""Three looks at the front of a queue, however many wait behind it."""


def lease(connection: Connection, kind: str, *, boot: str, now_ms: int) -> Leased | None:
    """Take the oldest effect of `kind` that may be tried now; effects in doubt from an earlier run come first."""
    row = connection.execute(_NEXT, (kind, boot, now_ms)).fetchone()
    if row is None:
        return None
    effect_id, kind_, key, payload, attempt, not_after_ms, in_doubt = row
    effect = Leased(effect_id, kind_, key, payload, attempt + 1, not_after_ms, in_doubt=bool(in_doubt))
    connection.execute(
        "UPDATE outbox SET state = CASE state WHEN 'started' THEN 'started' ELSE 'leased' END,"
        " boot = ?, attempt = attempt + 1, changed_ms = ? WHERE id = ?",
        (boot, now_ms, effect.id),
    )
    return effect


def started(connection: Connection, effect_id: int, *, note: str, now_ms: int) -> None:
    """From here on the world may have been touched; `note` is the handler's own reference, e.g. the process id."""
    connection.execute("UPDATE outbox SET state = 'started', note = ?, changed_ms = ? WHERE id = ?", (note, now_ms, effect_id))


def retry(connection: Connection, effect_id: int, *, after_ms: int, note: str, now_ms: int) -> None:
    """Give it back, to be tried again after `after_ms`; only for effects that have not touched the world."""
    connection.execute(
        "UPDATE outbox SET state = 'ready', boot = '', not_before_ms = ?, note = ?, changed_ms = ? WHERE id = ?",
        (now_ms + after_ms, note, now_ms, effect_id),
    )


def hasten(connection: Connection, kind: str, *, now_ms: int) -> None:
    """What was to be tried later may be tried now: what it waited for is back."""
    connection.execute(
        f"UPDATE outbox SET not_before_ms = ?1 WHERE kind = ?2 AND {_OPEN} AND state = 'ready' AND not_before_ms > ?1",  # noqa: S608
        (now_ms, kind),
    )


def give_back(connection: Connection, kind: str, *, boot: str) -> None:
    """Free what this run leased and did not start: its handler broke before it touched the world."""
    connection.execute(
        f"UPDATE outbox SET state = 'ready', boot = '' WHERE kind = ? AND {_OPEN} AND state = 'leased' AND boot = ?",  # noqa: S608
        (kind, boot),
    )
    connection.execute(
        f"UPDATE outbox SET boot = '' WHERE kind = ? AND {_OPEN} AND state = 'started' AND boot = ?",  # noqa: S608
        (kind, boot),
    )


def settle(connection: Connection, effect_id: int, end: End, *, note: str, now_ms: int) -> None:
    """It is over."""
    connection.execute(
        "UPDATE outbox SET state = ?, note = ?, changed_ms = ? WHERE id = ?", (end.value, note, now_ms, effect_id)
    )


def next_due_ms(connection: Connection, kind: str, *, boot: str) -> int | None:
    """When the next effect of `kind` may be tried; None when there is none."""
    due: int | None = connection.execute(
        f"SELECT min(not_before_ms) FROM outbox WHERE kind = ? AND {_OPEN} AND boot <> ?",  # noqa: S608 -- constants
        (kind, boot),
    ).get
    return due


def open_by_kind(connection: Connection) -> dict[str, int]:
    """How many effects of each kind are not settled, for health and metrics."""
    rows = connection.execute(f"SELECT kind, count(*) FROM outbox WHERE {_OPEN} GROUP BY kind")  # noqa: S608 -- constants
    return {str(row[0]): int(row[1]) for row in rows}


def oldest_due_ms(connection: Connection, *, now_ms: int) -> int | None:
    """Since when the oldest effect could have been carried out and was not; None when nothing is due."""
    due: int | None = connection.execute(
        f"SELECT min(not_before_ms) FROM outbox WHERE {_OPEN} AND not_before_ms <= ?",  # noqa: S608 -- constants
        (now_ms,),
    ).get
    return due


def forget_old(connection: Connection, *, now_ms: int) -> int:
    """Drop settled rows past their time, a bounded number at once; returns how many."""
    connection.execute(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state IN ('done', 'dropped') AND changed_ms < ? LIMIT ?)",
        (now_ms - KEPT_MS, FORGOTTEN_AT_ONCE_MAX),
    )
    return connection.changes()
