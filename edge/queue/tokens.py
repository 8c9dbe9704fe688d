"""The secret behind the QR code on a slip: derived from the ticket's id, never stored.

A token is the id's 14 bytes and 10 bytes of its HMAC under a key of this box: 32 characters in a URL. Whoever holds it sees
one ticket, for as long as that ticket is kept; nobody can make one up or work back to the key.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

ID_BYTES: Final = 14
MARK_BYTES: Final = 10
TOKEN_CHARS: Final = 32
_PAD_BITS: Final = 3
"""A 23-character id holds 115 bits; the last three are padding."""


class TicketTokens:
    """Makes tokens and reads them back."""

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod=hashlib.sha256)
        """Copied for each mark: cheaper than to key it again."""

    def of(self, ticket: str) -> str:
        """The token of a ticket id."""
        plain = (int(ticket, 32) >> _PAD_BITS).to_bytes(ID_BYTES, "big")  # base32hex is Python's base 32
        return base64.urlsafe_b64encode(plain + self._mark(plain)).decode()

    def ticket(self, token: str) -> str | None:
        """The ticket id behind a token; None for anything this box did not make."""
        if len(token) != TOKEN_CHARS or not token.isascii():
            return None
        try:
            content = base64.urlsafe_b64decode(token)
        except binascii.Error:
            return None
        plain, mark = content[:ID_BYTES], content[ID_BYTES:]
        if not hmac.compare_digest(mark, self._mark(plain)):
            return None
        return base64.b32hexencode(plain).decode().rstrip("=").lower()

    def _mark(self, plain: bytes) -> bytes:
        mark = self._keyed.copy()
        mark.update(plain)
        return mark.digest()[:MARK_BYTES]
