"""Questions and answers on one connection to an ESC/POS printer.

Answers carry no names, so one real-time question is open at a time. One that goes unanswered is asked once more, and no
other before the wire has been quiet for a while: a late answer can then only be taken for what it is. The ordered question
(`GS r`, the fence) is counted: so many asked, so many answered, in the order of the stream.

Nothing that comes is dropped in silence: an answer nobody waits for is published as stale, a byte nobody understands as noise.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from drivers.api import DeviceError, ErrorCode, Event, Noise, StaleReply
from drivers.escpos_printer import codec
from drivers.escpos_printer.condition import Condition
from drivers.interfaces.printer import LateProof
from drivers.profiles import Timing
from drivers.session import Link

_TRIES: Final = 2
_TEXTS: Final = (codec.Text.MAKER, codec.Text.MODEL, codec.Text.SERIAL_NUMBER, codec.Text.FIRMWARE)


class Conversation:
    """What has been asked, answered and learnt since the connection was made."""

    def __init__(
        self, link: Link, timing: Timing, *, publish: Callable[[Event], None], learnt: Callable[[Condition], None]
    ) -> None:
        self.condition = Condition()
        self.described: dict[codec.Text, str] = {}
        self.fences_asked = 0
        self.fences_answered = 0
        self.proven = False
        """The awaited job has been named."""
        self._link = link
        self._answer_s = timing.answer_ms / 1000
        self._settle_s = timing.settle_ms / 1000
        self._clear_s = timing.clear_ms / 1000
        self._publish = publish
        self._learnt = learnt
        self._parser = codec.ReplyParser()
        self._question: codec.Question | None = None
        self._known: set[codec.Question] = set()
        """What has been answered at least once: a picture with holes is shown to nobody."""
        self._job: str | None = None
        self._cleared = False
        self._texts: list[codec.Text] = []
        self._in_step = False
        self._takers: Mapping[type, Callable[[Any], None]] = {
            codec.RealTimeStatus: self._take_answer,
            codec.AutomaticStatus: self._take_automatic,
            codec.ProcessIdDone: self._take_process_id,
            codec.OrderedStatus: self._take_ordered,
            codec.BufferCleared: self._take_cleared,
            codec.SelfDescription: self._take_text,
            codec.OfflineCause: self._take_cause,
            codec.Unexplained: self._take_noise,
        }

    # What comes.

    def received(self, data: bytes) -> None:
        self._take(self._parser.receive(data))

    def tidy(self) -> None:
        """Called when nothing has come for a while: half a message will not be finished any more."""
        self._take(self._parser.idle())

    def _take(self, replies: list[codec.Reply]) -> None:
        for reply in replies:
            self._takers[type(reply)](reply)

    def _take_answer(self, reply: codec.RealTimeStatus) -> None:
        if self._question is None:
            self._publish(StaleReply(data=bytes((reply.value,))))
        else:
            question, self._question = self._question, None
            self._known.add(question)
            self._learn(self.condition.answered(question, reply))

    def _take_automatic(self, reply: codec.AutomaticStatus) -> None:
        self._known.update(codec.Question)
        self._learn(self.condition.told(reply))

    def _take_process_id(self, reply: codec.ProcessIdDone) -> None:
        if reply.process_id == self._job:
            self.proven = True
        else:
            self._publish(LateProof(process_id=reply.process_id))

    def _take_ordered(self, reply: codec.OrderedStatus) -> None:
        if self.fences_answered < self.fences_asked:
            self.fences_answered += 1
        else:
            self._publish(StaleReply(data=bytes((reply.value,))))

    def _take_cleared(self, _: codec.BufferCleared) -> None:
        self._cleared = True

    def _take_text(self, reply: codec.SelfDescription) -> None:
        if self._texts:
            self.described[self._texts.pop(0)] = reply.text
        else:
            self._publish(StaleReply(data=reply.text.encode("ascii")))

    def _take_cause(self, reply: codec.OfflineCause) -> None:
        self._publish(StaleReply(data=reply.causes))

    def _take_noise(self, reply: codec.Unexplained) -> None:
        self._publish(Noise(data=reply.data))

    def _learn(self, condition: Condition) -> None:
        self.condition = condition
        if len(self._known) == len(codec.Question):
            self._learnt(condition)

    # What is asked.

    async def look(self) -> None:
        """Ask everything that can be asked at any time. Raises `DeviceError(noAnswer)`."""
        for question in codec.Question:
            await self._ask(question)

    async def look_at_port(self) -> None:
        """What can be known of a printer that answers nothing. Raises `DeviceError` where the wire has gone."""
        self.condition = self.condition.at_port(await self._link.port_status())
        self._learnt(self.condition)

    async def introduce(self) -> None:
        """Ask for names; the answers come when the printer gets to it."""
        self._texts = list(_TEXTS)
        await self._link.write(b"".join(codec.ask_text(text) for text in _TEXTS))

    def await_job(self, process_id: str | None) -> None:
        self._job, self.proven = process_id, False

    async def fence(self) -> None:
        """Ask the ordered question."""
        self.fences_asked += 1
        await self._link.write(codec.ORDERED_STATUS)

    async def passed(self, limit_s: float, check: Callable[[float], None]) -> bool:
        """Ask the ordered question and wait for its answer: everything before it has then been taken up. `check` raises where
        there is no reason to wait on."""
        await self.fence()
        fence, loop = self.fences_asked, asyncio.get_running_loop()
        until_s = loop.time() + limit_s
        while self.fences_answered < fence:
            check(loop.time())
            if loop.time() >= until_s:
                return False
            await self._link.wait(until_s)
        return True

    async def come_in_step(self, limit_s: float) -> None:
        """Make sure that the next answered fence is ours, not one of an earlier job or connection.

        Raises `DeviceError(noAnswer)` where a printer that claims to be ready does not get to the question.
        """
        if self._in_step and self.fences_asked == self.fences_answered:
            return
        before = self.fences_answered
        await self.fence()
        if not await self._link.until(lambda: self.fences_answered > before, limit_s):
            raise DeviceError(ErrorCode.NO_ANSWER, "GS r 1")
        await self._quiet()  # older answers came before ours; what is still missing was lost with a buffer
        self.fences_asked = self.fences_answered
        self._in_step = True

    async def clear(self) -> bool:
        """Have everything unprinted dropped; true with the printer's word for it."""
        self._cleared = False
        await self._link.write(codec.CLEAR_BUFFER)
        if not await self._link.until(lambda: self._cleared, self._clear_s):
            return False
        self.fences_asked = self.fences_answered  # dropped with the rest
        return True

    async def _ask(self, question: codec.Question) -> None:
        for attempt in range(_TRIES):
            self._question = question
            await self._link.write(codec.ask(question))
            if await self._link.until(lambda: self._question is None, self._answer_s):
                if attempt:
                    await self._quiet()
                return
        raise DeviceError(ErrorCode.NO_ANSWER, f"DLE EOT {question.value}")

    async def _quiet(self) -> None:
        """Late answers are over, and half a message will not be finished any more."""
        await self._link.quiet(self._settle_s)
        self.tidy()
