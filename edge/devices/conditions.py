"""What of a device's condition is a fact: that it went away or came back and stayed so, and how each whole day was.

Everything finer is telemetry (`health.py`). Not to flood the journal and the line to head office:

* A condition counts once it has held for `SETTLED_S`. A device that flickers tells nothing until it makes up its mind.
* After `CHANGES_MAX` changes of one day, a device's further ones are told at most once in `THEN_EVERY_MS`.
* Counters and times go up once a day, all devices in one fact, when the day is over.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from drivers.api import DeviceStatus
from edge.devices import model as m
from edge.devices import tables
from edge.devices.tables import ConditionRow
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event
from edge.kernel.pipeline import Handler

SETTLED_S: Final = 60.0
CHANGES_MAX: Final = 20
THEN_EVERY_MS: Final = 3_600_000

_STANDS: Final[Mapping[DeviceStatus, m.Stands]] = {
    DeviceStatus.ONLINE: "ready",
    DeviceStatus.DEVICE_BUSY: "ready",
    DeviceStatus.USER_ERROR: "needs_help",
}


def stands(status: DeviceStatus) -> m.Stands:
    """A device's status as people care for it; whatever is neither ready nor waits for a hand is away."""
    return _STANDS.get(status, "away")


class Settling:
    """Finds out which conditions have held long enough to be told."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[m.Condition, float]] = {}

    def look(self, now: Sequence[m.Condition], at_s: float) -> list[m.Condition]:
        """Those that have been the same for `SETTLED_S`, of devices that are there; `at_s` runs evenly."""
        before, self._seen = self._seen, {}
        for condition in now:
            known = before.get(condition.device)
            same = known is not None and known[0] == condition
            self._seen[condition.device] = known if same and known is not None else (condition, at_s)
        return [condition for condition, since_s in self._seen.values() if at_s - since_s >= SETTLED_S]


def of_devices(connection: Connection, _command: m.NoteConditions, _context: Context) -> dict[str, ConditionRow]:
    return {row.device: row for row in tables.conditions(connection)}


def note(state: dict[str, ConditionRow], command: m.NoteConditions, context: Context) -> Sequence[Event]:
    """What is news. A device that is configured no more is told as removed, once."""
    told = [
        m.ConditionChanged(device=one.device, family=one.family, model=one.model, state=one.state, error=one.error)
        for one in command.conditions
        if _is_news(state.get(one.device), one, context)
    ]
    there = set(command.present)
    gone = [
        m.ConditionChanged(device=row.device, family=row.family, model=row.model, state="removed")
        for row in state.values()
        if row.device not in there and row.state != "removed"
    ]
    return [*told, *gone]


def _is_news(known: ConditionRow | None, one: m.Condition, context: Context) -> bool:
    if known is None:
        return True
    if (known.state, known.error, known.model) == (one.state, one.error, one.model):
        return False
    worn_out = known.changes_day == context.now_ms // tables.DAY_MS and known.changes >= CHANGES_MAX
    return not worn_out or context.now_ms - known.since_ms >= THEN_EVERY_MS


def of_day(connection: Connection, command: m.SumDay, _context: Context) -> bool:
    return tables.is_summed(connection, command.day)


def sum_day(summed: bool, command: m.SumDay, context: Context) -> Sequence[Event]:  # noqa: FBT001 -- the state loaded for it
    """Once for each day, and only when it is over."""
    if summed or command.day >= context.today.isoformat():
        return ()
    return [m.DaySummed(day=command.day, devices=command.devices)]


HANDLERS: Final[dict[type[Command], Handler]] = {
    m.NoteConditions: Handler(of_devices, note),
    m.SumDay: Handler(of_day, sum_day),
}
