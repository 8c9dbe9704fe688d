"""One question at a time to a motorised reader, with its handshake.

A frame that is not taken within `accept_ms`, or answered with "not got it", is said again, `tries` times in all. Whoever needs
to know whether the reader may have heard it twice looks at `repeated`: its second answer speaks of a world that the first
changed.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from drivers.api import DeviceError, ErrorCode, Event, Noise, StaleReply
from drivers.confidential import wipe
from drivers.motor_card_reader import codec, crt, crt_f2, sankyo
from drivers.motor_card_reader.codec import ACK, NAK, Control, Damaged, Dialect, Frame, FrameParser, Reply, Unexplained, Verb
from drivers.motor_card_reader.traits import MotorTraits
from drivers.session import Link

REPEATS_MAX: Final = 3
DIALECTS: Final = {"sankyo": sankyo.DIALECT, "crt": crt.DIALECT, "crt_f2": crt_f2.DIALECT}


def codes(traits: MotorTraits) -> dict[Verb, bytes]:
    """What each verb is in this model's words. Raises `ValueError` for a name that is no verb."""
    own = {Verb(name): bytes.fromhex(code) for name, code in traits.codes.items()}
    return {**DIALECTS[traits.dialect].codes, **own}


class Conversation:
    def __init__(self, link: Link, traits: MotorTraits, *, settle_s: float, publish: Callable[[Event], None]) -> None:
        self.repeated = False
        """The last question had to be said more than once."""
        self._link = link
        self._traits = traits
        self._dialect: Dialect = DIALECTS[traits.dialect]
        self._codes = codes(traits)
        self._settle_s = settle_s
        self._publish = publish
        self._parser = FrameParser(self._dialect.grammar)
        self._asked: bytes | None = None
        self._handshake: int | None = None
        self._reply: Reply | None = None
        self._damaged = False

    def received(self, data: bytes) -> None:
        self._take(self._parser.receive(data))

    def tidy(self) -> None:
        """Nothing is asked, so half a frame will not be finished any more."""
        self._take(self._parser.flush())

    async def tell(self, verb: Verb, data: bytes = b"") -> Reply:
        """`data` goes behind the verb's code; the reply's is the caller's to wipe. Raises `DeviceError(noAnswer)`."""
        code = self._codes[verb] + data
        said = codec.frame(self._dialect.grammar, self._dialect.request(code))
        self._asked, self._reply, self._damaged = code, None, False
        try:
            if not await self._until_taken(said):
                raise DeviceError(ErrorCode.NO_ANSWER, f"{verb}: not taken")
            await self._link.write(self._dialect.execute)
            if (reply := await self._answer()) is None:
                raise DeviceError(ErrorCode.NO_ANSWER, f"{verb}: not answered")
            return reply
        finally:
            self._asked = None

    async def _until_taken(self, said: bytes) -> bool:
        for attempt in range(self._traits.tries):
            self.repeated = attempt > 0
            self._handshake = None
            await self._link.write(said)
            await self._link.until(
                lambda: self._handshake is not None or self._reply is not None, self._traits.accept_ms / 1000
            )
            if self._handshake == ACK or self._reply is not None:
                return True
            self.tidy()
        return False

    def _was_heard(self) -> bool:
        return self._handshake is not None or self._reply is not None

    async def _answer(self) -> Reply | None:
        """None where it does not come, or not whole. A reader that can is asked to say it again."""
        loop = asyncio.get_running_loop()
        until_s, repeats = loop.time() + self._traits.reply_ms / 1000, 0
        while loop.time() < until_s and repeats <= REPEATS_MAX:
            await self._link.until(self._has_ended, self._settle_s)
            if self._reply is not None:
                if self._dialect.confirms:
                    await self._link.write(bytes((ACK,)))
                return self._reply
            if self._parser.pending and loop.time() >= self._link.heard_s + self._settle_s:
                self.tidy()  # a frame that stopped halfway
            if self._damaged:
                if not self._dialect.confirms:
                    break
                self._damaged, repeats = False, repeats + 1
                await self._link.write(bytes((NAK,)))
        return None

    def _has_ended(self) -> bool:
        return self._reply is not None or self._damaged

    def _take(self, messages: Iterable[codec.Message]) -> None:
        for message in messages:
            match message:
                case Control(byte=byte) if self._asked is not None and self._handshake is None and byte in (ACK, NAK):
                    self._handshake = byte
                case Control(byte=byte):
                    self._publish(StaleReply(data=bytes((byte,))))
                case Frame(body=body):
                    self._take_frame(body)
                case Damaged():
                    self._damaged = True
                case Unexplained(data=data):
                    self._publish(Noise(data=bytes(len(data))))

    def _take_frame(self, body: bytearray) -> None:
        reply = None if self._asked is None or self._reply is not None else self._dialect.reply(body, self._asked)
        if reply is None:
            self._publish(StaleReply(data=bytes(body[:3])))  # no further: behind it stands somebody's track
        self._reply = self._reply or reply
        wipe(body)
