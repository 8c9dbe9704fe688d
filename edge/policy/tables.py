"""Tables of the policy room, how events fill them, and what other rooms read.

`policy_value` holds what each level says about a key, five rows a key at the most. So an effective value is one indexed read
and a pure function over it: nothing is derived that could be stale, and a change holds for the next command.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from edge.kernel.remembered import watched
from edge.policy import events as e
from edge.policy.keys import Effective, Key, Layer, Level, effective
from edge.policy.model import DOCUMENTS_KEPT, HEAD_OFFICE_SCOPE, Document, region_scope
from sync.chain import Record

T = TypeVar("T")
K = TypeVar("K")

MIGRATIONS: Final = (
    Migration(
        "policy/001",
        """
        CREATE TABLE policy_document(
            scope TEXT NOT NULL,
            version INTEGER NOT NULL,
            valid_from_ms INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'in_force', 'past')),
            sha256 TEXT NOT NULL,
            body TEXT NOT NULL,
            signature TEXT NOT NULL,
            received_ms INTEGER NOT NULL,
            PRIMARY KEY (scope, version)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE policy_value(
            policy TEXT NOT NULL,
            level TEXT NOT NULL,
            value TEXT NOT NULL,
            lock INTEGER NOT NULL,
            granted INTEGER NOT NULL,
            set_ms INTEGER NOT NULL,
            PRIMARY KEY (policy, level)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE policy_place(
            id INTEGER PRIMARY KEY CHECK (id = 1),
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            version INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE policy_request(
            id TEXT PRIMARY KEY,
            policy TEXT NOT NULL,
            value TEXT NOT NULL,
            held_by TEXT NOT NULL,
            reason TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'replaced')),
            asked_by TEXT NOT NULL,
            asked_ms INTEGER NOT NULL,
            answered_by TEXT NOT NULL DEFAULT '',
            answer TEXT NOT NULL DEFAULT '',
            answered_ms INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX policy_request_pending ON policy_request(policy) WHERE state = 'pending';
        CREATE TABLE policy_refusal(
            sha256 TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            scope TEXT NOT NULL,
            version INTEGER NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            refused_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    Migration("policy/002-noticed", watched("policy_value")),
)
FOLDED: Final = ("policy_document", "policy_value", "policy_place", "policy_request", "policy_refusal")
REFUSALS_KEPT: Final = 20
HELD_MAX: Final = 256
"""Keys whose value is remembered, each with what the levels said."""
REQUESTS_KEPT: Final = 200


# --- documents


def document_accepted(connection: Connection, event: e.DocumentAccepted, record: Record) -> None:
    connection.execute(
        "INSERT INTO policy_document VALUES (?, ?, ?, 'waiting', ?, ?, ?, ?)",
        (
            event.scope,
            event.version,
            event.valid_from_ms,
            event.sha256,
            event.document,
            event.signature,
            record.at_ms,
        ),
    )
    connection.execute(
        "DELETE FROM policy_document WHERE scope = ?1 AND state <> 'in_force' AND version NOT IN"
        " (SELECT version FROM policy_document WHERE scope = ?1 ORDER BY version DESC LIMIT ?2)",
        (event.scope, DOCUMENTS_KEPT),
    )


def document_applied(connection: Connection, event: e.DocumentApplied, record: Record) -> None:
    """Its values stand alone at its level: a key it does not name is not set there any more."""
    connection.execute(
        "UPDATE policy_document SET state = 'past' WHERE scope = ? AND version < ?", (event.scope, event.version)
    )
    connection.execute(
        "UPDATE policy_document SET state = 'in_force' WHERE scope = ? AND version = ?", (event.scope, event.version)
    )
    body = connection.execute(
        "SELECT body FROM policy_document WHERE scope = ? AND version = ?", (event.scope, event.version)
    ).get
    connection.execute("DELETE FROM policy_value WHERE level = ?", (event.level,))
    connection.executemany(
        "INSERT INTO policy_value VALUES (?, ?, ?, ?, 0, ?)",
        [
            (name, event.level, _text(entry.value), int(entry.lock), record.at_ms)
            for name, entry in msgspec.json.decode(body, type=Document).values.items()
        ],
    )


def document_refused(connection: Connection, event: e.DocumentRefused, record: Record) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO policy_refusal VALUES (?, ?, ?, ?, ?, ?, ?)",
        (event.sha256, event.kind, event.scope, event.version, event.reason, event.detail, record.at_ms),
    )
    connection.execute(
        "DELETE FROM policy_refusal WHERE sha256 NOT IN"
        " (SELECT sha256 FROM policy_refusal ORDER BY refused_ms DESC, sha256 LIMIT ?)",
        (REFUSALS_KEPT,),
    )


def region_assigned(connection: Connection, event: e.RegionAssigned, _record: Record) -> None:
    """Another region's words do not hold here any more."""
    before = connection.execute("SELECT region FROM policy_place").get
    connection.execute(
        "INSERT INTO policy_place VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " region = excluded.region, name = excluded.name, version = excluded.version",
        (event.region, event.name, event.version),
    )
    if before != event.region:
        connection.execute("DELETE FROM policy_value WHERE level = 'region'")
        connection.execute(
            "DELETE FROM policy_document WHERE scope NOT IN (?, ?)", (HEAD_OFFICE_SCOPE, region_scope(event.region))
        )


# --- the outlet's own


def value_set(connection: Connection, event: e.ValueSet, record: Record) -> None:
    _put(connection, Layer(event.level, event.value), event.policy, record.at_ms)


def value_cleared(connection: Connection, event: e.ValueCleared, _record: Record) -> None:
    connection.execute("DELETE FROM policy_value WHERE policy = ? AND level = ?", (event.policy, event.level))


def end_temporary(connection: Connection) -> None:
    """The business day is over. The queue's fact of that calls it, from its own apply."""
    connection.execute("DELETE FROM policy_value WHERE level = 'temporary'")


def override_requested(connection: Connection, event: e.OverrideRequested, record: Record) -> None:
    connection.execute("UPDATE policy_request SET state = 'replaced' WHERE policy = ? AND state = 'pending'", (event.policy,))
    connection.execute(
        "INSERT INTO policy_request(id, policy, value, held_by, reason, state, asked_by, asked_ms)"
        " VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
        (event.request, event.policy, _text(event.value), event.held_by, event.reason, record.actor, record.at_ms),
    )
    connection.execute(
        "DELETE FROM policy_request WHERE state IN ('denied', 'replaced') AND id NOT IN"
        " (SELECT id FROM policy_request ORDER BY asked_ms DESC, id LIMIT ?)",
        (REQUESTS_KEPT,),
    )


def request_answered(connection: Connection, event: e.RequestAnswered, record: Record) -> None:
    row = connection.execute("SELECT policy, value FROM policy_request WHERE id = ?", (event.request,)).fetchone()
    if row is None:
        return
    policy, value = str(row[0]), str(row[1])
    connection.execute(
        "UPDATE policy_request SET state = ?, answered_by = ?, answer = ?, answered_ms = ? WHERE id = ?",
        ("approved" if event.approved else "denied", event.by, event.reason, record.at_ms, event.request),
    )
    if event.approved:
        _put(connection, Layer(Level.OUTLET, msgspec.json.decode(value), granted=True), policy, record.at_ms)
    else:
        connection.execute(
            "DELETE FROM policy_value WHERE policy = ? AND level = 'outlet' AND granted = 1 AND value = ?", (policy, value)
        )


def _put(connection: Connection, layer: Layer, policy: str, at_ms: int) -> None:
    connection.execute(
        "INSERT INTO policy_value VALUES (?, ?, ?, 0, ?, ?) ON CONFLICT (policy, level) DO UPDATE SET"
        " value = excluded.value, granted = excluded.granted, set_ms = excluded.set_ms",
        (policy, layer.level, _text(layer.value), int(layer.granted), at_ms),
    )


def _text(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


APPLIES: Final[dict[type[Event], tuple[Apply, ...]]] = {
    e.DocumentAccepted: (document_accepted,),
    e.DocumentApplied: (document_applied,),
    e.DocumentRefused: (document_refused,),
    e.RegionAssigned: (region_assigned,),
    e.ValueSet: (value_set,),
    e.ValueCleared: (value_cleared,),
    e.OverrideRequested: (override_requested,),
    e.RequestAnswered: (request_answered,),
}


# --- what other rooms read


def layers(connection: Connection, policy: str) -> list[Layer]:
    rows = connection.execute("SELECT level, value, lock, granted FROM policy_value WHERE policy = ?", (policy,))
    return [_layer(row) for row in rows]


def all_layers(connection: Connection) -> dict[str, list[Layer]]:
    return _by_policy(connection.execute("SELECT policy, level, value, lock, granted FROM policy_value"))


def _by_policy(rows: Iterable[Any]) -> dict[str, list[Layer]]:
    found: dict[str, list[Layer]] = {}
    for name, *row in rows:
        found.setdefault(str(name), []).append(_layer(row))
    return found


def _layer(row: Iterable[Any]) -> Layer:
    level, value, lock, granted = row
    return Layer(Level(level), msgspec.json.decode(value), bool(lock), bool(granted))


class Held(NamedTuple):
    """What holds for a key: with its origin in plain JSON, and as its type. Not to be changed: it is remembered."""

    effective: Effective
    value: Any


def held(connection: Connection, key: Key[Any]) -> Held:
    return _held(key, _said(connection, key.name))


def in_effect(connection: Connection, key: Key[Any]) -> Effective:
    """What holds for `key`, with its origin. Not to be changed: it is remembered."""
    return held(connection, key).effective


def read(connection: Connection, key: Key[T]) -> T:
    """What holds for `key`. Not to be changed: it is remembered."""
    said = _said(connection, key.name)
    value: T = _held(key, said).value if said else key.default
    return value


Said = tuple[tuple[str, str, int, int], ...]
"""Level, JSON, lock and grant, as they are in the table."""


def _said(connection: Connection, policy: str) -> Said:
    return tuple(
        connection.execute("SELECT level, value, lock, granted FROM policy_value WHERE policy = ? ORDER BY level", (policy,))
    )


@lru_cache(HELD_MAX)
def _held(key: Key[Any], said: Said) -> Held:
    """A pure function of what was said, which seldom changes and is asked for with every call."""
    found = effective(key, [_layer(row) for row in said])
    return Held(found, key.accept(found.value))


def read_each(connection: Connection, keys: Mapping[K, Key[T]]) -> dict[K, T]:
    """What holds for each of `keys`, in one read."""
    names = tuple(key.name for key in keys.values())
    rows = connection.execute(
        f"SELECT policy, level, value, lock, granted FROM policy_value WHERE policy IN ({', '.join('?' * len(names))})"  # noqa: S608
        " ORDER BY level",
        names,
    )
    said: dict[str, Said] = {}
    for policy, level, value, lock, granted in rows:
        said[policy] = (*said.get(policy, ()), (level, value, lock, granted))
    return {name: _held(key, said[key.name]).value if key.name in said else key.default for name, key in keys.items()}


# --- documents and requests, as they are shown and decided on


class DocumentRow(NamedTuple):
    scope: str
    version: int
    valid_from_ms: int
    state: str
    sha256: str


class RequestRow(NamedTuple):
    id: str
    policy: str
    value: str
    """JSON."""
    held_by: str
    reason: str
    state: str
    asked_by: str
    asked_ms: int
    answered_by: str
    answer: str
    answered_ms: int | None


class RefusalRow(NamedTuple):
    sha256: str
    kind: str
    scope: str
    version: int
    reason: str
    detail: str
    refused_ms: int


class PlaceRow(NamedTuple):
    region: str
    name: str
    version: int


def documents(connection: Connection) -> list[DocumentRow]:
    rows = connection.execute(
        "SELECT scope, version, valid_from_ms, state, sha256 FROM policy_document ORDER BY scope, version DESC"
    )
    return [DocumentRow(*row) for row in rows]


def document_bytes(connection: Connection, scope: str, version: int) -> bytes | None:
    body: str | None = connection.execute(
        "SELECT body FROM policy_document WHERE scope = ? AND version = ?", (scope, version)
    ).get
    return None if body is None else body.encode()


def place(connection: Connection) -> PlaceRow | None:
    row = connection.execute("SELECT region, name, version FROM policy_place").fetchone()
    return None if row is None else PlaceRow(*row)


def requests(connection: Connection) -> list[RequestRow]:
    """Newest first."""
    rows = connection.execute(
        f"SELECT {', '.join(RequestRow._fields)} FROM policy_request ORDER BY asked_ms DESC, id LIMIT ?",  # noqa: S608
        (REQUESTS_KEPT,),
    )
    return [RequestRow(*row) for row in rows]


def request(connection: Connection, request_id: str) -> RequestRow | None:
    row = connection.execute(
        f"SELECT {', '.join(RequestRow._fields)} FROM policy_request WHERE id = ?",  # noqa: S608
        (request_id,),
    ).fetchone()
    return None if row is None else RequestRow(*row)


def refusals(connection: Connection) -> list[RefusalRow]:
    rows = connection.execute("SELECT * FROM policy_refusal ORDER BY refused_ms DESC, sha256")
    return [RefusalRow(*row) for row in rows]
