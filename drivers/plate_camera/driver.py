"""The driver of a plate camera: hears its pushes and tells each car once.

* The camera connects to us. Only its own address is let in, by the wire; the push itself has no signature, so a plate is a hint
  for people, never a proof of who came.
* A push is answered as soon as it is read, whatever it held: a camera that gets no answer sends it for ever.
* The same event (its UUID), or the same plate in the same direction within a minute, is one passage. What is remembered for
  that is bounded, and in memory only: the last plates, for that minute.
* Pictures are dropped with the request; nothing of a push is kept or traced.
"""

import asyncio
from collections import OrderedDict
from typing import Final

from drivers.api import Capabilities, Completion, CompletionCode, DeviceStatus, ErrorCode, Noise, Proof, Status
from drivers.interfaces.plate import Read, Recognised, Seen
from drivers.plate_camera import http
from drivers.plate_camera.codec import BadXml, Sighting, sighting
from drivers.plate_camera.http import Answer, Reading
from drivers.plate_camera.traits import CameraTraits
from drivers.profiles import Profile
from drivers.session import Link, Request, Session
from drivers.transport.packets import VISITOR, Packet, Unexplained, Unpacker, Visitor, pack
from drivers.transport.wire import Dial

FAMILY: Final = "plate_camera"
REMEMBERED_MAX: Final = 256
ANSWERS_MAX: Final = 16
"""Answers that have not gone out yet; a camera that causes more is not answered."""


class PlateCamera(Session):
    """One camera."""

    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._traits = profile.section(CameraTraits)
        self._packets = Unpacker(VISITOR)
        self._reading = Reading()
        self._answers: list[Answer] = []
        self._remembered: OrderedDict[str, float] = OrderedDict()
        self._last: Sighting | None = None
        self._heard_s = 0.0

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=("Plate.Read",),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        del link  # it calls us
        self._packets, self._reading = Unpacker(VISITOR), Reading()
        self._answers.clear()
        self._heard_s = asyncio.get_running_loop().time()
        self._set_status(Status(device=DeviceStatus.ONLINE))

    def _received(self, data: bytes) -> None:
        for packet in self._packets.receive(data):
            match packet:
                case Unexplained(data=noise):
                    self._publish(Noise(data=noise))
                case Packet(kind=Visitor.NEW):
                    self._reading = Reading()
                case Packet(kind=Visitor.DATA, payload=payload):
                    self._read(payload)

    async def _perform(self, link: Link, request: Request) -> Completion:
        match request.command:
            case Read(within_ms=within_ms):
                return await self._await_car(link, request, within_ms / 1000)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)

    async def _look_after(self, link: Link) -> None:
        await self._answer(link)
        longest_s = self._traits.heartbeat_s
        silent = longest_s is not None and asyncio.get_running_loop().time() > self._heard_s + longest_s
        missing = Status(device=DeviceStatus.USER_ERROR, error=ErrorCode.NO_ANSWER)
        self._set_status(missing if silent else Status(device=DeviceStatus.ONLINE))

    async def _on_news(self, link: Link) -> None:
        await self._answer(link)

    # A push.

    def _read(self, data: bytes) -> None:
        outcome = self._reading.receive(data)
        if outcome is None:
            return
        answer = outcome if isinstance(outcome, Answer) else self._understand(outcome)
        if len(self._answers) < ANSWERS_MAX:
            self._answers.append(answer)

    def _understand(self, request: http.Request) -> Answer:
        self._heard_s = asyncio.get_running_loop().time()
        xml = http.xml_of(request)
        if xml is None:
            return Answer.BAD_REQUEST
        try:
            seen = sighting(xml, self._traits)
        except BadXml:
            return Answer.BAD_REQUEST
        if seen is not None and not self._known(seen):
            self._last = seen
            self._publish(Seen(plate=seen.plate, kind=seen.kind, heading=seen.heading, confidence=seen.confidence))
        return Answer.OK

    def _known(self, seen: Sighting) -> bool:
        """Whether this passage has been told; remembers it."""
        now_s = asyncio.get_running_loop().time()
        while self._remembered and next(iter(self._remembered.values())) <= now_s - self._traits.same_car_s:
            self._remembered.popitem(last=False)
        marks = [f"plate {seen.plate.reveal()} {seen.heading}", *([f"event {seen.identity}"] if seen.identity else [])]
        known = any(mark in self._remembered for mark in marks)
        for mark in marks:
            self._remembered.setdefault(mark, now_s)
        while len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return known

    async def _answer(self, link: Link) -> None:
        while self._answers:
            code = self._answers.pop(0)
            await link.write(pack(Visitor.DATA, http.answer(code)) + pack(Visitor.END))

    # Waiting for a car.

    async def _await_car(self, link: Link, request: Request, within_s: float) -> Completion:
        loop = asyncio.get_running_loop()
        await request.start()
        self._last = None
        until_s = loop.time() + within_s
        while (seen := self._newest()) is None:
            request.check(loop.time())
            if loop.time() >= until_s:
                return request.complete(CompletionCode.TIME_OUT)
            await link.wait(min(until_s, request.deadline_s or until_s))
            await self._answer(link)
        return request.succeed(Proof.ANSWER, Recognised(plate=seen.plate, kind=seen.kind))

    def _newest(self) -> Sighting | None:
        return self._last
