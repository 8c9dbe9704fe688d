"""Encrypted ink of the Wacom STU-430, 530 and 540: the pad makes a key, seals it for us, and enciphers every report with it.

1. We say which algorithms (AES-256, RSA-2048 with OAEP) and hand over our public key, exponent and modulus, in blocks of 64.
2. The pad is told to make its key and says when it has; we fetch it sealed, in blocks, and open it with our private key.
3. Capture begins under a number of our choice. Each pen report is then one block of AES by itself, with that number inside:
   what was enciphered for another capture, or with another key, is not taken for ink.

Pure but for the private key, which is made when it is first needed. The key pair lives as long as the driver, the pad's key as
long as one capture. Source: Wacom's public STU SDK (reports 15, 16, 40, 50, 10 and 33; the order of the exchange). That OAEP
is with SHA-1 is an assumption, after the pad's own "SHA-1 ready" flag. The 300, 500 and 520 exchange keys otherwise (reports
13, 14, 1A, 1B) and the 541 by TLS; neither is done here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from drivers.signature_pad.codec import Point, Report, parse_pen, put

BLOCK_BYTES: Final = 64
KEY_BITS: Final = 2048
MODULUS_BYTES: Final = KEY_BITS // 8
EXPONENT: Final = 65_537
SEALED_BYTES: Final = 16
"""What is enciphered of a report: one block."""
SESSION_BYTES: Final = 4
AES_KEY_BYTES: Final = 32
AES_256: Final = 2
RSA_2048: Final = 2
OAEP: Final = 2
COMMAND_BYTES: Final = 68


class Step(IntEnum):
    """Second byte of report 40."""

    SET_TYPE = 1
    SET_BLOCK = 2
    GET_BLOCK = 4
    MAKE_KEY = 5


class Part(IntEnum):
    """Which number a block is of."""

    EXPONENT = 0
    MODULUS = 1
    SEALED_KEY = 2


class State(IntEnum):
    """How the pad stands with a part; report 50."""

    READY = 0x00
    CALCULATING = 0xFA
    NOT_READY = 0xFF


class BadSeal(Exception):
    """The pad's key cannot be opened with ours, or the pad refuses ours; the text says which."""


@dataclass(frozen=True, slots=True)
class SealingStatus:
    exponent: int
    modulus: int
    key: int
    last_result: int


def command(step: Step, first: int = 0, second: int = 0, data: bytes = b"") -> bytes:
    """Report 40, set: a step with its two numbers and so much of a block."""
    return put(Report.ENCRYPTION, step, first, second, *data.ljust(COMMAND_BYTES - 4, b"\0"))


def choose() -> bytes:
    """Which algorithms."""
    return command(Step.SET_TYPE, AES_256, OAEP << 6 | RSA_2048)


def blocks(part: Part, number: int, size: int) -> Iterator[bytes]:
    """A number of our public key, most significant byte first."""
    whole = number.to_bytes(size, "big")
    for at in range(0, size, BLOCK_BYTES):
        block = whole[at : at + BLOCK_BYTES]
        yield command(Step.SET_BLOCK, part, len(block), block)


def parse_status(report: bytes) -> SealingStatus | None:
    """Feature report 50 with its number; None where it is too short."""
    if len(report) < 8 or report[0] != Report.ENCRYPTION_STATUS:
        return None
    return SealingStatus(*report[4:8])


def parse_block(report: bytes) -> bytes | None:
    """A block that was asked for, in report 40 with its number."""
    if len(report) < 4 or report[0] != Report.ENCRYPTION or report[3] > min(BLOCK_BYTES, len(report) - 4):
        return None
    return report[4 : 4 + report[3]]


_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 -- the pad's own; OAEP stands with it


class KeyPair:
    """Ours."""

    def __init__(self) -> None:
        self._private = rsa.generate_private_key(EXPONENT, KEY_BITS)

    @property
    def modulus(self) -> int:
        return self._private.public_key().public_numbers().n

    def open(self, sealed: bytes) -> bytes:
        """The pad's key. Raises `BadSeal`."""
        try:
            key = self._private.decrypt(sealed, _OAEP)
        except ValueError as error:
            raise BadSeal("the pad's key does not open with ours") from error
        if len(key) != AES_KEY_BYTES:
            raise BadSeal("the pad's key is of another length")
        return key


def seal(key: bytes, exponent: int, modulus: int) -> bytes:
    """What a pad does with its key."""
    return rsa.RSAPublicNumbers(exponent, modulus).public_key().encrypt(key, _OAEP)


class Session:
    """One capture's key and number, for either end."""

    def __init__(self, key: bytes, number: bytes) -> None:
        self._cipher = Cipher(AES(key), modes.ECB())  # noqa: S305 -- each report is one block by itself: the pad's own way
        self._number = number

    def points(self, report: bytes) -> list[Point] | None:
        """What an encrypted pen report with its number says; None for one of another session, key or shape."""
        if len(report) < 1 + SEALED_BYTES:
            return None
        opener = self._cipher.decryptor()
        plain = opener.update(report[1 : 1 + SEALED_BYTES]) + opener.finalize()
        if report[0] == Report.PEN_TIMED_ENCRYPTED and plain[-SESSION_BYTES:] == self._number:
            pens = [bytes((Report.PEN_TIMED,)) + plain[:10]]
        elif report[0] == Report.PEN_ENCRYPTED and plain[:SESSION_BYTES] == self._number:
            pens = [bytes((Report.PEN,)) + plain[at : at + 6] for at in (4, 10)]
        else:
            return None
        return [point for pen in pens if (point := parse_pen(pen)) is not None]

    def timed(self, pen: bytes) -> bytes:
        """A timed pen report (34), enciphered (33): what a pad sends."""
        return bytes((Report.PEN_TIMED_ENCRYPTED,)) + self._sealed(pen[1:11] + bytes(2) + self._number)

    def untimed(self, pens: tuple[bytes, bytes]) -> bytes:
        """Two pen reports (01) in one (10)."""
        return bytes((Report.PEN_ENCRYPTED,)) + self._sealed(self._number + pens[0][1:7] + pens[1][1:7])

    def _sealed(self, plain: bytes) -> bytes:
        sealer = self._cipher.encryptor()
        return sealer.update(plain) + sealer.finalize()
