"""What any `uplink.JournalSource` must do, for the edge's journal as for the one in memory.

Call each check with a source and a way to append to it; they append.
"""

import asyncio
from collections.abc import Awaitable, Callable

from sync.chain import START, Position, follow
from sync.keys import verify
from sync.protocol import JID_BYTES, Receipt
from sync.uplink import JournalSource

Append = Callable[[int], Awaitable[None]]
"""Add so many records, each with a body of a few dozen bytes."""

PATIENCE_S = 5.0


async def reads_a_chain(source: JournalSource, append: Append) -> None:
    """`read` gives what `head` and `hash_at` promise, within both limits."""
    await append(20)
    head = source.head()
    records = source.read(0, head.seq, 2**30)
    assert follow(START, records) == head
    assert source.hash_at(head.seq) == head.hash
    half = head.seq // 2
    assert follow(Position(half, source.hash_at(half) or b""), source.read(half, head.seq, 2**30)) == head
    assert [record.seq for record in source.read(3, 4, 2**30)] == [4, 5, 6, 7]
    assert len(source.read(0, head.seq, 1)) == 1
    assert source.read(head.seq, 10, 2**30) == []
    assert source.hash_at(head.seq + 1) is None


async def tells_of_growth(source: JournalSource, append: Append) -> None:
    """`changed` returns at once for what is there, and as soon as there is more."""
    await append(1)
    head = source.head()
    async with asyncio.timeout(PATIENCE_S):
        await source.changed(head.seq - 1)
        waiting = asyncio.ensure_future(source.changed(head.seq))
        await asyncio.sleep(0)
        assert not waiting.done()
        await append(1)
        await waiting
    assert source.head().seq == head.seq + 1


async def signs_and_keeps_receipts(source: JournalSource, public_key: bytes) -> None:
    """Signatures are Ed25519 by the enrolled key; the receipt saved last is the one given back."""
    assert len(source.jid) == JID_BYTES
    assert verify(public_key, source.sign(b"words"), b"words")
    for number, epoch in enumerate((b"A" * 16, b"A" * 16, b"B" * 16)):
        receipt = Receipt(
            branch=source.branch,
            jid=source.jid,
            position=Position(number, bytes(32)),
            ho_epoch=epoch,
            received_at_ms=number,
            signature=bytes(64),
        )
        await source.save_receipt(receipt)
        assert source.last_receipt() == receipt
