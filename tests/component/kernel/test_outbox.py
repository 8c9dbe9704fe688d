"""The life of an effect in the books, and in whose hands it is when a program died."""

from collections.abc import Callable
from typing import Any, TypeVar

import apsw
import pytest

from edge.kernel import outbox
from edge.kernel.db import Connection
from edge.kernel.domain import Effect
from edge.kernel.outbox import End, Leased
from edge.kernel.pipeline import Settlement
from tests.component.kernel.ledger import LETTER, START_MS, Broken, Ledger, Write

T = TypeVar("T")
NOW = START_MS


class Desk:
    """The outbox as one run of the program works with it."""

    def __init__(self, ledger: Ledger, boot: str) -> None:
        self.ledger = ledger
        self.boot = boot

    async def do(self, work: Callable[[Connection], T]) -> T:
        return await self.ledger.db.write(work)

    async def lease(self, now_ms: int = NOW) -> Leased | None:
        return await self.do(lambda connection: outbox.lease(connection, LETTER, boot=self.boot, now_ms=now_ms))

    async def take(self, now_ms: int = NOW) -> Leased:
        leased = await self.lease(now_ms)
        assert leased is not None
        return leased

    async def start(self, effect: Leased) -> None:
        await self.do(lambda connection: outbox.started(connection, effect.id, note="0001", now_ms=NOW))

    async def retry(self, effect: Leased, after_ms: int) -> None:
        await self.do(lambda connection: outbox.retry(connection, effect.id, after_ms=after_ms, note="no paper", now_ms=NOW))

    async def settle(self, effect: Leased, end: End) -> None:
        await self.do(lambda connection: outbox.settle(connection, effect.id, end, note="", now_ms=NOW))

    async def give_back(self) -> None:
        await self.do(lambda connection: outbox.give_back(connection, LETTER, boot=self.boot))

    def due(self) -> int | None:
        with self.ledger.db.reader() as connection:
            return outbox.next_due_ms(connection, LETTER, boot=self.boot)


@pytest.fixture
async def desk(ledger: Ledger) -> Desk:
    for line in ("a", "b"):
        await ledger.write(line, letter=True)
    return Desk(ledger, "boot-1")


async def test_an_effect_is_there_with_its_fact_and_only_then(ledger: Ledger) -> None:
    with pytest.raises(Broken):
        await ledger.write("answer breaks", letter=True)
    assert ledger.effects() == []
    await ledger.write("a", letter=True)
    assert ledger.effects() == [("letter:a", "ready", 0)]


async def test_one_key_is_one_effect(ledger: Ledger) -> None:
    await ledger.write("a", times=3, letter=True)
    await ledger.write("a", letter=True)
    assert ledger.effects() == [("letter:a", "ready", 0)]


async def test_the_oldest_is_leased_first_and_nothing_twice(desk: Desk) -> None:
    first, second = await desk.take(), await desk.take()
    assert (first.key, first.payload, first.attempt, first.in_doubt) == ("letter:a", b'"a"', 1, False)
    assert second.key == "letter:b"
    assert await desk.lease() is None
    assert desk.due() is None


async def test_kinds_do_not_meet(desk: Desk) -> None:
    other = await desk.do(lambda connection: outbox.lease(connection, "book.fax", boot="boot-1", now_ms=NOW))
    assert other is None


async def test_a_lease_of_a_dead_run_is_void(desk: Desk) -> None:
    await desk.take()
    after = Desk(desk.ledger, "boot-2")
    again = await after.take()
    assert (again.key, again.attempt, again.in_doubt) == ("letter:a", 2, False)
    assert (await after.take()).key == "letter:b"


async def test_what_a_dead_run_had_started_is_in_doubt_and_comes_first(desk: Desk) -> None:
    await desk.take()
    await desk.start(await desk.take())
    assert await desk.lease() is None
    after = Desk(desk.ledger, "boot-2")
    doubtful, sound = await after.take(), await after.take()
    assert [(effect.key, effect.in_doubt) for effect in (doubtful, sound)] == [("letter:b", True), ("letter:a", False)]
    assert desk.ledger.effects() == [("letter:a", "leased", 2), ("letter:b", "started", 2)]


async def test_doubt_outlives_any_number_of_crashes(desk: Desk) -> None:
    await desk.start(await desk.take())
    for boot in ("boot-2", "boot-3", "boot-4"):
        assert (await Desk(desk.ledger, boot).take()).in_doubt


async def test_a_retry_waits_its_time_and_then_comes_in_order(desk: Desk) -> None:
    await desk.retry(await desk.take(), 15_000)
    assert (await desk.take()).key == "letter:b"
    assert await desk.lease(NOW + 14_999) is None
    assert desk.due() == NOW + 15_000
    again = await desk.take(NOW + 15_000)
    assert (again.key, again.attempt) == ("letter:a", 2)


async def test_haste_makes_what_waits_due_in_its_old_order(desk: Desk) -> None:
    for _ in range(2):
        await desk.retry(await desk.take(), 60_000)
    await desk.do(lambda connection: outbox.hasten(connection, "book.fax", now_ms=NOW + 1))
    assert await desk.lease(NOW + 1) is None
    await desk.do(lambda connection: outbox.hasten(connection, LETTER, now_ms=NOW + 1))
    assert [(await desk.take(NOW + 1)).key for _ in range(2)] == ["letter:a", "letter:b"]


async def test_giving_back_frees_leases_and_puts_what_was_started_in_doubt(desk: Desk) -> None:
    await desk.start(await desk.take())
    await desk.take()
    await Desk(desk.ledger, "boot-2").give_back()
    assert await desk.lease() is None
    await desk.give_back()
    assert [((await desk.take()).key, one) for one in (1, 2)] == [("letter:a", 1), ("letter:b", 2)]
    assert desk.ledger.effects()[0] == ("letter:a", "started", 2)


@pytest.mark.parametrize("end", End)
async def test_what_is_settled_is_over(desk: Desk, end: End) -> None:
    await desk.settle(await desk.take(), end)
    after = Desk(desk.ledger, "boot-2")
    assert (await after.take()).key == "letter:b"
    assert await after.lease() is None
    assert desk.ledger.effects()[0] == ("letter:a", end.value, 1)


async def test_whoever_waits_behind_costs_the_first_nothing(desk: Desk) -> None:
    """Counted in steps of SQLite's machine: taking the next of five thousand is no more work than of two."""
    steps: list[int] = []

    def count(done: dict[str, Any]) -> None:
        steps[-1] += done["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    def behind(connection: Connection, many: int) -> None:
        for n in range(many):
            outbox.add(connection, Effect(kind=LETTER, key=f"more-{n}", payload=b"", not_after_ms=None), seq=1, now_ms=NOW)

    def counted(connection: Connection) -> None:
        steps.append(0)
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, count)
        outbox.lease(connection, LETTER, boot=desk.boot, now_ms=NOW)
        outbox.give_back(connection, LETTER, boot=desk.boot)
        connection.trace_v2(0)

    await desk.do(counted)
    await desk.do(lambda connection: behind(connection, 5000))
    await desk.do(counted)
    assert 0 < steps[1] <= steps[0] + 5


async def test_the_effect_ends_in_the_transaction_of_its_outcome(desk: Desk) -> None:
    effect = await desk.take()
    end = Settlement(effect.id, End.DONE, "sent")
    for line, error in (("apply breaks", Broken), ("answer breaks", Broken)):
        with pytest.raises(error):
            await desk.ledger.pipeline.submit(Write(line=line), actor="system", settles=end)
        assert desk.ledger.effects()[0] == ("letter:a", "leased", 1)
    await desk.ledger.pipeline.submit(Write(line="sent"), actor="system", settles=end)
    assert desk.ledger.effects()[0] == ("letter:a", "done", 1)


async def test_health_sees_what_is_open_and_since_when(desk: Desk) -> None:
    await desk.settle(await desk.take(), End.DONE)
    await desk.retry(await desk.take(), 5000)
    with desk.ledger.db.reader() as connection:
        assert outbox.open_by_kind(connection) == {LETTER: 1}
        assert outbox.oldest_due_ms(connection, now_ms=NOW) is None
        assert outbox.oldest_due_ms(connection, now_ms=NOW + 9000) == NOW + 5000


async def test_settled_effects_are_forgotten_after_eight_days_and_open_ones_never(desk: Desk) -> None:
    await desk.settle(await desk.take(), End.DROPPED)
    for late_ms, gone in ((0, 0), (1, 1), (10 * outbox.KEPT_MS, 0)):
        now_ms = NOW + outbox.KEPT_MS + late_ms
        assert await desk.do(lambda connection, now_ms=now_ms: outbox.forget_old(connection, now_ms=now_ms)) == gone  # type: ignore[misc]
    assert [key for key, _, _ in desk.ledger.effects()] == ["letter:b"]
