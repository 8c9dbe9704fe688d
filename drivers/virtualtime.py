"""An event loop whose clock jumps: waiting costs no time, and the same run gives the same order.

For drivers on memory wires. When nothing is ready, the clock goes straight to the next timer; when there is no timer
either, everybody would wait for ever, and the run fails at once instead of hanging. Sockets do not belong here: their
other end lives in real time.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
HORIZON_S: Final = 7 * 24 * 3600.0
"""A test that waits longer than a week waits for nothing."""


class NothingWillHappen(Exception):
    """Every task waits, and no timer is set."""


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self.now_s + timeout > HORIZON_S:
            raise NothingWillHappen(f"at {self.now_s:.3f} s")
        self.now_s += max(timeout, 0.0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
