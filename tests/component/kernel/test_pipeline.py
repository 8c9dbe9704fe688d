"""The one path on a real file: what shares a commit, who suffers from a bug, who is told what, and what a repeat gets."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.kernel.db import Limits, Overloaded
from edge.kernel.domain import Rejected
from edge.kernel.journal import check_chain
from edge.kernel.pipeline import COMMAND_ID_CHARS_MAX, Outcome, Secret
from sync.chain import Record
from tests.component.kernel.ledger import LIMITS, Broken, Ledger, Write, open_ledger


def tasks(ledger: Ledger, *written: str) -> "list[asyncio.Task[Outcome]]":
    return [asyncio.ensure_future(ledger.write(line)) for line in written]


async def test_an_answer_is_read_behind_the_facts_in_the_same_transaction(ledger: Ledger) -> None:
    outcome = await ledger.write("first", times=3)
    assert msgspec.json.decode(outcome.answer)["lines"] == 3
    assert [record.seq for record in outcome.records] == [1, 2, 3]
    assert (outcome.seq, outcome.repeated, outcome.refusal) == (3, False, None)
    assert ledger.book() == ["first"] * 3


async def test_commands_that_wait_together_share_one_commit(ledger: Ledger) -> None:
    await ledger.stalled(lambda: tasks(ledger, *(f"line {number}" for number in range(50))))
    assert ledger.commits == [1, 50]
    assert ledger.book() == [f"line {number}" for number in range(50)]


@pytest.mark.parametrize("bug", ["load breaks", "apply breaks", "answer breaks"])
async def test_a_bug_harms_nobody_else_in_its_group(ledger: Ledger, bug: str) -> None:
    ends = await ledger.stalled(lambda: tasks(ledger, "before", bug, "after"))
    assert [type(end) for end in ends] == [Outcome, Broken, Outcome]
    assert ledger.book() == ["before", "after"]
    assert [record.entity for record in ledger.pipeline.journal.tail(0)] == ["before", "after"]
    assert [record.entity for record in ledger.told] == ["before", "after"]
    with ledger.db.reader() as connection:
        assert check_chain(connection)[1] is None
        assert connection.execute("SELECT count(*) FROM receipt").get == 2


async def test_after_a_bug_the_same_command_may_be_tried_again(ledger: Ledger) -> None:
    for _ in range(2):
        with pytest.raises(Broken):
            await ledger.write("apply breaks", "k")
    await ledger.write("fine", "k")
    assert ledger.book() == ["fine"]


async def test_a_refusal_has_a_receipt_and_no_facts(ledger: Ledger) -> None:
    for _ in range(2):
        with pytest.raises(Rejected, match="empty_line") as refusal:
            await ledger.write("", "k")
        assert refusal.value.facts == {"chars_min": 1, "why": None}
    assert ledger.pipeline.journal.tail(0) == []
    assert ledger.told == []


async def test_a_repeat_gets_the_same_bytes_and_makes_no_facts(ledger: Ledger) -> None:
    first = await ledger.write("once", "k", letter=True)
    ledger.steady_ms[0] += 86_400_000
    await ledger.write("more")
    await ledger.reopen()
    again = await ledger.write("once", "k", letter=True)
    assert (again.answer, again.seq, again.repeated) == (first.answer, first.seq, True)
    assert ledger.book() == ["once", "more"]
    assert ledger.effects() == [("letter:once", "ready", 0)]


async def test_a_repeat_inside_the_same_group_is_recognised(ledger: Ledger) -> None:
    def twice() -> "list[asyncio.Task[Outcome]]":
        return [asyncio.ensure_future(ledger.write("once", "k")) for _ in range(2)]

    first, second = await ledger.stalled(twice)
    assert isinstance(first, Outcome)
    assert isinstance(second, Outcome)
    assert first.answer == second.answer
    assert (first.repeated, second.repeated) == (False, True)
    assert ledger.book() == ["once"]


async def test_one_id_is_one_wish_of_one_person(ledger: Ledger) -> None:
    await ledger.write("mine", "k")
    with pytest.raises(Rejected, match="idempotency_conflict"):
        await ledger.write("other", "k")
    with pytest.raises(Rejected, match="idempotency_conflict"):
        await ledger.pipeline.submit(Write(line="mine"), actor="staff:1002", command_id="k")
    assert (await ledger.write("mine", "k")).repeated
    assert ledger.book() == ["mine"]


@pytest.mark.parametrize(("chars", "taken"), [(COMMAND_ID_CHARS_MAX, True), (COMMAND_ID_CHARS_MAX + 1, False)])
async def test_an_id_has_a_limit(ledger: Ledger, chars: int, taken: bool) -> None:  # noqa: FBT001 -- a case
    if taken:
        await ledger.write("line", "k" * chars)
    else:
        with pytest.raises(Rejected, match="invalid_idempotency_key"):
            await ledger.write("line", "k" * chars)
    assert bool(ledger.book()) is taken


# --- too much at once


async def test_beyond_the_bound_commands_are_turned_away_and_may_come_back(tmp_path: Path) -> None:
    bound = Limits(waiting_jobs_max=4, reserve_bytes=4096, idle_s=0.01)
    async with open_ledger(tmp_path, limits=bound) as ledger:

        def six() -> "list[asyncio.Task[Outcome]]":
            return [asyncio.ensure_future(ledger.write(f"line {number}", f"k-{number}")) for number in range(6)]

        ends = await ledger.stalled(six)
        assert [type(end) for end in ends] == [Outcome] * 3 + [Overloaded] * 3
        assert ledger.book() == ["line 0", "line 1", "line 2"]
        assert ledger.db.waiting_jobs == 0
        for number in range(6):
            assert (await ledger.write(f"line {number}", f"k-{number}")).repeated is (number < 3)
        assert ledger.book() == [f"line {number}" for number in range(6)]


async def test_a_group_has_a_limit(tmp_path: Path) -> None:
    async with open_ledger(tmp_path, limits=Limits(group_jobs_max=8, reserve_bytes=4096)) as ledger:
        await ledger.stalled(lambda: tasks(ledger, *(f"line {number}" for number in range(20))))
        assert ledger.commits == [1, 8, 8, 4]


async def test_every_command_is_observed_with_what_became_of_it(ledger: Ledger) -> None:
    seen: list[tuple[str, str]] = []
    ledger.pipeline.observe = lambda name, end, _seconds: seen.append((name, end))
    await ledger.write("line", "k")
    await ledger.write("line", "k")
    with pytest.raises(Rejected):
        await ledger.write("")
    assert seen == [("book.write", "done"), ("book.write", "repeated"), ("book.write", "empty_line")]


# --- followers


async def test_followers_hear_each_fact_once_in_order_and_before_the_caller(ledger: Ledger) -> None:
    order: list[str] = []
    ledger.pipeline.followers.append(lambda records: order.extend(record.entity for record in records))

    async def write(line: str) -> None:
        await ledger.write(line)
        order.append(f"answered {line}")

    await asyncio.gather(*(write(f"{number}") for number in range(30)))
    facts = [line for line in order if not line.startswith("answered")]
    assert facts == [f"{number}" for number in range(30)]
    assert all(order.index(line) < order.index(f"answered {line}") for line in facts)
    assert [record.seq for record in ledger.told] == list(range(1, 31))


async def test_followers_see_facts_that_a_reader_can_see(ledger: Ledger) -> None:
    seen: list[bool] = []

    def look(records: list[Record]) -> None:
        seen.append(ledger.pipeline.journal.head().seq >= records[-1].seq)

    ledger.pipeline.followers.append(look)
    for number in range(5):
        await ledger.write(f"line {number}")
    assert seen == [True] * 5


async def test_a_follower_that_breaks_keeps_nobody_waiting(ledger: Ledger) -> None:
    loop = asyncio.get_running_loop()
    heard: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: heard.append(context))

    def fail(_records: list[Record]) -> None:
        raise Broken

    ledger.pipeline.followers.append(fail)
    outcome = await asyncio.wait_for(ledger.write("line"), 5)
    assert outcome.seq == 1
    assert [type(context["exception"]) for context in heard] == [Broken]


async def test_a_caller_that_went_away_takes_nothing_back(ledger: Ledger) -> None:
    def leave() -> "list[asyncio.Task[Outcome]]":
        first, gone, last = tasks(ledger, "first", "gone", "last")
        asyncio.get_running_loop().call_soon(gone.cancel)
        return [first, last, gone]

    first, last, gone = await ledger.stalled(leave)
    assert isinstance(first, Outcome)
    assert isinstance(last, Outcome)
    assert isinstance(gone, asyncio.CancelledError)
    assert ledger.book() == ["first", "gone", "last"]


# --- secrets


async def test_a_secret_is_sealed_with_the_facts_that_name_it(ledger: Ledger) -> None:
    secret = Secret("visit-1", "phone", b"13912345678")
    for _ in range(2):
        await ledger.pipeline.submit(Write(line="a"), actor="x", command_id="k", secrets_=[secret])
    assert ledger.sealed == [secret]
    with pytest.raises(Rejected):
        await ledger.pipeline.submit(Write(line=""), actor="x", secrets_=[secret])
    assert ledger.sealed == [secret]
    with pytest.raises(Broken):
        await ledger.pipeline.submit(Write(line="answer breaks"), actor="x", secrets_=[secret])
    with ledger.db.reader() as connection:
        assert connection.execute("SELECT count(*) FROM book WHERE seq < 0").get == 1


# --- time


def steps(ledger: Ledger) -> list[tuple[int, int]]:
    found = [record for record in ledger.pipeline.journal.tail(0) if record.type == "kernel.clock_stepped.v1"]
    bodies = [msgspec.json.decode(record.body) for record in found]
    return [(body["from_ms"], body["to_ms"]) for body in bodies]


async def test_a_step_of_the_clock_is_a_fact_before_the_next_command_s(ledger: Ledger) -> None:
    await ledger.write("before")
    start = ledger.clock.now_ms()
    ledger.clock.advance(3600)
    await ledger.write("after")
    await ledger.write("later")
    assert steps(ledger) == [(start, start + 3_600_000)]
    assert [record.entity for record in ledger.told] == ["before", "", "after", "later"]
    assert [record.at_ms for record in ledger.told] == [start, *[start + 3_600_000] * 3]


async def test_a_step_is_noted_even_by_a_refused_command(ledger: Ledger) -> None:
    ledger.clock.advance(3600)
    with pytest.raises(Rejected):
        await ledger.write("")
    await ledger.write("line")
    assert len(steps(ledger)) == 1
    assert len(ledger.told) == 2


@pytest.mark.parametrize("bug", ["load breaks", "apply breaks"])
async def test_a_step_outlives_the_transaction_that_was_abandoned(ledger: Ledger, bug: str) -> None:
    """The clock tells of a step once; the group that journalled it may be rolled back, and then it must be told again."""
    start = ledger.clock.now_ms()
    ledger.clock.advance(3600)
    with pytest.raises(Broken):
        await ledger.write(bug)
    await ledger.stalled(lambda: tasks(ledger, "one", bug, "two"))
    with pytest.raises(Broken):
        await ledger.write(bug)
    await ledger.write("three")
    assert steps(ledger) == [(start, start + 3_600_000)]
    assert ledger.told[0].type == "kernel.clock_stepped.v1"


async def test_two_steps_around_a_rollback_are_both_there(ledger: Ledger) -> None:
    start = ledger.clock.now_ms()
    ledger.clock.advance(3600)
    with pytest.raises(Broken):
        await ledger.write("load breaks")
    ledger.clock.advance(-7200)
    await ledger.write("line")
    assert steps(ledger) == [(start, start + 3_600_000), (start + 3_600_000, start - 3_600_000)]


def test_the_usual_limits_are_the_settings_defaults() -> None:
    assert (Limits().waiting_jobs_max, Limits().group_jobs_max) == (4096, 256)
    assert LIMITS.waiting_jobs_max == Limits().waiting_jobs_max
