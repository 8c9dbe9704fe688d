"""A device as another program uses it: one connection's side of an XFS4IoT-style exchange. No socket is in here.

* Every command is acknowledged, has events, and ends with exactly one completion. A request id is in use from the command to
  its completion; a second command under it is refused in the acknowledge (`invalidRequestID`), as is one too many
  (`tooManyRequests`) and what is no message (`invalidMessage`).
* `Common.Cancel` reaches the commands of the same connection only. A connection that ends has its commands cancelled.
* Common.Status and Common.Capabilities are answered from what is known, without the device.
* What belongs to a person is masked, and devices that are all about a person are not offered at all (`OFFERED`): PIN pads, ID
  readers and signature pads are the branch's own.
* XFS4IoT's exclusive use is our claim: while somebody in the branch holds the device, commands end with `claimed`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from drivers.api import (
    Acknowledged,
    Command,
    Completion,
    CompletionCode,
    Device,
    Event,
    Noise,
    Outcome,
    StaleReply,
    Status,
    StatusChanged,
)
from drivers.envelope import (
    LINE_END,
    MESSAGE_BYTES_MAX,
    EnvelopeError,
    Header,
    Kind,
    Message,
    Privacy,
    Vocabulary,
    acknowledge_message,
    body,
    completion_message,
    decode,
    encode,
    event_message,
    name_of,
)

OFFERED: Final = frozenset({"Printer", "BarcodeReader", "TextTerminal", "CardReader"})
"""Interfaces that other programs may use."""
REQUESTS_MAX: Final = 16
"""Commands of one connection that may be under way."""
COMMAND_S_MAX: Final = 600.0
"""A command that asks for no end gets this one."""

Say = Callable[[bytes], None]


class Conversation:
    """One program and one device. `say` queues a message and returns at once."""

    def __init__(self, device: Device, words: Vocabulary, say: Say) -> None:
        self._device = device
        self._words = words
        self._say = say
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._own_ids: dict[int, int] = {}
        self._unsubscribe = device.subscribe(self._unsolicited)

    def received(self, text: str | bytes) -> None:
        """One message of the program's."""
        try:
            message = decode(text)
        except EnvelopeError:
            self._tell(acknowledge_message("Common.Unknown", None, "invalidMessage"))
            return
        name, request_id = message.header.name, message.header.request_id
        if message.header.type is not Kind.COMMAND:
            self._tell(acknowledge_message(name, request_id, "invalidMessage"))
        elif request_id is None or request_id in self._tasks:
            self._tell(acknowledge_message(name, request_id, "invalidRequestID"))
        elif len(self._tasks) >= REQUESTS_MAX:
            self._tell(acknowledge_message(name, request_id, "tooManyRequests"))
        else:
            self._tell(acknowledge_message(name, request_id))
            self._begin(request_id, message)

    async def close(self) -> None:
        """The program has gone: so have its wishes."""
        self._unsubscribe()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, request_id: int, message: Message) -> None:
        answer = _COMMON.get(message.header.name)
        if answer is not None:
            self._tell(answer(self, request_id, message))
            return
        try:
            command = self._words.command(message)
        except EnvelopeError as error:
            known = message.header.name in self._words.commands
            code = CompletionCode.INVALID_DATA if known else CompletionCode.UNSUPPORTED_COMMAND
            self._complete(message.header.name, request_id, _refused(code, str(error)))
            return
        timeout_s = (message.header.timeout or 0) / 1000 or COMMAND_S_MAX
        work = self._execute(message.header.name, request_id, command, min(timeout_s, COMMAND_S_MAX))
        self._tasks[request_id] = asyncio.create_task(work, name=f"xfs {self._device.id}")

    async def _execute(self, name: str, request_id: int, command: Command, timeout_s: float) -> None:
        async def hear(event: Event) -> None:
            if isinstance(event, Acknowledged):
                self._own_ids[request_id] = event.request_id
            else:
                self._tell(event_message(_under(event, request_id), request_id, privacy=Privacy.MASKED))

        try:
            completion = await self._device.execute(command, timeout_s=timeout_s, on_event=hear)
        finally:
            self._tasks.pop(request_id, None)
            self._own_ids.pop(request_id, None)
        self._complete(name, request_id, completion)

    def _cancel(self, requests: list[int]) -> None:
        for request_id in requests:
            if (own := self._own_ids.get(request_id)) is not None:
                self._device.cancel(own)

    def _complete(self, name: str, request_id: int, completion: Completion) -> None:
        self._tell(completion_message(name, completion, request_id, privacy=Privacy.MASKED))

    def _unsolicited(self, event: Event) -> None:
        if isinstance(event, StatusChanged):
            header = Header(name="Common.StatusChangedEvent", type=Kind.UNSOLICITED)
            self._tell(Message(header=header, payload=_status(event.status)))
        elif name_of(event) in self._words.events and not isinstance(event, Noise | StaleReply):  # raw bytes may be anybody's
            self._tell(event_message(event, None, privacy=Privacy.MASKED))

    def _tell(self, message: Message) -> None:
        self._say(encode(message))

    # What every service answers.

    def _answer_cancel(self, request_id: int, message: Message) -> Message:
        wanted = (message.payload or {}).get("requestIds")
        mine = list(self._tasks)
        if wanted is not None and not isinstance(wanted, list):
            return _answered(message, request_id, {}, CompletionCode.INVALID_DATA)
        self._cancel(mine if wanted is None else [one for one in mine if one in wanted])
        return _answered(message, request_id, {})

    def _answer_status(self, request_id: int, message: Message) -> Message:
        return _answered(message, request_id, _status(self._device.status()))

    def _answer_capabilities(self, request_id: int, message: Message) -> Message:
        return _answered(message, request_id, {"common": body(self._device.capabilities(), Privacy.MASKED)})


class LineService:
    """A conversation whose messages are lines on a wire of bytes."""

    def __init__(self, device: Device, words: Vocabulary, reply: Say) -> None:
        self._conversation = Conversation(device, words, lambda message: reply(message + LINE_END))
        self._buffer = bytearray()

    def receive(self, data: bytes) -> None:
        """Bytes from the program, in any pieces. A line beyond what a message may have is dropped; nobody asks for that."""
        self._buffer += data
        *lines, rest = self._buffer.split(LINE_END)
        self._buffer = rest if len(rest) <= MESSAGE_BYTES_MAX else bytearray()
        for text in lines:
            if text:
                self._conversation.received(bytes(text))

    async def close(self) -> None:
        await self._conversation.close()


_Answer = Callable[[Conversation, int, Message], Message]
_COMMON: Final[dict[str, _Answer]] = {
    "Common.Cancel": Conversation._answer_cancel,  # noqa: SLF001 -- the class's own table, which needs the class to be there
    "Common.Status": Conversation._answer_status,  # noqa: SLF001 -- as above
    "Common.Capabilities": Conversation._answer_capabilities,  # noqa: SLF001 -- as above
}


def publisher(text: str | bytes, services: dict[str, str]) -> bytes:
    """What the publisher answers: `ServicePublisher.GetServices` with name and address of each service."""
    try:
        message = decode(text)
    except EnvelopeError:
        return encode(acknowledge_message("Common.Unknown", None, "invalidMessage"))
    request_id = message.header.request_id
    if request_id is None or message.header.type is not Kind.COMMAND:
        return encode(acknowledge_message(message.header.name, request_id, "invalidMessage"))
    if message.header.name != "ServicePublisher.GetServices":
        return encode(_answered(message, request_id, {}, CompletionCode.UNSUPPORTED_COMMAND))
    listed = [{"serviceURI": address} for _, address in sorted(services.items())]
    return encode(_answered(message, request_id, {"vendorName": "Branchbox", "services": listed}))


def _answered(
    message: Message, request_id: int, payload: dict[str, Any], code: CompletionCode = CompletionCode.SUCCESS
) -> Message:
    header = Header(name=message.header.name, type=Kind.COMPLETION, request_id=request_id, completion_code=code)
    return Message(header=header, payload=payload)


def _status(status: Status) -> dict[str, Any]:
    """XFS4IoT's `common.device`, and the rest as we have it."""
    written = body(status, Privacy.MASKED)
    return {"common": {"device": written.pop("device")}, **written}


def _under(event: Event, request_id: int) -> Event:
    """The event with the program's number of the request instead of the driver's."""
    return msgspec.structs.replace(event, request_id=request_id) if hasattr(event, "request_id") else event


def _refused(code: CompletionCode, detail: str) -> Completion:
    return Completion(request_id=1, code=code, outcome=Outcome.HELD, detail=detail)
