"""Ed25519 for both ends: one private key per box, one for head office.

The sans-IO core only sees two callables, `Sign` and `Verify`, so that a simulation may run it a million times with a
cheaper proof while every byte of the protocol stays the same.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32
SIGNATURE_BYTES = 64

Sign = Callable[[bytes], bytes]
"""Data to signature."""
Verify = Callable[[bytes, bytes, bytes], bool]
"""Public key, signature and data to whether they agree."""


class SigningKey:
    """A private key: its seed never leaves the process but for `seed`, which is for a file only the daemon can read."""

    def __init__(self, seed: bytes) -> None:
        """Raises ValueError where `seed` is not 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.seed = seed
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


def verify(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` is by the owner of `public_key`; False also for what is no key at all."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
