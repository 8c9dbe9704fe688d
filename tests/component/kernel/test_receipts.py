"""Receipts: how long a repeat is recognised, and what makes two commands the same."""

import msgspec
import pytest

from edge.kernel import receipts
from edge.kernel.domain import Rejected
from tests.component.kernel.ledger import Ledger, Write

DAY_S = 86_400


async def forget(ledger: Ledger, at_once_max: int = receipts.FORGOTTEN_AT_ONCE_MAX) -> int:
    now_ms = ledger.clock.now_ms()
    return await ledger.db.write(lambda connection: receipts.forget_old(connection, now_ms=now_ms, at_once_max=at_once_max))


async def test_a_repeat_is_recognised_for_eight_days(ledger: Ledger) -> None:
    await ledger.write("line", "k")
    ledger.steady_ms[0] += 8 * DAY_S * 1000
    assert await forget(ledger) == 0
    assert (await ledger.write("line", "k")).repeated
    ledger.steady_ms[0] += 1
    assert await forget(ledger) == 1
    assert not (await ledger.write("line", "k")).repeated


async def test_a_bounded_number_is_forgotten_at_once(ledger: Ledger) -> None:
    for _ in range(5):
        await ledger.write("line")
    ledger.steady_ms[0] += 9 * DAY_S * 1000
    assert [await forget(ledger, at_once_max=3) for _ in range(3)] == [3, 2, 0]


async def test_a_refusal_is_raised_again_with_its_facts(ledger: Ledger) -> None:
    with pytest.raises(Rejected):
        await ledger.write("", "k")
    with ledger.db.reader() as connection:
        kept = receipts.find(connection, "k")
    assert kept is not None
    again = receipts.refusal(kept)
    assert again is not None
    assert (again.code, again.facts) == ("empty_line", {"chars_min": 1, "why": None})


async def test_an_answer_is_no_refusal(ledger: Ledger) -> None:
    outcome = await ledger.write("line", "k")
    with ledger.db.reader() as connection:
        kept = receipts.find(connection, "k")
        assert receipts.find(connection, "other") is None
    assert kept is not None
    assert receipts.refusal(kept) is None
    assert (kept.answer, kept.seq) == (outcome.answer, outcome.seq)


def test_a_fingerprint_is_the_wish_and_the_person() -> None:
    wish = Write(line="a")
    same = receipts.fingerprint(wish, "staff:1001")
    assert receipts.fingerprint(Write(line="a"), "staff:1001") == same
    others = {
        receipts.fingerprint(wish, "staff:1002"),
        receipts.fingerprint(Write(line="b"), "staff:1001"),
        receipts.fingerprint(msgspec.structs.replace(wish, letter=True), "staff:1001"),
    }
    assert len(others | {same}) == 4
