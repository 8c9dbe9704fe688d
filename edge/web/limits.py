"""Bounds of this room, and the token buckets that hold callers to them."""

from dataclasses import dataclass, field
from typing import Final, Self

KEYS_MAX: Final = 10_000
"""Callers remembered by one set of buckets; beyond that the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` requests a second in the long run, `burst` at once."""

    per_s: float
    burst: int


class Buckets:
    """Token buckets, one per key, each kept as the one moment at which it will be full again (GCRA)."""

    def __init__(self, rate: Rate, *, keys_max: int = KEYS_MAX) -> None:
        self._cost_s = 1 / rate.per_s
        self._span_s = (rate.burst - 1) / rate.per_s
        self._keys_max = keys_max
        self._full_at: dict[str, float] = {}

    def take(self, key: str, now_s: float) -> float:
        """Take one token: 0 when there was one, else how many seconds until there is. Nothing is taken then."""
        full_at = self._full_at.get(key, now_s)
        full_at = max(full_at, now_s)
        wait_s = full_at - now_s - self._span_s
        if wait_s > 1e-9:  # below a nanosecond it is rounding
            return wait_s
        if len(self._full_at) >= self._keys_max and key not in self._full_at:
            del self._full_at[next(iter(self._full_at))]
        self._full_at[key] = full_at + self._cost_s
        return 0.0


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """Bounds of the live feed."""

    backlog_messages_max: int = 256
    backlog_bytes_max: int = 1024 * 1024
    stalled_s: float = 10.0
    """A client that takes nothing for so long is cut off."""
    beat_s: float = 15.0
    clients_max: int = 2000
    clients_per_owner_max: int = 20
    ring_records: int = 4096
    replay_records_max: int = 10_000
    """A client further behind is told to fetch the views anew."""
    replay_chunk_records: int = 200
    phone_pause_s: float = 1.0
    """Between two pushes to one phone, unless its own ticket changed."""
    phone_batch: int = 20
    """Phone views made in one go before the event loop gets its turn."""
    message_bytes_max: int = 4096
    messages_max: int = 1000
    """A client has nothing to say; one that keeps talking is shown out."""
    close_s: float = 2.0


@dataclass(frozen=True, slots=True)
class WebLimits:
    """Bounds of requests. A rate of None is no limit."""

    body_bytes_max: int = 64 * 1024
    request_s: float = 20.0
    stop_s: float = 5.0
    staff: Rate | None = Rate(50, 200)
    device: Rate | None = Rate(500, 2000)
    phone: Rate | None = Rate(5, 40)
    address: Rate | None = Rate(100, 500)
    """Callers without a token, and whoever shows one that is not valid."""
    files: Rate | None = Rate(200, 1000)
    login: Rate | None = Rate(0.5, 30)
    live: LiveLimits = field(default_factory=LiveLimits)

    @classmethod
    def sandbox(cls) -> Self:
        """For demonstrations, load tests and checks on one machine: no rate limits, everything else as in a branch."""
        return cls(staff=None, device=None, phone=None, address=None, files=None, login=None)
