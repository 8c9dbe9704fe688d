"""A device that is driven in another process; to its callers it is a `Device` like any other.

The outcome never guesses. What the process had said `Started` of, and had been told to go on with, is unknown when the process
dies; everything else was held. A process that dies is the driver's failure: the supervisor counts it, waits, and puts a
driver that keeps dying in quarantine, so restarts have a budget.

Only what blocks or is foreign code lives in such a process: one for each kind of wire in `ISOLATED`.
"""

import asyncio
import itertools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from drivers import registry
from drivers.api import (
    Capabilities,
    Claim,
    Command,
    Completion,
    CompletionCode,
    Device,
    DeviceError,
    ErrorCode,
    Event,
    OnEvent,
    Outcome,
    Started,
    Status,
)
from drivers.behind import Neighbour, alone
from drivers.envelope import Header, Kind, Message, Privacy, Vocabulary, command_message, inner_vocabulary, read_body
from drivers.profiles import Profile
from drivers.public import Public
from drivers.registry import DeviceConfig
from drivers.session import WAITING_MAX
from drivers.trace import Frame, Trace
from drivers.worker import Limits, Worker, WorkerFailed, say

ISOLATED: Final = frozenset({"hid", "pcsc", "usb"})
"""Wires that go through blocking system calls and C libraries."""


class Workshop:
    """Builds devices, each where it belongs: in this process, or in the one of its kind of wire."""

    def __init__(self, limits: Limits | None = None, neighbour: Neighbour = alone) -> None:
        """`neighbour` finds the other devices of the branch, for those that hang behind one."""
        self._limits = limits
        self._neighbour = neighbour
        self._workers: dict[str, Worker] = {}

    def build(self, config: DeviceConfig, known: Mapping[str, Profile]) -> Device:
        """Not yet opened. Raises `ProfileError`, `AddressError`."""
        device = registry.build(config, known, self._neighbour)
        scheme = urlsplit(config.address).scheme
        if scheme not in ISOLATED:
            return device
        worker = self._workers.setdefault(scheme, Worker(scheme, limits=self._limits))
        return isolate(device, worker, config)


def isolate(twin: Device, worker: Worker, config: DeviceConfig) -> "WorkerDevice":
    """The device of this configuration, driven by `worker`. `twin` is the same, built here and never opened."""
    manifest = registry.manifest(twin.capabilities().family)
    words = inner_vocabulary(manifest.family, manifest.interface)
    return WorkerDevice(twin, worker, words, msgspec.to_builtins(config))


@dataclass(eq=False)
class _Pending:
    """A command in the other process."""

    command: Command
    on_event: OnEvent | None
    arrived: "asyncio.Queue[Message]" = field(default_factory=asyncio.Queue)
    """What the other process says of it: a handful of events and the completion."""
    started: bool = False


class WorkerDevice(Public):
    """A device in another process; see `drivers.api.Device`."""

    def __init__(self, twin: Device, worker: Worker, words: Vocabulary, config: dict[str, Any]) -> None:
        """`twin` is the same device built here and never opened: it knows what it would be."""
        super().__init__(twin.status())
        self.id = twin.id
        self._worker = worker
        self._words = words
        self._config = config
        self._capabilities = twin.capabilities()
        self.trace = Trace(content=twin.trace.content)
        self._ids = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._opened: asyncio.Future[None] | None = None
        self._lost: asyncio.Future[DeviceError | None] | None = None
        self._news = {
            "Worker.Opened": self._has_opened,
            "Worker.Away": self._is_away,
            "Worker.Failed": self._has_failed,
            "Worker.Traced": self._has_traced,
            "Common.StatusChangedEvent": self._has_status,
        }
        worker.join(self)

    @property
    def is_open(self) -> bool:
        return self._lost is not None and not self._lost.done()

    @property
    def waiting(self) -> int:
        return len(self._pending)

    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def open(self) -> None:
        if self.is_open:
            raise RuntimeError(f"{self.id} is already open")
        loop = asyncio.get_running_loop()
        if self.counts.since_s is None:
            self.counts.since_s = loop.time()
        await self._worker.ensure()
        self._opened = opening = loop.create_future()
        self._tell("Worker.Open", self._config)
        try:
            await asyncio.wait_for(opening, self._worker.limits.open_s)
        except TimeoutError as error:
            self._set_status(self._status.unreachable(ErrorCode.NO_ANSWER))
            raise DeviceError(ErrorCode.NO_ANSWER, "the driver's process does not open it") from error
        except DeviceError as error:
            self._set_status(self._status.unreachable(error.code))
            raise

    async def wait_lost(self) -> DeviceError | None:
        if self._lost is None:
            raise RuntimeError(f"{self.id} was never opened")
        return await asyncio.shield(self._lost)

    async def close(self) -> None:
        if self.is_open and self._lost is not None:
            with suppress(WorkerFailed):
                self._tell("Worker.Close")
            await asyncio.wait([self._lost], timeout=self._worker.limits.stop_s)
        await self._worker.stop_if_idle()

    async def execute(
        self,
        command: Command,
        *,
        timeout_s: float | None = None,
        on_event: OnEvent | None = None,
        claim: Claim | None = None,
    ) -> Completion:
        request_id = next(self._ids)
        completion = self._refusal(request_id, claim) or await self._passed_on(request_id, command, timeout_s, on_event)
        self.counts.note(completion, asyncio.get_running_loop().time())
        return completion

    def cancel(self, request_id: int | None = None) -> int:
        chosen = [one for one in self._pending if request_id in (None, one)]
        self._ask_to_cancel(chosen)
        return len(chosen)

    # From the other process.

    def heard(self, message: Message) -> None:
        header = message.header
        if header.request_id is not None:
            if (pending := self._pending.get(header.request_id)) is not None:
                pending.arrived.put_nowait(message)
        elif header.name in self._news:
            self._news[header.name](message.payload or {})
        else:
            self._publish(self._words.event(message))

    def died(self, failure: WorkerFailed) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(DeviceError(ErrorCode.DEVICE_FAULT, str(failure)))
        self._end(failure, ErrorCode.DEVICE_FAULT)
        for request_id, pending in self._pending.items():
            completion = Message(header=Header(name="Worker.Died", type=Kind.COMPLETION, request_id=request_id))
            pending.arrived.put_nowait(completion)

    def _has_opened(self, payload: dict[str, Any]) -> None:
        self._capabilities = read_body(payload["capabilities"], Capabilities)
        if self._opened is not None and not self._opened.done():
            self._lost = asyncio.get_running_loop().create_future()
            self.counts.connections += 1
            self._opened.set_result(None)
        self._set_status(read_body(payload["status"], Status))

    def _is_away(self, payload: dict[str, Any]) -> None:
        """It could not be opened, or its connection has ended."""
        code = payload.get("error")
        error = None if code is None else DeviceError(ErrorCode(code), str(payload.get("detail", "")))
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(error or DeviceError(ErrorCode.NOT_CONNECTED, "closed"))
        self._end(error, ErrorCode.NOT_CONNECTED if error is None else error.code)

    def _has_failed(self, payload: dict[str, Any]) -> None:
        failure = WorkerFailed(str(payload.get("detail", "")))
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(failure)
        self._end(failure, ErrorCode.DEVICE_FAULT)

    def _has_status(self, payload: dict[str, Any]) -> None:
        if self.is_open:  # what it learns while greeting comes with the word that it is open
            self._set_status(read_body(payload["status"], Status))

    def _has_traced(self, payload: dict[str, Any]) -> None:
        for frame in msgspec.convert(payload["frames"], list[Frame]):
            self.trace.adopt(frame)

    def _end(self, how: DeviceError | WorkerFailed | None, code: ErrorCode) -> None:
        if self._lost is not None and not self._lost.done():
            if isinstance(how, WorkerFailed):
                self._lost.set_exception(how)
                self._lost.exception()  # `close` does not ask for it
            else:
                self._lost.set_result(how)
        self._set_status(self._status.unreachable(code))

    # A command.

    def _refusal(self, request_id: int, claim: Claim | None) -> Completion | None:
        def refuse(code: CompletionCode, error: ErrorCode) -> Completion:
            return Completion(request_id=request_id, code=code, outcome=Outcome.HELD, error=error)

        if self._claimed_from(claim) is not None:
            return refuse(CompletionCode.SEQUENCE_ERROR, ErrorCode.CLAIMED)
        if not self.is_open:
            return refuse(CompletionCode.DEVICE_NOT_READY, ErrorCode.NOT_CONNECTED)
        if self.waiting >= WAITING_MAX:
            return refuse(CompletionCode.DEVICE_NOT_READY, ErrorCode.TOO_MANY_REQUESTS)
        return None

    async def _passed_on(
        self, request_id: int, command: Command, timeout_s: float | None, on_event: OnEvent | None
    ) -> Completion:
        pending = self._pending[request_id] = _Pending(command, on_event)
        message = command_message(command, request_id, timeout_s=timeout_s, privacy=Privacy.WHOLE)
        try:
            self._worker.tell(_for(self.id, message))
            return await self._follow(request_id, pending)
        except WorkerFailed as failure:
            return _cut_off(request_id, pending, str(failure))
        except asyncio.CancelledError:
            self._ask_to_cancel([request_id])
            raise
        finally:
            del self._pending[request_id]

    async def _follow(self, request_id: int, pending: _Pending) -> Completion:
        """Pass events on, each awaited before the other process goes on, until the completion."""
        while True:
            message = await pending.arrived.get()
            if message.header.name == "Worker.Died":
                raise WorkerFailed("the driver's process ended")
            if message.header.type is Kind.COMPLETION:
                return self._words.completion(message)
            event = self._words.event(message)
            if pending.on_event is not None:
                await self._pass_on(request_id, pending.on_event, event)
            pending.started = pending.started or isinstance(event, Started)
            self._tell("Worker.Heard", {"request": request_id, "goOn": True})

    async def _pass_on(self, request_id: int, on_event: OnEvent, event: Event) -> None:
        """Raises whatever the caller raises; the other process then does not begin."""
        try:
            await on_event(event)
        except BaseException:
            with suppress(WorkerFailed):
                self._tell("Worker.Heard", {"request": request_id, "goOn": False})
            raise

    def _ask_to_cancel(self, requests: list[int]) -> None:
        with suppress(WorkerFailed):
            self._tell("Common.Cancel", {"requestIds": requests})

    def _tell(self, name: str, payload: dict[str, Any] | None = None) -> None:
        self._worker.tell(_for(self.id, say(name, payload)))


def _cut_off(request_id: int, pending: _Pending, why: str) -> Completion:
    """The process died under a command: in doubt from the moment it was told to begin."""
    outcome = Outcome.UNKNOWN if pending.started else Outcome.HELD
    code = CompletionCode.INTERNAL_ERROR if pending.started else CompletionCode.DEVICE_NOT_READY
    return Completion(request_id=request_id, code=code, outcome=outcome, error=ErrorCode.CONNECTION_LOST, detail=why)


def _for(device: str, message: Message) -> Message:
    return Message(header=msgspec.structs.replace(message.header, device=device), payload=message.payload)
