"""Codes that come by text message: short, signed, good for one number on one day (S18).

A code is twelve digits: five of a serial and seven of an HMAC over day, serial and service under a key of this box. So it is
checked without asking anybody, with the line to head office down. The service is not in the code: the one whose mark fits is
meant. That a code is used once is the queue's affair, which gives one ticket for each.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final, NamedTuple

SERIAL_DIGITS: Final = 5
MARK_DIGITS: Final = 7
CODE_DIGITS: Final = SERIAL_DIGITS + MARK_DIGITS


class SmsCode(NamedTuple):
    """What a genuine code says."""

    serial: int
    service: str


class SmsCodes:
    """Makes codes and reads them back."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, day: str, serial: int, service: str) -> str:
        """The code of a serial; `day` is ISO 8601."""
        return f"{serial:0{SERIAL_DIGITS}d}{self._mark(day, serial, service)}"

    def read(self, code: str, day: str, services: Iterable[str]) -> SmsCode | None:
        """What the code says on `day`; None for anything this box did not sign, and for another day's."""
        if len(code) != CODE_DIGITS or not code.isascii() or not code.isdecimal():
            return None
        serial, mark = int(code[:SERIAL_DIGITS]), code[SERIAL_DIGITS:]
        fitting = [one for one in services if hmac.compare_digest(mark, self._mark(day, serial, one))]
        return SmsCode(serial, fitting[0]) if fitting else None

    def _mark(self, day: str, serial: int, service: str) -> str:
        digest = hmac.digest(self._key, f"{day}|{serial}|{service}".encode(), hashlib.sha256)
        return f"{int.from_bytes(digest[:8], 'big') % 10**MARK_DIGITS:0{MARK_DIGITS}d}"
