"""Whether head office has exactly what the branch has: every fact once, in order, and every ticket row by row.

Reads the branch's own file (another process may have it open) and asks head office over its public API.
"""

import asyncio
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from edge.kernel.backup import CORE
from edge.kernel.db import Connection, connect_reader
from edge.kernel.journal import head, tail
from edge.kernel.outbox import open_by_kind
from tests.harness.api import Api

BRANCH: Final = "0001"
PAGE: Final = 500
POLL_S: Final = 0.05
SETTLED_S: Final = 90.0
"""A call that nobody has spoken is given up after a minute (`edge.devices.effects.FRESH_MS`); all else is done by then."""
COLUMNS: Final = "id, number, service, queue, tier, state, channel, taken_ms, finished_ms, counter"


class Fact(NamedTuple):
    """An event as both sides tell it."""

    seq: int
    type: str
    entity: str
    actor: str
    body: Any


def branch_head(data: Path) -> int:
    """The newest fact of a branch, running or not."""
    with closing(connect_reader(data / CORE)) as connection:
        return head(connection).seq


def branch_facts(data: Path) -> list[Fact]:
    """The whole journal."""
    facts: list[Fact] = []
    with closing(connect_reader(data / CORE)) as connection:
        while records := tail(connection, facts[-1].seq if facts else 0):
            facts += [Fact(r.seq, r.type, r.entity, r.actor, msgspec.json.decode(r.body)) for r in records]
    return facts


def branch_tickets(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every ticket by business day."""
    with closing(connect_reader(data / CORE)) as connection:
        days = [str(day) for (day,) in connection.execute("SELECT DISTINCT day FROM ticket ORDER BY day")]
        return {day: _rows(connection, day) for day in days}


def _rows(connection: Connection, day: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(f"SELECT {COLUMNS} FROM ticket WHERE day = ? ORDER BY id", (day,))]  # noqa: S608


async def console(office: Api) -> Api:
    """Head office as its own people see it."""
    return office.bearing((await office.get("/sandbox"))["console_token"])


async def office_facts(office: Api) -> list[Fact]:
    """Everything head office received of the branch, in its order."""
    facts: list[Fact] = []
    path = f"/api/branches/{BRANCH}/events"
    while page := (await office.get(path, after=facts[-1].seq if facts else 0, limit=PAGE))["events"]:
        facts += [Fact(e["seq"], e["type"], e.get("entity", ""), e["actor"], e.get("body")) for e in page]
    return facts


async def office_tickets(office: Api, day: str) -> list[tuple[Any, ...]]:
    """One day's tickets in the shape of `branch_tickets`."""
    found = (await office.get(f"/api/branches/{BRANCH}/tickets", day=day))["tickets"]
    rows = [
        (
            *(row[name] for name in ("id", "number", "service", "queue", "tier", "state", "channel")),
            _ms(row["taken_at"]),
            _ms(row.get("finished_at")),
            row.get("counter"),
        )
        for row in found
    ]
    return sorted(rows)


async def received(office: Api, data: Path, *, timeout_s: float = 30.0) -> int:
    """Wait until head office has as much as the branch; returns how many facts. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while (known := (await office.get("/sandbox"))["events"]) < branch_head(data):  # noqa: ASYNC110 -- another process
            await asyncio.sleep(POLL_S)
        return int(known)


async def settled(data: Path, *, timeout_s: float = SETTLED_S) -> None:
    """Wait until the branch has nothing left to do in the world, so that its journal stands still. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while _open_effects(data):  # noqa: ASYNC110 -- another process
            await asyncio.sleep(POLL_S)


def _open_effects(data: Path) -> int:
    with closing(connect_reader(data / CORE)) as connection:
        return sum(open_by_kind(connection).values())


async def disagreements(office: Api, data: Path) -> list[str]:
    """What differs between branch and head office, in words; empty when nothing does."""
    there = await console(office)
    ours, theirs = branch_facts(data), await office_facts(there)
    found = [f"fact {a.seq}: {a} here, {b} there" for a, b in zip(ours, theirs, strict=False) if a != b][:3]
    if len(ours) != len(theirs):
        found.append(f"{len(ours)} facts here, {len(theirs)} there")
    if [fact.seq for fact in theirs] != list(range(1, len(theirs) + 1)):
        found.append("head office's facts are not 1, 2, 3, …")
    for day, rows in branch_tickets(data).items():
        shown = await office_tickets(there, day)
        found += [f"{day}: {a} here, {b} there" for a, b in zip(rows, shown, strict=False) if a != b][:3]
        if len(rows) != len(shown):
            found.append(f"{day}: {len(rows)} tickets here, {len(shown)} there")
    return found


def _ms(moment: str | None) -> int | None:
    return None if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1000)
