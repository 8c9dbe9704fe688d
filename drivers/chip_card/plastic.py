"""A bank card of our own: what a chip answers, command by command. For the emulator, and for a virtual reader.

It lists its application, opens it, and hands out its records, by its contacts or its antenna, as cards in the field do:
answering at once, by instalments (61xx), or only to the right length (6Cxx). It can make no cryptogram, and remembers every
instruction it was given.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

from drivers.chip_card import codec
from drivers.chip_card.codec import object_bytes
from drivers.specimens import BankCardSpecimen

Style = Literal["plain", "instalments", "exact_length"]
ATR: Final = bytes.fromhex("3B6500002063CBA000")
NOT_FOUND: Final = b"\x6a\x82"
NO_RECORD: Final = b"\x6a\x83"
NOT_SUPPORTED: Final = b"\x6d\x00"
DONE: Final = b"\x90\x00"
REMEMBERED_MAX: Final = 1000
INSTALMENT: Final = 64
DIRECTORY_SFI: Final = 1
AFL: Final = bytes.fromhex("10010200 18010100")
"""Records 1 and 2 of file 2, record 1 of file 3."""
PDOL: Final = bytes.fromhex("9F6604 9F0206 5F2A02 9F1A02")


@dataclass
class BankChip:
    specimen: BankCardSpecimen
    aid: str = "A000000333010101"
    style: Style = "plain"
    is_bank_card: bool = True
    number: str | None = None
    """Instead of the specimen's own."""
    instructions: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED_MAX))
    """Every instruction byte it was given, for tests of what a reader asks."""
    _rest: bytes = b""

    def transmit(self, command: bytes) -> bytes:
        if len(command) < 4:
            return b"\x67\x00"
        self.instructions.append(command[1])
        if command[1] == 0xC0:
            return self._instalment(self._rest)
        response = self._answer(command)
        if not response.endswith(DONE):
            return response
        data = response[:-2]
        if self.style == "instalments" and data:
            return self._announce(data)
        if self.style == "exact_length" and command[1] == 0xB2 and command[-1] != len(data):
            return bytes((codec.WRONG_LENGTH, len(data)))
        return response

    def reset(self) -> None:
        self._rest = b""

    def _announce(self, data: bytes) -> bytes:
        self._rest = data
        return bytes((codec.MORE, min(len(data), INSTALMENT)))

    def _instalment(self, data: bytes) -> bytes:
        now, self._rest = data[:INSTALMENT], data[INSTALMENT:]
        more = bytes((codec.MORE, min(len(self._rest), INSTALMENT))) if self._rest else DONE
        return now + more

    def _answer(self, command: bytes) -> bytes:
        if not self.is_bank_card:
            return NOT_FOUND if command[1] == 0xA4 else NOT_SUPPORTED
        match command[1]:
            case 0xA4:
                return self._select(command[5 : 5 + command[4]] if len(command) > 5 else b"")
            case 0xA8:
                return object_bytes(codec.FORMAT_2, object_bytes(0x82, b"\x7c\x00") + object_bytes(codec.AFL, AFL)) + DONE
            case 0xB2:
                return self._record(command[3] >> 3, command[2])
            case _:
                return NOT_SUPPORTED

    def _select(self, name: bytes) -> bytes:
        if name == codec.PPSE:
            return _opened(name, object_bytes(0xBF0C, self._entry())) + DONE
        if name == codec.PSE:
            return _opened(name, object_bytes(codec.FCI_SFI, bytes((DIRECTORY_SFI,)))) + DONE
        if name == bytes.fromhex(self.aid):
            return _opened(name, object_bytes(0x50, b"BANK CARD") + object_bytes(codec.PDOL, PDOL)) + DONE
        return NOT_FOUND

    def _entry(self) -> bytes:
        named = object_bytes(codec.AID, bytes.fromhex(self.aid)) + object_bytes(0x50, b"BANK CARD")
        return object_bytes(codec.DIRECTORY_ENTRY, named + object_bytes(codec.PRIORITY, b"\x01"))

    def _record(self, sfi: int, record: int) -> bytes:
        card, pan = self.specimen, self.number or self.specimen.pan
        records = {
            (DIRECTORY_SFI, 1): self._entry(),
            (2, 1): object_bytes(codec.TRACK_2, _packed(f"{pan}d{card.expiry}{card.service_code}00000"))
            + object_bytes(0x5F20, card.holder.encode("ascii")),
            (2, 2): object_bytes(0x8C, bytes.fromhex("9F0206 9F0306 9F1A02 9505 5F2A02")),
            (3, 1): object_bytes(codec.PAN, _packed(pan))
            + object_bytes(codec.EXPIRY, _packed(card.expiry + "31"))
            + object_bytes(codec.SEQUENCE, _packed(card.sequence)),
        }
        found = records.get((sfi, record))
        return NO_RECORD if found is None else object_bytes(0x70, found) + DONE


def _opened(name: bytes, proprietary: bytes) -> bytes:
    return object_bytes(0x6F, object_bytes(0x84, name) + object_bytes(0xA5, proprietary))


def _packed(digits: str) -> bytes:
    """Two digits a byte, the last place filled with F."""
    return bytes.fromhex(digits + "f" * (len(digits) % 2))
