"""★ Read this first: the one path from a wish to a durable fact.

    command ─▶ receipt? ─▶ load ─▶ decide (pure) ─▶ append events ─▶ apply to tables ─▶ queue effects ─▶ answer ─▶ receipt
               └───────────────────────── one SQLite transaction, shared by a group of commands ─────────────────────────┘
                                                        COMMIT (fsync)
                                          then, on the event loop: followers, and the caller

What is true here:

* A table of a capability changes only in an `apply`, in the transaction that appended the event. So folding the journal
  again gives the same tables (`branchbox verify`).
* The same command id gives the same answer, also a refusal, also after a crash (`receipts.py`).
* Nothing awaits inside the transaction, and `decide` sees no clock, no dice, no disk: they arrive in its `Context`.
* Followers (screens, phones, effects, head office) see facts after they are on disk, in order, and never hold up a commit.
"""

import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from time import perf_counter
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import structlog

from edge.kernel import outbox, receipts
from edge.kernel.clock import Clock, ClockStepped, Step
from edge.kernel.db import Connection, Database, Overloaded, StorageFull
from edge.kernel.domain import Command, Context, Effect, Event, Rejected
from edge.kernel.journal import Journal, hash_at
from sync.chain import Position, Record

log = structlog.get_logger()

Apply = Callable[[Connection, Any, Record], None]
"""Put one event into the tables. Must depend on nothing but its arguments and the tables."""
React = Callable[[Connection, Any, Record], Iterable[Effect]]
"""What the world should now be asked to do."""
Observe = Callable[[str, str, float], None]
"""Hears of every command: its name, what became of it, and after how many seconds."""
Follower = Callable[[list[Record]], None]
"""Called on the event loop after each commit with its facts, in order. Must return at once."""

Ask = Callable[[frozenset[str]], None]
"""Called on the event loop after each commit that queued effects, with their kinds. Must return at once."""

COMMAND_ID_CHARS_MAX: Final = 200


def nothing(_connection: Connection, _state: Any, _events: Sequence[Event], _context: Context) -> None:
    """The answer of a command that has none."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of command is carried out."""

    load: Callable[[Connection, Any, Context], Any]
    """Read the state the decision needs: point reads only, never a scan of all that waits."""
    decide: Callable[[Any, Any, Context], Sequence[Event]]
    """Pure. Returns the facts, or raises Rejected."""
    answer: Callable[[Connection, Any, Sequence[Event], Context], Any] = nothing
    """What the caller gets, read after the facts were applied; it is stored as JSON in the receipt."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The tables of contents of all capabilities, joined by the registry."""

    handlers: Mapping[type[Command], Handler]
    events: Mapping[str, type[Event]]
    applies: Mapping[type[Event], Sequence[Apply]]
    reactions: Mapping[type[Event], Sequence[React]]


class Secret(NamedTuple):
    """Personal data that a command brings along: it goes to the vault, and the facts hold only a reference."""

    subject: str
    name: str
    plain: bytes


class Settlement(NamedTuple):
    """The effect whose outcome a command reports; it ends in the same transaction."""

    effect_id: int
    end: outbox.End
    note: str


class Outcome(NamedTuple):
    """What became of a command."""

    answer: bytes
    """JSON; the same bytes however often the command is repeated."""
    seq: int
    """The last fact of it, or of the journal at the time where it made none."""
    repeated: bool
    records: Sequence[Record] = ()
    refusal: Rejected | None = None
    asked: frozenset[str] = frozenset()
    """The kinds of the effects it queued."""

    @property
    def in_short(self) -> str:
        """For counting: `done`, `repeated`, or the refusal's code."""
        return self.refusal.code if self.refusal is not None else "repeated" if self.repeated else "done"


class _Noted(NamedTuple):
    """A step of the clock and where it was journalled; a rollback may have taken it away again."""

    step: Step
    position: Position
    rollbacks: int


_IN_SHORT: Final[dict[type[Exception], str]] = {Overloaded: "overloaded", StorageFull: "storage_full"}


@dataclass(frozen=True, slots=True)
class _Work:
    command: Command
    actor: str
    command_id: str
    entropy: bytes
    secrets: Sequence[Secret]
    settles: Settlement | None


@dataclass(slots=True)
class Pipeline:
    """Carries commands out, one after the other, durably."""

    db: Database
    journal: Journal
    clock: Clock
    rules: Rules
    zone: ZoneInfo
    seal: Callable[[Connection, Secret], None]
    followers: list[Follower] = field(default_factory=list)
    ask: Ask = lambda _kinds: None
    observe: Observe = lambda _name, _outcome, _seconds: None
    _noted: _Noted | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.db.delivered = self._announce

    def today(self) -> date:
        """The branch's day."""
        return datetime.fromtimestamp(self.clock.now_ms() / 1000, self.zone).date()

    async def submit(
        self,
        command: Command,
        *,
        actor: str,
        command_id: str | None = None,
        secrets_: Sequence[Secret] = (),
        settles: Settlement | None = None,
    ) -> Outcome:
        """Carry out `command` and return once its facts are on disk.

        Raises Rejected where the domain says no, Overloaded where too many commands wait, StorageFull where the disk is.
        """
        key = command_id or secrets.token_hex(16)
        if len(key) > COMMAND_ID_CHARS_MAX:
            raise Rejected("invalid_idempotency_key", chars_max=COMMAND_ID_CHARS_MAX)
        work = _Work(command, actor, key, os.urandom(32), secrets_, settles)
        began_s = perf_counter()
        try:
            outcome = await self.db.write(lambda connection: self._carry_out(connection, work))
        except (Overloaded, StorageFull) as error:
            self.observe(command.NAME, _IN_SHORT[type(error)], perf_counter() - began_s)
            raise
        self.observe(command.NAME, outcome.in_short, perf_counter() - began_s)
        if outcome.refusal is not None:
            raise outcome.refusal
        return outcome

    # --- on the writer thread, inside the transaction

    def _carry_out(self, connection: Connection, work: _Work) -> Outcome:
        mark = receipts.fingerprint(work.command, work.actor)
        known = receipts.find(connection, work.command_id)
        if known is not None:
            return self._repeat(known, mark)
        context = Context(self.clock.now_ms(), self.zone, work.actor, work.entropy)
        handler = self.rules.handlers[type(work.command)]
        records = self._note_clock_step(connection, context)
        try:
            state = handler.load(connection, work.command, context)
            events = handler.decide(state, work.command, context)
        except Rejected as refusal:
            return self._refuse(connection, work, mark, refusal, records)
        news, asked = self._record(connection, context, events)
        records += news
        for secret in work.secrets:
            self.seal(connection, secret)
        if work.settles is not None:
            effect_id, end, note = work.settles
            outbox.settle(connection, effect_id, end, note=note, now_ms=context.now_ms)
        answer = msgspec.json.encode(handler.answer(connection, state, events, context))
        seq = records[-1].seq if records else self.journal.tip(connection).seq
        receipts.keep(connection, work.command_id, receipts.Receipt(mark, seq, None, answer), at_ms=context.now_ms)
        return Outcome(answer, seq, repeated=False, records=records, asked=frozenset(asked))

    def _record(self, connection: Connection, context: Context, events: Sequence[Event]) -> tuple[list[Record], set[str]]:
        """Append, apply, queue effects: the only place where tables of capabilities change. Also returns the effects' kinds."""
        asked = set[str]()
        records = self.journal.append(connection, at_ms=context.now_ms, actor=context.actor, events=events)
        for event, record in zip(events, records, strict=True):
            apply_event(self.rules, connection, event, record)
            for react in self.rules.reactions.get(type(event), ()):
                for effect in react(connection, event, record):
                    outbox.add(connection, effect, seq=record.seq, now_ms=record.at_ms)
                    asked.add(effect.kind)
        return records, asked

    def _note_clock_step(self, connection: Connection, context: Context) -> list[Record]:
        """The steps that are not in the journal yet: a new one, and one whose transaction was abandoned."""
        steps = [step for step in (self._lost_step(connection), self.clock.take_step()) if step is not None]
        if not steps:
            return []
        events = [ClockStepped(from_ms=step.from_ms, to_ms=step.to_ms, reason=step.reason) for step in steps]
        records = self.journal.append(connection, at_ms=context.now_ms, actor="system", events=events)
        whole = Step(steps[0].from_ms, steps[-1].to_ms, steps[-1].reason)
        self._noted = _Noted(whole, self.journal.tip(connection), self.db.rollbacks)
        return records

    def _lost_step(self, connection: Connection) -> Step | None:
        noted = self._noted
        if noted is None or noted.rollbacks == self.db.rollbacks:
            return None
        self._noted = None
        return None if hash_at(connection, noted.position.seq) == noted.position.hash else noted.step

    def _repeat(self, known: receipts.Receipt, mark: bytes) -> Outcome:
        refusal = receipts.refusal(known) if known.fingerprint == mark else Rejected("idempotency_conflict")
        return Outcome(known.answer, known.seq, repeated=True, refusal=refusal)

    def _refuse(self, connection: Connection, work: _Work, mark: bytes, refusal: Rejected, records: list[Record]) -> Outcome:
        seq = self.journal.tip(connection).seq
        facts = msgspec.json.encode(refusal.facts)
        receipt = receipts.Receipt(mark, seq, refusal.code, facts)
        receipts.keep(connection, work.command_id, receipt, at_ms=self.clock.now_ms())
        return Outcome(facts, seq, repeated=False, records=records, refusal=refusal)

    # --- on the event loop, after COMMIT

    def _announce(self, results: list[Any]) -> None:
        outcomes = [result for result in results if isinstance(result, Outcome)]
        asked = frozenset[str]().union(*(outcome.asked for outcome in outcomes))
        if asked:
            self.ask(asked)
        records = [record for outcome in outcomes for record in outcome.records]
        if records:
            for follower in self.followers:
                follower(records)


def apply_event(rules: Rules, connection: Connection, event: Event, record: Record) -> None:
    """Put one fact into the tables of every capability that keeps it."""
    for apply in rules.applies.get(type(event), ()):
        apply(connection, event, record)
