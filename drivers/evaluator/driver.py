"""The driver of one rating pad: asks when told to, and tells of every key.

* A rating belongs to whoever asks at that moment; a key pressed when nobody asks is told unsolicited.
* A question that is given up leaves nothing behind: the pad is told to stop, and the outcome is held. A key that comes later is
  unsolicited.
* A pad whose profile has a probe is asked whether it is there, while idle and while a customer thinks. Without one its silence
  and a customer's are the same, and only its wire can be lost.
"""

import asyncio
import math
from typing import Final

from drivers.api import (
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
    Status,
)
from drivers.evaluator.codec import Present, Pressed, Tongue, Word
from drivers.evaluator.traits import EvaluatorTraits
from drivers.interfaces.evaluator import AskRating, CancelRating, RatingGiven, RatingPressed
from drivers.profiles import Profile
from drivers.session import Interrupted, Link, Request, Session
from drivers.transport.wire import Dial

FAMILY: Final = "evaluator"
TRIES_MAX: Final = 2


class RatingPad(Session):
    TRACES_CONTENT = True

    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._answer_s = timing.answer_ms / 1000
        self._tongue = Tongue(profile.section(EvaluatorTraits))
        self._asking = False
        self._score: int | None = None
        self._probing = False
        self._present = False

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=("Evaluator.AskRating", "Evaluator.CancelRating"),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        self._asking, self._probing = False, False
        self._tongue.flush()
        await self._make_sure(link)
        self._set_status(Status(device=DeviceStatus.ONLINE))

    async def _look_after(self, link: Link) -> None:
        self._take(self._tongue.flush())
        await self._make_sure(link)

    async def _perform(self, link: Link, request: Request) -> Completion:
        match request.command:
            case AskRating():
                return await self._ask(link, request)
            case CancelRating():
                await request.start()
                await link.write(self._tongue.cancel())
                return request.succeed(Proof.WRITTEN)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)

    def _received(self, data: bytes) -> None:
        self._take(self._tongue.receive(data))

    # One question.

    async def _ask(self, link: Link, request: Request) -> Completion:
        await request.start()
        self._score, self._asking = None, True
        try:
            await link.write(self._tongue.ask())
            score = await self._opinion(link, request)
        except Interrupted as stop:
            await link.write(self._tongue.cancel())
            return request.complete(stop.code, outcome=Outcome.HELD)
        finally:
            self._asking = False
        return request.succeed(Proof.ANSWER, RatingGiven(score=score))

    async def _opinion(self, link: Link, request: Request) -> int:
        """Wait for a key. Raises `Interrupted`, and `DeviceError` for a pad that is not there any more."""
        loop = asyncio.get_running_loop()
        probe_s = math.inf if self._tongue.probe() is None else loop.time() + self._poll_s
        until_s = math.inf if request.deadline_s is None else request.deadline_s
        while self._score is None:
            request.check(loop.time())
            if loop.time() >= probe_s:
                await self._make_sure(link, request)
                probe_s = loop.time() + self._poll_s
            else:
                next_s = min(until_s, probe_s)
                await link.wait(None if next_s == math.inf else next_s)
        return self._score

    async def _make_sure(self, link: Link, request: Request | None = None) -> None:
        """Ask the pad whether it is there, where it can say so. Raises `DeviceError(noAnswer)`, and `Interrupted`."""
        probe = self._tongue.probe()
        if probe is None:
            return
        loop = asyncio.get_running_loop()
        self._probing, self._present = True, False
        try:
            for _ in range(TRIES_MAX):
                await link.write(probe)
                until_s = loop.time() + self._answer_s
                while not self._present and loop.time() < until_s:
                    if request is not None:
                        request.check(loop.time())
                    await link.wait(until_s)
                if self._present:
                    return
        finally:
            self._probing = False
        raise DeviceError(ErrorCode.NO_ANSWER, "the pad does not answer")

    def _take(self, words: list[Word | bytes]) -> None:
        for word in words:
            match word:
                case Pressed(score=score) if self._asking and self._score is None:
                    self._score = score
                case Pressed(score=score):
                    self._publish(RatingPressed(score=score))
                case Present() if self._probing and not self._present:
                    self._present = True
                case Present(raw=raw):
                    self._publish(StaleReply(data=raw))
                case bytes():
                    self._publish(Noise(data=word))
