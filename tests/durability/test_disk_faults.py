"""The disk fails at each operation in turn: EIO ends the program with nothing lost, a full disk refuses and then goes on."""

import asyncio
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import structlog

from edge import registry
from edge.kernel import receipts, startup
from edge.kernel.db import Database, Overloaded, StorageFull, connect
from edge.kernel.fold import verify
from edge.queue import model as m
from tests.durability.disk import Cut, Faults, Image, Kind, Operation, Recording, WatchedDisk, disk_error, disk_full
from tests.durability.small_branch import LIMITS, NOW_MS, Crowd, Promise, SmallBranch, lay_schema

SIZES: Final = (1, 3, 1, 5)
OPERATIONS_MAX: Final = 2000
MODES: Final = itertools.cycle(Cut)

pytestmark = pytest.mark.slow


class _FailingRecording(Recording):
    """Fails first and remembers only what was done."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self.faults = faults

    def before(self, operation: Operation, write: Callable[[bytes], None]) -> None:
        self.faults.before(operation, write)


@dataclass
class Scene:
    """A branch on a failing disk, and what its crowd was told."""

    core: Path
    recording: Recording
    faults: Faults
    vfs: str
    promises: list[Promise] = field(default_factory=list)
    fatal: list[BaseException] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    done_at_fatal: int = 0

    def branch(self) -> SmallBranch:
        return SmallBranch(Database(self.core, limits=LIMITS, vfs=self.vfs, fatal=self._end))

    def _end(self, error: BaseException) -> None:
        """Here the real program ends."""
        if not self.fatal:
            self.done_at_fatal = self.recording.position
        self.fatal.append(error)
        self.ended.set()

    def found(self, mode: Cut, dice: random.Random) -> Path:
        """What the program finds when it starts again, the page cache having dropped what was not synced."""
        image = Image()
        for operation in self.recording.operations[: self.done_at_fatal]:
            image.feed(operation)
        folder = self.core.parent / "found"
        folder.mkdir()
        for name, content in image.cut(mode, dice, None).items():
            (folder / name).write_bytes(content)
        (folder / "born").touch()
        return folder


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The database of a branch whose day has begun, closed cleanly."""
    core = tmp_path_factory.mktemp("begun") / "core.db"
    lay_schema(core)

    async def begin() -> None:
        branch = SmallBranch(Database(core, limits=LIMITS))
        await branch.open()
        await branch.db.close()

    asyncio.run(begin())
    return core.read_bytes()


@contextmanager
def scene(folder: Path, begun: bytes, faults: Faults) -> Iterator[Scene]:
    recording = _FailingRecording(faults)
    recording.operations = [Operation(Kind.WRITE, "core.db", 0, begun), Operation(Kind.SYNC, "core.db")]
    disk = WatchedDisk(f"failing-{id(recording)}", recording)
    folder.mkdir()
    (folder / "core.db").write_bytes(begun)
    try:
        yield Scene(folder / "core.db", recording, faults, disk.name)
    finally:
        disk.unregister()


async def _close(branch: SmallBranch, faults: Faults) -> None:
    faults.armed = False
    await branch.db.close()


def broken_promises(core: Path, promises: list[Promise]) -> list[str]:
    """What was acknowledged and is not there, or is not as it should be."""
    with closing(connect(core)) as connection:
        kept = {promise.command_id: receipts.find(connection, promise.command_id) for promise in promises}
        missing = [p.command_id for p in promises if (r := kept[p.command_id]) is None or r.answer != p.answer]
        twice = connection.execute("SELECT day || number FROM ticket GROUP BY 1 HAVING count(*) > 1").fetchall()
        sound = verify(connection, registry.rules(), registry.migrations(), registry.folded_tables()).sound
    return missing + [str(number) for number in twice] + ([] if sound else ["tables and journal disagree"])


async def work(there: Scene, seed: int) -> SmallBranch:
    """A short busy time with a healthy beginning; ends early when the disk is given up."""
    branch = there.branch()
    crowd = Crowd(branch, random.Random(seed), there.promises.append)  # noqa: S311 -- repeatable on purpose
    branch.db.start()
    there.faults.armed = True
    try:
        for size in SIZES:
            if not there.fatal:
                await crowd.burst(size)
    except Exception as error:
        if not there.fatal or not (isinstance(error, Overloaded) or error in there.fatal):
            raise
    return branch


@pytest.mark.parametrize("short", [False, True], ids=["nothing written", "half written"])
def test_an_io_error_at_any_operation_ends_the_program_and_loses_nothing(tmp_path: Path, begun: bytes, short: bool) -> None:  # noqa: FBT001
    async def fail_at(n: int) -> bool:
        """Whether operation `n` was reached."""
        faults = Faults(lambda count, _operation: count == n, disk_error)
        faults.short = short
        dice = random.Random(n)  # noqa: S311 -- repeatable on purpose
        with scene(tmp_path / str(n), begun, faults) as there:
            branch = await work(there, seed=7)
            if faults.raised:
                assert there.ended.wait(10), f"operation {n} failed and the program went on"
                told = len(there.promises)
                with pytest.raises(Overloaded):
                    await branch.pipeline.submit(m.OpenDay(), actor="system")
                assert len(there.promises) == told
                found = there.found(next(MODES), dice)
                assert startup.inspect(found, full=True, now_ms=NOW_MS).damage is None
                assert broken_promises(found / "core.db", there.promises) == []
            await _close(branch, faults)
            return bool(faults.raised)

    reached = 0
    while asyncio.run(fail_at(reached + 1)):
        reached += 1
        assert reached < OPERATIONS_MAX
    assert reached > 50


def _writes_from(n: int, full: list[bool]) -> Faults:
    """Every write after the first `n` operations finds no room while `full` holds."""
    return Faults(lambda count, operation: bool(full) and count >= n and operation.kind is Kind.WRITE, disk_full)


@pytest.mark.parametrize("short", [False, True], ids=["nothing written", "half written"])
def test_a_full_disk_is_helped_by_the_reserve_once(tmp_path: Path, begun: bytes, short: bool) -> None:  # noqa: FBT001
    """Nobody notices: the reserve makes room and the commit that failed is done again."""

    async def fill_at(n: int) -> bool:
        reserve = tmp_path / str(n) / "reserve"
        faults = Faults(lambda count, op: count >= n and op.kind is Kind.WRITE and reserve.exists(), disk_full)
        faults.short = short
        with scene(tmp_path / str(n), begun, faults) as there:
            with structlog.testing.capture_logs() as logs:
                branch = await work(there, seed=11)
            released = [entry for entry in logs if entry["event"] == "disk_full_reserve_released"]
            assert there.fatal == []
            assert len(released) <= 1
            assert bool(released) != reserve.exists()
            await _close(branch, there.faults)
            assert broken_promises(there.core, there.promises) == []
            return bool(faults.raised)

    reached = 0
    while asyncio.run(fill_at(reached + 1)):
        reached += 4
        assert reached < OPERATIONS_MAX
    assert reached > 50


@pytest.mark.parametrize("short", [False, True], ids=["nothing written", "half written"])
def test_a_disk_that_stays_full_refuses_and_then_goes_on(tmp_path: Path, begun: bytes, short: bool) -> None:  # noqa: FBT001
    async def fill_at(n: int) -> bool:
        full: list[bool] = []
        with scene(tmp_path / str(n), begun, _writes_from(n, full)) as there:
            there.faults.short = short
            branch = there.branch()
            crowd = Crowd(branch, random.Random(n), there.promises.append)  # noqa: S311 -- repeatable on purpose
            branch.db.start()
            there.faults.armed = True
            full.append(True)
            refused = [failure for size in SIZES for failure in await crowd.burst(size)]
            assert all(isinstance(failure, StorageFull) for failure in refused)
            late = m.IssueTicket(service="fx", tier=m.Tier.GOLD, channel=m.Channel.PHONE)
            if refused:
                with pytest.raises(StorageFull):
                    await branch.pipeline.submit(late, actor="device:kiosk-1", command_id="late")
            full.clear()
            outcome = await branch.pipeline.submit(late, actor="device:kiosk-1", command_id="late")
            assert not outcome.repeated
            there.promises.append(Promise("late", outcome.answer, None))
            assert await crowd.burst(8) == []
            assert there.fatal == []
            await _close(branch, there.faults)
            assert broken_promises(there.core, there.promises) == []
            return bool(refused)

    refusals = [asyncio.run(fill_at(n)) for n in range(1, 120)]
    assert refusals.count(True) > 10
