"""Which rule a counter follows and what it remembers of its calls, read from the tables."""

from datetime import date, datetime
from typing import Final

import msgspec

from edge.kernel.db import Connection
from edge.kernel.remembered import remembered
from edge.policy import tables as policy
from edge.queue import policy as keys
from edge.queue.call_rules import CallRules, DayClass, rule_of, scheduled
from edge.queue.model import Tier
from edge.queue.rules import FRESH, Memory, Rule
from edge.queue.work_calendar import WorkCalendar

_turns: Final = msgspec.json.Decoder(dict[Tier, int]).decode


def rule_now(connection: Connection, counter: str, now: datetime) -> Rule:
    """The rule of a call at the branch's local time `now`."""
    return ruling_now(connection, counter, now)[0]


def ruling_now(connection: Connection, counter: str, now: datetime) -> tuple[Rule, bool]:
    """The same, and whether a schedule makes it."""
    rules, days = _followed(connection, counter)
    schedule = scheduled(rules, now, days)
    return rule_of(rules, schedule), schedule is not None


@remembered
def _followed(connection: Connection, counter: str) -> tuple[CallRules, WorkCalendar]:
    return call_rules(connection, counter), calendar(connection)


def call_rules(connection: Connection, counter: str) -> CallRules:
    """What the counter follows: its written rules, within the bounds that any level has set."""
    return keys.bounds(connection).govern(written_rules(connection, counter))


def written_rules(connection: Connection, counter: str) -> CallRules:
    """The counter's rules: those made here for today only before those made here for good, else those of an upper level, which
    come first where it has locked them; else the default."""
    return keys.from_above(connection, counter).beside(own_rules(connection, counter))


def own_rules(connection: Connection, counter: str) -> CallRules | None:
    """What was set here."""
    body = connection.execute(
        "SELECT body FROM queue_call_rules WHERE counter = ? ORDER BY temporary DESC LIMIT 1", (counter,)
    ).get
    return None if body is None else msgspec.json.decode(body, type=CallRules)


def calendar(connection: Connection) -> WorkCalendar:
    """The days that are not what their weekday says."""
    rows = connection.execute("SELECT day, class FROM queue_calendar")
    own = {date.fromisoformat(str(day)): DayClass(str(kind)) for day, kind in rows}
    return WorkCalendar(own, keys.bank_calendar(connection))


def memory(connection: Connection, counter: str) -> Memory:
    """What the counter remembers of its calls."""
    row = connection.execute(
        "SELECT promoted_in_row, turns, walk_ins_owed FROM queue_counter WHERE counter = ?", (counter,)
    ).fetchone()
    return FRESH if row is None else Memory(row[0], _turns(row[1]), row[2])


def targets_s(connection: Connection) -> dict[Tier, int]:
    """How long somebody of a tier should wait at most."""
    return policy.read_each(connection, keys.TARGET_S)
