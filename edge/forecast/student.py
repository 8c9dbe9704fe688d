"""Learns a branch from its journal, a slice at a time, and forecasts it from its tables.

What is true here:

* At the start it goes on from what was kept (`memory.py`); without that it learns the newest `RELEARN_FACTS` of the journal
  again. Either way it works in slices, and is `warm` once it has read everything; before that there is no forecast.
* What had been learned before is not learned twice: up to there the day's facts only tell who waits.
* The newest part that is learned again is also forecast, as it was lived, so that the range knows its errors.
* The facts are read from the journal, who waits from the tables: a forecast is of what is there.
"""

from pathlib import Path
from time import perf_counter, process_time
from typing import Final
from zoneinfo import ZoneInfo

from edge.forecast import memory, regime, scene
from edge.forecast.forecaster import Forecaster
from edge.forecast.knowledge import Knowledge
from edge.forecast.lessons import DAY_OPENED, Lessons
from edge.forecast.letters import Outlook, Silent
from edge.forecast.plan import HORIZON_S
from edge.forecast.situation import Expected as NotThere
from edge.forecast.situation import Situation
from edge.kernel import journal
from edge.kernel.db import Connection
from edge.org import tables as org
from edge.queue import events as e
from edge.queue.outlook import Expected, Newcomer
from sync.chain import Record

RELEARN_FACTS: Final = 250_000
"""About two months of a busy branch."""
REHEARSE_FACTS: Final = 6_000
REHEARSE_RUNS: Final = 40
REHEARSE_EVERY: Final = 3
"""Of those who took a number, every so many is forecast while learning again."""
SLICE_RECORDS: Final = 200
RUNS_MAX: Final = 100
RUNS_MIN: Final = 30
PEOPLE_RUNS: Final = 15_000
"""People × runs of one forecast."""
SEED: Final = 20_260_101
WHY_KEPT_MS: Final = 180_000

SLOWER: Final = "slower_than_expected"
WHY: Final = {
    e.CounterPaused.TYPE: "fewer_counters",
    e.CounterSignedOut.TYPE: "fewer_counters",
    e.CounterLost.TYPE: "fewer_counters",
    e.CallRulesSet.TYPE: "rule_changed",
    e.CallRulesGivenUp.TYPE: "rule_changed",
}
"""What can make people wait longer than they were told."""


class Student:
    """Everything the process holds."""

    def __init__(self, connection: Connection, folder: Path, zone: ZoneInfo) -> None:
        self.knowledge = Knowledge()
        self.forecaster = Forecaster(self.knowledge, seed=SEED)
        self.seq = 0
        """The last fact that was read."""
        self.warm = False
        self._connection = connection
        self._folder = folder
        self._zone = zone
        self._jid = journal.life(connection).jid
        self._head_seq = journal.head(connection).seq
        self._known_seq = self._recall()
        self._began_seq = self.seq = self._where_to_begin()
        self._lessons = Lessons(Knowledge() if self._known_seq > self.seq else self.knowledge, zone)
        self._lessons.called, self._lessons.left = self.forecaster.called, self.forecaster.left
        self._expect()
        self._why, self._why_ms = SLOWER, 0
        self._heard = 0

    # --- learning

    def learn(self, until_s: float) -> bool:
        """Read facts until there are none, or until the moment `until_s`; whether any were read."""
        read = False
        while perf_counter() < until_s:
            records = journal.tail(self._connection, self.seq, SLICE_RECORDS)
            if not records:
                self.warm = True
                break
            for record in records:
                self._read(record)
            read = True
        return read

    def _read(self, record: Record) -> None:
        self.seq = record.seq
        if record.seq > self._known_seq and self._lessons.watch.knowledge is not self.knowledge:
            self._lessons.watch.knowledge = self.knowledge
        self._lessons.read(record)
        if record.type in WHY:
            self._why, self._why_ms = WHY[record.type], record.at_ms
        if not self.warm and record.type == e.TicketIssued.TYPE and record.seq > max(self._known_seq, self._rehearse_from):
            self._rehearse(record)

    @property
    def _rehearse_from(self) -> int:
        return self._head_seq - REHEARSE_FACTS

    def _rehearse(self, record: Record) -> None:
        """Forecast somebody of the past as it was lived."""
        self._heard += 1
        if self._heard % REHEARSE_EVERY == 0 and record.entity in self._lessons.watch.waiting:
            situation = self._lessons.situation(record.at_ms)
            if len(situation.waiting) <= scene.CROWD_MAX:
                self.forecaster.forecast(situation, keep=(record.entity,), runs=REHEARSE_RUNS)

    @property
    def share(self) -> float:
        """How much of what it wanted to learn at the start it has."""
        return 1.0 if self.warm else (self.seq - self._began_seq) / max(1, self._head_seq - self._began_seq)

    def keep(self) -> None:
        """Write down what was learned; nothing before everything kept so far was caught up with."""
        if self.seq > self._known_seq:
            kept = memory.kept(self.knowledge, self.forecaster.calibration, jid=self._jid, seq=self.seq)
            memory.write(self._folder, kept)

    def _recall(self) -> int:
        kept = memory.read(self._folder, jid=self._jid, head_seq=self._head_seq)
        if kept is None:
            return 0
        try:
            memory.recall(kept, self.knowledge, self.forecaster.calibration)
        except ValueError:
            self.knowledge = Knowledge()
            self.forecaster = Forecaster(self.knowledge, seed=SEED)
            return 0
        return kept.seq

    def _where_to_begin(self) -> int:
        """Before the day that was going on when the knowledge was kept; else as far back as is learned again."""
        if not self._known_seq:
            return max(0, self._head_seq - RELEARN_FACTS)
        found: int | None = self._connection.execute(
            "SELECT seq FROM journal WHERE type = ? AND seq <= ? ORDER BY seq DESC LIMIT 1", (DAY_OPENED, self._known_seq)
        ).get
        return 0 if found is None else max(0, found - 1, self._known_seq - RELEARN_FACTS)

    def _expect(self) -> None:
        """What the tables say of services, counters and rules, for facts that do not say it themselves."""
        services, counters = org.services(self._connection), org.counters(self._connection)
        self._lessons.expect(
            {service.id: float(service.usual_s) for service in services},
            {counter.id: frozenset(counter.services) for counter in counters},
            regime.after(regime.facts(self._connection, until=self.seq), self.seq),
        )
        self.knowledge.service_times.expect({service.id: float(service.usual_s) for service in services})

    # --- forecasting

    def look(self, now_ms: int) -> Outlook | Silent:
        """The forecast of everybody, from one snapshot of tables and journal."""
        if not self.warm:
            return Silent("warming", self.share)
        began_s = process_time()
        try:
            situation, positions = self.snapshot(now_ms)
        except scene.TooCrowded:
            return Silent("too_crowded")
        if not situation.newcomers:
            return Silent("unconfigured")
        people = len(situation.waiting) + len(situation.newcomers)
        runs = max(RUNS_MIN, min(RUNS_MAX, PEOPLE_RUNS // people))
        forecasts = self.forecaster.forecast(situation, runs=runs)
        there = len(situation.waiting)
        steps_s = {one.ticket: self._step_s(situation, one.service) for one in situation.newcomers}
        return Outlook(
            seq=self.seq,
            expected=[
                Expected(one.ticket, one.ahead, one.low_s, one.median_s, one.high_s)
                for one in forecasts[:there]
                if one.high_s < HORIZON_S
            ],
            newcomers=[
                Newcomer(one.ticket, one.ahead, positions[one.ticket], one.low_s, one.high_s, steps_s[one.ticket])
                for one in forecasts[there:]
                if one.high_s < HORIZON_S
            ],
            why=self._why if now_ms - self._why_ms < WHY_KEPT_MS else SLOWER,
            spent_s=process_time() - began_s,
            learned=self.seq - self._began_seq,
        )

    def snapshot(self, now_ms: int) -> tuple[Situation, dict[str, int]]:
        """The branch at one moment, the facts read as far as the tables reach. Raises TooCrowded."""
        self._connection.execute("BEGIN")
        try:
            self.learn(perf_counter() + 1.0)
            situation = scene.read(self._connection, now_ms, self._zone)
            return situation, scene.positions(self._connection, situation)
        finally:
            self._connection.execute("COMMIT")

    def _step_s(self, situation: Situation, service: str) -> float:
        """What one more person ahead adds, where the counters that take a service share them."""
        able = sum(desk.serves(service) and not isinstance(desk.doing, NotThere) for desk in situation.desks)
        return self.knowledge.service_times.mean_s(service) / max(1, able)
