"""The driver of a device behind an XFS4IoT service.

* One command at a time, each acknowledged and completed by the service. `Started` is ours and comes before the command is
  sent: what the service does with it after that is out of our hands.
* While a command runs, the service is asked how it is every `poll_ms`. One that does not answer, or says what does not fit,
  ends the connection, and the command is in doubt: over a WebSocket messages do not get lost, so a gap is a fault.
* A service that knows no `outcome` (that is ours) and did not succeed leaves doubt.
* Cancelled or late, the service is told (`Common.Cancel`) and has `clear_ms` to say what became of it.
"""

import asyncio
import itertools
from collections import deque
from typing import Any, ClassVar, Final

import msgspec

from drivers.api import (
    Acknowledged,
    Capabilities,
    Completion,
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Noise,
    Outcome,
    Proof,
    StaleReply,
    Started,
    Status,
)
from drivers.envelope import (
    EnvelopeError,
    Header,
    Kind,
    Message,
    Privacy,
    Vocabulary,
    command_message,
    encode,
    name_of,
    read_body,
    vocabulary,
)
from drivers.profiles import Profile
from drivers.session import Interrupted, Link, Request, Session
from drivers.transport.wire import Dial
from drivers.xfs_client.codec import NOISE_BYTES_MAX, Lines, line
from drivers.xfs_client.traits import XfsClientTraits

FAMILY: Final = "xfs_client"
STARTING_PAUSE_S: Final = 0.2
ARRIVED_MAX: Final = 256
"""Messages of one command that may wait for us."""


class XfsClient(Session):
    family: ClassVar[str] = FAMILY

    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._words = self._vocabulary()
        self._answer_s = timing.answer_ms / 1000
        self._clear_s = timing.clear_ms / 1000
        self._ids = itertools.count(1)
        self._lines = Lines()
        self._asked: dict[int, deque[Message]] = {}
        """What has arrived for each request of ours."""
        self._misfits = 0
        """Messages that fit nothing, on this connection."""
        self._described: Capabilities | None = None

    def _vocabulary(self) -> Vocabulary:
        return vocabulary(FAMILY, self.profile.section(XfsClientTraits).interface)

    def _seen(self, status: Status) -> Status:
        """What the status of the device behind means for this one."""
        return status

    def capabilities(self) -> Capabilities:
        said = self._described
        known = self._words.commands
        return Capabilities(
            family=self.family,
            model=self.profile.model if said is None else f"{self.profile.model}: {said.model}",
            serial_number=None if said is None else said.serial_number,
            firmware=None if said is None else said.firmware,
            commands=tuple(sorted(known)) if said is None else tuple(name for name in said.commands if name in known),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        self._lines, self._misfits = Lines(), 0
        self._asked.clear()
        answer = await self._ask(link, "Common.Capabilities")
        try:
            self._described = read_body((answer.payload or {}).get("common"), Capabilities)
        except EnvelopeError:
            self._described = None  # somebody else's capabilities are of another shape, and only for show
        for _ in range(max(1, int(self._connect_s / STARTING_PAUSE_S))):
            await self._learn_status(link)
            if self.status().device is not DeviceStatus.STARTING:
                return
            await link.quiet(STARTING_PAUSE_S)
        raise DeviceError(ErrorCode.NO_ANSWER, "the service is still starting")

    def _received(self, data: bytes) -> None:
        for message in self._lines.receive(data):
            if isinstance(message, bytes):
                self._misfits += 1
                self._publish(Noise(data=message))
            elif message.header.request_id is not None:
                self._hand_over(message.header.request_id, message)
            else:
                self._unsolicited(message)

    async def _look_after(self, link: Link) -> None:
        await self._learn_status(link)

    async def _perform(self, link: Link, request: Request) -> Completion:
        if name_of(request.command) not in self._words.commands:
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        await request.start()
        number = next(self._ids)
        arrived = self._asked[number] = deque(maxlen=ARRIVED_MAX)
        message = command_message(request.command, number, timeout_s=None, privacy=Privacy.WHOLE)
        misfits = self._misfits
        try:
            await link.write(line(message))
            while True:
                while arrived:
                    if (completion := await self._take(arrived.popleft(), request)) is not None:
                        return completion
                if self._misfits != misfits:
                    raise DeviceError(ErrorCode.GARBLED, "the service says what does not fit")
                await self._wait_or_cancel(link, request, number)
        finally:
            del self._asked[number]

    # One command.

    async def _take(self, message: Message, request: Request) -> Completion | None:
        """The completion, once this is it. Raises `DeviceError` for what is not understood."""
        header = message.header
        try:
            if header.type is Kind.ACKNOWLEDGE:
                return None if header.status is None else _not_taken(request, header.status)
            if header.type is Kind.COMPLETION:
                return msgspec.structs.replace(_proven(self._words.completion(message)), request_id=request.id)
            event = self._words.event(message)
        except EnvelopeError as error:
            raise DeviceError(ErrorCode.GARBLED, str(error)) from None
        if not isinstance(event, Started | Acknowledged):  # we have said both ourselves
            own = {"request_id": request.id} if hasattr(event, "request_id") else {}
            await request.report(msgspec.structs.replace(event, **own))
        return None

    async def _wait_or_cancel(self, link: Link, request: Request, number: int) -> None:
        """Until there is news, asking how the service is while there is none. Raises `Interrupted`."""
        loop = asyncio.get_running_loop()
        try:
            request.check(loop.time())
        except Interrupted:
            await self._ask(link, "Common.Cancel", {"requestIds": [number]})
            if not await link.until(lambda: self._completed(number), self._clear_s):
                raise
            return
        look_s = loop.time() + self._poll_s
        until_s = look_s if request.deadline_s is None else min(look_s, request.deadline_s)
        await link.wait(until_s)
        if loop.time() >= look_s:
            await self._learn_status(link)

    def _completed(self, number: int) -> bool:
        return any(message.header.type is Kind.COMPLETION for message in self._asked[number])

    # Questions.

    async def _learn_status(self, link: Link) -> None:
        payload = (await self._ask(link, "Common.Status")).payload or {}
        self._take_status(payload)

    async def _ask(self, link: Link, name: str, payload: dict[str, Any] | None = None) -> Message:
        """The completion of a question. Raises `DeviceError` where none comes."""
        number = next(self._ids)
        arrived = self._asked[number] = deque(maxlen=ARRIVED_MAX)
        header = Header(name=name, type=Kind.COMMAND, request_id=number)
        try:
            await link.write(line(Message(header=header, payload=payload)))
            if not await link.until(lambda: self._completed(number), self._answer_s):
                raise DeviceError(ErrorCode.NO_ANSWER, name)
            link.news.set()  # what else came meanwhile is still to be looked at
            return next(message for message in arrived if message.header.type is Kind.COMPLETION)
        finally:
            del self._asked[number]

    # What comes.

    def _hand_over(self, number: int, message: Message) -> None:
        if number in self._asked:
            self._asked[number].append(message)
        else:
            self._misfits += 1
            self._publish(StaleReply(data=encode(message)[:NOISE_BYTES_MAX]))

    def _unsolicited(self, message: Message) -> None:
        if message.header.name == "Common.StatusChangedEvent":
            self._take_status(message.payload or {})
            return
        try:
            self._publish(self._words.event(message))
        except EnvelopeError:
            self._misfits += message.header.type is not Kind.UNSOLICITED
            self._publish(Noise(data=encode(message)[:NOISE_BYTES_MAX]))

    def _take_status(self, payload: dict[str, Any]) -> None:
        """A status of another shape still says whether the device is there."""
        common = payload.get("common")
        device = common.get("device") if isinstance(common, dict) else None
        flat = {**{key: value for key, value in payload.items() if key != "common"}, "device": device}
        for attempt in (flat, {"device": device}):
            try:
                self._set_status(self._seen(read_body(attempt, Status)))
            except EnvelopeError:
                continue
            return
        self._set_status(Status(device=DeviceStatus.HARDWARE_ERROR, error=ErrorCode.GARBLED))


def _not_taken(request: Request, status: str) -> Completion:
    """The acknowledge refused it: nothing has begun."""
    busy = status == "tooManyRequests"
    code = CompletionCode.DEVICE_NOT_READY if busy else CompletionCode.INVALID_DATA
    error = ErrorCode.TOO_MANY_REQUESTS if busy else None
    return request.complete(code, outcome=Outcome.HELD, error=error, detail=status)


def _proven(completion: Completion) -> Completion:
    """A success without a proof of ours is the service's own word for it."""
    if completion.done and completion.proof is None:
        return msgspec.structs.replace(completion, proof=Proof.ANSWER)
    return completion
