"""The journal that the other tests use keeps the contract that the edge's journal keeps."""

import itertools

from tests.sync import source_contract
from tests.sync.box import MemoryJournal, day


class Growing:
    """Appends the next facts of one long day."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self._facts = day(1)

    async def append(self, count: int) -> None:
        self.journal.append(*itertools.islice(self._facts, count))


async def test_it_reads_a_chain() -> None:
    growing = Growing()
    await source_contract.reads_a_chain(growing.journal, growing.append)


async def test_it_tells_of_growth() -> None:
    growing = Growing()
    await source_contract.tells_of_growth(growing.journal, growing.append)


async def test_it_signs_and_keeps_receipts() -> None:
    journal = MemoryJournal()
    await source_contract.signs_and_keeps_receipts(journal, journal.key.public)
