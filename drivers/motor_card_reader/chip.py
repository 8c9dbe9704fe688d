"""A chip between the contacts of a motorised reader: moved there, powered, asked, and powered off whatever happens.

What it answers goes no further than `drivers.chip_card.reading`, which keeps the number as a value object and wipes the rest. A
reader that says of the chip what it says of a stripe (jam, no card) ends the connection with the chip, not with the reader.
"""

from collections.abc import Callable
from typing import Final

from drivers.api import ErrorCode
from drivers.chip_card.conversation import read_card
from drivers.confidential import wipe
from drivers.interfaces.card_reader import BankCard, ReadBy
from drivers.motor_card_reader.codec import Reply, Verb
from drivers.motor_card_reader.conversation import Conversation

TS: Final = frozenset((0x3B, 0x3F))
"""An ATR begins with the direct or the inverse convention (ISO/IEC 7816-3). Some readers put a digit before it: T=0 or T=1."""


class ChipFailed(Exception):
    """The reader could not do with the chip what it was told."""

    def __init__(self, error: ErrorCode) -> None:
        super().__init__(error)
        self.error = error


class Chip:
    """The chip of the card that is inside. `codes` says which of this can be done at all."""

    def __init__(self, talk: Conversation, codes: dict[Verb, bytes]) -> None:
        self._talk = talk
        self._codes = codes
        self.powered = False

    async def power(self, *, warm: bool = False) -> bytes:
        """Power it, or reset it; its ATR. Raises `ChipFailed`, `DeviceError`."""
        if Verb.TO_CONTACTS in self._codes:
            await self._do(Verb.TO_CONTACTS)
        reply = await self._do(Verb.CHIP_WARM if warm and Verb.CHIP_WARM in self._codes else Verb.CHIP_ON)
        self.powered = True
        said = bytes(reply.data)
        atr = said if said[:1] and said[0] in TS else said[1:]
        if not atr or atr[0] not in TS:
            raise ChipFailed(ErrorCode.INVALID_MEDIA)
        return atr

    async def ask(self, apdu: bytes) -> bytes:
        """Raises `ChipFailed`, `DeviceError`."""
        reply = await self._do(Verb.CHIP_ASK, apdu)
        response = bytes(reply.data)
        wipe(reply.data)
        if len(response) < 2:
            raise ChipFailed(ErrorCode.READ_FAIL)
        return response

    async def off(self) -> None:
        """Raises `DeviceError`. A chip that cannot be powered off has none any more: its card is gone or stuck."""
        if self.powered:
            self.powered = False
            await self._talk.tell(Verb.CHIP_OFF)

    async def read(self, check: Callable[[], None]) -> BankCard | ErrorCode:
        """The card by its chip. Raises what `check` raises, and `DeviceError`."""
        try:
            await self.power()
            return await read_card(ReadBy.CHIP, self.ask, check)
        except ChipFailed as failed:
            return failed.error
        finally:
            await self.off()

    async def _do(self, verb: Verb, data: bytes = b"") -> Reply:
        reply = await self._talk.tell(verb, data)
        if reply.error is not None:
            raise ChipFailed(reply.error)
        return reply
