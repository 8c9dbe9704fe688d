"""The pad's side of encrypted ink, for the emulator: takes our public key, makes its own, seals it, enciphers."""

import secrets
from typing import Final

from drivers.signature_pad import sealing
from drivers.signature_pad.codec import Report
from drivers.signature_pad.sealing import Part, Session, State, Step, seal

CALCULATES_FOR: Final = 2
"""So many questions are answered with "calculating"."""
_BAD_PARAMETER: Final = 1
_NO_KEY: Final = 3


class SealingPad:
    def __init__(self) -> None:
        self.session: Session | None = None
        """While it captures."""
        self.deaf_to_keys = False
        """It makes no key any more: a fault."""
        self._exponent = b""
        self._modulus = b""
        self._key = b""
        self._sealed = b""
        self._asked = b""
        self._calculates = 0
        self._result = 0

    def obey(self, report: bytes) -> bool:
        """Report 40, set; false where it cannot be done, which the status says too."""
        step, first, second, data = report[1], report[2], report[3], report[4:]
        done = self._obey(step, first, second, data)
        self._result = 0 if done else self._result or _BAD_PARAMETER
        return done

    def _obey(self, step: int, first: int, second: int, data: bytes) -> bool:
        match step:
            case Step.SET_TYPE:
                self._exponent = self._modulus = self._key = self._sealed = b""
                return (first, second) == (sealing.AES_256, sealing.OAEP << 6 | sealing.RSA_2048)
            case Step.SET_BLOCK if first == Part.EXPONENT:
                self._exponent = data[:second]
            case Step.SET_BLOCK if first == Part.MODULUS and len(self._modulus) < sealing.MODULUS_BYTES:
                self._modulus += data[:second]
            case Step.MAKE_KEY if len(self._modulus) == sealing.MODULUS_BYTES and not self.deaf_to_keys:
                self._key = secrets.token_bytes(sealing.AES_KEY_BYTES)
                numbers = (int.from_bytes(part, "big") for part in (self._exponent, self._modulus))
                self._sealed, self._calculates = seal(self._key, *numbers), CALCULATES_FOR
            case Step.GET_BLOCK if first == Part.SEALED_KEY:
                self._asked = self._sealed[second * sealing.BLOCK_BYTES :][: sealing.BLOCK_BYTES]
            case _:
                return False
        return True

    def begin(self, number: bytes) -> bool:
        """Report 15."""
        if not self._key or len(number) != sealing.SESSION_BYTES:
            return False
        self.session = Session(self._key, number)
        return True

    def end(self) -> None:
        """Report 16: the next capture has another key."""
        self.session, self._key = None, b""

    def block(self) -> bytes:
        """Report 40, get."""
        head = bytes((Report.ENCRYPTION, Step.GET_BLOCK, Part.SEALED_KEY, len(self._asked)))
        return head + self._asked.ljust(sealing.BLOCK_BYTES, b"\0")

    def status(self) -> bytes:
        """Report 50, get."""
        made = State.READY if self._sealed else State.NOT_READY
        if self._calculates:
            self._calculates -= 1
            made = State.CALCULATING
        have = [State.READY if part else State.NOT_READY for part in (self._exponent, self._modulus)]
        states = bytes((*have, made, self._result))
        return bytes((Report.ENCRYPTION_STATUS, sealing.AES_256, sealing.OAEP << 6 | sealing.RSA_2048, 0)) + states + bytes(9)
