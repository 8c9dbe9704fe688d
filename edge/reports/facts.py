"""The facts of one business day as the tallies read them: plain rows, times bounded by the day's own midnights.

A day's durations never reach past its midnight: what a box that was switched off settles only the next morning (a sign-out, a
service left in hand) ends at midnight, and no step of the clock makes a duration negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from edge.kernel.db import Connection
from edge.reports.period import midnight_ms

BAND_S: Final = 30 * 60
BANDS: Final = 48
APPOINTMENT: Final = "appointment"
NOTHING: Final = "none"
"""Nothing was shown; no text message was due."""


class Ticket(NamedTuple):
    """A row of `report_ticket`; the names are the columns."""

    seq: int
    ticket: str
    number: str
    service: str
    tier: str
    channel: str
    recognised: int
    priority_reason: str | None
    printer: str | None
    taken_ms: int
    activated_ms: int | None
    low_s: int
    high_s: int
    ahead: int
    state: str
    calls: int
    recalls: int
    first_call_seq: int | None
    first_call_ms: int | None
    last_call_ms: int | None
    counter: str | None
    staff: str | None
    rule: str | None
    reason: str | None
    served_ms: int | None
    ended_ms: int | None
    outcome: str | None
    transfers: int
    pins: int
    hand: str | None
    """Why staff moved it by hand, the last time."""
    queue: str
    score: int | None
    complaints: str | None
    later_kept: int
    """Ranges that its phone showed afterwards and that held; with the others it was called before them or, so late, after."""
    later_early: int
    later_late: int
    later_late_s: int
    appointed: int
    """Whether it was taken with an appointment."""
    shown: str | None
    """What its holder showed: the kind of an identity."""
    device: str | None
    """The enrolled device it was taken, or from afar activated, at."""
    sms: str | None
    """What became of its reminder; None where none was due."""
    triggered_by: str | None
    """`triggers.py`; of its last call."""
    follow_up: str | None
    """What came of following its bad rating up; None where nobody has."""

    @property
    def means(self) -> str:
        """识别方式: what was shown, or the appointment's code."""
        return self.shown or (APPOINTMENT if self.appointed else NOTHING)

    @property
    def later_shown(self) -> int:
        return self.later_kept + self.later_early + self.later_late

    @property
    def wait_s(self) -> int | None:
        """From taking the number, or for a remote one from coming in, to the first call; None where it was never called."""
        if self.first_call_ms is None:
            return None
        return max(0, self.first_call_ms - max(self.taken_ms, self.activated_ms or 0)) // 1000


class Call(NamedTuple):
    """A row of `report_call`."""

    seq: int
    ticket_seq: int
    number: str
    service: str
    tier: str
    counter: str
    staff: str
    rule: str
    reason: str
    note: str
    """Why it was called out of turn, in the words of whoever did it."""
    called_ms: int
    last_ms: int
    recalls: int
    ready_ms: int
    served_ms: int | None
    ended_ms: int | None
    result: str | None
    triggered_by: str
    scheduled: int
    """Whether a schedule's rule was in force."""

    @property
    def response_s(self) -> int:
        """From when the counter was free and the customer there, to the call."""
        return max(0, self.called_ms - self.ready_ms) // 1000


class Span(NamedTuple):
    """A row of `report_presence`: one state of one counter. The first of a shift says whether its end was automatic."""

    seq: int
    shift: int
    counter: str
    staff: str
    state: str
    reason: str
    from_ms: int
    to_ms: int | None
    automatic: int


class Diversion(NamedTuple):
    """A row of `report_diversion`: a machine offered before a number."""

    seq: int
    service: str
    accepted: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Of whom a report tells; None is everybody. A ticket's teller and counter are those who called it last."""

    service: str | None = None
    tier: str | None = None
    teller: str | None = None
    counter: str | None = None

    @property
    def named(self) -> frozenset[str]:
        return frozenset(name for name in ("service", "tier", "teller", "counter") if getattr(self, name) is not None)


EVERYBODY: Final = Scope()
_COLUMN: Final = {"service": "service", "tier": "tier", "teller": "staff", "counter": "counter"}


@dataclass(frozen=True)
class Day:
    """One business day, read when it is asked for."""

    connection: Connection
    day: date
    zone: ZoneInfo
    now_ms: int
    """Bounds what is still going on."""
    scope: Scope = field(default=EVERYBODY)

    @cached_property
    def start_ms(self) -> int:
        return midnight_ms(self.day, self.zone)

    @cached_property
    def end_ms(self) -> int:
        return midnight_ms(self.day + timedelta(days=1), self.zone)

    @cached_property
    def tickets(self) -> list[Ticket]:
        return [Ticket(*row) for row in self._rows("report_ticket", Ticket._fields, self.scope, _COLUMN)]

    @cached_property
    def calls(self) -> list[Call]:
        return [Call(*row) for row in self._rows("report_call", Call._fields, self.scope, _COLUMN)]

    @cached_property
    def diversions(self) -> list[Diversion]:
        """Nobody knows who was asked: of a scope only the service counts."""
        return [
            Diversion(*row) for row in self._rows("report_diversion", Diversion._fields, self.scope, {"service": "service"})
        ]

    # --- of everybody, whoever is asked about: a ticket is overtaken, and may be served, outside the scope too

    @cached_property
    def first_calls(self) -> list[tuple[int, str, int]]:
        """Every ticket that was called, in the order of taking: its place, its service, its first call."""
        rows = self._rows("report_ticket", ("seq", "service", "first_call_seq"), EVERYBODY, _COLUMN)
        return [(seq, service, first) for seq, service, first in rows if first is not None]

    @cached_property
    def call_line(self) -> list[tuple[str, int]]:
        """Service and place of every call."""
        return [(service, seq) for service, seq in self._rows("report_call", ("service", "seq"), EVERYBODY, _COLUMN)]

    @cached_property
    def served_s(self) -> dict[int, int]:
        """Seconds at a counter by ticket, over all its calls."""
        found: dict[int, int] = {}
        for seq, served_ms, ended_ms in self._rows("report_call", ("ticket_seq", "served_ms", "ended_ms"), EVERYBODY, _COLUMN):
            if served_ms is not None and ended_ms is not None:
                found[seq] = found.get(seq, 0) + self.lasted_s(served_ms, ended_ms)
        return found

    @cached_property
    def shift_edges(self) -> dict[str, tuple[int, int]]:
        """By teller the first and the last shift of the day, wherever they sat."""
        found: dict[str, tuple[int, int]] = {}
        for staff, shift in self._rows("report_presence", ("staff", "shift"), EVERYBODY, _COLUMN):
            first, last = found.get(staff, (shift, shift))
            found[staff] = min(first, shift), max(last, shift)
        return found

    @cached_property
    def spans(self) -> list[Span]:
        columns = {"teller": "staff", "counter": "counter"}
        return [Span(*row) for row in self._rows("report_presence", Span._fields, self.scope, columns)]

    def _rows(self, table: str, fields: tuple[str, ...], scope: Scope, columns: Mapping[str, str]) -> list[tuple[Any, ...]]:
        wanted = {columns[name]: getattr(scope, name) for name in sorted(scope.named) if name in columns}
        also = "".join(f" AND {column} = ?" for column in wanted)
        query = f"SELECT {', '.join(fields)} FROM {table} WHERE day = ?{also} ORDER BY seq"  # noqa: S608
        return self.connection.execute(query, (self.day.isoformat(), *wanted.values())).fetchall()

    # --- time

    def at(self, clock: str) -> int:
        """The moment of a local clock time of this day, `24:00` included."""
        hours, minutes = clock.split(":")
        return self.start_ms + (int(hours) * 60 + int(minutes)) * 60_000

    def bounded(self, at_ms: int | None) -> int:
        """A moment of this day; what has not ended yet is bounded by now."""
        return min(max(self.now_ms if at_ms is None else at_ms, self.start_ms), self.end_ms)

    def lasted_s(self, from_ms: int, to_ms: int | None) -> int:
        return max(0, self.bounded(to_ms) - self.bounded(from_ms)) // 1000

    def band(self, at_ms: int) -> int:
        """The half hour of the day, 0 to 47."""
        return min(max((at_ms - self.start_ms) // 1000 // BAND_S, 0), BANDS - 1)

    def service_s(self, call: Call) -> int | None:
        """How long the customer was served after this call; None where nobody came, or it is not over."""
        if call.served_ms is None or call.ended_ms is None:
            return None
        return self.lasted_s(call.served_ms, call.ended_ms)
