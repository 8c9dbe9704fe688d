"""Time, which is hostile: no battery, a wrong NTP server, a technician with a watch.

* `now_ms` is the branch's time for facts. It never runs backwards, so no wait can be negative (S78).
* A small difference to the machine's clock is slewed away: while ahead, branch time runs at half speed.
* A jump of more than five minutes is a fact: it is noted and the pipeline journals it before anything else. Forward it is
  followed at once; backward the branch's time goes on slowly and `suspect` is up until the machine's clock has caught up.
* It starts no earlier than the floor: the newest of the program's build time and the journal's last time.
* Durations, time-outs and back-offs use `steady_ms`, which only ever counts.
"""

import threading
import time
from datetime import datetime
from typing import ClassVar, Final, NamedTuple, Protocol

from edge.kernel.domain import Event

STEP_MS: Final = 5 * 60 * 1000


class ClockStepped(Event, frozen=True, kw_only=True):
    """The branch's time left its steady course."""

    TYPE: ClassVar[str] = "kernel.clock_stepped.v1"
    from_ms: int
    to_ms: int
    reason: str
    """`forward`, `backward` or `sandbox`."""


class Step(NamedTuple):
    from_ms: int
    to_ms: int
    reason: str


def _joined(before: Step | None, step: Step) -> Step:
    """One step of two that nobody journalled in between."""
    return step if before is None else Step(before.from_ms, step.to_ms, step.reason)


class Clock(Protocol):
    """What the kernel asks of time."""

    def now_ms(self) -> int:
        """The branch's time, Unix milliseconds."""

    def steady_ms(self) -> int:
        """Milliseconds since some point in the past; counts through suspend; never set."""

    def take_step(self) -> Step | None:
        """The step not yet journalled, once."""

    @property
    def suspect(self) -> bool:
        """Whether the machine's clock is behind what has already happened."""


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def boot_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class SystemClock:
    """The real one. Called from the event loop and from the writer thread."""

    def __init__(self, *, floor_ms: int, wall: "Source" = wall_ms, steady: "Source" = boot_ms) -> None:
        self._wall = wall
        self._steady = steady
        self._lock = threading.Lock()
        self._last_ms = max(floor_ms, wall())
        self._last_steady_ms = steady()
        self._step: Step | None = None
        self._suspect = wall() < floor_ms - STEP_MS

    def now_ms(self) -> int:
        with self._lock:
            steady, wall = self._steady(), self._wall()
            elapsed = max(0, steady - self._last_steady_ms)
            expected = self._last_ms + elapsed
            now = wall if wall >= self._last_ms else self._last_ms + elapsed // 2
            if wall - expected > STEP_MS:
                self._step = _joined(self._step, Step(expected, wall, "forward"))
            elif expected - wall > STEP_MS and not self._suspect:
                self._step = _joined(self._step, Step(expected, wall, "backward"))
            if now > self._last_ms:
                self._last_ms, self._last_steady_ms = now, steady
            behind_ms = self._last_ms - wall
            self._suspect = behind_ms > (0 if self._suspect else STEP_MS)
            return now

    def steady_ms(self) -> int:
        return self._steady()

    def take_step(self) -> Step | None:
        with self._lock:
            step, self._step = self._step, None
            return step

    @property
    def suspect(self) -> bool:
        return self._suspect


class SandboxClock:
    """A clock that can be set, for demos and acceptance checks; once set it runs on in real time."""

    def __init__(self, start_ms: int | None = None, *, steady: "Source" = boot_ms) -> None:
        self._steady = steady
        self._offset_ms = (wall_ms() if start_ms is None else start_ms) - steady()
        self._step: Step | None = None

    def now_ms(self) -> int:
        return self._steady() + self._offset_ms

    def steady_ms(self) -> int:
        return self._steady()

    def set(self, now: datetime) -> None:
        """Make it `now`, also backwards; the step is journalled like any other."""
        self._move(int(now.timestamp() * 1000) - self.now_ms())

    def advance(self, seconds: float) -> None:
        """Let so much time pass at once; a negative number sets it back."""
        self._move(int(seconds * 1000))

    def _move(self, by_ms: int) -> None:
        before = self.now_ms()
        self._offset_ms += by_ms
        if by_ms < 0 or by_ms > STEP_MS:
            self._step = _joined(self._step, Step(before, before + by_ms, "sandbox"))

    def take_step(self) -> Step | None:
        step, self._step = self._step, None
        return step

    @property
    def suspect(self) -> bool:
        return False


class Source(Protocol):
    def __call__(self) -> int: ...
