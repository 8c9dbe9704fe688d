"""A bank card of our own, as far as the tests ask: its ATR, and the payment directory."""

from typing import Final

ATR: Final = bytes.fromhex("3B6500002063CBA000")
SELECT_PPSE: Final = bytes.fromhex("00A404000E325041592E5359532E444446303100")
FCI: Final = bytes.fromhex("6F10840E325041592E5359532E4444463031A50090009000")
NOT_SUPPORTED: Final = b"\x6d\x00"


def answer(command: bytes) -> bytes:
    return FCI if command == SELECT_PPSE else NOT_SUPPORTED
