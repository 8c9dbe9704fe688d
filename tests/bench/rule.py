"""Whom to call, with ten thousand waiting in six queues: load the heads, decide. On the real tables."""

import asyncio
import os
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import msgspec

from edge import registry
from edge.kernel.db import Connection, Database
from edge.kernel.domain import Context
from edge.queue import model as m
from edge.sandbox import branch as demo
from tests.bench.report import Figure, at_most, fact, percentile
from tests.durability.small_branch import NOW_MS, ZONE, SmallBranch, lay_schema

MANY: Final = 10_000
FEW: Final = 120
SERVICES: Final = ("personal", "corporate", "wealth")
TIERS: Final = (m.Tier.NORMAL, m.Tier.GOLD)
DECISIONS: Final = 2000
MARK_US: Final = 100.0
GROWTH_MARK: Final = 1.5
"""With eighty times as many waiting a decision may take so much longer: the depth of a B-tree, no scan."""
COUNTER: Final = "counter-1"
STAFF: Final = "1001"


def run(_seconds: float) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        few_us = asyncio.run(_measure(Path(scratch) / "few.db", FEW))
        many_us = asyncio.run(_measure(Path(scratch) / "many.db", MANY))
    return [
        fact(f"whom to call, {FEW} waiting, p50", few_us, "µs"),
        at_most(f"whom to call, {MANY} waiting in 6 queues, p50", many_us, MARK_US, "µs"),
        at_most(f"… times the decision with {FEW} waiting", many_us / few_us, GROWTH_MARK, "×"),
    ]


async def _measure(core: Path, waiting: int) -> float:
    lay_schema(core)
    branch = SmallBranch(Database(core))
    await branch.open()
    counters = tuple(msgspec.structs.replace(counter, services=SERVICES) for counter in demo.COUNTERS)
    configure = msgspec.structs.replace(demo.CONFIGURE, version=demo.CONFIGURE.version + 1, counters=counters)
    await branch.pipeline.submit(configure, actor="system")
    for first in range(0, waiting, 500):
        await asyncio.gather(*(_issue(branch, n) for n in range(first, min(waiting, first + 500))))
    times = await branch.db.scan(_decide_often)
    await branch.db.close()
    return percentile(times, 0.5) * 1e6


async def _issue(branch: SmallBranch, n: int) -> None:
    service, tier = SERVICES[n % 3], TIERS[n // 3 % 2]
    await branch.pipeline.submit(m.IssueTicket(service=service, tier=tier, channel=m.Channel.PHONE), actor="device:kiosk-1")


def _decide_often(connection: Connection) -> list[float]:
    """The decision itself, again and again; nothing is written."""
    handler = registry.rules().handlers[m.CallNext]
    command: Any = m.CallNext(counter=COUNTER, staff=STAFF)
    times: list[float] = []
    for n in range(DECISIONS):
        context = Context(NOW_MS + n, ZONE, f"staff:{STAFF}", os.urandom(32))
        began = perf_counter()
        state = handler.load(connection, command, context)
        events = handler.decide(state, command, context)
        times.append(perf_counter() - began)
        if not events:
            raise RuntimeError("nobody was called")
    return times
