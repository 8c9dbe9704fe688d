"""Devices driven in a process of their own: a driver that crashes, hangs or leaks takes nothing along but its own bus.

A `Worker` is one process; its devices are `drivers.worker_device`. They speak lines of the envelope (`drivers.envelope`) over
the process's standard input and output; the other end is `drivers.worker_process`.

* A process that does not answer a ping within `hang_s`, or grows past `memory_bytes_max`, is killed. A process that is gone is
  started again by the next `open`, so the supervisor's own budget (backoff, quarantine) is the budget of restarts.
* What it writes to standard error goes where ours goes.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from drivers.envelope import MESSAGE_BYTES_MAX, EnvelopeError, Header, Kind, Message, decode, encode

PAGE_BYTES: Final = 4096
MODULE: Final = "drivers.worker_process"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may take."""

    memory_bytes_max: int = 256 * 1024 * 1024
    """Resident. A driver with its libraries takes about 40 MB."""
    ping_s: float = 2.0
    hang_s: float = 15.0
    """Without a word for so long it hangs."""
    start_s: float = 30.0
    """Until its first word: on a busy box, loading the drivers takes a while."""
    open_s: float = 40.0
    stop_s: float = 5.0


class WorkerFailed(Exception):
    """The process is gone, or a driver in it failed by its own fault."""


class Hosted(Protocol):
    """A device in the process."""

    @property
    def id(self) -> str: ...

    @property
    def is_open(self) -> bool: ...

    def heard(self, message: Message) -> None:
        """Raises `EnvelopeError` for what is not understood: the other process is then not to be trusted."""
        ...

    def died(self, failure: WorkerFailed) -> None: ...


class Worker:
    """One process and its devices. Nothing runs until the first device is opened."""

    def __init__(self, name: str, *, limits: Limits | None = None, command: Sequence[str] | None = None) -> None:
        self.name = name
        self.limits = limits or Limits()
        self._command = tuple(command or (sys.executable, "-m", MODULE))
        self._process: Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._devices: dict[str, Hosted] = {}
        self._starting = asyncio.Lock()
        self._heard_s = 0.0
        self._speaks = False
        self._why = ""
        self._log = structlog.get_logger("drivers")

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def join(self, device: Hosted) -> None:
        self._devices[device.id] = device

    async def ensure(self) -> None:
        """Have the process run. Raises `WorkerFailed`."""
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=PIPE, limit=MESSAGE_BYTES_MAX + 2
                )
            except OSError as error:
                raise WorkerFailed(f"{self.name}: {error}") from error
            self._why = ""
            self._heard_s = asyncio.get_running_loop().time()
            self._speaks = False
            self._tasks = [
                asyncio.create_task(self._listen(self._process), name=f"worker {self.name}"),
                asyncio.create_task(self._watch(self._process), name=f"watch worker {self.name}"),
            ]
            self._log.info("worker_started", worker=self.name, pid=self._process.pid)

    def tell(self, message: Message) -> None:
        """Raises `WorkerFailed` where there is no process to tell."""
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            raise WorkerFailed(self._why or "not running")
        self._process.stdin.write(encode(message) + b"\n")

    async def stop_if_idle(self) -> None:
        """End the process once no device is open."""
        if self._process is not None and not any(device.is_open for device in self._devices.values()):
            await self._end(self._process)

    async def _end(self, process: Process) -> None:
        self._why = self._why or "stopped"
        if process.stdin is not None:
            process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.stop_s):
                await process.wait()
        self._kill(process, "did not stop")
        await asyncio.wait(self._tasks)

    async def _listen(self, process: Process) -> None:
        """Hand every line to its device, until the process ends."""
        lines = process.stdout
        try:
            while lines is not None and (line := await lines.readline()):
                self._heard_s = asyncio.get_running_loop().time()
                self._speaks = True
                message = decode(line)
                device = self._devices.get(message.header.device or "")
                if device is not None:
                    device.heard(message)
        except (EnvelopeError, ValueError, KeyError) as error:  # a line past the limit is a ValueError
            self._kill(process, f"unreadable: {error}")
        code = await process.wait()
        expected = self._why == "stopped"
        self._why = self._why or f"ended with {code}"
        if not expected:
            self._log.error("worker_died", worker=self.name, reason=self._why)
        for device in self._devices.values():
            device.died(WorkerFailed(f"{self.name}: {self._why}"))

    async def _watch(self, process: Process) -> None:
        """Ping, and kill what hangs or grows."""
        loop = asyncio.get_running_loop()
        while process.returncode is None:
            with suppress(WorkerFailed):
                self.tell(say("Worker.Ping"))
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self.limits.ping_s)
            patience_s = self.limits.hang_s if self._speaks else self.limits.start_s
            if loop.time() - self._heard_s > patience_s:
                self._kill(process, f"no word for {patience_s:g} s")
            elif _resident_bytes(process.pid) > self.limits.memory_bytes_max:
                self._kill(process, f"more than {self.limits.memory_bytes_max >> 20} MiB")

    def _kill(self, process: Process, why: str) -> None:
        if process.returncode is None:
            self._why = why if self._why in ("", "stopped") else self._why
            with suppress(ProcessLookupError):
                process.kill()


def say(name: str, payload: dict[str, Any] | None = None) -> Message:
    """Something said to the process itself, or to a device in it."""
    return Message(header=Header(name=name, type=Kind.COMMAND), payload=payload)


def _resident_bytes(pid: int) -> int:
    """What it holds in memory now; 0 once it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return 0
