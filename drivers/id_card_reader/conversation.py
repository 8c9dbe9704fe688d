"""Questions and answers on one connection to a security module.

Answers carry no names, so one question is open at a time, and what comes must be an answer that it can have. A question that
goes unanswered is asked once more, after the wire has been quiet for a while. Nothing that comes is dropped in silence; yet
what is told of it to subscribers is its length, never its content, which may be a person's.
"""

from collections.abc import Callable, Iterable
from typing import Final

from drivers.api import DeviceError, ErrorCode, Event, Noise, StaleReply
from drivers.confidential import wipe
from drivers.id_card_reader import codec
from drivers.id_card_reader.codec import Answer, Operation, Sw
from drivers.session import Link

TRIES: Final = 2
GARBLED: Final = (Sw.HOST_CHECK, Sw.HOST_LENGTH)
"""It did not understand us; the same question may be asked again."""


class Conversation:
    def __init__(self, link: Link, *, answer_s: float, settle_s: float, publish: Callable[[Event], None]) -> None:
        self._link = link
        self._answer_s = answer_s
        self._settle_s = settle_s
        self._publish = publish
        self._parser = codec.FrameParser()
        self._question: Operation | None = None
        self._answer: Answer | None = None

    def received(self, data: bytes) -> None:
        self._take(self._parser.receive(data))

    def tidy(self) -> None:
        """Nothing is asked, so half an answer will not be finished any more."""
        self._take(self._parser.flush())

    async def ask(self, question: Operation, limit_s: float | None = None) -> Answer:
        """Its data is the caller's to wipe. Raises `DeviceError(noAnswer)`, `DeviceError(garbled)`."""
        garbled = False
        for _ in range(TRIES):
            answer = await self._once(question, limit_s or self._answer_s)
            if answer is not None and answer.status not in GARBLED:
                return answer
            garbled = answer is not None
            self.tidy()
            await self._link.quiet(self._settle_s)
        code = ErrorCode.GARBLED if garbled else ErrorCode.NO_ANSWER
        raise DeviceError(code, f"{question.command:02X} {question.parameter:02X}")

    async def _once(self, question: Operation, limit_s: float) -> Answer | None:
        self._question, self._answer = question, None
        try:
            await self._link.write(question.request)
            await self._link.until(lambda: self._answer is not None, limit_s)
        finally:
            self._question = None
        return self._answer

    def _take(self, messages: Iterable[codec.Frame | codec.Unexplained]) -> None:
        for message in messages:
            if isinstance(message, codec.Unexplained):
                self._publish(Noise(data=bytes(len(message.data))))
            else:
                self._take_frame(message)

    def _take_frame(self, frame: codec.Frame) -> None:
        length = len(frame.body)
        answer = codec.answer(frame)
        if answer is None:
            self._publish(Noise(data=bytes(length)))
        elif self._question is not None and self._answer is None and self._question.admits(answer):
            self._answer = answer
        else:
            wipe(answer.data)
            self._publish(StaleReply(data=codec.answer_frame(answer.status)))
