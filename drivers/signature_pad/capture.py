"""Points of a pen, gathered into one signature. Pure.

* Time begins with the first touch. The pad's own clock counts where it has one, also over its turn; else the arrival.
* Points at which the pen is near and does not touch are kept between strokes, with a pressure of nought: how a hand travels
  is as much its own as how it writes. What comes behind the last stroke is cut to one point.
* The signature is over when the pen has not touched for a while. A pen that rests on the pad without a word is taken as lifted
  after `REST_S_MAX`: its last report may have been lost.
"""

from dataclasses import dataclass, field
from typing import Final

from drivers.interfaces.signature import SAMPLES_MAX, Sample
from drivers.signature_pad.codec import Point

REST_S_MAX: Final = 10.0


@dataclass
class Gathering:
    """One signature while it is written."""

    pause_s: float
    strokes_min: int = 1
    samples: list[Sample] = field(default_factory=list)
    strokes: int = 0
    _touching: bool = False
    _moved_s: float = 0.0
    _before: int | None = None
    _time_ms: int = 0
    _began_s: float = 0.0

    def take(self, point: Point, now_s: float) -> None:
        touches = point.touches and point.pressure > 0
        if not self.samples and not touches:
            return
        if not self.samples:
            self._began_s, self._time_ms = now_s, 0
        else:
            self._time_ms = self._clock(point, now_s)
        self._before = point.time
        if touches and not self._touching:
            self.strokes += 1
        if touches or self._touching:
            self._moved_s = now_s
        self._touching = touches
        if len(self.samples) < SAMPLES_MAX:
            self.samples.append(Sample(self._time_ms, point.x, point.y, point.pressure if touches else 0))

    def over_s(self) -> float | None:
        """When it will be over if nothing more comes; None before it has begun."""
        if not self.samples:
            return None
        return self._moved_s + (REST_S_MAX if self._touching else self.pause_s)

    def over(self, now_s: float) -> bool:
        """It is over; what was too short to be a signature is forgotten instead."""
        if len(self.samples) >= SAMPLES_MAX:
            return True
        over_s = self.over_s()
        if over_s is None or now_s < over_s:
            return False
        if self.strokes < self.strokes_min:
            self.samples.clear()
            self.strokes, self._touching = 0, False
            return False
        return True

    def finished(self) -> tuple[Sample, ...]:
        last = max((n for n, sample in enumerate(self.samples) if sample.down), default=-1)
        return tuple(self.samples[: last + 2])

    def _clock(self, point: Point, now_s: float) -> int:
        if point.time is None or self._before is None:
            return max(self._time_ms, round((now_s - self._began_s) * 1000))
        step = point.time - self._before
        if step < 0:
            step = step % point.turns_over_at if point.turns_over_at else 0
        return min(self._time_ms + step, 0xFFFF_FFFF)
