"""A branch's box for tests: a journal in memory with a real key, and events such as a branch makes."""

import asyncio
import base64
import hashlib
import json
import random
from collections.abc import Iterator

from sync.chain import START, Position, Record, link
from sync.keys import SigningKey
from sync.protocol import Parent, Receipt

DAY = "2025-10-09"
NOON_MS = 1_759_982_400_000


class MemoryJournal:
    """Implements `uplink.JournalSource`; what `forget` drops is pruned."""

    def __init__(self, branch: str = "0001", *, seed: int = 1) -> None:
        chance = random.Random(seed)  # noqa: S311 -- repeatable on purpose
        self.branch = branch
        self.jid = chance.randbytes(16)
        self.parent: Parent | None = None
        self.key = SigningKey(chance.randbytes(32))
        self.receipts: list[Receipt] = []
        self.records: list[Record] = []
        self._hashes = [START.hash]
        self._pruned_to = 0
        self._grown = asyncio.Event()

    def append(self, *facts: tuple[int, str, str, str, bytes]) -> None:
        """Add facts: time, type, entity, actor, body."""
        for fact in facts:
            record = Record(len(self.records) + 1, *fact)
            self.records.append(record)
            self._hashes.append(link(self._hashes[-1], record))
        self._grown.set()

    def cut_back(self, seq: int) -> None:
        """Forget everything after `seq`, as an old disk image does."""
        del self.records[seq:]
        del self._hashes[seq + 1 :]

    def prune(self, upto: int) -> None:
        self._pruned_to = upto

    def head(self) -> Position:
        return Position(len(self.records), self._hashes[-1])

    def read(self, after: int, limit: int, max_bytes: int) -> list[Record]:
        if after < self._pruned_to:
            return []
        chosen: list[Record] = []
        for record in self.records[after : after + limit]:
            max_bytes -= len(record.body) + 64
            if chosen and max_bytes < 0:
                break
            chosen.append(record)
        return chosen

    def hash_at(self, seq: int) -> bytes | None:
        return self._hashes[seq] if self._pruned_to <= seq < len(self._hashes) else None

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data)

    async def changed(self, seq: int) -> None:
        while len(self.records) <= seq:
            self._grown.clear()
            await self._grown.wait()

    async def save_receipt(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    def last_receipt(self) -> Receipt | None:
        return self.receipts[-1] if self.receipts else None


Fact = tuple[int, str, str, str, bytes]


def day(seed: int, *, at_ms: int = NOON_MS, day: str = DAY) -> Iterator[Fact]:
    """A branch's facts without end: configured, opened, customers who come, are called, served, and go."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable on purpose
    yield _fact(at_ms, "org.branch_configured.v1", "", "system", _CONFIGURATION)
    yield _fact(at_ms, "queue.day_opened.v1", day, "system", {"day": day})
    for counter in range(1, 5):
        body = {"counter": f"c{counter}", "counter_number": counter, "staff": f"100{counter}"}
        yield _fact(at_ms, "queue.counter_signed_in.v1", f"c{counter}", f"staff:100{counter}", body)
        yield _fact(at_ms, "queue.counter_opened.v1", f"c{counter}", f"staff:100{counter}", body)
    waiting: list[dict[str, str]] = []
    number = 0
    while True:
        at_ms += chance.randrange(500, 30_000)
        number += 1
        ticket = _ticket(chance, number, day, at_ms)
        waiting.append({key: ticket[key] for key in ("ticket", "number", "service", "tier")})
        yield _fact(at_ms, "queue.ticket_issued.v1", ticket["ticket"], "device:kiosk-1", ticket)
        if len(waiting) > 6:
            yield from _visit(chance, waiting.pop(0), at_ms)


def _ticket(chance: random.Random, number: int, day: str, at_ms: int) -> dict[str, str]:
    service = chance.choice(("personal", "personal", "corporate", "wealth"))
    tier = chance.choice(("normal", "normal", "normal", "gold"))
    ticket = base64.b32hexencode(at_ms.to_bytes(6, "big") + chance.randbytes(8)).decode().rstrip("=").lower()
    token = hashlib.sha256(ticket.encode()).hexdigest()
    return {
        "ticket": ticket, "number": f"A{number:03}", "service": service, "tier": tier, "queue": f"{service}.{tier}",
        "channel": "kiosk", "day": day, "language": "zh-CN", "token_hash": token,
    }  # fmt: skip


def _visit(chance: random.Random, ticket: dict[str, str], at_ms: int) -> Iterator[Fact]:
    counter = chance.randrange(1, 5)
    short = {"ticket": ticket["ticket"], "number": ticket["number"]}
    called = ticket | {
        "counter": f"c{counter}", "counter_number": counter, "counter_name": f"{counter}号窗口",
        "call_no": 1, "language": "zh-CN",
    }  # fmt: skip
    staff = f"staff:100{counter}"
    yield _fact(at_ms, "queue.ticket_called.v1", ticket["ticket"], staff, called)
    if chance.random() < 0.1:
        yield _fact(at_ms + 60_000, "queue.ticket_no_show.v1", ticket["ticket"], staff, short)
        return
    served_ms = at_ms + chance.randrange(5_000, 30_000)
    ended_ms = served_ms + chance.randrange(60_000, 600_000)
    yield _fact(served_ms, "queue.ticket_served.v1", ticket["ticket"], staff, short)
    yield _fact(ended_ms, "queue.ticket_finished.v1", ticket["ticket"], staff, short | {"outcome": "done"})
    if chance.random() < 0.3:
        rated = short | {"score": chance.randrange(1, 6)}
        yield _fact(ended_ms + 5_000, "queue.ticket_rated.v1", ticket["ticket"], "phone", rated)


def _fact(at_ms: int, kind: str, entity: str, actor: str, body: object) -> Fact:
    return (at_ms, kind, entity, actor, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


_CONFIGURATION = {
    "branch": {"id": "0001", "name": "示范支行", "name_en": "Demo Branch"},
    "services": [
        {"id": "personal", "name": "个人业务", "name_en": "Personal banking", "letter": "A"},
        {"id": "corporate", "name": "对公业务", "name_en": "Corporate", "letter": "B"},
        {"id": "wealth", "name": "理财咨询", "name_en": "Wealth advice", "letter": "C"},
    ],
    "counters": [{"id": f"c{number}", "number": number, "name": f"{number}号窗口"} for number in range(1, 5)],
}
