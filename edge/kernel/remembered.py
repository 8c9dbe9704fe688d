"""What decisions make of settings, remembered until a setting changes.

Rules, policies, the branch's services and staff change a few times a day and are asked for with every command. What a decision
makes of them would take a dozen reads; one says whether they are still what they were.

* `settings_revision` holds one number. Triggers of the tables that hold settings (`watched`) draw another with every change,
  in the transaction of the change: so nobody can forget to, and whatever takes the change back takes the number back with it.
* The number is random: one that was rolled back never comes again for other settings, and two databases of one process
  (a copy, a replay under other rules) never take each other's.
"""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Final, TypeVar, TypeVarTuple

from edge.kernel.db import Connection
from edge.kernel.migrations import Migration

T = TypeVar("T")
Asked = TypeVarTuple("Asked")

MIGRATIONS: Final = (
    Migration(
        "kernel/005-settings-revision",
        """
        CREATE TABLE settings_revision(id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL) STRICT;
        INSERT INTO settings_revision VALUES (1, random());
        """,
    ),
)

REMEMBERED_MAX: Final = 256
"""So many answers of one question are kept; then all are forgotten and asked again."""


def watched(*tables: str) -> str:
    """The part of a migration by which changes of these tables are noticed."""
    return "".join(
        f"CREATE TRIGGER {table}_{verb.lower()}_noticed AFTER {verb} ON {table}"  # noqa: S608 -- constant names
        " BEGIN UPDATE settings_revision SET number = random(); END;\n"
        for table in tables
        for verb in ("INSERT", "UPDATE", "DELETE")
    )


def remembered(ask: Callable[[Connection, *Asked], T]) -> Callable[[Connection, *Asked], T]:
    """Remember what `ask` answers. It may read watched tables and nothing else, and its arguments must be hashable.

    The answer is shared: it is not to be changed.
    """
    known: dict[tuple[Hashable, ...], Any] = {}

    @wraps(ask)
    def recall(connection: Connection, *asked: *Asked) -> T:
        key = (connection.execute("SELECT number FROM settings_revision").get, *asked)
        if key not in known:
            if len(known) >= REMEMBERED_MAX:
                known.clear()
            known[key] = ask(connection, *asked)
        answer: T = known[key]
        return answer

    return recall
