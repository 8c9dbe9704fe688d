"""`python -m tests.sim.drain --events 270000`: ninety days offline, drained over loopback. Prints its figures last.

Head office runs in a process of its own, on a disk; the branch's uplink runs here. The verify-only limit is what one core
does with the same batches when it only checks signatures, expands, and hashes.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import aiohttp

from sync.chain import Position
from sync.headoffice.app import HeadOfficeConfig, serve
from sync.keys import SigningKey
from sync.line import Line
from sync.protocol import Batch, signed
from sync.receiver import examine
from sync.records import MAX_BATCH_EVENTS, pack
from sync.uplink import Destination, Uplink, enrol
from tests.sync.box import MemoryJournal, day

MARK_S = 60.0
MARK_BYTES = 80.0
MARK_RATIO = 0.3
START_TIMEOUT_S = 20.0


class Drained(NamedTuple):
    """What the drain came to."""

    events: int
    elapsed_s: float
    shown_s: float
    """Until the pictures showed everything too."""
    bytes_per_event: float
    verify_events_s: float

    @property
    def ingest_events_s(self) -> float:
        return self.events / self.elapsed_s

    @property
    def ratio(self) -> float:
        return self.ingest_events_s / self.verify_events_s

    @property
    def good(self) -> bool:
        return self.elapsed_s <= MARK_S and self.bytes_per_event <= MARK_BYTES and self.ratio >= MARK_RATIO


def verify_limit(journal: MemoryJournal, events: int) -> float:
    """Events per second that one core can check, doing nothing else."""
    batches = list(_batches(journal, events))
    begun_s = time.perf_counter()
    for batch in batches:
        examine(batch, journal.key.public)
    return sum(batch.count for batch in batches) / (time.perf_counter() - begun_s)


def _batches(journal: MemoryJournal, events: int) -> "itertools.chain[Batch]":
    def one(after: int) -> Batch:
        records = journal.read(after, MAX_BATCH_EVENTS, 2**30)
        before, end = (Position(seq, journal.hash_at(seq) or b"") for seq in (after, records[-1].seq))
        batch = Batch(
            branch=journal.branch, jid=journal.jid, before=before, after=end, count=len(records),
            payload=pack(records), lease=1, head_seq=events, sent_at_ms=0,
        )  # fmt: skip
        return signed(batch, journal.sign(batch.covered()))

    return itertools.chain(one(after) for after in range(0, events, MAX_BATCH_EVENTS))


def _head_office(data: Path, port: int) -> None:
    asyncio.run(serve(HeadOfficeConfig(data=data, port=port, sandbox=True)))


async def drain(url: str, address: tuple[str, int], journal: MemoryJournal) -> tuple[float, float, int]:
    """Seconds until received, seconds until shown, bytes on the line."""
    line = Line(address)
    await line.start()
    known = await enrol(url, "sandbox", branch=journal.branch, name="示范支行", key=journal.key)
    done = asyncio.Event()
    uplink = Uplink(
        journal,
        Destination(line.url, known.head_office_key),
        on_change=lambda state: done.set() if state.received_seq == len(journal.records) else None,
    )
    begun_s = time.perf_counter()
    running = asyncio.create_task(uplink.run())
    await done.wait()
    elapsed_s = time.perf_counter() - begun_s
    async with aiohttp.ClientSession() as http:
        while (await _shown(http, url))["events"] < len(journal.records):
            await asyncio.sleep(0.1)
    shown_s = time.perf_counter() - begun_s
    running.cancel()
    await asyncio.wait([running])
    await line.stop()
    return elapsed_s, shown_s, line.forwarded_bytes


async def _shown(http: aiohttp.ClientSession, url: str) -> dict[str, int]:
    """Head office's figures once its pictures are complete."""
    async with http.get(f"{url}/sandbox") as response:
        answer: dict[str, int] = json.loads(await response.read()) if response.status == 200 else {"events": 0}
        return answer


async def _until_up(url: str) -> None:
    async with asyncio.timeout(START_TIMEOUT_S), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(f"{url}/health"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


def measure(events: int, port: int) -> Drained:
    journal = MemoryJournal()
    journal.append(*itertools.islice(day(1), events))
    limit = verify_limit(journal, min(events, 50_000))
    with tempfile.TemporaryDirectory() as folder:
        office = multiprocessing.get_context("spawn").Process(target=_head_office, args=(Path(folder), port))
        office.start()
        try:
            url = f"http://127.0.0.1:{port}"
            asyncio.run(_until_up(url))
            elapsed_s, shown_s, forwarded = asyncio.run(drain(url, ("127.0.0.1", port), journal))
        finally:
            office.terminate()
            office.join()
    return Drained(events, elapsed_s, shown_s, forwarded / events, limit)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim.drain", description=__doc__)
    parser.add_argument("--events", type=int, default=270_000, metavar="N")
    parser.add_argument("--port", type=int, default=9199, help="for head office, on loopback")
    wish = parser.parse_args(arguments)
    came = measure(wish.events, wish.port)
    print(
        f"drained {came.events} events in {came.elapsed_s:.1f} s, shown after {came.shown_s:.1f} s (mark {MARK_S:.0f} s)\n"
        f"on the line {came.bytes_per_event:.1f} B/event, HTTP included (mark {MARK_BYTES:.0f})\n"
        f"ingest {came.ingest_events_s:.0f} events/s, verify-only limit of one core {came.verify_events_s:.0f} events/s,"
        f" ratio {came.ratio:.2f} (mark {MARK_RATIO})"
    )
    return 0 if came.good else 1


if __name__ == "__main__":
    sys.exit(main())
