"""The 256 bytes of text on an identity card: four layouts, told apart by the letter at byte 248. Pure.

All are UTF-16 little-endian in fields of fixed width, padded with blanks; the tables below give each field's width in
characters. Sources: GA 467-2013; residence permits for compatriots (2018), permanent residence cards for foreigners (2017,
2023). A blank letter is a resident's card.

A card that does not say what its layout promises (half a character, a date that is none) is refused as `BadText`, which never
repeats what it found.
"""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from stdnum.iso7064 import mod_11_2

from drivers.confidential import Confidential, IdNumber, PersonName
from drivers.interfaces.id_card import Holder, IdDocument, Sex

TEXT_CHARS: Final = 128
LETTER_AT: Final = 124
LONG_TERM: Final = "长期"

Layout = tuple[tuple[str, int], ...]
_LATIN_2023: Final = 35
_DATES: Final[Layout] = (("valid_from", 8), ("valid_to", 8))
LAYOUTS: Final[Mapping[IdDocument, Layout]] = MappingProxyType(
    {
        IdDocument.RESIDENT: (
            *(("name", 15), ("sex", 1), ("nation", 2), ("birth", 8), ("address", 35), ("number", 18), ("issuer", 15)),
            *_DATES,
            ("reserve", 18),
        ),
        IdDocument.COMPATRIOT_PERMIT: (
            *(("name", 15), ("sex", 1), ("reserve", 2), ("birth", 8), ("address", 35), ("number", 18), ("issuer", 15)),
            *_DATES,
            *(("pass_number", 9), ("issue_count", 2), ("reserve", 3), ("letter", 1), ("reserve", 3)),
        ),
        IdDocument.FOREIGNER_2017: (
            *(("name_latin", 60), ("sex", 1), ("number", 15), ("nationality", 3), ("name", 15)),
            *_DATES,
            *(("birth", 8), ("version", 2), ("authority", 4), ("letter", 1), ("reserve", 3)),
        ),
        IdDocument.FOREIGNER_2023: (
            *(
                ("name", 15),
                ("sex", 1),
                ("issue_count", 2),
                ("birth", 8),
                ("name_latin", _LATIN_2023),
                ("number", 18),
                ("reserve", 15),
            ),
            *_DATES,
            *(("name_latin_more", 11), ("nationality", 3), ("letter", 1), ("old_number", 3)),
        ),
    }
)
LETTERS: Final[Mapping[str, IdDocument]] = MappingProxyType(
    {
        " ": IdDocument.RESIDENT,
        "\0": IdDocument.RESIDENT,
        "J": IdDocument.COMPATRIOT_PERMIT,
        "I": IdDocument.FOREIGNER_2017,
        "Y": IdDocument.FOREIGNER_2023,
    }
)
SEXES: Final[Mapping[str, Sex]] = MappingProxyType({"0": Sex.UNKNOWN, "1": Sex.MALE, "2": Sex.FEMALE, "9": Sex.NOT_STATED})
_NUMBER: Final = re.compile(r"[0-9A-Z]{15}|[0-9]{17}[0-9X]")
_PADDING: Final = " \0\u3000"


class BadText(Exception):
    """The card holds something else than its layout promises; the text names the field and nothing of its content."""


def holder(text: bytes | bytearray) -> Holder:
    """Raises `BadText`."""
    document, fields = _fields(_characters(text, 2 * TEXT_CHARS))
    number = fields["number"].upper()
    if _NUMBER.fullmatch(number) is None:
        raise BadText("number")
    # A long name runs on from one field into the other, and a blank may fall on the border.
    latin = " ".join((fields.get("name_latin", "").ljust(_LATIN_2023) + fields.get("name_latin_more", "")).split())
    name = fields["name"] or latin
    if not name:
        raise BadText("name")
    if fields["sex"] not in SEXES:
        raise BadText("sex")
    return Holder(
        document=document,
        number=IdNumber(number),
        number_fits=mod_11_2.is_valid(number) if len(number) == 18 else None,
        name=PersonName(name),
        name_latin=PersonName(latin) if latin else None,
        sex=SEXES[fields["sex"]],
        nation=fields.get("nation") or None,
        nationality=fields.get("nationality") or None,
        birth=_date(fields, "birth"),
        address=_confidential(fields.get("address")),
        issuer=fields.get("issuer") or None,
        valid_from=_date(fields, "valid_from"),
        valid_to=None if fields["valid_to"] == LONG_TERM else _date(fields, "valid_to"),
        long_term=fields["valid_to"] == LONG_TERM,
        pass_number=_confidential(fields.get("pass_number")),
        issue_count=fields.get("issue_count") or None,
    )


def address(text: bytes | bytearray) -> Confidential:
    """The newest address, as it is written behind the rest. Raises `BadText`."""
    return Confidential(_characters(text, len(text)).strip(_PADDING))


def write(document: IdDocument, fields: Mapping[str, str]) -> bytes:
    """The text of a card that says `fields`, for the emulator. Raises `BadText` for a field that does not fit."""
    letter = next(letter for letter, kind in LETTERS.items() if kind is document)
    parts = []
    for name, width in LAYOUTS[document]:
        value = letter if name == "letter" else fields.get(name, "")
        if len(_units(value)) > 2 * width:
            raise BadText(name)
        parts.append(_units(value) + _units(" ") * (width - len(_units(value)) // 2))
    return b"".join(parts)


def write_address(value: str, width_bytes: int) -> bytes:
    """Raises `BadText` where it is too long."""
    if len(_units(value)) > width_bytes:
        raise BadText("address")
    return _units(value) + _units(" ") * ((width_bytes - len(_units(value))) // 2)


def _units(value: str) -> bytes:
    return value.encode("utf-16-le")


def _characters(text: bytes | bytearray, size: int) -> str:
    try:
        decoded = text.decode("utf-16-le")
    except UnicodeDecodeError:
        raise BadText("text") from None
    if len(text) != size:
        raise BadText("length")
    return decoded


def _fields(text: str) -> tuple[IdDocument, Mapping[str, str]]:
    """Each field without its padding. Widths count UTF-16 units, so that a rare character outside the plane takes two."""
    units = text.encode("utf-16-le")
    letter = units[2 * LETTER_AT : 2 * LETTER_AT + 2].decode("utf-16-le", errors="replace")
    if letter not in LETTERS:
        raise BadText("letter")
    document, fields, at = LETTERS[letter], {}, 0
    for name, width in LAYOUTS[document]:
        try:
            fields[name] = units[2 * at : 2 * (at + width)].decode("utf-16-le").rstrip(_PADDING)
        except UnicodeDecodeError:
            raise BadText(name) from None
        at += width
    return document, fields


def _date(fields: Mapping[str, str], name: str) -> date | None:
    value = fields[name]
    if not value:
        return None
    if re.fullmatch(r"[0-9]{8}", value) is None:
        raise BadText(name)
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        raise BadText(name) from None


def _confidential(value: str | None) -> Confidential | None:
    return Confidential(value) if value else None
