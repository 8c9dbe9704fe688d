"""How each device has been, day by day: telemetry, in a file of its own that may be thrown away.

`telemetry.db` holds no business fact. It is never backed up, never uploaded row by row, never a reason not to start: a file
that cannot be read is removed and begun afresh. Every half minute the time since the last look is added to the day's `ready` or
`away`, and what the counters have grown by to the day's sums.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import structlog

from drivers.api import Counts, DeviceStatus
from edge.kernel.db import Connection, DatabaseError, connect

FILE: Final = "telemetry.db"
SAMPLE_S: Final = 30.0
DAYS_KEPT: Final = 90
READY: Final = frozenset({DeviceStatus.ONLINE, DeviceStatus.DEVICE_BUSY})

_SCHEMA: Final = (
    "PRAGMA synchronous = OFF",  # what a power cut takes is half a minute of telemetry
    """CREATE TABLE IF NOT EXISTS device_day (
        day TEXT NOT NULL, device TEXT NOT NULL, ready_s REAL NOT NULL, away_s REAL NOT NULL, commands INTEGER NOT NULL,
        failures INTEGER NOT NULL, connections INTEGER NOT NULL, noise INTEGER NOT NULL, last_error TEXT,
        PRIMARY KEY (day, device)) WITHOUT ROWID""",
)
_ADD: Final = """INSERT INTO device_day VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (day, device) DO UPDATE SET
    ready_s = ready_s + excluded.ready_s, away_s = away_s + excluded.away_s, commands = commands + excluded.commands,
    failures = failures + excluded.failures, connections = connections + excluded.connections,
    noise = noise + excluded.noise, last_error = coalesce(excluded.last_error, last_error)"""
_OF_DAYS: Final = """SELECT day, device, CAST(round(ready_s) AS INTEGER), CAST(round(away_s) AS INTEGER), commands, failures,
    connections, noise, last_error FROM device_day WHERE day BETWEEN ? AND ? ORDER BY day DESC, device"""

log = structlog.get_logger()


class DayOfDevice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    day: date
    device: str
    ready_s: int
    away_s: int
    commands: int
    failures: int
    connections: int
    noise: int
    last_error: str | None = None


class Sample(NamedTuple):
    """One device now."""

    device: str
    status: DeviceStatus
    error: str | None
    counts: Counts


@dataclass
class _Seen:
    """What a device's counters were at the last look, and which counters: a replaced device has new ones."""

    counts: Counts
    commands: int = 0
    failures: int = 0
    connections: int = 0
    noise: int = 0


class HealthLog:
    """Owns `telemetry.db`."""

    def __init__(self, folder: Path, today: Callable[[], date]) -> None:
        self.samples: Callable[[], Sequence[Sample]] = list
        """Every device now; the composition root sets it."""
        self._file = folder / FILE
        self._today = today
        self._seen: dict[str, _Seen] = {}
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None

    async def run(self) -> None:
        """Look every half minute until cancelled."""
        loop = asyncio.get_running_loop()
        before_s = loop.time()
        while True:
            await asyncio.sleep(SAMPLE_S)
            now_s = loop.time()
            await self.note(now_s - before_s)
            before_s = now_s

    async def note(self, elapsed_s: float) -> None:
        """Add what has happened since the last look."""
        day = self._today()
        rows = [self._row(day, sample, elapsed_s) for sample in self.samples()]
        async with self._turn:
            await asyncio.to_thread(self._write, day, rows)

    async def days(self, last: date, days: int) -> list[DayOfDevice]:
        """The newest `days` up to `last`, newest first, then by device."""
        first = last - timedelta(days=days - 1)
        async with self._turn:
            return await asyncio.to_thread(self._read, first, last)

    async def close(self) -> None:
        async with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _row(self, day: date, sample: Sample, elapsed_s: float) -> tuple[object, ...]:
        seen, counts = self._seen.get(sample.device), sample.counts
        if seen is None or seen.counts is not counts:
            seen = _Seen(counts)
        grown = tuple(getattr(counts, name) - getattr(seen, name) for name in ("commands", "failures", "connections", "noise"))
        self._seen[sample.device] = _Seen(counts, counts.commands, counts.failures, counts.connections, counts.noise)
        ready = sample.status in READY
        times = (elapsed_s, 0.0) if ready else (0.0, elapsed_s)
        return (day.isoformat(), sample.device, *times, *grown, sample.error)

    def _write(self, day: date, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            connection = self._open()
            with connection:
                connection.executemany(_ADD, rows)
                oldest = (day - timedelta(days=DAYS_KEPT)).isoformat()
                connection.execute("DELETE FROM device_day WHERE day < ?", (oldest,))
        except DatabaseError as error:
            self._begin_afresh(error)

    def _read(self, first: date, last: date) -> list[DayOfDevice]:
        try:
            rows = self._open().execute(_OF_DAYS, (first.isoformat(), last.isoformat())).fetchall()
        except DatabaseError as error:
            self._begin_afresh(error)
            return []
        return [msgspec.convert(dict(zip(DayOfDevice.__struct_fields__, row, strict=True)), DayOfDevice) for row in rows]

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self._file)
            for statement in _SCHEMA:
                self._connection.execute(statement).fetchall()
        return self._connection

    def _begin_afresh(self, error: DatabaseError) -> None:
        log.warning("telemetry_dropped", reason=str(error))
        if self._connection is not None:
            self._connection.close(True)
            self._connection = None
        for ending in ("", "-wal", "-shm"):
            self._file.with_name(FILE + ending).unlink(missing_ok=True)
