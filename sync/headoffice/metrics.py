"""What head office counts about itself, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """One head office's figures."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.batches = Counter("headoffice_batches", "Batches answered", ["outcome"], registry=self.registry)
        self.events = Counter("headoffice_events", "Events taken", registry=self.registry)
        self.payload_bytes = Counter("headoffice_payload_bytes", "Compressed bytes taken", registry=self.registry)
        self.questions = Counter("headoffice_questions", "Opens answered", registry=self.registry)
        self.refusals = Counter("headoffice_refusals", "Requests refused", ["code"], registry=self.registry)
        self.ingest_seconds = Histogram(
            "headoffice_ingest_seconds", "From a batch's last byte to its receipt", registry=self.registry,
            buckets=_SECONDS,
        )  # fmt: skip
        self.projected = Counter("headoffice_projected_events", "Events shown in the pictures", registry=self.registry)
        self.dead_letters = Gauge("headoffice_dead_letters", "Events no picture could take", registry=self.registry)
        self.lanes_behind = Gauge("headoffice_lanes_behind", "Lanes not fully projected", registry=self.registry)

    def text(self) -> bytes:
        return generate_latest(self.registry)
