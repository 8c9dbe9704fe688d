"""The tables head office shows, in a file of their own that may be deleted: it is folded again from the journal.

Rows and the position they were folded to change in one transaction, so a crash repeats nothing. The file need not be as
durable as the journal: what it forgets, it folds again.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sync.chain import Position, Record
from sync.headoffice.projections import CardRow, CounterRow, DeviceRow, PolicyRow, RequestRow, TicketRow, ValueRow, fold
from sync.headoffice.store_database import Connection, Database, DatabaseError

MAX_REQUESTS: Final = 1_000
MAX_TICKETS: Final = 20_000
"""Of one branch and day in one answer."""

MIGRATIONS: Final = (
    """
    CREATE TABLE progress (
        branch TEXT PRIMARY KEY, jid BLOB NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE card (
        branch TEXT PRIMARY KEY, config BLOB NOT NULL, day TEXT NOT NULL, day_open INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE ticket (
        branch TEXT NOT NULL, ticket TEXT NOT NULL, number TEXT NOT NULL, service TEXT NOT NULL, tier TEXT NOT NULL,
        queue TEXT NOT NULL, state TEXT NOT NULL, channel TEXT NOT NULL, day TEXT NOT NULL,
        taken_at_ms INTEGER NOT NULL, called_at_ms INTEGER, served_at_ms INTEGER, ended_at_ms INTEGER,
        counter TEXT, calls INTEGER NOT NULL,
        PRIMARY KEY (branch, ticket)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ticket_by_day ON ticket (branch, day, taken_at_ms);
    CREATE INDEX ticket_waiting ON ticket (branch, service, tier, taken_at_ms) WHERE state = 'waiting';

    CREATE TABLE counter (
        branch TEXT NOT NULL, counter TEXT NOT NULL, number ANY NOT NULL, state TEXT NOT NULL,
        ticket TEXT, ticket_number TEXT, since_ms INTEGER NOT NULL,
        PRIMARY KEY (branch, counter)
    ) STRICT, WITHOUT ROWID;

    -- An event that could not be folded parks its entity: what follows about it is kept here too, in order.
    CREATE TABLE dead_letter (
        branch TEXT NOT NULL, seq INTEGER NOT NULL, entity TEXT NOT NULL, type TEXT NOT NULL, error TEXT NOT NULL,
        PRIMARY KEY (branch, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX dead_letter_by_entity ON dead_letter (branch, entity);
    """,
    """
    CREATE TABLE policy (
        branch TEXT NOT NULL, scope TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL,
        reason TEXT NOT NULL, detail TEXT NOT NULL, at_ms INTEGER NOT NULL,
        PRIMARY KEY (branch, scope, state)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE policy_request (
        branch TEXT NOT NULL, request TEXT NOT NULL, policy TEXT NOT NULL, value TEXT NOT NULL, held_by TEXT NOT NULL,
        reason TEXT NOT NULL, state TEXT NOT NULL, asked_at_ms INTEGER NOT NULL,
        PRIMARY KEY (branch, request)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX policy_request_pending ON policy_request (asked_at_ms) WHERE state = 'pending';
    """,
    """
    CREATE TABLE device (
        branch TEXT NOT NULL, device TEXT NOT NULL, family TEXT NOT NULL, model TEXT NOT NULL, state TEXT NOT NULL,
        error TEXT, since_ms INTEGER NOT NULL, day TEXT NOT NULL, ready_s INTEGER NOT NULL, away_s INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        PRIMARY KEY (branch, device)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE policy_value (
        branch TEXT NOT NULL, policy TEXT NOT NULL, level TEXT NOT NULL, value TEXT NOT NULL, granted INTEGER NOT NULL,
        PRIMARY KEY (branch, policy, level)
    ) STRICT, WITHOUT ROWID;
    """,
)
_TABLES: Final = ("progress", "card", "ticket", "counter", "dead_letter", "policy", "policy_request", "device", "policy_value")
_TICKET: Final = (
    "ticket, number, service, tier, queue, state, channel, day,"
    " taken_at_ms, called_at_ms, served_at_ms, ended_at_ms, counter, calls"
)
_REQUEST: Final = ", ".join(RequestRow._fields)
_DEVICE: Final = ", ".join(DeviceRow._fields)
_COUNTER: Final = "counter, number, state, ticket, ticket_number, since_ms"

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a branch's journal is folded."""

    branch: str
    jid: bytes
    position: Position
    at_ms: int
    """The time of the last folded event, by the branch's clock."""


@dataclass(frozen=True, slots=True)
class QueueLine:
    """How many wait in one queue, and since when the first."""

    service: str
    tier: str
    waiting: int
    oldest_taken_at_ms: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What is shown of one branch."""

    progress: Progress
    card: CardRow
    queues: list[QueueLine]
    counters: list[CounterRow]
    tickets_today: int
    dead_letters: int
    devices: int
    devices_away: int
    """Those that do not work or wait for somebody's hand."""


class SqliteSheet:
    """One branch's rows during one transaction: read once, written once."""

    def __init__(self, connection: Connection, branch: str) -> None:
        self._sql = connection
        self._branch = branch
        self._tickets: dict[str, TicketRow] = {}
        self._counters: dict[str, CounterRow] = {}
        self._card: CardRow | None = None
        self._policies: dict[tuple[str, str], PolicyRow] = {}
        self._requests: dict[str, RequestRow] = {}
        self._devices: dict[str, DeviceRow | None] = {}
        self._values: dict[tuple[str, str], ValueRow] | None = None
        """All of the branch, once one of them is asked for."""

    def ticket(self, ticket: str) -> TicketRow | None:
        if ticket not in self._tickets:
            rows: list[Row] = self._sql.execute(
                f"SELECT {_TICKET} FROM ticket WHERE branch = ? AND ticket = ?",  # noqa: S608
                (self._branch, ticket),
            ).fetchall()
            return TicketRow(*rows[0]) if rows else None
        return self._tickets[ticket]

    def put_ticket(self, row: TicketRow) -> None:
        self._tickets[row.ticket] = row

    def tickets_in(self, day: str, queue: str) -> list[TicketRow]:
        rows: list[Row] = self._sql.execute(
            f"SELECT {_TICKET} FROM ticket WHERE branch = ? AND day = ? AND queue = ?",  # noqa: S608
            (self._branch, day, queue),
        ).fetchall()
        found = {row.ticket: row for row in map(TicketRow._make, rows)} | self._tickets
        return [row for row in found.values() if (row.day, row.queue) == (day, queue)]

    def counter(self, counter: str) -> CounterRow | None:
        if counter not in self._counters:
            rows: list[Row] = self._sql.execute(
                f"SELECT {_COUNTER} FROM counter WHERE branch = ? AND counter = ?",  # noqa: S608
                (self._branch, counter),
            ).fetchall()
            return CounterRow(*rows[0]) if rows else None
        return self._counters[counter]

    def put_counter(self, row: CounterRow) -> None:
        self._counters[row.counter] = row

    def counters(self) -> list[CounterRow]:
        rows: list[Row] = self._sql.execute(
            f"SELECT {_COUNTER} FROM counter WHERE branch = ?",  # noqa: S608
            (self._branch,),
        ).fetchall()
        return list(({row.counter: row for row in map(CounterRow._make, rows)} | self._counters).values())

    def card(self) -> CardRow:
        return self._card if self._card is not None else _card(self._sql, self._branch)

    def put_card(self, row: CardRow) -> None:
        self._card = row

    def put_policy(self, row: PolicyRow) -> None:
        self._policies[row.scope, row.state] = row

    def request(self, request: str) -> RequestRow | None:
        if request not in self._requests:
            rows: list[Row] = self._sql.execute(
                f"SELECT {_REQUEST} FROM policy_request WHERE branch = ? AND request = ?",  # noqa: S608
                (self._branch, request),
            ).fetchall()
            return RequestRow(*rows[0]) if rows else None
        return self._requests[request]

    def put_request(self, row: RequestRow) -> None:
        self._requests[row.request] = row

    def values(self) -> list[ValueRow]:
        return list(self._said().values())

    def put_value(self, row: ValueRow) -> None:
        self._said()[row.policy, row.level] = row

    def drop_value(self, row: ValueRow) -> None:
        self._said().pop((row.policy, row.level), None)

    def _said(self) -> dict[tuple[str, str], ValueRow]:
        if self._values is None:
            self._values = {(row.policy, row.level): row for row in _values(self._sql, self._branch)}
        return self._values

    def device(self, device: str) -> DeviceRow | None:
        if device not in self._devices:
            rows: list[Row] = self._sql.execute(
                f"SELECT {_DEVICE} FROM device WHERE branch = ? AND device = ?",  # noqa: S608
                (self._branch, device),
            ).fetchall()
            return DeviceRow(*rows[0]) if rows else None
        return self._devices[device]

    def put_device(self, row: DeviceRow) -> None:
        self._devices[row.device] = row

    def drop_device(self, device: str) -> None:
        self._devices[device] = None

    def write(self) -> None:
        branch = (self._branch,)
        gone = [(self._branch, device) for device, row in self._devices.items() if row is None]
        self._sql.executemany("DELETE FROM device WHERE branch = ? AND device = ?", gone)
        self._sql.executemany(
            f"INSERT OR REPLACE INTO device (branch, {_DEVICE}) VALUES (?{', ?' * len(DeviceRow._fields)})",  # noqa: S608
            [branch + row for row in self._devices.values() if row is not None],
        )
        self._sql.executemany(
            f"INSERT OR REPLACE INTO ticket (branch, {_TICKET}) VALUES (?{', ?' * 14})",  # noqa: S608
            [branch + row for row in self._tickets.values()],
        )
        self._sql.executemany(
            f"INSERT OR REPLACE INTO counter (branch, {_COUNTER}) VALUES (?{', ?' * 6})",  # noqa: S608
            [branch + row for row in self._counters.values()],
        )
        self._sql.executemany(
            "INSERT OR REPLACE INTO policy VALUES (?, ?, ?, ?, ?, ?, ?)", [branch + row for row in self._policies.values()]
        )
        self._sql.executemany(
            "INSERT OR REPLACE INTO policy_request VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [branch + row for row in self._requests.values()],
        )
        if self._values is not None:
            self._sql.execute("DELETE FROM policy_value WHERE branch = ?", branch)
            self._sql.executemany(
                "INSERT INTO policy_value VALUES (?, ?, ?, ?, ?)", [branch + row for row in self._values.values()]
            )
        if self._card is not None:
            self._sql.execute(
                "INSERT OR REPLACE INTO card VALUES (?, ?, ?, ?)",
                (self._branch, self._card.config, self._card.day, int(self._card.day_open)),
            )


class Views:
    """The pictures in `folder/views.db`."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / "views.db", MIGRATIONS, durable=False)

    @property
    def failed(self) -> "asyncio.Future[None]":
        """Completes with the error after which the file can no longer be written."""
        return self._database.failed

    async def start(self) -> None:
        await self._database.start()

    async def stop(self) -> None:
        await self._database.stop()

    async def fold(self, progress: Progress, records: Sequence[Record]) -> tuple[int, int]:
        """Fold the records and stand at `progress`. Returns how many were shown and how many became dead letters."""
        return await self._database.write(lambda connection: _fold(connection, progress, records))

    async def reset(self, branch: str) -> None:
        """Forget the branch, to be folded again from the start."""
        await self._database.write(lambda connection: _reset(connection, branch))

    async def progress(self) -> dict[str, Progress]:
        return await self._database.read(lambda connection: {found.branch: found for found in _progress(connection, None)})

    async def picture(self, branch: str) -> Picture | None:
        return await self._database.read(lambda connection: _picture(connection, branch))

    async def tickets(self, branch: str, day: str) -> list[TicketRow]:
        query = (
            f"SELECT {_TICKET} FROM ticket WHERE branch = ? AND day = ?"  # noqa: S608
            " ORDER BY taken_at_ms, ticket LIMIT ?"
        )
        return await self._database.read(
            lambda connection: [TicketRow(*row) for row in _rows(connection, query, (branch, day, MAX_TICKETS))]
        )

    async def devices(self, branch: str) -> list[DeviceRow]:
        """What stands in a branch, those first that need somebody."""
        query = (
            f"SELECT {_DEVICE} FROM device WHERE branch = ?"  # noqa: S608
            " ORDER BY state = 'ready', state = 'needs_help', device"
        )
        return await self._database.read(lambda connection: [DeviceRow(*row) for row in _rows(connection, query, (branch,))])

    async def policies(self) -> list[tuple[str, PolicyRow]]:
        """What became of the newest documents, by branch."""
        query = f"SELECT branch, {', '.join(PolicyRow._fields)} FROM policy ORDER BY branch, scope, version, at_ms"  # noqa: S608
        return await self._database.read(
            lambda connection: [(branch, PolicyRow(*row)) for branch, *row in _rows(connection, query, ())]
        )

    async def requests(self, state: str) -> list[tuple[str, RequestRow]]:
        """What branches have asked for; the oldest first."""
        query = (
            f"SELECT branch, {_REQUEST} FROM policy_request WHERE state = ?"  # noqa: S608
            " ORDER BY asked_at_ms, branch LIMIT ?"
        )
        return await self._database.read(
            lambda connection: [(branch, RequestRow(*row)) for branch, *row in _rows(connection, query, (state, MAX_REQUESTS))]
        )

    async def policy_values(self, branch: str) -> list[ValueRow]:
        """What an outlet has set for itself."""
        return await self._database.read(lambda connection: _values(connection, branch))

    async def ticket_count(self) -> int:
        return await self._database.read(lambda connection: _count(connection, "SELECT count(*) FROM ticket", ()))

    async def dead_letter_count(self) -> int:
        return await self._database.read(lambda connection: _count(connection, "SELECT count(*) FROM dead_letter", ()))


def _fold(connection: Connection, progress: Progress, records: Iterable[Record]) -> tuple[int, int]:
    sheet = SqliteSheet(connection, progress.branch)
    query = "SELECT DISTINCT entity FROM dead_letter WHERE branch = ?"
    parked = {str(row[0]) for row in _rows(connection, query, (progress.branch,))}
    shown, letters = 0, []
    for record in records:
        try:
            if record.entity in parked:
                letters.append((record, "an earlier event about it could not be folded"))
            else:
                shown += fold(sheet, record)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one event must not stop the others
            letters.append((record, f"{type(error).__name__}: {error}"))
            parked.add(record.entity)
    sheet.write()
    connection.executemany(
        "INSERT OR REPLACE INTO dead_letter VALUES (?, ?, ?, ?, ?)",
        [(progress.branch, record.seq, record.entity, record.type, why) for record, why in letters],
    )
    connection.execute(
        "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?)",
        (progress.branch, progress.jid, *progress.position, progress.at_ms),
    )
    return shown, len(letters)


def _reset(connection: Connection, branch: str) -> None:
    for table in _TABLES:
        connection.execute(f"DELETE FROM {table} WHERE branch = ?", (branch,))  # noqa: S608


def _picture(connection: Connection, branch: str) -> Picture | None:
    progress = next(iter(_progress(connection, branch)), None)
    if progress is None:
        return None
    card = _card(connection, branch)
    queues = _rows(
        connection,
        "SELECT service, tier, count(*), min(taken_at_ms) FROM ticket WHERE branch = ? AND state = 'waiting'"
        " GROUP BY service, tier ORDER BY service, tier",
        (branch,),
    )
    counters = _rows(
        connection,
        f"SELECT {_COUNTER} FROM counter WHERE branch = ? ORDER BY number",  # noqa: S608
        (branch,),
    )
    return Picture(
        progress=progress,
        card=card,
        queues=[QueueLine(*row) for row in queues],
        counters=[CounterRow(*row) for row in counters],
        tickets_today=_count(connection, "SELECT count(*) FROM ticket WHERE branch = ? AND day = ?", (branch, card.day)),
        dead_letters=_count(connection, "SELECT count(*) FROM dead_letter WHERE branch = ?", (branch,)),
        devices=_count(connection, "SELECT count(*) FROM device WHERE branch = ?", (branch,)),
        devices_away=_count(
            connection, "SELECT count(*) FROM device WHERE branch = ? AND state IN ('away', 'needs_help')", (branch,)
        ),
    )


def _progress(connection: Connection, branch: str | None) -> list[Progress]:
    query = "SELECT branch, jid, seq, hash, at_ms FROM progress WHERE ?1 IS NULL OR branch = ?1"
    found = _rows(connection, query, (branch,))
    return [Progress(name, jid, Position(seq, tip), at_ms) for name, jid, seq, tip, at_ms in found]


def _card(connection: Connection, branch: str) -> CardRow:
    rows = _rows(connection, "SELECT config, day, day_open FROM card WHERE branch = ?", (branch,))
    return CardRow(rows[0][0], rows[0][1], bool(rows[0][2])) if rows else CardRow()


def _values(connection: Connection, branch: str) -> list[ValueRow]:
    query = "SELECT policy, level, value, granted FROM policy_value WHERE branch = ? ORDER BY policy, level"
    return [
        ValueRow(policy, level, value, bool(granted)) for policy, level, value, granted in _rows(connection, query, (branch,))
    ]


def _count(connection: Connection, query: str, parameters: Row) -> int:
    return int(_rows(connection, query, parameters)[0][0])


def _rows(connection: Connection, query: str, parameters: Row) -> list[Row]:
    return connection.execute(query, parameters).fetchall()
