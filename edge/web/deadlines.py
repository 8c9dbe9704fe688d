"""Ends requests that take too long.

One look over all requests under way, several times in the limit, instead of a timer for each request: `asyncio.timeout` costs
ten microseconds, a tenth of issuing a ticket.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Final, TypeVar

from aiohttp import web

T = TypeVar("T")

LOOKS: Final = 8
"""How often a request is looked at before its time is up: it ends at most an eighth too late."""


class Deadlines:
    """The requests under way and when each must have ended."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._due_s: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._now_s = asyncio.get_running_loop().time

    async def keep(self, work: Awaitable[T]) -> T:
        """Wait for `work` in a task of its own request. Raises TimeoutError when the time is up."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is always served by a task")
        self._due_s[task] = self._now_s() + self._limit_s
        try:
            return await work
        except asyncio.CancelledError:
            if task not in self._late or task.uncancel() > 0:
                raise
            raise TimeoutError from None
        finally:
            del self._due_s[task]
            self._late.discard(task)

    async def watch(self, _app: web.Application) -> AsyncIterator[None]:
        """For the life of an application, as one of its clean-up contexts."""
        watching = asyncio.get_running_loop().create_task(self._watch())
        yield
        watching.cancel()
        await asyncio.wait((watching,))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._limit_s / LOOKS)
            now_s = self._now_s()
            for task in [task for task, due_s in self._due_s.items() if due_s <= now_s]:
                if task not in self._late:
                    self._late.add(task)
                    task.cancel()
