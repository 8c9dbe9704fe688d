"""How the branch's devices stand, and how each day was: folds of the journal."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from edge.devices import model as m
from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.migrations import Migration
from edge.kernel.pipeline import Apply
from sync.chain import Record

MIGRATIONS: Final = (
    Migration(
        "devices/001",
        """
        CREATE TABLE device_condition(
            device TEXT PRIMARY KEY,
            family TEXT NOT NULL,
            model TEXT NOT NULL,
            state TEXT NOT NULL,
            error TEXT,
            since_ms INTEGER NOT NULL,
            changes_day INTEGER NOT NULL,
            changes INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE device_day_sum(
            day TEXT NOT NULL,
            device TEXT NOT NULL,
            family TEXT NOT NULL,
            model TEXT NOT NULL,
            ready_s INTEGER NOT NULL,
            away_s INTEGER NOT NULL,
            commands INTEGER NOT NULL,
            failures INTEGER NOT NULL,
            connections INTEGER NOT NULL,
            noise INTEGER NOT NULL,
            last_error TEXT,
            PRIMARY KEY (day, device)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE device_day_told(
            day TEXT PRIMARY KEY
        ) STRICT, WITHOUT ROWID;
        """,
    ),
)
FOLDED: Final = ("device_condition", "device_day_sum", "device_day_told")
DAY_MS: Final = 86_400_000


class ConditionRow(NamedTuple):
    """How a device stands, and since when."""

    device: str
    family: str
    model: str
    state: str
    error: str | None
    since_ms: int
    changes_day: int
    """The day that `changes` counts, in days since 1970 UTC."""
    changes: int


class DayRow(NamedTuple):
    """One device on one day."""

    day: str
    device: str
    family: str
    model: str
    ready_s: int
    away_s: int
    commands: int
    failures: int
    connections: int
    noise: int
    last_error: str | None


_DAYS: Final = f"SELECT {', '.join(DayRow._fields)} FROM device_day_sum WHERE day BETWEEN ? AND ? ORDER BY day, device"  # noqa: S608
_CONDITIONS: Final = f"SELECT {', '.join(ConditionRow._fields)} FROM device_condition ORDER BY device"  # noqa: S608


def conditions(connection: Connection) -> list[ConditionRow]:
    return [ConditionRow(*row) for row in connection.execute(_CONDITIONS)]


def days(connection: Connection, first: str, last: str) -> list[DayRow]:
    """Every device's days, from one ISO day to another."""
    return [DayRow(*row) for row in connection.execute(_DAYS, (first, last))]


def is_summed(connection: Connection, day: str) -> bool:
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM device_day_told WHERE day = ?)", (day,)).get)


def change(connection: Connection, event: m.ConditionChanged, record: Record) -> None:
    day = record.at_ms // DAY_MS
    connection.execute(
        "INSERT INTO device_condition VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (device) DO UPDATE SET"
        " family = excluded.family, model = excluded.model, state = excluded.state, error = excluded.error,"
        " since_ms = excluded.since_ms, changes = CASE changes_day WHEN excluded.changes_day THEN changes + 1 ELSE 1 END,"
        " changes_day = excluded.changes_day",
        (event.device, event.family, event.model, event.state, event.error, record.at_ms, day),
    )


def sum_day(connection: Connection, event: m.DaySummed, _record: Record) -> None:
    connection.execute("INSERT INTO device_day_told VALUES (?) ON CONFLICT DO NOTHING", (event.day,))
    connection.executemany(
        "INSERT INTO device_day_sum VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (
                *(event.day, one.device, one.family, one.model, one.ready_s, one.away_s, one.commands, one.failures),
                *(one.connections, one.noise, one.last_error),
            )
            for one in event.devices
        ],
    )


APPLIES: Final[Mapping[type[Event], Sequence[Apply]]] = {m.ConditionChanged: (change,), m.DaySummed: (sum_day,)}
