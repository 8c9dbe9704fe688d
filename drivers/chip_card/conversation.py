"""Reading a chip over whatever passes commands on to it: the card service, or a motorised reader with the card between its
contacts.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from drivers.api import ErrorCode
from drivers.chip_card import reading
from drivers.interfaces.card_reader import BankCard, ReadBy

PASSED: Final = frozenset((0xA4, 0xA8, 0xB0, 0xB2, 0xC0, 0xCA))
"""Instructions that `ChipIo` passes: SELECT, GET PROCESSING OPTIONS, READ BINARY and RECORD, GET RESPONSE and DATA. No PIN, no
cryptogram, no authentication, nothing that writes or blocks (ISO/IEC 7816-4, EMV Book 3)."""
APDU_BYTES_MAX: Final = 261
"""A short command: head, length, 255 bytes, expected length (ISO/IEC 7816-3)."""

Transmit = Callable[[bytes], Awaitable[bytes]]
"""One command APDU there, its response back."""


def passes(apdu: bytes) -> bool:
    """Whether whoever drives the reader may give the chip this command."""
    return 4 <= len(apdu) <= APDU_BYTES_MAX and apdu[1] in PASSED


async def read_card(read_by: ReadBy, transmit: Transmit, check: Callable[[], None]) -> BankCard | ErrorCode:
    """The card, or why it cannot be read. `check` raises where there is no reason to go on. What the two raise, ends it."""
    steps = reading.read(read_by)
    command = next(steps)
    try:
        while True:
            check()
            command = steps.send(await transmit(command))
    except StopIteration as end:
        card: BankCard = end.value
        return card
    except reading.Unreadable as trouble:
        return trouble.error
    finally:
        steps.close()
