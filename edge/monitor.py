"""How the box is: its metrics, and the readings behind /health."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from prometheus_client import Counter, Histogram

from edge.kernel import outbox
from edge.kernel.backup import list_backups
from edge.kernel.clock import Clock
from edge.kernel.db import Database
from edge.kernel.health import Health, Readings, assess
from edge.kernel.journal import Journal
from edge.kernel.observe import METRICS_CONTENT_TYPE, Metrics
from edge.kernel.startup import Start
from edge.kernel.supervise import Supervisor
from edge.web.live import Live
from edge.web.routes import Call, Reply, Routes
from sync.uplink import UplinkState

routes: Final = Routes("monitor")

REQUEST_BUCKETS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
ESSENTIAL: Final = frozenset({"live"})


@dataclass(slots=True)
class Monitor:
    """Reads the parts of the branch."""

    data: Path
    public_key: bytes
    start: Start
    db: Database
    journal: Journal
    clock: Clock
    supervisor: Supervisor
    live: Live
    backup_every_s: int
    metrics: Metrics = field(default_factory=Metrics)
    requests: Histogram = field(init=False)
    _counters: dict[tuple[str, str], Counter] = field(default_factory=dict, init=False)
    _histograms: dict[tuple[str, str, int], Histogram] = field(default_factory=dict, init=False)
    uplink: Callable[[], UplinkState] | None = None
    backup_made_ms: int | None = None
    """When the newest verified backup was made; kept by the schedule."""

    def __post_init__(self) -> None:
        self.requests = Histogram(
            "branchbox_request_seconds",
            "Time of one HTTP request",
            ("method", "route", "status"),
            buckets=REQUEST_BUCKETS_S,
            registry=self.metrics.registry,
        )

    def begin(self) -> None:
        """Count from now on."""
        newest = next((listed for listed in list_backups(self.data, self.public_key) if listed.manifest), None)
        if newest is not None and newest.manifest is not None:
            self.backup_made_ms = newest.manifest.made_ms
        self.db.committed = self._count_commit

    def note_backup(self) -> None:
        """A verified backup was just made."""
        self.backup_made_ms = self.clock.now_ms()

    def count_command(self, name: str, outcome: str, seconds: float) -> None:
        """The pipeline's observer."""
        key = (name, outcome)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self.metrics.commands.labels(*key)
        counter.inc()
        self.metrics.command_seconds.observe(seconds)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """The server's observer; `route` is the pattern, never a path with a token in it."""
        key = (method, route, status)
        histogram = self._histograms.get(key)
        if histogram is None:
            histogram = self._histograms[key] = self.requests.labels(method, route, str(status))
        histogram.observe(seconds)

    def _count_commit(self, jobs: int, seconds: float) -> None:
        self.metrics.group_jobs.observe(jobs)
        self.metrics.commit_seconds.observe(seconds)

    def health(self) -> Health:
        now_ms = self.clock.now_ms()
        with self.db.reader() as connection:
            due_ms = outbox.oldest_due_ms(connection, now_ms=now_ms)
        return assess(
            Readings(
                waiting_jobs=self.db.waiting_jobs,
                waiting_jobs_max=self.db.limits.waiting_jobs_max,
                wal_pages=self.db.wal_pages,
                storage_failed=self.db.failed,
                reserve_there=self.db.reserve_there,
                disk_free_bytes=shutil.disk_usage(self.data).free,
                backup_age_s=self._backup_age_s(),
                backup_every_s=self.backup_every_s,
                clock_suspect=self.clock.suspect,
                safe_mode=self.start.safe_mode,
                head_office_silent_s=self._silent_s(now_ms),
                effect_waits_s=0.0 if due_ms is None else (now_ms - due_ms) / 1000,
                tasks=self.supervisor.snapshot(),
                essential_tasks=ESSENTIAL,
                notices=self.start.notices,
            )
        )

    def render_metrics(self) -> bytes:
        """Read the gauges and print everything."""
        metrics = self.metrics
        metrics.wal_pages.set(self.db.wal_pages)
        metrics.waiting_jobs.set(self.db.waiting_jobs)
        metrics.journal_seq.set(self.journal.head().seq)
        metrics.live_clients.labels("all").set(self.live.clients)
        if self.uplink is not None:
            metrics.uploaded_seq.set(self.uplink().received_seq)
        if (age_s := self._backup_age_s()) is not None:
            metrics.backup_age_seconds.set(age_s)
        with self.db.reader() as connection:
            for kind, count in outbox.open_by_kind(connection).items():
                metrics.outbox.labels(kind, "open").set(count)
        for task in self.supervisor.snapshot():
            metrics.task_failures.labels(task.name).set(task.failures)
        return metrics.render()

    def _backup_age_s(self) -> float | None:
        return None if self.backup_made_ms is None else max(0, self.clock.now_ms() - self.backup_made_ms) / 1000

    def _silent_s(self, now_ms: int) -> float | None:
        state = None if self.uplink is None else self.uplink()
        if state is None or state.head_office.value == "unconfigured":
            return None
        return 0.0 if state.last_contact_ms is None else max(0, now_ms - state.last_contact_ms) / 1000


@routes.get("/health", audience={"open"}, reply=Health, summary="How the box is; 503 only where nobody is served")
async def health(call: Call[None]) -> Reply:
    found = call.app[Monitor].health()
    return Reply(found, status=found.http_status)


@routes.get("/metrics", audience={"open"}, summary="Metrics for Prometheus", content_type=METRICS_CONTENT_TYPE)
async def metrics(call: Call[None]) -> Reply:
    return Reply(call.app[Monitor].render_metrics(), content_type=METRICS_CONTENT_TYPE)
