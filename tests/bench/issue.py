"""Taking a number over HTTP, durably, against the bare handler under the same load."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from tests.bench import load, machine
from tests.bench.report import Figure, at_least, at_most, fact, percentile
from tests.harness.api import Api
from tests.harness.programs import BranchProcess

RATIO_MARK: Final = 35.0
P99_MARK_MS: Final = 20.0
SERIAL_MARK_MS: Final = 1.0
DISK_MS: Final = 0.15
"""The serial mark is for a disk whose fdatasync takes so long; a slower one is allowed its difference."""
ROUNDS: Final = 2


def run(seconds: float) -> list[Figure]:
    """Bare and real take turns, so that a change of the machine's mood hits both."""
    bare, phone, kiosk, serial = list[load.Outcome](), list[load.Outcome](), list[load.Outcome](), list[load.Outcome]()
    used_mb = 0.0
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        sync_ms = percentile(machine.sync_times_ms(folder), 0.5)
        for turn in range(ROUNDS):
            place = folder / f"turn-{turn}"
            place.mkdir()
            bare.append(machine.bare(place, connections=64, seconds=seconds))
            with BranchProcess(place / "branch") as branch:
                token = asyncio.run(_kiosk_token(branch))
                serial.append(_take(branch, token, "phone", seconds=seconds / 2, connections=1))
                phone.append(_take(branch, token, "phone", seconds=seconds))
                kiosk.append(_take(branch, token, "kiosk", seconds=seconds))
                used_mb = branch.rss_bytes() / 2**20
    limit = max(outcome.per_s for outcome in bare)
    bare_us, ticket_us = (min(outcome.cpu_us for outcome in runs) for runs in (bare, phone))
    best = max(phone, key=lambda outcome: outcome.per_s)
    printing = max(kiosk, key=lambda outcome: outcome.per_s)
    serial_mark_ms = SERIAL_MARK_MS + max(0.0, sync_ms - DISK_MS)
    return [
        fact("bare durable handler in this run", limit, "/s"),
        fact("tickets over HTTP, 64 connections", best.per_s, "/s"),
        at_least("tickets, 64 connections, of the bare handler", best.per_s / limit * 100, RATIO_MARK, "%"),
        fact("processor time of a ticket, 64 connections", ticket_us, "µs"),
        fact("… of the bare handler's", ticket_us / bare_us, "×"),
        at_most("tickets, 64 connections, p99", best.p99_ms, P99_MARK_MS, "ms"),
        fact("tickets with paper, 64 connections", printing.per_s, "/s"),
        at_most("tickets with paper, 64 connections, p99", printing.p99_ms, P99_MARK_MS, "ms"),
        at_most("one ticket after the other, p50", min(outcome.p50_ms for outcome in serial), serial_mark_ms, "ms"),
        fact("memory after all these tickets", used_mb, "MB"),
        Figure("every answer 201", str(all(outcome.clean for outcome in (*phone, *kiosk, *serial)))),
    ]


async def _kiosk_token(branch: BranchProcess) -> str:
    async with Api(branch.url) as guest:
        return (await guest.as_kiosk()).token or ""


def _take(branch: BranchProcess, token: str, channel: str, *, seconds: float, connections: int = 64) -> load.Outcome:
    body = f'{{"service":"personal","channel":"{channel}"}}'
    wish = load.Wish(port=branch.port, path="/api/tickets", body=body, token=token, connections=connections, seconds=seconds)
    return load.run(wish, branch)
