"""The IdCard interface: identity documents laid on a reader. Ours; XFS4IoT has no word for it.

A reader looks for cards by itself and tells of one once, when it is laid and read, and again when it is taken away. Who
wants the photo or the newest address asks with `ReadIdCard` while the card lies there, or waits with it for a card.
Layouts: GA 467 and the text layouts of the residence permits of 2017, 2018 and 2023.
"""

from datetime import date
from enum import StrEnum

import msgspec

from drivers.api import Command, ErrorCode, Event, Payload
from drivers.confidential import Confidential, IdNumber, Opaque, PersonName


class IdDocument(StrEnum):
    """Which document lies there."""

    RESIDENT = "resident"
    """居民身份证"""
    COMPATRIOT_PERMIT = "compatriotPermit"
    """港澳台居民居住证, 2018."""
    FOREIGNER_2017 = "foreigner2017"
    """外国人永久居留身份证, 15-character number."""
    FOREIGNER_2023 = "foreigner2023"
    """外国人永久居留身份证, 18-digit number."""


class Sex(StrEnum):
    """GB/T 2261.1."""

    UNKNOWN = "unknown"
    MALE = "male"
    FEMALE = "female"
    NOT_STATED = "notStated"


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """What an identity document says of its holder."""

    document: IdDocument
    number: IdNumber
    """As printed; its letters are capitals."""
    number_fits: bool | None
    """The check digit (ISO 7064 MOD 11-2) fits; a misread or a forgery does not. None: no rule is known for this number."""
    name: PersonName
    """The Chinese name; of a foreigner without one, the Latin name."""
    name_latin: PersonName | None = None
    sex: Sex
    nation: str | None = None
    """GB/T 3304 code of a resident: `01` is 汉."""
    nationality: str | None = None
    """ISO 3166 letters of a foreigner."""
    birth: date | None
    """None where the card holds no date there."""
    address: Confidential | None = None
    issuer: str | None = None
    valid_from: date | None
    valid_to: date | None
    """None where it is valid for ever (长期) or the card holds no date there; see `long_term`."""
    long_term: bool = False
    pass_number: Confidential | None = None
    """通行证号码 of a compatriot permit."""
    issue_count: str | None = None

    def expired_on(self, today: date) -> bool:
        return self.valid_to is not None and self.valid_to < today


class ReadIdCard(Command, frozen=True, kw_only=True, tag="IdCard.ReadIdCard"):
    """Read the card that lies there, or wait for one until the command's time is over."""

    photo: bool = False
    """Bring the photo too: WLT, which only the police's licensed decoder can open."""
    newest_address: bool = False
    """Bring the address that was written to the card after it was issued, where there is one."""


class Reset(Command, frozen=True, kw_only=True, tag="IdCard.Reset"):
    """Start the security module afresh."""


class IdCardRead(Payload, frozen=True, kw_only=True, tag="IdCard.ReadIdCard"):
    """What `ReadIdCard` brings. Whoever takes the photo wipes it."""

    holder: Holder
    photo: Opaque | None = None


IdCardCommand = ReadIdCard | Reset


class CardLaid(Event, frozen=True, kw_only=True, tag="IdCard.CardLaidEvent"):
    """A document was laid down and read."""

    holder: Holder


class CardUnreadable(Event, frozen=True, kw_only=True, tag="IdCard.CardUnreadableEvent"):
    """Something was laid down and could not be read; the error says what its owner can do."""

    error: ErrorCode


class CardRemoved(Event, frozen=True, kw_only=True, tag="IdCard.CardRemovedEvent"):
    """The document is gone."""
