"""What people do to devices is only recorded: nothing about a branch's business depends on it. How devices stand is told where
it is news, within the limits of `conditions`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from edge.devices import model as m
from edge.devices import tables
from edge.devices.conditions import CHANGES_MAX, THEN_EVERY_MS
from edge.devices.model import DeviceMoved, DeviceTested, OpenTrace, RecordMove, RecordTest, TraceOpened
from edge.devices.tables import ConditionRow
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event
from edge.kernel.pipeline import Apply, Handler


def load(_connection: Connection, _command: OpenTrace | RecordMove | RecordTest, _context: Context) -> None:
    """Nothing is needed."""


def open_trace(_state: None, command: OpenTrace, _context: Context) -> Sequence[Event]:
    return [TraceOpened(device=command.device)]


def record_test(_state: None, command: RecordTest, _context: Context) -> Sequence[Event]:
    return [DeviceTested(device=command.device, outcome=command.outcome)]


def record_move(_state: None, command: RecordMove, _context: Context) -> Sequence[Event]:
    return [DeviceMoved(device=command.device, address=command.address, before=command.before)]


# --- how devices stand


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
    OpenTrace: Handler(load, open_trace),
    RecordMove: Handler(load, record_move),
    RecordTest: Handler(load, record_test),
    m.NoteConditions: Handler(of_devices, note),
    m.SumDay: Handler(of_day, sum_day),
}
EVENTS: Final[Mapping[type[Event], Sequence[Apply]]] = {TraceOpened: (), DeviceTested: (), DeviceMoved: (), **tables.APPLIES}
"""Of what people do no table is made: it is for whoever reads the journal."""
