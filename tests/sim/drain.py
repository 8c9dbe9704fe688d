"""`python -m tests.sim.drain --events 270000`: ninety days offline, drained over loopback. Prints its figures last.

Head office runs in a process of its own, on a disk. First one branch's real uplink drains through a real line. Then, to
load head office and not the branch, several branches post batches that were prepared before, each one at a time; that is
the ingest rate. It is compared with the verify-only limit: what one core does with the same batches when it only checks
signatures, expands, and hashes.
"""

import argparse
import asyncio
import contextlib
import itertools
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import aiohttp

from sync.chain import Position
from sync.headoffice.app import HeadOfficeConfig, serve
from sync.line import Line
from sync.protocol import NONCE_BYTES, Batch, BatchReply, Open, OpenReply, signed
from sync.receiver import examine
from sync.records import MAX_BATCH_EVENTS, pack
from sync.uplink import Destination, Uplink, enrol, exchange
from tests.sync.box import MemoryJournal, day

MARK_S = 60.0
MARK_BYTES = 80.0
MARK_RATIO = 0.3
START_TIMEOUT_S = 20.0
STORM_BRANCHES = 8
STORM_EVENTS = 20_000
"""Of each of them."""


class Drained(NamedTuple):
    """What draining one branch came to."""

    events: int
    received_s: float
    shown_s: float
    """Until the pictures showed everything too."""
    bytes_per_event: float


class Stormed(NamedTuple):
    """What head office did with many branches at once."""

    ingest_events_s: float
    verify_events_s: float

    @property
    def ratio(self) -> float:
        return self.ingest_events_s / self.verify_events_s


def filled(branch: str, events: int) -> MemoryJournal:
    journal = MemoryJournal(branch, seed=int(branch))
    journal.append(*itertools.islice(day(int(branch)), events))
    return journal


async def drain(url: str, address: tuple[str, int], journal: MemoryJournal) -> Drained:
    line = Line(address)
    await line.start()
    known = await enrol(url, "sandbox", branch=journal.branch, name="示范支行", key=journal.key)
    head_seq, done = journal.head().seq, asyncio.Event()
    uplink = Uplink(
        journal,
        Destination(line.url, known.head_office_key),
        on_change=lambda state: done.set() if state.received_seq == head_seq else None,
    )
    begun_s = time.perf_counter()
    running = asyncio.create_task(uplink.run())
    await done.wait()
    received_s = time.perf_counter() - begun_s
    await _shown(url)
    shown_s = time.perf_counter() - begun_s
    running.cancel()
    await asyncio.wait([running])
    await line.stop()
    return Drained(head_seq, received_s, shown_s, line.forwarded_bytes / head_seq)


async def storm(url: str, events: int = STORM_EVENTS) -> Stormed:
    prepared = [
        (journal, _batches(journal))
        for journal in (filled(f"{number:04}", events) for number in range(1001, 1001 + STORM_BRANCHES))
    ]
    _verify_only(*prepared[0])  # once, so that nothing is loaded for the first time while it counts
    limit = _verify_only(*prepared[1])
    async with aiohttp.ClientSession() as http:
        for journal, _ in prepared:
            await _open(http, url, journal)
        begun_s = time.perf_counter()
        await asyncio.gather(*(_post(http, url, journal.branch, batches) for journal, batches in prepared))
        elapsed_s = time.perf_counter() - begun_s
    return Stormed(STORM_BRANCHES * events / elapsed_s, limit)


def _verify_only(journal: MemoryJournal, batches: list[Batch]) -> float:
    """Events per second that one core can check, doing nothing else."""
    begun_s = time.perf_counter()
    for batch in batches:
        examine(batch, journal.key.public)
    return len(journal.records) / (time.perf_counter() - begun_s)


def _batches(journal: MemoryJournal) -> list[Batch]:
    """The whole journal in batches, as its first lease would send them."""

    def one(after: int) -> Batch:
        records = journal.read(after, MAX_BATCH_EVENTS, 2**30)
        before, end = (Position(seq, journal.hash_at(seq) or b"") for seq in (after, records[-1].seq))
        batch = Batch(
            branch=journal.branch, jid=journal.jid, before=before, after=end, count=len(records),
            payload=pack(records), lease=1, head_seq=len(journal.records), sent_at_ms=0,
        )  # fmt: skip
        return signed(batch, journal.sign(batch.covered()))

    return [one(after) for after in range(0, len(journal.records), MAX_BATCH_EVENTS)]


async def _open(http: aiohttp.ClientSession, url: str, journal: MemoryJournal) -> None:
    await enrol(url, "sandbox", branch=journal.branch, name="示范支行", key=journal.key)
    question = Open(
        branch=journal.branch, jid=journal.jid, parent=None, head=journal.head(),
        session=b"S" * NONCE_BYTES, nonce=bytes(NONCE_BYTES), sent_at_ms=0,
    )  # fmt: skip
    question = signed(question, journal.sign(question.covered()))
    reply = await exchange(http, f"{url}/v1/sync/{journal.branch}/open", question, OpenReply)
    assert isinstance(reply, OpenReply), reply


async def _post(http: aiohttp.ClientSession, url: str, branch: str, batches: list[Batch]) -> None:
    for batch in batches:
        reply = await exchange(http, f"{url}/v1/sync/{branch}/batch", batch, BatchReply)
        assert isinstance(reply, BatchReply), reply


async def _shown(url: str) -> None:
    """Return when head office's pictures are complete; its own answer waits for that."""
    async with aiohttp.ClientSession() as http:
        for _ in range(20):
            async with http.get(f"{url}/sandbox") as response:
                if response.status == 200:
                    return
    raise TimeoutError("the pictures stay behind")


async def _until_up(url: str) -> None:
    async with asyncio.timeout(START_TIMEOUT_S), aiohttp.ClientSession() as http:
        for pause_s in itertools.repeat(0.05):
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{url}/health"):
                    return
            await asyncio.sleep(pause_s)


def _head_office(data: Path, port: int) -> None:
    asyncio.run(serve(HeadOfficeConfig(data=data, port=port, sandbox=True)))


@contextlib.contextmanager
def head_office(port: int) -> Iterator[str]:
    """A head office in its own process; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        process = multiprocessing.get_context("spawn").Process(target=_head_office, args=(Path(folder), port))
        process.start()
        try:
            url = f"http://127.0.0.1:{port}"
            asyncio.run(_until_up(url))
            yield url
        finally:
            process.terminate()
            process.join()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim.drain", description=__doc__)
    parser.add_argument("--events", type=int, default=270_000, metavar="N")
    parser.add_argument("--port", type=int, default=9199, help="for head office, on loopback")
    wish = parser.parse_args(arguments)
    journal = filled("0001", wish.events)
    with head_office(wish.port) as url:
        drained = asyncio.run(drain(url, ("127.0.0.1", wish.port), journal))
        stormed = asyncio.run(storm(url))
    print(
        f"drained {drained.events} events in {drained.received_s:.1f} s, shown after {drained.shown_s:.1f} s"
        f" (mark {MARK_S:.0f} s)\n"
        f"on the line {drained.bytes_per_event:.1f} B/event, HTTP included (mark {MARK_BYTES:.0f})\n"
        f"ingest {stormed.ingest_events_s:.0f} events/s from {STORM_BRANCHES} branches, verify-only limit of one core"
        f" {stormed.verify_events_s:.0f} events/s, ratio {stormed.ratio:.2f} (mark {MARK_RATIO})"
    )
    good = drained.received_s <= MARK_S and drained.bytes_per_event <= MARK_BYTES and stormed.ratio >= MARK_RATIO
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
