"""Notices that are over after a while: somebody drives up, a car waits at the barrier."""

import asyncio
from typing import Final, NamedTuple, Self

from edge.kernel.clock import Clock
from edge.notify.notices import NoticeBoard, Severity

SHOWN_MAX: Final = 20
"""At a time."""
LOOK_S: Final = 1.0


class _Until(NamedTuple):
    """When a notice is over: by the branch's time, or by the clock that nobody can set, whichever comes first."""

    now_ms: int
    steady_ms: int

    @classmethod
    def after(cls, clock: Clock, seconds: int) -> Self:
        return cls(clock.now_ms() + seconds * 1000, clock.steady_ms() + seconds * 1000)

    def over(self, clock: Clock) -> bool:
        return clock.now_ms() >= self.now_ms or clock.steady_ms() >= self.steady_ms


class _Passing(NamedTuple):
    code: str
    until: _Until


class PassingNotices:
    """Notices that are each up for the same time, one per thing that they are about."""

    def __init__(self, board: NoticeBoard, clock: Clock, *, shown_s: int) -> None:
        self._board = board
        self._clock = clock
        self._shown_s = shown_s
        self._shown: dict[str, _Passing] = {}

    def put_up(self, code: str, severity: Severity, *, about: str, **facts: str | int | None) -> None:
        """Show one, or show it from now on; not where there are so many already that nobody would read it."""
        before = self._shown.get(about)
        if before is None and len(self._shown) >= SHOWN_MAX:
            return
        if before is not None and before.code != code:
            self.take_down(about)
        if not self._shown:
            self._look_later()
        self._shown[about] = _Passing(code, _Until.after(self._clock, self._shown_s))
        self._board.put_up(code, severity, about=about, **facts)

    def take_down(self, about: str) -> None:
        passing = self._shown.pop(about, None)
        if passing is not None:
            self._board.take_down(passing.code, about=about)

    def look(self) -> None:
        """Take down what is over. A timer per notice would not know of a clock that was set, or of a box that slept."""
        for about in [about for about, passing in self._shown.items() if passing.until.over(self._clock)]:
            self.take_down(about)

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(LOOK_S, self._look_again)

    def _look_again(self) -> None:
        """Once a second while anything is up."""
        self.look()
        if self._shown:
            self._look_later()
