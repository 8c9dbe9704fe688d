"""A data folder with a real journal in it, for the tests of backup and start-up."""

import os
from contextlib import closing
from pathlib import Path
from typing import Final

from edge.kernel import journal, outbox, receipts, vault
from edge.kernel.db import Connection, connect
from edge.kernel.migrations import migrate
from sync.chain import Position, Record, link
from sync.keys import SigningKey

KEY: Final = SigningKey(bytes(range(32)))
NOW_MS: Final = 1_795_000_000_000
MIGRATIONS: Final = (*journal.MIGRATIONS, *receipts.MIGRATIONS, *outbox.MIGRATIONS, *vault.MIGRATIONS)


class Box:
    """One branch's data folder, written to as the daemon would."""

    def __init__(self, data: Path, facts: int = 0) -> None:
        self.data = data
        self.core = data / "core.db"
        data.mkdir(exist_ok=True)
        with closing(connect(self.core)) as connection:
            migrate(connection, MIGRATIONS, now_ms=NOW_MS)
            journal.ensure_life(connection, fresh_jid=os.urandom(16), now_ms=NOW_MS)
        if facts:
            self.append(facts)

    def append(self, facts: int) -> Position:
        """Journal so many facts, and close the database as the last connection does: with a checkpoint."""
        with closing(connect(self.core)) as connection:
            return append(connection, facts)

    def head(self) -> Position:
        with closing(connect(self.core)) as connection:
            return journal.head(connection)

    def life(self) -> journal.Life:
        with closing(connect(self.core)) as connection:
            return journal.life(connection)

    def lives(self) -> int:
        with closing(connect(self.core)) as connection:
            count: int = connection.execute("SELECT count(*) FROM journal_life").get
            return count

    def is_whole(self) -> bool:
        with closing(connect(self.core)) as connection:
            return journal.check_chain(connection)[1] is None


def append(connection: Connection, facts: int) -> Position:
    """Chain facts on an open connection, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    tip = journal.head(connection)
    for seq in range(tip.seq + 1, tip.seq + 1 + facts):
        body = b'{"ticket":"%d","note":"%s"}' % (seq, os.urandom(30).hex().encode())
        record = Record(seq, NOW_MS + seq, "queue.ticket_called.v1", f"ticket-{seq}", "staff:1001", body)
        tip = Position(seq, link(tip.hash, record))
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", (*record, tip.hash))
    connection.execute("COMMIT")
    return tip
