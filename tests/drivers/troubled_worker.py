"""A driver's process whose driver really misbehaves; run in place of `drivers.worker_process`.

    python -m tests.drivers.troubled_worker TROUBLE

The trouble comes with the first bytes of a slip, in the middle of a print, or with a `Reset`.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

from drivers import registry
from drivers.api import Completion, Device
from drivers.escpos_printer.driver import EscposPrinter
from drivers.interfaces.printer import Reset
from drivers.registry import DeviceConfig
from drivers.session import Link, Request
from drivers.transport.address import dial_for
from drivers.transport.wire import Wire
from drivers.worker_process import serve

LEAK_BYTES: Final = 64 * 1024 * 1024
SLIP_BYTES: Final = 100
"""A write longer than this is a slip, not a question."""
leaked: list[bytes] = []


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crash() -> None:
    os.abort()


def hang() -> None:
    while True:
        time.sleep(3600)


def leak() -> None:
    leaked.extend(os.urandom(1024) * (LEAK_BYTES // 1024) for _ in range(20))


def print_rubbish() -> None:
    os.write(1, b"rubbish of a library\n")
    print("more of it", flush=True)


TROUBLES: Final[dict[str, Callable[[], None]]] = {
    trouble.__name__: trouble for trouble in (kill_itself, crash, hang, leak, print_rubbish)
}


class TroubledWire:
    def __init__(self, wire: Wire, trouble: Callable[[], None]) -> None:
        self._wire = wire
        self._trouble = trouble

    async def write(self, data: bytes) -> None:
        if len(data) > SLIP_BYTES:
            await self._wire.write(data[: len(data) // 2])
            await asyncio.sleep(0.05)  # let what was written really leave the process
            self._trouble()
            await self._wire.write(data[len(data) // 2 :])
        else:
            await self._wire.write(data)

    async def read(self) -> bytes:
        return await self._wire.read()

    async def close(self) -> None:
        await self._wire.close()


class TroubledPrinter(EscposPrinter):
    """A bug in a command, too: a driver that raises what no driver may."""

    async def _perform(self, link: Link, request: Request) -> Completion:
        if isinstance(request.command, Reset):
            raise ZeroDivisionError("a bug")
        return await super()._perform(link, request)


def build(config: DeviceConfig) -> Device:
    profile = registry.load_profiles()[config.profile]
    dial, trouble = dial_for(config.address, profile.serial), TROUBLES[sys.argv[1]]

    async def troubled() -> Wire:
        return TroubledWire(await dial(), trouble)

    return TroubledPrinter(config.id, profile, troubled)


if __name__ == "__main__":
    asyncio.run(serve(build))
