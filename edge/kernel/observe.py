"""What the box says about itself to machines: log lines and metrics. `health.py` is what it says to people.

Logs are JSON, one line each, on standard error; the service manager keeps and rotates them. Every line, also of libraries,
passes `redaction`. One line per outcome: what became unavailable is logged once, and once when it is back.
"""

import logging
from typing import Final, TextIO

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from structlog.typing import EventDict, Processor, WrappedLogger

from edge.kernel.redaction import redact

METRICS_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
QUIET_LIBRARIES: Final = ("aiohttp.access", "apscheduler", "asyncio")
"""Their routine lines say nothing that ours do not; warnings pass."""


def configure_logging(stream: TextIO, *, level: str = "info") -> None:
    """Send every log line of this process to `stream`, as redacted JSON. `level` as in the settings."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, redact, _render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    formatter = structlog.stdlib.ProcessorFormatter
    handler.setFormatter(formatter(foreign_pre_chain=shared, processors=[formatter.remove_processors_meta, redact, _render]))
    logging.basicConfig(handlers=[handler], level=number, force=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """`redact` left only JSON types; the time and what happened come first, for eyes."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return msgspec.json.encode({**first, **event}).decode()


class Metrics:
    """The kernel's counters, in a registry of their own; capabilities add theirs to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.commands = Counter("branchbox_commands", "Commands carried out", ("name", "outcome"), registry=self.registry)
        """`outcome`: done, repeated, overloaded, storage_full, or the refusal's code."""
        self.group_jobs = Histogram(
            "branchbox_group_jobs",
            "Commands that shared one fsync",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=self.registry,
        )
        self.commit_seconds = Histogram(
            "branchbox_commit_seconds",
            "Time of one commit with its fsync",
            buckets=(0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
            registry=self.registry,
        )
        self.command_seconds = Histogram(
            "branchbox_command_seconds",
            "Time from submitting a command to its answer",
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
            registry=self.registry,
        )
        self.wal_pages = self._gauge("branchbox_wal_pages", "Pages in the write-ahead log")
        self.waiting_jobs = self._gauge("branchbox_waiting_jobs", "Commands that wait for the writer")
        self.journal_seq = self._gauge("branchbox_journal_seq", "Newest durable fact")
        self.uploaded_seq = self._gauge("branchbox_uploaded_seq", "Newest fact that head office has acknowledged")
        self.outbox = self._gauge("branchbox_outbox_effects", "Effects not settled", "kind", "state")
        self.live_clients = self._gauge("branchbox_live_clients", "Screens, tablets and phones that follow live", "audience")
        self.backup_age_seconds = self._gauge("branchbox_backup_age_seconds", "Age of the newest verified backup")
        self.blob_bytes = self._gauge("branchbox_blob_bytes", "Bytes of all blobs")
        self.task_failures = self._gauge("branchbox_task_failures", "Failures of a supervised task since the start", "task")

    def render(self) -> bytes:
        """The body of /metrics."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)
