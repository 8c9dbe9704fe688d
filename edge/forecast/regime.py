"""Which rules a counter followed at a moment of the journal: the fold of what was set here, and of what levels above have said.

The tables know what holds now (`edge.queue.ruling`). A past day was lived under what held then, so whoever plays it again folds
the few facts that speak of rules: rules set at the outlet, for good or for a day; policy documents that came into force; values
the outlet set; requests that were granted; the work calendar. The levels meet as they do for the tables, by the same functions.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from edge.kernel.db import Connection
from edge.kernel.domain import Event
from edge.kernel.journal import of_types
from edge.policy import events as p
from edge.policy.keys import Effective, Key, Layer, Level, effective
from edge.policy.model import Document, Entry
from edge.queue import events as e
from edge.queue import policy as keys
from edge.queue.call_rules import Calendar, CallRules
from edge.queue.work_calendar import WorkCalendar
from sync.chain import Record

_KEYS: Final[tuple[Key[Any], ...]] = (keys.CALL_RULES, keys.CALENDAR, *keys.PROMOTE.values())
KEYS: Final = {key.name: key for key in _KEYS}
"""The policies that a rule depends on."""


class Regime:
    """What holds after the facts that were read."""

    def __init__(self) -> None:
        self._own: dict[str, CallRules] = {}
        self._today: dict[str, CallRules] = {}
        self._days: Calendar = {}
        self._layers: dict[str, dict[Level, Layer]] = {name: {} for name in KEYS}
        self._documents: dict[tuple[str, int], dict[str, Entry]] = {}
        self._wishes: dict[str, tuple[str, Any]] = {}
        """Request → key and value."""
        self._region = ""
        self._followed: dict[str, CallRules] = {}
        self._calendar: Calendar | None = None

    def read(self, record: Record) -> bool:
        """One fact, in order; whether it is one that speaks of rules."""
        line = _LINES.get(record.type)
        if line is None:
            return False
        line.read(self, msgspec.json.decode(record.body, type=line.event))
        self._followed.clear()
        self._calendar = None
        return True

    def rules_of(self, counter: str) -> CallRules:
        """What a counter follows, within the bounds that any level has set."""
        found = self._followed.get(counter)
        if found is None:
            held = self._held(keys.CALL_RULES)
            above = keys.above_of(held, keys.CALL_RULES.accept(held.value), counter)
            written = above.beside(self._today.get(counter, self._own.get(counter)))
            found = self._followed[counter] = self._bounds().govern(written)
        return found

    @property
    def calendar(self) -> Calendar:
        if self._calendar is None:
            self._calendar = WorkCalendar(self._days, keys.CALENDAR.accept(self._held(keys.CALENDAR).value))
        return self._calendar

    def _bounds(self) -> keys.Bounds:
        return keys.bounds_of({what: key.accept(self._held(key).value) for what, key in keys.PROMOTE.items()})

    def _held(self, key: Key[Any]) -> Effective:
        return effective(key, self._layers[key.name].values())

    # --- facts

    def on_rules_set(self, event: e.CallRulesSet) -> None:
        (self._today if event.temporary else self._own)[event.counter] = event.rules
        if not event.temporary:
            self._today.pop(event.counter, None)

    def on_rules_given_up(self, event: e.CallRulesGivenUp) -> None:
        self._today.pop(event.counter, None)
        self._own.pop(event.counter, None)

    def on_calendar_set(self, event: e.CalendarSet) -> None:
        self._days = {date.fromisoformat(day): kind for day, kind in event.days.items()}

    def on_day_closed(self, _event: e.DayClosed) -> None:
        self._today.clear()
        self._forget(Level.TEMPORARY)

    def on_accepted(self, event: p.DocumentAccepted) -> None:
        values = msgspec.json.decode(event.document, type=Document).values
        self._documents[event.scope, event.version] = {name: entry for name, entry in values.items() if name in KEYS}

    def on_applied(self, event: p.DocumentApplied) -> None:
        """Its values stand alone at its level."""
        self._forget(event.level)
        for name, entry in self._documents.pop((event.scope, event.version), {}).items():
            self._say(name, Layer(event.level, entry.value, entry.lock))

    def on_region(self, event: p.RegionAssigned) -> None:
        if event.region != self._region:
            self._region = event.region
            self._forget(Level.REGION)

    def on_value_set(self, event: p.ValueSet) -> None:
        self._say(event.policy, Layer(event.level, event.value))

    def on_value_cleared(self, event: p.ValueCleared) -> None:
        self._layers.get(event.policy, {}).pop(event.level, None)

    def on_requested(self, event: p.OverrideRequested) -> None:
        if event.policy in KEYS:
            self._wishes[event.request] = (event.policy, event.value)

    def on_answered(self, event: p.RequestAnswered) -> None:
        """A yes is in force at once; a later no takes it back."""
        policy, value = self._wishes.get(event.request, ("", None))
        granted = Layer(Level.OUTLET, value, granted=True)
        if event.approved:
            self._say(policy, granted)
        elif self._layers.get(policy, {}).get(Level.OUTLET) == granted:
            del self._layers[policy][Level.OUTLET]

    def _say(self, policy: str, layer: Layer) -> None:
        if policy in KEYS:
            self._layers[policy][layer.level] = layer

    def _forget(self, level: Level) -> None:
        for layers in self._layers.values():
            layers.pop(level, None)


class _Line(NamedTuple):
    """How one type of fact is read."""

    event: type[Event]
    read: Callable[[Regime, Any], None]


_LINES: Final[Mapping[str, _Line]] = {
    line.event.TYPE: line
    for line in (
        _Line(e.CallRulesSet, Regime.on_rules_set),
        _Line(e.CallRulesGivenUp, Regime.on_rules_given_up),
        _Line(e.CalendarSet, Regime.on_calendar_set),
        _Line(e.DayClosed, Regime.on_day_closed),
        _Line(p.DocumentAccepted, Regime.on_accepted),
        _Line(p.DocumentApplied, Regime.on_applied),
        _Line(p.RegionAssigned, Regime.on_region),
        _Line(p.ValueSet, Regime.on_value_set),
        _Line(p.ValueCleared, Regime.on_value_cleared),
        _Line(p.OverrideRequested, Regime.on_requested),
        _Line(p.RequestAnswered, Regime.on_answered),
    )
}
TYPES: Final = tuple(_LINES)
"""The types of facts that speak of rules."""


def facts(connection: Connection, *, until: int) -> list[Record]:
    """Every fact about rules up to `until`, in order: one pass over the journal, for there are few of them.

    With a million facts that is 1.5 s of a process that has the time. An index would be instant, and would cost every start
    after a power cut more than that: SQLite's full check holds each row of the journal against it.
    """
    return of_types(connection, TYPES, until)


def after(records: list[Record], seq: int) -> Regime:
    """What holds after the fact `seq`, of all `records` about rules."""
    regime = Regime()
    for record in records:
        if record.seq <= seq:
            regime.read(record)
    return regime
