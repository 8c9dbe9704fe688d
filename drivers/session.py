"""What all drivers have in common: one connection, one task, one command at a time.

A family's driver derives from `Session` and says four things: how to greet the device on a fresh wire, what to do with
bytes, how to perform a command, and how to look after an idle device. Everything about queues, deadlines, cancelling,
claims, subscribers and the end of a connection is here, once.

* `Link` is one connection. A reader hands bytes to the driver as they come; the driver keeps what it learnt in plain
  fields and the one worker task, woken by `link.news`, looks at them again. There is nothing to lock.
* A command that ends by deadline or cancel, or because the wire is lost, is completed by what had left the box: nothing,
  then held; something, then unknown. A family that knows better says so before the exception gets here.
* What is awaited on a device is always bounded: by the profile's times, by the command's deadline, or by its cancelling.
"""

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final

from drivers.api import (
    Acknowledged,
    Claim,
    Command,
    Completion,
    CompletionCode,
    DeviceError,
    ErrorCode,
    Event,
    OnEvent,
    Outcome,
    Payload,
    Proof,
    Started,
)
from drivers.public import Public
from drivers.trace import Trace, Way
from drivers.transport.wire import Dial, PortStatus, PrinterPort, Wire, WireLost

WAITING_MAX: Final = 32
"""Commands a device may have before it, the one under way included."""


class Interrupted(Exception):
    """The command's deadline has passed, or its end was asked for."""

    def __init__(self, code: CompletionCode) -> None:
        super().__init__(code)
        self.code = code


class CallerFailed(Exception):
    """`on_event` raised; the cause is handed back to whoever gave the command."""


@dataclass(eq=False)
class Request:
    """A command on its way through."""

    id: int
    command: Command
    on_event: OnEvent | None
    deadline_s: float | None
    """Loop time."""
    done: asyncio.Future[Completion]
    accepted_s: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    """Loop time."""
    started: bool = False
    """Something of it may have left the box."""
    cancelled: bool = False

    async def report(self, event: Event) -> None:
        """Tell the caller and wait for it. Raises `CallerFailed`."""
        if self.on_event is not None:
            # A task of its own, so that whatever the caller raises is the caller's and never taken for the driver's.
            telling = asyncio.ensure_future(self.on_event(event))
            await asyncio.wait([telling])
            if telling.cancelled() or telling.exception() is not None:
                raise CallerFailed from (None if telling.cancelled() else telling.exception())

    async def start(self) -> None:
        """To be called before the first byte that cannot be taken back."""
        await self.report(Started(request_id=self.id))
        self.check(asyncio.get_running_loop().time())
        self.started = True

    async def ask(self) -> None:
        """To be called instead of `start` by a command that only asks: cut off, it leaves nothing in doubt."""
        await self.report(Started(request_id=self.id))
        self.check(asyncio.get_running_loop().time())

    def check(self, now_s: float) -> None:
        """Raises `Interrupted` where there is no reason to go on."""
        if self.cancelled:
            raise Interrupted(CompletionCode.CANCELED)
        if self.deadline_s is not None and now_s >= self.deadline_s:
            raise Interrupted(CompletionCode.TIME_OUT)

    def complete(
        self, code: CompletionCode, *, outcome: Outcome | None = None, error: ErrorCode | None = None, detail: str = ""
    ) -> Completion:
        """The completion; unless said otherwise it left nothing behind, or nobody knows what."""
        known = outcome or (Outcome.UNKNOWN if self.started else Outcome.HELD)
        return Completion(request_id=self.id, code=code, outcome=known, error=error, detail=detail)

    def succeed(self, proof: Proof, payload: Payload | None = None) -> Completion:
        """It is done, and this is how we know."""
        code, outcome = CompletionCode.SUCCESS, Outcome.DONE
        return Completion(request_id=self.id, code=code, outcome=outcome, proof=proof, payload=payload)


class Link:
    """One connection, from greeting to loss."""

    def __init__(self, wire: Wire, received: Callable[[bytes], None], trace: Trace) -> None:
        self.news = asyncio.Event()
        """Set whenever something has changed that the worker may be waiting for."""
        self.heard_s = 0.0
        """Loop time of the last byte."""
        self._wire = wire
        self._trace = trace
        self._lost: DeviceError | None = None
        self._loop = asyncio.get_running_loop()
        self._reader = asyncio.create_task(self._read(received))

    @property
    def lost(self) -> DeviceError | None:
        return self._lost

    async def write(self, data: bytes) -> None:
        """Raises `DeviceError`."""
        self.check()
        self._trace.note(Way.TO_DEVICE, self._loop.time(), data)
        try:
            await self._wire.write(data)
        except WireLost as error:
            self.end(DeviceError(ErrorCode.CONNECTION_LOST, str(error)))
            self.check()

    async def port_status(self) -> PortStatus | None:
        """How the lines beside the bytes are; None on a wire that has none. Raises `DeviceError`."""
        self.check()
        if not isinstance(self._wire, PrinterPort):
            return None
        try:
            return await self._wire.status()
        except WireLost as error:
            self.end(DeviceError(ErrorCode.CONNECTION_LOST, str(error)))
            raise DeviceError(ErrorCode.CONNECTION_LOST, str(error)) from error

    async def wait(self, until_s: float | None) -> None:
        """Until there is news or the time has come. Raises `DeviceError` once the connection is lost."""
        try:
            async with asyncio.timeout_at(until_s):
                await self.news.wait()
        except TimeoutError:
            pass
        self.news.clear()
        self.check()

    async def until(self, reached: Callable[[], bool], limit_s: float) -> bool:
        """Wait for it; false where it did not come within `limit_s`. Raises `DeviceError` once the connection is lost."""
        until_s = self._loop.time() + limit_s
        while not reached():
            if self._loop.time() >= until_s:
                return False
            await self.wait(until_s)
        return True

    async def quiet(self, settle_s: float) -> None:
        """Wait until nothing has come for `settle_s`, but not for ever: a late answer is then over."""
        begun_s = self._loop.time()
        limit_s = begun_s + 5 * settle_s
        while self._loop.time() < (until_s := min(limit_s, max(begun_s, self.heard_s) + settle_s)):
            await self.wait(until_s)

    def check(self) -> None:
        """Raises `DeviceError` once the connection is lost."""
        if self._lost is not None:
            raise self._lost

    def end(self, reason: DeviceError) -> None:
        self._lost = self._lost or reason
        self.news.set()

    async def close(self) -> None:
        """Hang up. Raises what broke the reader, if it was not the wire."""
        self.end(DeviceError(ErrorCode.NOT_CONNECTED, "closed"))
        await self._wire.close()
        await self._reader

    async def _read(self, received: Callable[[bytes], None]) -> None:
        try:
            while self._lost is None:
                data = await self._wire.read()
                self.heard_s = self._loop.time()
                self._trace.note(Way.FROM_DEVICE, self.heard_s, data)
                received(data)
                self.news.set()
        except WireLost as error:
            self.end(DeviceError(ErrorCode.CONNECTION_LOST, str(error)))
        finally:
            self.end(DeviceError(ErrorCode.CONNECTION_LOST, "the reader ended"))


class Session(Public, ABC):
    """A device behind a wire; see `drivers.api.Device` for what its callers may expect."""

    TRACES_CONTENT: ClassVar[bool] = False
    """True is a family's promise that no frame of it holds anything of a person."""

    def __init__(self, device_id: str, dial: Dial, *, connect_s: float, poll_s: float) -> None:
        super().__init__()
        self.id = device_id
        self._dial = dial
        self._connect_s = connect_s
        self._poll_s = poll_s
        self._link: Link | None = None
        self._worker: asyncio.Task[DeviceError | None] | None = None
        self._queue: deque[Request] = deque()
        self._current: Request | None = None
        self._ids = itertools.count(1)
        self.trace = Trace(content=self.TRACES_CONTENT)

    # To be supplied by a family.

    @abstractmethod
    async def _greet(self, link: Link) -> None:
        """Make sure that the right device answers and learn its status. Raises `DeviceError`."""

    @abstractmethod
    def _received(self, data: bytes) -> None:
        """Take bytes in; must not raise, whatever they are."""

    @abstractmethod
    async def _perform(self, link: Link, request: Request) -> Completion:
        """Do one command. May raise `Interrupted` and `DeviceError`; the latter ends the connection."""

    @abstractmethod
    async def _look_after(self, link: Link) -> None:
        """Called every `poll_s` while idle. Raises `DeviceError` where the device is gone."""

    async def _on_news(self, link: Link) -> None:
        """Something came while idle: answer what the device began by itself. Raises `DeviceError`."""

    def _choose(self) -> Request:
        """Which of those that wait goes next; a family with urgent commands says so."""
        return self._queue[0]

    # What a device is to its callers.

    @property
    def waiting(self) -> int:
        return len(self._queue) + (self._current is not None)

    async def open(self) -> None:
        if self._worker is not None and not self._worker.done():
            if self._link is not None:
                raise RuntimeError(f"{self.id} is already open")
            await asyncio.wait([self._worker])  # the last connection is hanging up
        if self.counts.since_s is None:
            self.counts.since_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._connect_s):
                wire = await self._dial()
        except (WireLost, TimeoutError) as error:
            raise self._unavailable(DeviceError(ErrorCode.NOT_CONNECTED, str(error) or "no connection")) from error
        link = Link(wire, self._received, self.trace)
        try:
            await self._greet(link)
            self._link = link
        except DeviceError as error:
            raise self._unavailable(error) from None
        finally:
            if self._link is not link:
                await link.close()
        self.counts.connections += 1
        self._worker = asyncio.create_task(self._work(link), name=f"device {self.id}")

    async def wait_lost(self) -> DeviceError | None:
        if self._worker is None:
            raise RuntimeError(f"{self.id} was never opened")
        return await asyncio.shield(self._worker)

    async def close(self) -> None:
        if self._worker is not None:
            if self._link is not None:
                self._link.end(DeviceError(ErrorCode.NOT_CONNECTED, "closed"))
            await asyncio.wait([self._worker])

    async def execute(
        self,
        command: Command,
        *,
        timeout_s: float | None = None,
        on_event: OnEvent | None = None,
        claim: Claim | None = None,
    ) -> Completion:
        loop = asyncio.get_running_loop()
        deadline_s = None if timeout_s is None else loop.time() + timeout_s
        request = Request(next(self._ids), command, on_event, deadline_s, loop.create_future())
        completion = self._refusal(request, claim)
        if completion is None and on_event is not None:
            await on_event(Acknowledged(request_id=request.id))
            completion = self._refusal(request, claim)
        if completion is None:
            completion = await self._queued(request)
        self.counts.note(completion, loop.time())
        return completion

    def cancel(self, request_id: int | None = None) -> int:
        requests = [*self._queue, *([self._current] if self._current else [])]
        chosen = [request for request in requests if request_id in (None, request.id)]
        for request in chosen:
            request.cancelled = True
            self._reconsider(request)
        return len(chosen)

    # The queue.

    def _refusal(self, request: Request, claim: Claim | None) -> Completion | None:
        """Why a command is not even queued."""
        if (owner := self._claimed_from(claim)) is not None:
            return request.complete(CompletionCode.SEQUENCE_ERROR, error=ErrorCode.CLAIMED, detail=owner)
        if self._link is None or self._link.lost is not None:
            return request.complete(CompletionCode.DEVICE_NOT_READY, error=ErrorCode.NOT_CONNECTED)
        if self.waiting >= WAITING_MAX:
            return request.complete(CompletionCode.DEVICE_NOT_READY, error=ErrorCode.TOO_MANY_REQUESTS)
        return None

    async def _queued(self, request: Request) -> Completion:
        self._queue.append(request)
        loop = asyncio.get_running_loop()
        timer = loop.call_at(request.deadline_s, self._reconsider, request) if request.deadline_s is not None else None
        self._wake()
        try:
            return await asyncio.shield(request.done)
        except asyncio.CancelledError:
            request.cancelled = True
            self._reconsider(request)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _reconsider(self, request: Request) -> None:
        """Its deadline has come or it was cancelled: at once where it waits, by the worker where it runs."""
        if request in self._queue:
            self._queue.remove(request)
            code = CompletionCode.CANCELED if request.cancelled else CompletionCode.TIME_OUT
            _settle(request, request.complete(code))
        self._wake()

    def _wake(self) -> None:
        if self._link is not None:
            self._link.news.set()

    # The worker.

    async def _work(self, link: Link) -> DeviceError | None:
        """One command at a time until the connection ends. Returns why; None where `close` asked for it."""
        loop = asyncio.get_running_loop()
        look_s = loop.time() + self._poll_s
        try:
            while True:
                link.check()
                if self._queue:
                    request = self._choose()
                    self._queue.remove(request)
                    await self._serve(link, request)
                elif loop.time() >= look_s:
                    await self._look_after(link)
                    look_s = loop.time() + self._poll_s
                else:
                    await link.wait(look_s)
                    await self._on_news(link)
        except DeviceError as error:
            link.end(error)
            return self._ended(error)
        finally:
            self._link = None
            self._abandon()
            if link.lost is None:  # a fault of the driver's own, on its way to the supervisor
                self._unavailable(DeviceError(ErrorCode.DEVICE_FAULT, "the driver failed"))
            await link.close()

    async def _serve(self, link: Link, request: Request) -> None:
        self._current = request
        try:
            _settle(request, await self._perform(link, request))
        except Interrupted as stop:
            _settle(request, request.complete(stop.code))
        except CallerFailed as failure:
            if failure.__cause__ is None:
                request.done.cancel()
            elif not request.done.done():
                request.done.set_exception(failure.__cause__)
                request.done.exception()  # the caller may be gone; then nobody else would fetch it
        except DeviceError as error:
            _settle(request, request.complete(CompletionCode.DEVICE_NOT_READY, error=error.code, detail=error.detail))
            raise
        self._current = None

    def _abandon(self) -> None:
        """The connection has ended: what waits was never begun, and what runs was cut off by a fault of ours."""
        if self._current is not None:
            _settle(self._current, self._current.complete(CompletionCode.INTERNAL_ERROR))
            self._current = None
        while self._queue:
            request = self._queue.popleft()
            _settle(request, request.complete(CompletionCode.DEVICE_NOT_READY, error=ErrorCode.CONNECTION_LOST))

    def _ended(self, error: DeviceError) -> DeviceError | None:
        asked_for = error.code is ErrorCode.NOT_CONNECTED
        self._unavailable(error)
        return None if asked_for else error

    def _unavailable(self, error: DeviceError) -> DeviceError:
        self._set_status(self._status.unreachable(error.code))
        return error


def _settle(request: Request, completion: Completion) -> None:
    if not request.done.done():
        request.done.set_result(completion)
