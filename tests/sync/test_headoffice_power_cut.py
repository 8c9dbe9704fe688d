"""The power goes at random moments while head office receives: every receipt it gave is still true afterwards."""

import asyncio
import itertools
import random
from pathlib import Path
from typing import NamedTuple

import pytest

from sync.chain import START, Position, follow
from sync.headoffice.store_sqlite import SqliteStore
from sync.records import unpack
from tests.durability.disk import Cut, Image, Operation, Recording, WatchedDisk
from tests.sync.box import MemoryJournal, day
from tests.sync.test_sync_store import enter, receive

BRANCHES = 3
EVENTS = 400
CUTS = 150


class Promise(NamedTuple):
    """A receipt, and how many operations on the disk had been done when it was given."""

    operations: int
    branch: str
    position: Position


class Played(NamedTuple):
    operations: list[Operation]
    born: int
    """Before so many operations there was no head office yet."""
    promises: list[Promise]
    journals: dict[str, MemoryJournal]


async def play(folder: Path, *, durable: bool) -> Played:
    """Receive from several branches at once on a disk that remembers."""
    recording = Recording()
    disk = WatchedDisk(f"office-{id(recording)}", recording)
    journals = {f"000{number}": MemoryJournal(f"000{number}", seed=number) for number in range(1, BRANCHES + 1)}
    promises: list[Promise] = []
    store = SqliteStore(folder, durable=durable, vfs=disk.name)
    await store.start()
    born = recording.position

    async def one(journal: MemoryJournal) -> None:
        chance = random.Random(journal.branch)  # noqa: S311 -- repeatable on purpose
        await enter(store, journal)
        end = 0
        while end < EVENTS:
            start, end = end, min(EVENTS, end + chance.choice((1, 2, 5, 30)))
            taken = await receive(store, journal, start, end)
            promises.append(Promise(recording.position, journal.branch, taken.reply.receipt.position))

    for journal in journals.values():
        journal.append(*itertools.islice(day(1), EVENTS))
    await asyncio.gather(*(one(journal) for journal in journals.values()))
    await store.stop()
    disk.unregister()
    return Played(recording.operations, born, promises, journals)


async def broken_promises(folder: Path, played: Played, operations: int) -> int:
    """How many of the receipts given so far are no longer true; the file itself must be sound and its chains whole."""
    store = SqliteStore(folder)
    await store.start()
    for lane in await store.lanes():
        tip = START
        for batch in await store.batches(lane.branch, lane.jid, 0, EVENTS):
            tip = follow(tip, unpack(batch.payload, tip.seq + 1, batch.after.seq - tip.seq))
        assert tip == lane.cursor
    broken = 0
    for promise in played.promises:
        if promise.operations <= operations:
            jid = played.journals[promise.branch].jid
            broken += await store.hash_at(promise.branch, jid, promise.position.seq) != promise.position.hash
    await store.stop()
    return broken


async def cut_often(folder: Path, *, durable: bool) -> tuple[int, int]:
    """Broken promises over all cuts, and promises looked at."""
    (folder / "played").mkdir()
    played = await play(folder / "played", durable=durable)
    chance = random.Random(5)  # noqa: S311 -- repeatable on purpose
    moments = sorted(chance.sample(range(played.born, len(played.operations)), CUTS))
    image, fed, broken, seen = Image(), 0, 0, 0
    for number, moment in enumerate(moments):
        for operation in played.operations[fed:moment]:
            image.feed(operation)
        fed = moment
        found = folder / f"cut{number}"
        found.mkdir()
        for name, content in image.cut(list(Cut)[number % len(Cut)], chance, played.operations[moment]).items():
            (found / name).write_bytes(content)
        broken += await broken_promises(found, played, moment)
        seen += sum(promise.operations <= moment for promise in played.promises)
    return broken, seen


@pytest.mark.slow
async def test_no_power_cut_breaks_a_receipt(tmp_path: Path) -> None:
    broken, seen = await cut_often(tmp_path, durable=True)
    assert broken == 0
    assert seen > CUTS * 20


@pytest.mark.slow
async def test_the_same_cuts_find_out_a_store_that_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    broken, _ = await cut_often(tmp_path, durable=False)
    assert broken > 10
