"""The stripe reader's driver: makes a card of each swipe, and keeps nothing else of it.

A reader that is asked for each swipe is asked every `poll_ms`, so that a swipe is heard whenever it comes. Such a reader, and a
wedge, have no way to say that they are there: their silence means that nobody swipes.
"""

import asyncio
from typing import Final

from drivers.api import (
    Capabilities,
    Completion,
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Outcome,
    Proof,
    Status,
    names_of,
)
from drivers.interfaces.card_reader import BankCard, BankCardRead, CardSeen, InvalidMedia, ReadCard
from drivers.keyboard import Wedge
from drivers.listening import Framing, Listener
from drivers.magnetic_stripe import codec
from drivers.magnetic_stripe.traits import StripeTraits
from drivers.profiles import Profile
from drivers.session import Link, Request
from drivers.tracks import BadTrack, card, tracks
from drivers.transport.wire import Dial

FAMILY: Final = "magnetic_stripe"


class StripeReader(Listener[BankCard]):
    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        self._traits = profile.section(StripeTraits)
        super().__init__(device_id, profile, dial, self._traits.gap_ms / 1000)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=names_of(ReadCard),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    async def _greet(self, link: Link) -> None:
        self._begin()
        await self._prepare(link)
        self._set_status(Status(device=DeviceStatus.ONLINE))

    async def _look_after(self, link: Link) -> None:
        """Asked again: a reader that lost its power in between has forgotten what it was told."""
        await self._prepare(link)

    async def _perform(self, link: Link, request: Request) -> Completion:
        if not isinstance(request.command, ReadCard) or not request.command.stripe:
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        found = None
        with self._expecting():
            await request.ask()
            while found is None:
                await self._arm(link)
                found = await self._next(link, request, asyncio.get_running_loop().time() + self._poll_s)
        if isinstance(found, BankCard):
            return request.succeed(Proof.ANSWER, BankCardRead(card=found))
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, outcome=Outcome.HELD, error=found)

    async def _prepare(self, link: Link) -> None:
        """Raises `DeviceError(noAnswer)` where a reader that answers does not."""
        await self._arm(link)
        for told in self._traits.setup:
            command, parameter = bytes.fromhex(told)
            self._answers = 0
            await link.write(codec.setup(command, parameter))
            if not await link.until(lambda: self._answers > 0, self.profile.timing.answer_ms / 1000):
                raise DeviceError(ErrorCode.NO_ANSWER, f"setup {told}")

    async def _arm(self, link: Link) -> None:
        if self._traits.framing == "keypad":
            await link.write(codec.ARM[self._traits.tracks])

    def _new_framing(self) -> Framing:
        match self._traits.framing:
            case "keypad":
                return codec.KeypadFraming(self._traits.tracks, self._traits.chars_max)
            case "mrs100":
                return codec.LineFraming(self._traits.chars_max)
            case "wedge":
                return Wedge(self._traits.chars_max)

    def _understand(self, text: str) -> BankCard | ErrorCode:
        try:
            return card(tracks(text))
        except BadTrack:
            return ErrorCode.READ_FAIL

    def _tell(self, found: BankCard | ErrorCode) -> None:
        self._publish(CardSeen(card=found) if isinstance(found, BankCard) else InvalidMedia(error=found))
