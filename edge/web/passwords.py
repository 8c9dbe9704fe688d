"""Checking passwords: argon2id, in one thread of its own, because it takes tens of milliseconds and megabytes on purpose."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from edge.kernel.db import Overloaded

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's second choice (19 MiB, 2 passes): the box's memory budget is small and one check runs at a time."""

NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$gL0iVLWaBgvLNRmgzOJfMXwh02Ty6GjPvPhiy6MhjM8"
"""Checked when the staff number is unknown, so that the answer takes as long as for a known one. Its cost is `_HASHER`'s; it is
written down because making it takes as long as a login."""

WAITING_MAX: Final = 32


class Passwords:
    """One check at a time, a bounded number waiting."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="argon2")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _HASHER.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one behind `stored`; None is nobody's. Raises Overloaded."""
        if self._waiting >= WAITING_MAX:
            raise Overloaded
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _verify, stored or NOBODY, password)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._thread.shutdown()


def _verify(stored: str, password: str) -> bool:
    try:
        _HASHER.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False
    return stored != NOBODY
