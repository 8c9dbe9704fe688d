"""Power cuts on the real schema, writer and pipeline.

A busy quarter of an hour is played once on a recording disk. Then the power is cut at random moments of that recording, each
time with one of four fates for what was not synced (`disk.Cut`), and the program's own start-up check looks at what is left:

* not corrupt: SQLite's full integrity check, foreign keys, the hash chain;
* nothing lost: every answer that was given before the cut is in the receipts, every fact behind it in the journal;
* the tables are what the journal says, and every few cuts the branch opens again and goes on.

    python -m tests.durability.power_cut --cuts 10000 --seed 1 [--synchronous NORMAL]

What it does not model: a disk that lies about fsync, or whose firmware damages sectors nobody wrote to.
"""

import argparse
import asyncio
import hashlib
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from edge import registry
from edge.kernel import journal, receipts, startup
from edge.kernel.db import Connection, Database, connect
from edge.kernel.fold import fold, verify
from edge.kernel.migrations import migrate
from edge.queue import model as m
from sync.chain import START, Position
from tests.durability.disk import Cut, Image, Operation, Recording, WatchedDisk
from tests.durability.small_branch import LIMITS, NOW_MS, Crowd, Promise, SmallBranch, lay_schema

BURSTS: Final = 70
SIZES: Final = (1, 1, 1, 2, 3, 5, 8, 16)
CUTS_PER_RECORDING: Final = 500
REOPEN_EVERY: Final = 25
CORE: Final = "core.db"
RANK: Final = {"ready": 0, "leased": 1, "started": 2, "done": 3}


class Durable(NamedTuple):
    """The writer said that the journal up to `tip` is on disk, when so many operations had been done."""

    position: int
    tip: Position


class Given(NamedTuple):
    """A promise, and how many operations had been done when it was given."""

    position: int
    promise: Promise


class Print(NamedTuple):
    """A print job of which the world was told a state."""

    position: int
    effect_id: int
    state: str


@dataclass(slots=True)
class Played:
    """One recording and everything that was promised during it."""

    operations: list[Operation] = field(default_factory=list)
    born: int = 0
    """Before so many operations the box had not served yet."""
    durable: list[Durable] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    prints: list[Print] = field(default_factory=list)
    hashes: dict[int, bytes] = field(default_factory=dict)
    tables: dict[int, bytes] = field(default_factory=dict)
    """Digest of all folded tables at each seq."""


class _Watched(Database):
    """Notes on the writer's own thread how far it is, the moment a commit has returned."""

    def __init__(self, path: Path, *, vfs: str, recording: Recording, played: Played) -> None:
        super().__init__(path, limits=LIMITS, vfs=vfs)
        self._recording = recording
        self._played = played

    def _settle(self, group: list[Any]) -> None:
        super()._settle(group)
        if not self._failed:
            self._played.durable.append(Durable(self._recording.position, journal.head(self.connection)))


def play(folder: Path, seed: int, *, synchronous: str = "FULL", bursts: int = BURSTS) -> Played:
    """Record one busy time. `folder` is empty and holds the database afterwards."""
    recording, played = Recording(), Played()
    disk = WatchedDisk(f"recording-{seed}-{id(recording)}", recording)
    try:
        lay_schema(folder / CORE, vfs=disk.name)
        played.born = recording.position
        dice = random.Random(seed)  # noqa: S311 -- repeatable on purpose
        asyncio.run(_be_busy(folder / CORE, disk.name, recording, played, (dice, synchronous, bursts)))
    finally:
        disk.unregister()
    played.operations = recording.operations
    with closing(connect(folder / CORE)) as connection:
        _remember(connection, played)
    return played


async def _be_busy(core: Path, vfs: str, recording: Recording, played: Played, manner: tuple[random.Random, str, int]) -> None:
    dice, synchronous, bursts = manner
    branch = SmallBranch(_Watched(core, vfs=vfs, recording=recording, played=played))
    branch.db.connection.execute(f"PRAGMA synchronous = {synchronous}").fetchall()

    def note(promise: Promise) -> None:
        played.given.append(Given(recording.position, promise))

    def printed(effect_id: int, state: str) -> None:
        played.prints.append(Print(recording.position, effect_id, state))

    await branch.open()
    crowd = Crowd(branch, dice, note, printed)
    for _ in range(bursts):
        await crowd.burst(dice.choice(SIZES))
    await branch.db.close()


def _remember(connection: Connection, played: Played) -> None:
    """What the tables are at each fact, by folding; and the chain."""
    rules, tables = registry.rules(), registry.folded_tables()
    folded = Connection(":memory:")
    migrate(folded, registry.migrations(), now_ms=0)
    played.hashes[0], played.tables[0] = START.hash, digest(folded, tables)
    after = 0
    while records := journal.tail(connection, after):
        for record in records:
            if fold(folded, rules, [record]):
                raise AssertionError(f"nobody reads {record.type}")
            played.tables[record.seq] = digest(folded, tables)
            played.hashes[record.seq] = journal.hash_at(connection, record.seq) or b""
        after = records[-1].seq
    folded.close()


def digest(connection: Connection, tables: list[str]) -> bytes:
    """Every row of every folded table."""
    sums = hashlib.blake2b(digest_size=16)
    for table in tables:
        sums.update(repr((table, connection.execute(f"SELECT * FROM {table}").fetchall())).encode())  # noqa: S608 -- own names
    return sums.digest()


@dataclass(slots=True)
class Figures:
    """What the cuts came to."""

    cuts: int = 0
    corrupt: int = 0
    lost: int = 0
    """Cuts after which something acknowledged was gone."""
    promises: int = 0
    """Acknowledged answers, facts and print states that were looked for."""
    lost_promises: int = 0
    differing: int = 0
    """Cuts after which the tables were not what the journal says."""
    stuck: int = 0
    """Cuts after which the branch could not go on."""
    unborn: int = 0
    """Cuts before the box had served: it may begin anew."""
    modes: Counter[str] = field(default_factory=Counter)
    slowest_ms: float = 0.0
    examples: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.corrupt or self.lost or self.differing or self.stuck)

    def blame(self, what: str, cut: str) -> None:
        setattr(self, what, getattr(self, what) + 1)
        if len(self.examples) < 5:
            self.examples.append(f"{what}: {cut}")

    def text(self) -> str:
        modes = ", ".join(f"{mode} {count}" for mode, count in sorted(self.modes.items()))
        return (
            f"cuts {self.cuts} ({modes}; {self.unborn} before the box had served)\n"
            f"corrupt {self.corrupt}\n"
            f"cuts that lost acknowledged facts {self.lost} ({self.lost_promises} of {self.promises} promises)\n"
            f"tables differ {self.differing}\n"
            f"could not go on {self.stuck}\n"
            f"slowest recovery {self.slowest_ms:.1f} ms"
        )


class Judge:
    """Looks at what a cut left behind, in a folder of its own."""

    def __init__(self, played: Played, scratch: Path, figures: Figures) -> None:
        self._played = played
        self._folder = scratch
        self._figures = figures
        self._tables = registry.folded_tables()
        scratch.mkdir(parents=True, exist_ok=True)

    def look(self, files: dict[str, bytes], position: int, cut: str) -> None:
        """Recover and compare. Files that the machine's memory held (-shm) are gone, or garbage."""
        self._lay(files, position)
        began = time.perf_counter()
        found = startup.inspect(self._folder, full=True, now_ms=NOW_MS)
        self._figures.slowest_ms = max(self._figures.slowest_ms, (time.perf_counter() - began) * 1000)
        if found.damage is not None:
            self._figures.blame("corrupt", f"{cut}: {found.damage}")
        elif position < self._played.born:
            self._begin_anew(cut)
        else:
            self._compare(found.head or START, position, cut)

    def _lay(self, files: dict[str, bytes], position: int) -> None:
        for old in self._folder.iterdir():
            old.unlink()
        for name, content in files.items():
            (self._folder / name).write_bytes(content)
        if position >= self._played.born:
            (self._folder / "born").touch()

    def _begin_anew(self, cut: str) -> None:
        self._figures.unborn += 1
        lay_schema(self._folder / CORE)
        if startup.inspect(self._folder, full=True, now_ms=NOW_MS).damage is not None:
            self._figures.blame("stuck", cut)

    def _compare(self, head: Position, position: int, cut: str) -> None:
        played = self._played
        with closing(connect(self._folder / CORE)) as connection:
            if played.hashes.get(head.seq, b"") != head.hash:
                self._figures.blame("corrupt", f"{cut}: another history")
                return
            kept = [promised(connection, head) for promised in self._promised(position)]
            self._figures.promises += len(kept)
            if lost := kept.count(False):
                self._figures.lost_promises += lost
                self._figures.blame("lost", cut)
            if digest(connection, self._tables) != played.tables[head.seq]:
                self._figures.blame("differing", cut)

    def _promised(self, position: int) -> Iterator[Callable[[Connection, Position], bool]]:
        """A check for everything that had been acknowledged."""
        played = self._played
        newest = max((durable.tip.seq for durable in played.durable if durable.position <= position), default=0)
        yield lambda _connection, head: head.seq >= newest
        yield from (partial(_kept, given.promise) for given in played.given if given.position <= position)
        yield from (partial(_printed, job) for job in played.prints if job.position <= position)

    def go_on(self, cut: str) -> None:
        """Open the branch on what is left: a new number, an old answer, and `verify`."""
        if not asyncio.run(_goes_on(self._folder / CORE)):
            self._figures.blame("stuck", cut)


def _kept(promise: Promise, connection: Connection, _head: Position) -> bool:
    receipt = receipts.find(connection, promise.command_id)
    return receipt is not None and receipt.answer == promise.answer and receipt.refusal == promise.refusal


def _printed(job: Print, connection: Connection, _head: Position) -> bool:
    state = connection.execute("SELECT state FROM outbox WHERE id = ?", (job.effect_id,)).get
    return RANK.get(str(state), -1) >= RANK[job.state]


async def _goes_on(core: Path) -> bool:
    database = Database(core, limits=LIMITS)
    branch = SmallBranch(database)
    await branch.open()
    wish = m.IssueTicket(service="personal", tier=m.Tier.NORMAL, channel=m.Channel.PHONE)
    outcome = await branch.pipeline.submit(wish, actor="device:kiosk-1", command_id="after the cut")
    again = await branch.pipeline.submit(wish, actor="device:kiosk-1", command_id="after the cut")
    await database.close()
    with closing(connect(core)) as connection:
        verdict = verify(connection, registry.rules(), registry.migrations(), registry.folded_tables())
        twice = connection.execute("SELECT count(*) - count(DISTINCT day || number) FROM ticket").get
    return verdict.sound and twice == 0 and again.repeated and again.answer == outcome.answer


def cut_often(played: Played, cuts: int, dice: random.Random, scratch: Path, figures: Figures) -> None:
    """Cut the power `cuts` times, at moments in order, so that the disk is replayed only once."""
    moments = sorted(dice.randrange(len(played.operations)) for _ in range(cuts))
    image, judge, done = Image(), Judge(played, scratch, figures), 0
    modes = list(Cut)
    for number, moment in enumerate(moments):
        while done < moment:
            image.feed(played.operations[done])
            done += 1
        mode = modes[number % len(modes)]
        files = image.cut(mode, dice, played.operations[moment])
        if dice.random() < 0.3:
            files[f"{CORE}-shm"] = dice.randbytes(32768)
        figures.cuts += 1
        figures.modes[mode] += 1
        name = f"operation {moment} of {len(played.operations)}, {mode}"
        judge.look(files, moment, name)
        if figures.sound and moment >= played.born and number % REOPEN_EVERY == 0:
            judge.go_on(name)


def run(cuts: int, seed: int, folder: Path, *, synchronous: str = "FULL", bursts: int = BURSTS) -> Figures:
    """Play and cut until there were `cuts` power cuts."""
    figures, part = Figures(), 0
    while figures.cuts < cuts:
        place = folder / f"recording-{part}"
        place.mkdir(parents=True)
        played = play(place, seed + part, synchronous=synchronous, bursts=bursts)
        dice = random.Random(f"{seed} {part} cuts")  # noqa: S311 -- repeatable on purpose
        cut_often(played, min(CUTS_PER_RECORDING, cuts - figures.cuts), dice, folder / f"cuts-{part}", figures)
        shutil.rmtree(place)
        part += 1
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description="Cut the power of the real database, often.")
    parser.add_argument("--cuts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--synchronous", choices=("FULL", "NORMAL", "OFF"), default="FULL")
    wish = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="power-cut-") as scratch:
        figures = run(wish.cuts, wish.seed, Path(scratch), synchronous=wish.synchronous)
    for example in figures.examples:
        print(example)
    print(f"seed {wish.seed}, synchronous {wish.synchronous}, {time.monotonic() - began:.1f} s")
    print(figures.text())
    return 0 if figures.sound else 1


if __name__ == "__main__":
    sys.exit(main())
