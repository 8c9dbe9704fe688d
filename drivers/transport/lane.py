"""A thread of its own for calls that block: USB control transfers, libusb, the card service.

Calls are done one after the other in the order they were asked for. The thread is a daemon: a call that a broken device
never returns from can hold up neither the event loop nor the end of the program. Giving up waiting for a call does not
stop the call; whatever is closed must therefore be closed in the lane, behind the calls that still use it.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")
CALLS_MAX: Final = 64
"""Calls that may wait; a caller beyond that has not awaited what it asked for."""


class LaneFull(Exception):
    """The lane is closed, or more calls wait in it than any caller has reason to."""


class Lane:
    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def call(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, from the thread. Raises `LaneFull`."""
        if self._closed or self._calls.qsize() >= CALLS_MAX:
            raise LaneFull("closed" if self._closed else f"{CALLS_MAX} calls wait")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._calls.put(lambda: _do(work, loop, done))
        return await done

    def close(self, last: Callable[[], None]) -> None:
        """No more calls; `last` is done behind those that wait. Returns at once."""
        if not self._closed:
            self._closed = True
            self._calls.put(last)
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _do(work: Callable[[], T], loop: asyncio.AbstractEventLoop, done: "asyncio.Future[T]") -> None:
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 -- it is raised again, where it is awaited
        _tell(loop, _fail, done, error)
    else:
        _tell(loop, _settle, done, result)


def _tell(loop: asyncio.AbstractEventLoop, settle: Callable[..., None], *values: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: the program is ending, nobody waits any more
        loop.call_soon_threadsafe(settle, *values)


def _settle(done: "asyncio.Future[T]", result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: "asyncio.Future[T]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
