"""The bank card of our own that lies in the virtual reader of the tests."""

from typing import Final

from drivers.chip_card.plastic import ATR, BankChip
from drivers.specimens import CARDS

__all__ = ["ATR", "FCI", "NOT_SUPPORTED", "SELECT_PPSE", "SPECIMEN", "answer"]
SPECIMEN: Final = CARDS[0]
SELECT_PPSE: Final = bytes.fromhex("00A404000E325041592E5359532E444446303100")
FCI: Final = BankChip(SPECIMEN).transmit(SELECT_PPSE)
NOT_SUPPORTED: Final = b"\x6d\x00"
_CHIP: Final = BankChip(SPECIMEN)


def answer(command: bytes) -> bytes:
    return _CHIP.transmit(command)
