"""The chip card reader's driver: reads a card when it is inserted or held to the antenna, and says when it is gone.

On the wire are packets of the card service (`drivers.transport.packets`): a card with its ATR, commands, responses. Reading
itself is `reading.read`. What a card answers is wiped once it has been looked through; the number leaves as a value object.
"""

import asyncio
from functools import partial
from typing import Final

from drivers.api import (
    Capabilities,
    Completion,
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    MediaStatus,
    Noise,
    Outcome,
    Proof,
    StaleReply,
    Status,
    names_of,
)
from drivers.chip_card.conversation import passes, read_card
from drivers.chip_card.traits import ChipTraits
from drivers.confidential import Opaque
from drivers.interfaces.card_reader import (
    BankCard,
    BankCardRead,
    CardSeen,
    ChipAnswer,
    ChipIo,
    ChipPower,
    ChipPowerAction,
    ChipPowered,
    InvalidMedia,
    MediaInserted,
    MediaRemoved,
    ReadBy,
    ReadCard,
)
from drivers.profiles import Profile
from drivers.session import Interrupted, Link, Request, Session
from drivers.transport.packets import CARD, Card, Packet, Unpacker, pack
from drivers.transport.wire import Dial

FAMILY: Final = "chip_card"
READ_TRIES: Final = 2


class CardGone(Exception):
    """The card left, or fell silent, in the middle."""


class ChipCardReader(Session):
    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._traits = profile.section(ChipTraits)
        self._read_by = ReadBy.CONTACTLESS if self._traits.interface == "contactless" else ReadBy.CHIP
        self._unpacker = Unpacker(CARD)
        self._atr = b""
        self._changes = 0
        """Cards that came or went on this connection."""
        self._fresh = False
        """The card that is in has not been read."""
        self._asked = False
        self._response: bytes | None = None

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=names_of(ReadCard, ChipPower, ChipIo),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    # What `Session` asks of a family.

    async def _greet(self, link: Link) -> None:
        del link  # the reader speaks first, if there is a card
        self._forget()
        self._show()

    async def _look_after(self, link: Link) -> None:
        if not self._fresh:
            return
        try:
            found = await self._read(link)
        except CardGone:
            return
        self._publish(CardSeen(card=found) if isinstance(found, BankCard) else InvalidMedia(error=found))

    async def _perform(self, link: Link, request: Request) -> Completion:
        try:
            match request.command:
                case ReadCard(chip=True):
                    return await self._serve_reading(link, request)
                case ChipPower(action=action):
                    return await self._power(link, request, action)
                case ChipIo(apdu=apdu):
                    return await self._pass(link, request, apdu)
                case _:
                    return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        except CardGone:
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.READ_FAIL)

    def _received(self, data: bytes) -> None:
        for packet in self._unpacker.receive(data):
            match packet:
                case Packet(kind=Card.PRESENT, payload=atr):
                    self._changed(atr)
                case Packet(kind=Card.RESPONSE, payload=response) if self._asked and self._response is None:
                    self._response = response
                case Packet(payload=payload):
                    self._publish(StaleReply(data=bytes(len(payload))))
                case unexplained:
                    self._publish(Noise(data=bytes(len(unexplained.data))))

    # Commands.

    async def _serve_reading(self, link: Link, request: Request) -> Completion:
        await request.ask()
        loop = asyncio.get_running_loop()
        error = ErrorCode.NO_MEDIA
        for _ in range(READ_TRIES):
            while not self._atr:
                request.check(loop.time())
                await link.wait(request.deadline_s)
            try:
                found = await self._read(link, request)
            except CardGone:  # pulled out too soon: its owner may put it back
                error = ErrorCode.READ_FAIL
                continue
            if isinstance(found, BankCard):
                return request.succeed(Proof.ANSWER, BankCardRead(card=found))
            error = found
            break
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, outcome=Outcome.HELD, error=error)

    async def _power(self, link: Link, request: Request, action: ChipPowerAction) -> Completion:
        if action is ChipPowerAction.OFF:
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND)  # the card service does that on its own
        if not self._atr:
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.NO_MEDIA)
        await request.start()
        before = self._changes
        await link.write(pack(Card.RESET))
        if not await link.until(lambda: self._changes > before, self._traits.apdu_ms / 1000) or not self._atr:
            raise CardGone
        self._fresh = False
        return request.succeed(Proof.ANSWER, ChipPowered(atr=self._atr))

    async def _pass(self, link: Link, request: Request, apdu: Opaque) -> Completion:
        command = apdu.reveal()
        if not passes(command):
            return request.complete(CompletionCode.INVALID_DATA)
        if not self._atr:
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.NO_MEDIA)
        await request.start()
        response = await self._transmit(link, command)
        return request.succeed(Proof.ANSWER, ChipAnswer(apdu=Opaque(response)))

    # The card.

    async def _read(self, link: Link, request: Request | None = None) -> BankCard | ErrorCode:
        """Raises `CardGone`, `Interrupted`."""
        self._fresh = False

        def check() -> None:
            if request is not None:
                request.check(asyncio.get_running_loop().time())

        try:
            return await read_card(self._read_by, partial(self._transmit, link), check)
        except Interrupted:
            self._fresh = True
            raise

    async def _transmit(self, link: Link, command: bytes) -> bytes:
        """Raises `CardGone`."""
        before = self._changes
        self._asked, self._response = True, None
        try:
            await link.write(pack(Card.COMMAND, command))
            await link.until(lambda: self._response is not None or self._changes > before, self._traits.apdu_ms / 1000)
        finally:
            self._asked, response, self._response = False, self._response, None
        if response is None:
            if self._changes == before:  # the reader itself fell silent
                raise DeviceError(ErrorCode.NO_ANSWER, "an APDU")
            raise CardGone
        return response

    def _changed(self, atr: bytes) -> None:
        before, self._atr = self._atr, atr
        self._changes += 1
        self._fresh = bool(atr)
        if before and not atr:
            self._publish(MediaRemoved())
        elif atr and not before:
            self._publish(MediaInserted())
        self._show()

    def _forget(self) -> None:
        self._unpacker = Unpacker(CARD)
        if self._atr:
            self._atr = b""
            self._publish(MediaRemoved())
        self._fresh, self._changes = False, 0

    def _show(self) -> None:
        media = MediaStatus.PRESENT if self._atr else MediaStatus.NOT_PRESENT
        self._set_status(Status(device=DeviceStatus.ONLINE, media=media))
