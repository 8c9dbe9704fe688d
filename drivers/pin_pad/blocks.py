"""Clear PIN blocks and their encryption: what a pad does inside, for the emulator and the tests of a host.

No driver imports this file; a clear PIN in the box is what pads are there to prevent. Source: ISO 9564-1; the two SM4 layouts
are those that Chinese pads have, the published vector is in `tests/drivers/test_pin_pad.py`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from drivers.interfaces.pin_pad import PinFormat

Dice = Callable[[int], bytes]
"""So many random bytes."""
CipherName = Literal["tdes", "sm4"]

_KCV_BYTES: Final[Mapping[CipherName, int]] = MappingProxyType({"tdes": 4, "sm4": 8})
_BLOCK_BYTES: Final[Mapping[CipherName, int]] = MappingProxyType({"tdes": 8, "sm4": 16})
_SINGLE: Final = 8
_PAN_DIGITS: Final = 12


def encrypt(cipher: CipherName, key: bytes, data: bytes) -> bytes:
    """Whole blocks, each by itself (ECB), as pads do it."""
    encryptor = _cipher(cipher, key).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def decrypt(cipher: CipherName, key: bytes, data: bytes) -> bytes:
    decryptor = _cipher(cipher, key).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def check_value(cipher: CipherName, key: bytes) -> bytes:
    """The beginning of a block of noughts, encrypted."""
    return encrypt(cipher, key, bytes(_BLOCK_BYTES[cipher]))[: _KCV_BYTES[cipher]]


def odd_parity(key: bytes) -> bool:
    """Every byte of a DES key has an odd number of ones (FIPS 46-3)."""
    return all(byte.bit_count() % 2 == 1 for byte in key)


def clear_block(form: PinFormat, pin: str, pan: str, dice: Dice) -> bytes:
    """The block before it is encrypted. Raises `ValueError` for a card number that is too short."""
    return _BLOCKS[form](pin, pan, dice)


def _cipher(name: CipherName, key: bytes) -> "Cipher[modes.ECB]":
    if name == "sm4":
        return Cipher(SM4(key), modes.ECB())  # noqa: S305 -- single blocks, as ISO 9564 has them
    whole = key * 3 if len(key) == _SINGLE else key + key[:_SINGLE] if len(key) == 2 * _SINGLE else key
    return Cipher(TripleDES(whole), modes.ECB())  # noqa: S305 -- single blocks, as ISO 9564 has them


def _field(pan: str) -> bytes:
    """The twelve rightmost digits but the check digit."""
    if len(pan) <= _PAN_DIGITS or not pan.isdecimal():
        raise ValueError("a card number has at least 13 digits")
    return bytes.fromhex("0000" + pan[-_PAN_DIGITS - 1 : -1])


def _both(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _filled(control: int, pin: str, fill: str) -> bytes:
    return bytes.fromhex((f"{control}{len(pin):X}{pin}" + fill)[:16])


def _iso0(pin: str, pan: str, _dice: Dice) -> bytes:
    return _both(_filled(0, pin, "F" * 16), _field(pan))


def _iso1(pin: str, _pan: str, dice: Dice) -> bytes:
    return _filled(1, pin, dice(8).hex())


def _iso3(pin: str, pan: str, dice: Dice) -> bytes:
    fill = "".join("ABCDEF"[byte % 6] for byte in dice(16))
    return _both(_filled(3, pin, fill), _field(pan))


def _sm4_iso0(pin: str, pan: str, dice: Dice) -> bytes:
    return _iso0(pin, pan, dice) + bytes(8)


def _sm4_pan16(pin: str, pan: str, _dice: Dice) -> bytes:
    """16 bytes: 0L, the PIN and F; exclusive or with the twelve digits, right-aligned."""
    return _both(bytes.fromhex(f"0{len(pin):X}{pin}".ljust(32, "F")), _field(pan).rjust(16, b"\0"))


_BLOCKS: Final[Mapping[PinFormat, Callable[[str, str, Dice], bytes]]] = MappingProxyType(
    {
        PinFormat.ISO0: _iso0,
        PinFormat.ISO1: _iso1,
        PinFormat.ISO3: _iso3,
        PinFormat.SM4_PAN16: _sm4_pan16,
        PinFormat.SM4_ISO0: _sm4_iso0,
    }
)
