"""What people do to devices is only recorded: nothing about a branch's business depends on it."""

from collections.abc import Mapping, Sequence
from typing import Final

from edge.devices import conditions, tables
from edge.devices.model import DeviceTested, OpenTrace, RecordTest, TraceOpened
from edge.kernel.db import Connection
from edge.kernel.domain import Command, Context, Event
from edge.kernel.pipeline import Apply, Handler


def load(_connection: Connection, _command: OpenTrace | RecordTest, _context: Context) -> None:
    """Nothing is needed."""


def open_trace(_state: None, command: OpenTrace, _context: Context) -> Sequence[Event]:
    return [TraceOpened(device=command.device)]


def record_test(_state: None, command: RecordTest, _context: Context) -> Sequence[Event]:
    return [DeviceTested(device=command.device, outcome=command.outcome)]


HANDLERS: Final[dict[type[Command], Handler]] = {
    OpenTrace: Handler(load, open_trace),
    RecordTest: Handler(load, record_test),
    **conditions.HANDLERS,
}
EVENTS: Final[Mapping[type[Event], Sequence[Apply]]] = {TraceOpened: (), DeviceTested: (), **tables.APPLIES}
"""Of what people do no table is made: it is for whoever reads the journal."""
