"""The machine inside an emulated motorised reader: gate, transport, bin, lamp, and perhaps a card. It speaks no language."""

from dataclasses import dataclass
from typing import Final

from drivers.api import ErrorCode
from drivers.chip_card.plastic import ATR, BankChip
from drivers.motor_card_reader.codec import Position, Verb
from drivers.specimens import BankCardSpecimen
from drivers.tracks import write

LAMPS: Final = {Verb.LIGHT_OFF: "off", Verb.LIGHT_GREEN: "green", Verb.LIGHT_RED: "red", Verb.LIGHT_AMBER: "amber"}
READS: Final = {Verb.READ_1: 0, Verb.READ_2: 1, Verb.READ_3: 2}
BIN_MAX: Final = 20
"""Cards that fit into the retain bin."""


@dataclass
class Card:
    specimen: BankCardSpecimen
    number: str
    readable: bool = True
    fits: bool = True
    chip: BankChip | None = None
    mute: bool = False
    """Its chip is dead."""


class Mechanism:
    def __init__(self) -> None:
        self.position = Position.NONE
        self.card: Card | None = None
        self.retained = 0
        self.jammed = False
        self.admits = True
        self.lamp = "off"
        self.initialised = False
        self.powered = False
        """The chip of the card inside has power."""

    def lose_power(self) -> None:
        self.powered = False
        self.initialised, self.admits, self.lamp = False, True, "off"

    def insert(self, card: Card) -> bool:
        """Push a card at the gate; false where it is not drawn in."""
        if not self.admits or self.card is not None:
            return False
        self.card = card
        self.position = Position.INSIDE if card.fits else Position.UNFIT
        return True

    def take(self) -> bool:
        """Its owner takes it, if it is at the gate."""
        if self.position is not Position.GATE:
            return False
        self.card, self.position = None, Position.NONE
        return True

    def open_up(self) -> None:
        """A technician takes out whatever is in it, empties the bin and frees a jam."""
        self.card, self.position, self.jammed, self.retained = None, Position.NONE, False, 0

    def obey(self, verb: Verb) -> ErrorCode | None:
        """Do it; why not, where it cannot be done."""
        match verb:
            case Verb.STATUS:
                return ErrorCode.MEDIA_JAM if self.jammed else None
            case Verb.EJECT | Verb.CAPTURE:
                return self._move(capture=verb is Verb.CAPTURE)
            case Verb.ADMIT | Verb.REFUSE:
                self.admits = verb is Verb.ADMIT
            case Verb.READ_1 | Verb.READ_2 | Verb.READ_3:
                return self._readable()
            case Verb.INITIALISE | Verb.INITIALISE_EJECT | Verb.INITIALISE_CAPTURE:
                return self._initialise(verb)
            case Verb.TO_CONTACTS | Verb.CHIP_ON | Verb.CHIP_WARM | Verb.CHIP_ASK | Verb.CHIP_OFF:
                return self._chip(verb)
            case _:
                self.lamp = LAMPS[verb]
        return None

    def answer(self, verb: Verb, data: bytes) -> bytes:
        """What comes with the reader's yes: a track with its sentinels, an ATR, a chip's response; mostly nothing."""
        chip = None if self.card is None else self.card.chip
        if chip is not None and verb in (Verb.CHIP_ON, Verb.CHIP_WARM):
            chip.reset()
            return b"0" + ATR  # a digit before it says that it speaks T=0
        if chip is not None and verb is Verb.CHIP_ASK:
            return chip.transmit(data)
        return self.track(verb).encode("ascii")

    def _chip(self, verb: Verb) -> ErrorCode | None:
        """Errors 60 to 69: no power, no ATR, not powered."""
        touched = self.position is Position.INSIDE and self.card is not None and self.card.chip is not None
        if verb is Verb.TO_CONTACTS:
            return None if self.position is Position.INSIDE else ErrorCode.NO_MEDIA
        if verb is Verb.CHIP_OFF:
            self.powered = False
            return None
        if not touched or (self.card is not None and self.card.mute):
            self.powered = False
            return ErrorCode.READ_FAIL
        if verb is Verb.CHIP_ASK and not self.powered:
            return ErrorCode.READ_FAIL
        self.powered = True
        return None

    def track(self, verb: Verb) -> str:
        """One track with its sentinels; empty for what is no reading, or holds no card."""
        if verb not in READS or self.card is None:
            return ""
        specimen = self.card.specimen
        return write(self.card.number, specimen.expiry, specimen.service_code, specimen.holder)[READS[verb]]

    def _initialise(self, verb: Verb) -> ErrorCode | None:
        self.initialised = True
        if self.card is None or verb is Verb.INITIALISE:
            return ErrorCode.MEDIA_JAM if self.jammed else None
        return self._move(capture=verb is Verb.INITIALISE_CAPTURE)

    def _move(self, *, capture: bool) -> ErrorCode | None:
        self.powered = False
        if self.jammed:
            return ErrorCode.MEDIA_JAM
        if self.card is None:
            return ErrorCode.NO_MEDIA
        if not capture:
            self.position = Position.GATE
            return None
        if self.retained >= BIN_MAX:
            return ErrorCode.RETAIN_BIN_FULL
        self.retained += 1
        self.card, self.position = None, Position.NONE
        return None

    def _readable(self) -> ErrorCode | None:
        if self.card is None or self.position is not Position.INSIDE:
            return ErrorCode.NO_MEDIA
        return None if self.card.readable else ErrorCode.READ_FAIL
