"""The CardReader interface of XFS4IoT: bank cards, whether swiped, inserted, held to an antenna or drawn in by a motor.

What leaves a driver is a `BankCard`: the number as a value object, the expiry, and how it was read. Track data, the holder's
name and the discretionary digits end in the driver (PCI DSS 3.2: no track data at rest). A chip is only read here; nothing
ever asks it for a cryptogram.
"""

from enum import StrEnum

import msgspec

from drivers.api import Command, ErrorCode, Event, Payload
from drivers.confidential import Opaque, Pan


class ReadBy(StrEnum):
    """How a card was read; after XFS4IoT `cardReader.type`."""

    STRIPE = "stripe"
    CHIP = "chip"
    CONTACTLESS = "contactless"


class Doubt(StrEnum):
    """Why a reading deserves a second look. None of these refuses a card."""

    LUHN = "luhn"
    """The check digit does not fit: passbooks and old cards do exist that way."""
    LRC = "lrc"
    """A track's own checksum does not fit, where the reader passes it on."""
    TRACKS_DIFFER = "tracksDiffer"
    """Two sources on one card name different numbers."""


class BankCard(msgspec.Struct, frozen=True, kw_only=True):
    """One card, as far as a branch may know it."""

    pan: Pan
    read_by: ReadBy
    expiry: str | None = None
    """YYMM, as on the card."""
    sequence: str | None = None
    """PAN sequence number (EMV 5F34), two digits, tells reissued cards apart."""
    has_chip: bool | None = None
    """ISO 7813: the service code says that there is a chip, which ought to be read instead."""
    application: str | None = None
    """AID of a chip's application in hex: A000000333010101 is UnionPay debit."""
    doubts: tuple[Doubt, ...] = ()


class ReadCard(Command, frozen=True, kw_only=True, tag="CardReader.ReadRawData"):
    """Read the card that is in the device, or wait for one until the command's time is over."""

    stripe: bool = True
    chip: bool = True


class ChipPowerAction(StrEnum):
    COLD = "cold"
    WARM = "warm"
    OFF = "off"


class ChipPower(Command, frozen=True, kw_only=True, tag="CardReader.ChipPower"):
    action: ChipPowerAction = ChipPowerAction.COLD


class ChipIo(Command, frozen=True, kw_only=True, tag="CardReader.ChipIO"):
    """Pass one command APDU to the chip. The answer may hold anything and is opaque."""

    apdu: Opaque


class Side(StrEnum):
    """Where `Move` moves to."""

    EXIT = "exit"
    """Out to its owner."""
    STORAGE = "storage"
    """Into the retain bin: the card was forgotten or is to be kept."""


class Move(Command, frozen=True, kw_only=True, tag="CardReader.Move"):
    to: Side = Side.EXIT


class Admit(Command, frozen=True, kw_only=True, tag="CardReader.Admit"):
    """Take cards in, or keep the gate shut. Ours."""

    cards: bool = True


class Lamp(StrEnum):
    OFF = "off"
    GREEN = "green"
    RED = "red"
    AMBER = "amber"


class SetLight(Command, frozen=True, kw_only=True, tag="Lights.SetLight"):
    """The lamp around the slot."""

    lamp: Lamp


class Reset(Command, frozen=True, kw_only=True, tag="CardReader.Reset"):
    """Start afresh; what a card in the device comes to is `card`'s business."""

    card: Side | None = None
    """None leaves it where it is."""


class BankCardRead(Payload, frozen=True, kw_only=True, tag="CardReader.ReadRawData"):
    card: BankCard


class ChipAnswer(Payload, frozen=True, kw_only=True, tag="CardReader.ChipIO"):
    """What the chip said to `ChipIo`. Whoever takes it wipes it."""

    apdu: Opaque


class ChipPowered(Payload, frozen=True, kw_only=True, tag="CardReader.ChipPower"):
    atr: bytes | None
    """None once it is off."""


CardReaderCommand = ReadCard | ChipPower | ChipIo | Move | Admit | SetLight | Reset


class CardSeen(Event, frozen=True, kw_only=True, tag="CardReader.CardSeenEvent"):
    """A card was swiped, inserted or held to the antenna, and read. Ours: XFS4IoT only answers `ReadRawData`."""

    card: BankCard


class MediaInserted(Event, frozen=True, kw_only=True, tag="CardReader.MediaInsertedEvent"):
    """A card is in the device; nothing of it has been read yet."""


class MediaRemoved(Event, frozen=True, kw_only=True, tag="CardReader.MediaRemovedEvent"):
    """The card has left the device, to its owner."""


class MediaRetained(Event, frozen=True, kw_only=True, tag="CardReader.MediaRetainedEvent"):
    """The card lies in the retain bin."""


class InvalidMedia(Event, frozen=True, kw_only=True, tag="CardReader.InvalidMediaEvent"):
    """Something was swiped or inserted that could not be read; the error says what its owner can do."""

    error: ErrorCode
