"""Prove that the tables are what the journal says: fold it again into an empty database and compare.

A test and a repair tool, never the read path. It checks the hash chain first, then every row of every folded table.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.journal import TAIL_RECORDS_MAX, ChainBreak, check_chain, tail
from edge.kernel.migrations import Migration, migrate
from edge.kernel.pipeline import Rules, apply_event
from sync.chain import Record


@dataclass(frozen=True, slots=True)
class Difference:
    """The first row in which a table is not what the journal says."""

    table: str
    stored: tuple[Any, ...] | None
    folded: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `branchbox verify` found."""

    events: int
    rows: dict[str, int]
    """Rows per folded table."""
    chain_break: ChainBreak | None
    differences: tuple[Difference, ...]
    unknown_types: tuple[str, ...]
    """Events that no capability of this program reads: from a newer version, or of a removed one."""

    @property
    def sound(self) -> bool:
        return self.chain_break is None and not self.differences and not self.unknown_types


def verify(stored: Connection, rules: Rules, migrations: Sequence[Migration], tables: Iterable[str]) -> Verdict:
    """Compare the tables of `stored` with a fold of its journal. Reads only."""
    position, chain_break = check_chain(stored)
    folded = Connection(":memory:")
    try:
        migrate(folded, migrations, now_ms=0)
        unknown = fold(folded, rules, records(stored)) if chain_break is None else ()
        names = tuple(tables)
        found = (compare(stored, folded, table) for table in names) if chain_break is None else ()
        differences = tuple(difference for difference in found if difference is not None)
        rows = {table: int(stored.execute(f"SELECT count(*) FROM {table}").get) for table in names}  # noqa: S608 -- constant names
    finally:
        folded.close()
    return Verdict(position.seq, rows, chain_break, differences, unknown)


def fold(target: Connection, rules: Rules, facts: Iterable[Record]) -> tuple[str, ...]:
    """Apply `facts` to `target`; returns the types that no capability can read."""
    unknown: dict[str, None] = {}
    for record in facts:
        event = _read(rules, record)
        if event is None:
            unknown[record.type] = None
        else:
            apply_event(rules, target, event, record)
    return tuple(unknown)


def _read(rules: Rules, record: Record) -> Event | None:
    """The event as its class; None where no class of this program can read it."""
    kind = rules.events.get(record.type)
    try:
        return None if kind is None else msgspec.json.decode(record.body, type=kind)
    except msgspec.DecodeError:
        return None


def records(connection: Connection) -> Iterator[Record]:
    """The whole journal, in portions."""
    after = 0
    while portion := tail(connection, after, TAIL_RECORDS_MAX):
        yield from portion
        after = portion[-1].seq


def compare(stored: Connection, folded: Connection, table: str) -> Difference | None:
    """The first row in which the two differ; None where they agree."""
    for left, right in zip_longest(_rows(stored, table), _rows(folded, table)):
        if left != right:
            return Difference(table, left, right)
    return None


def _rows(connection: Connection, table: str) -> Iterator[tuple[Any, ...]]:
    count = len(connection.execute(f"SELECT * FROM pragma_table_info('{table}')").fetchall())  # noqa: S608 -- constant names
    order = ", ".join(str(column) for column in range(1, count + 1))
    yield from connection.execute(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608 -- constant names
