"""The other process: drives the devices it is told to, one line in, one line out. Started by `drivers.worker`.

It ends when its standard input ends, so it never outlives the branch. Whatever a driver in it does, only this process and its
devices are hurt.
"""

import asyncio
import os
import sys
from asyncio import StreamReader
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from drivers import registry
from drivers.api import (
    Command,
    Completion,
    CompletionCode,
    Device,
    DeviceError,
    Event,
    Outcome,
    StatusChanged,
)
from drivers.envelope import (
    MESSAGE_BYTES_MAX,
    EnvelopeError,
    Header,
    Kind,
    Message,
    Privacy,
    Vocabulary,
    body,
    completion_message,
    decode,
    encode,
    event_message,
    inner_vocabulary,
    name_of,
)
from drivers.registry import DeviceConfig

Build = Callable[[DeviceConfig], Device]


class _Refused(Exception):
    """The branch does not want the command to go on."""


class _Hosted:
    """One device of this process."""

    def __init__(self, device: Device, words: Vocabulary, say: Callable[[Message], None]) -> None:
        self.device = device
        self._words = words
        self._say = say
        self._answers: dict[int, asyncio.Future[bool]] = {}
        self._own_ids: dict[int, int] = {}
        self._traced = 0
        device.subscribe(self._unsolicited)

    async def open(self) -> None:
        try:
            await self.device.open()
            self._news("Worker.Opened", capabilities=body(self.device.capabilities(), Privacy.WHOLE), **self._status())
            lost = await self.device.wait_lost()
        except DeviceError as error:
            lost = error
        except Exception as fault:  # noqa: BLE001 -- a driver's bug is told to the supervisor, which counts it
            self._news("Worker.Failed", detail=f"{type(fault).__name__}: {fault}")
            return
        self.pass_trace_on()
        gone = {} if lost is None else {"error": lost.code, "detail": lost.detail}
        self._news("Worker.Away", **gone)

    async def execute(self, message: Message) -> None:
        request_id = message.header.request_id or 0
        command = self._words.command(message)
        timeout_s = None if not message.header.timeout else message.header.timeout / 1000

        async def hear(event: Event) -> None:
            self._own_ids[request_id] = getattr(event, "request_id", 0)
            await self._report(request_id, event)

        try:
            completion = await self.device.execute(command, timeout_s=timeout_s, on_event=hear)
        except _Refused:
            completion = _not_begun(request_id)
        finally:
            self._own_ids.pop(request_id, None)
            self._answers.pop(request_id, None)
        self.pass_trace_on()
        self._complete(command, completion, request_id)

    def heard(self, payload: dict[str, Any]) -> None:
        answer = self._answers.get(payload["request"])
        if answer is not None and not answer.done():
            answer.set_result(bool(payload["goOn"]))

    def pass_trace_on(self) -> None:
        """Whatever the trace has gained since the last time. Both processes have the same clock."""
        if gained := self.device.trace.after(self._traced):
            self._traced = gained[-1].n
            self._news("Worker.Traced", frames=msgspec.to_builtins(gained))

    def cancel(self, requests: list[int]) -> None:
        for request_id in requests:
            if (own := self._own_ids.get(request_id)) is not None:
                self.device.cancel(own)

    async def _report(self, request_id: int, event: Event) -> None:
        """Tell it and wait until the branch has dealt with it. Raises `_Refused`."""
        self._answers[request_id] = answer = asyncio.get_running_loop().create_future()
        if hasattr(event, "request_id"):
            event = msgspec.structs.replace(event, request_id=request_id)
        self._say(event_message(event, request_id, privacy=Privacy.WHOLE))
        if not await answer:
            raise _Refused

    def _complete(self, command: Command, completion: Completion, request_id: int) -> None:
        self._say(completion_message(name_of(command), completion, request_id, privacy=Privacy.WHOLE))

    def _unsolicited(self, event: Event) -> None:
        if isinstance(event, StatusChanged):
            self._news(name_of(event), **self._status())
        else:
            self._say(event_message(event, None, privacy=Privacy.WHOLE))

    def _status(self) -> dict[str, Any]:
        return {"status": body(self.device.status(), Privacy.WHOLE)}

    def _news(self, news: str, **payload: Any) -> None:
        self._say(Message(header=Header(name=news, type=Kind.UNSOLICITED), payload=payload))


class _Process:
    """What this process does with each line."""

    def __init__(self, build: Build, out: Callable[[bytes], None]) -> None:
        self._build = build
        self._out = out
        self._hosted: dict[str, _Hosted] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def obey(self, message: Message) -> None:
        """Raises `EnvelopeError` for what is not understood: then the two ends are of different releases."""
        name, device = message.header.name, message.header.device or ""
        if name == "Worker.Ping":
            self._say("", Message(header=Header(name="Worker.Pong", type=Kind.UNSOLICITED)))
            for hosted in self._hosted.values():
                hosted.pass_trace_on()
        elif name == "Worker.Open":
            self._begin(self._host(device, message.payload or {}).open())
        elif name == "Worker.Close":
            self._begin(self._hosted[device].device.close())
        elif name == "Worker.Heard":
            self._hosted[device].heard(message.payload or {})
        elif name == "Common.Cancel":
            self._hosted[device].cancel((message.payload or {}).get("requestIds") or [])
        else:
            self._begin(self._hosted[device].execute(message))

    async def close(self) -> None:
        await asyncio.gather(*(hosted.device.close() for hosted in self._hosted.values()), return_exceptions=True)

    def _host(self, device_id: str, payload: dict[str, Any]) -> _Hosted:
        if device_id not in self._hosted:
            config = msgspec.convert(payload, DeviceConfig)
            device = self._build(config)
            manifest = registry.manifest(device.capabilities().family)
            words = inner_vocabulary(manifest.family, manifest.interface)
            self._hosted[device_id] = _Hosted(device, words, lambda message: self._say(device_id, message))
        return self._hosted[device_id]

    def _say(self, device: str, message: Message) -> None:
        addressed = msgspec.structs.replace(message.header, device=device)
        self._out(encode(Message(header=addressed, payload=message.payload)) + b"\n")

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # A fault of this very process: better gone and started anew than half alive.
            raise SystemExit(EX_SOFTWARE) from task.exception()


EX_SOFTWARE: Final = 70


def _not_begun(request_id: int) -> Completion:
    return Completion(request_id=request_id, code=CompletionCode.CANCELED, outcome=Outcome.HELD)


def build_known(config: DeviceConfig) -> Device:
    """From the families of this release."""
    return registry.build(config, registry.load_profiles())


async def serve(build: Build = build_known) -> None:
    """Until standard input ends."""
    loop = asyncio.get_running_loop()
    lines = StreamReader(limit=MESSAGE_BYTES_MAX + 2)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    # Standard output is the line to the branch; what anybody prints by mistake must not garble it.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    process = _Process(build, lambda line: _write_all(out.fileno(), line))
    while line := await lines.readline():
        try:
            process.obey(decode(line))
        except (EnvelopeError, KeyError, msgspec.ValidationError) as error:
            raise SystemExit(f"not understood: {error}") from error
    await process.close()


def _write_all(fd: int, line: bytes) -> None:
    """Blocking: a branch that does not read is no branch any more, and kills us for our silence."""
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(fd, rest) :]


if __name__ == "__main__":
    asyncio.run(serve())
