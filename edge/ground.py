"""What a branch stands on: the opened data folder with its schema brought up to date, its keys, its life and its clock."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from edge import registry
from edge.kernel import journal
from edge.kernel.backup import CORE
from edge.kernel.clock import Clock, SandboxClock, SystemClock, wall_ms
from edge.kernel.db import Connection, connect
from edge.kernel.journal import Life
from edge.kernel.keys import BoxKeys
from edge.kernel.migrations import migrate
from edge.kernel.opening import Opened
from edge.kernel.startup import Start
from edge.org import tables as org
from edge.settings import Launch
from sync.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Ground:
    """The checked data folder and what is in it."""

    launch: Launch
    start: Start
    box_keys: BoxKeys
    signing_key: SigningKey
    life: Life
    zone: ZoneInfo
    clock: Clock


def lay_ground(launch: Launch, opened: Opened) -> Ground:
    """Bring the schema of the opened data folder up to date, and set the clock. Raises StorageRefused."""
    box_keys, signing_key, start = opened
    connection = connect(launch.data / CORE)
    try:
        applied = migrate(connection, registry.migrations(), now_ms=wall_ms(), copies=launch.data / "backups" / "schema")
        _fill(connection, applied)
        life = journal.ensure_life(connection, fresh_jid=os.urandom(16), now_ms=wall_ms())
        branch = org.branch(connection)
    finally:
        connection.close()
    zone = ZoneInfo(branch.timezone if branch else launch.settings.time_zone)
    return Ground(launch, start, box_keys, signing_key, life, zone, _clock(launch, start))


def _clock(launch: Launch, start: Start) -> Clock:
    if launch.sandbox:
        return SandboxClock(_sandbox_start_ms(launch, start))
    return SystemClock(floor_ms=start.floor_ms)


def _fill(connection: Connection, applied: Sequence[str]) -> None:
    """Give new folded tables what the journal has to say about them."""
    for name in applied:
        rebuild = registry.REBUILDS.get(name)
        if rebuild is not None and journal.head(connection).seq:
            connection.execute("BEGIN IMMEDIATE")
            rebuild(connection)
            connection.execute("COMMIT")


def _sandbox_start_ms(launch: Launch, start: Start) -> int:
    """Where it was told to start; else now, but not before what has already happened."""
    return max(wall_ms(), start.floor_ms) if launch.clock is None else int(launch.clock.timestamp() * 1000)
