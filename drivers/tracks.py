"""Magnetic tracks of bank cards, ISO/IEC 7813 (tracks 1, 2) and 4909 (track 3), as readers write them out. Pure.

``%B number ^ name ^ YYMM service …?`` and ``;number=YYMM service …?`` and ``+ format number = …?``, each perhaps followed by
the track's checksum, which most readers keep to themselves. Chinese readers begin track 3 with ``;`` too.

What is wrong with a check digit or a checksum is a doubt, not a refusal: passbooks and old cards fail Luhn. Of the tracks only
number, expiry and the chip flag are kept; `BadTrack` never repeats what it could not read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import Final

from stdnum import luhn

from drivers.confidential import Pan
from drivers.interfaces.card_reader import BankCard, Doubt, ReadBy

PAN_DIGITS: Final = "[0-9]{12,19}"
_TRACK: Final = re.compile(
    rf"(?P<whole>(?:%B(?P<pan1>{PAN_DIGITS})\^[^^?]{{0,26}}\^(?P<rest1>[ -_]{{0,60}}?)"
    rf"|;(?P<pan2>{PAN_DIGITS})=(?P<rest2>[0-9=:<>]{{0,27}})"
    rf"|[+;](?P<format>[0-9]{{2}})(?P<pan3>{PAN_DIGITS})=(?P<rest3>[0-9=:<>]{{0,90}}))\?)"
    r"(?P<lrc>[^\r\n](?=[%;+\r\n]|$))?"
)
_REST: Final = re.compile(r"(?P<expiry>[0-9]{4}|=|\^)?(?P<service>[0-9]{3})?")
CHIP_SERVICE: Final = ("2", "6")
"""First digit of the service code of a card that has a chip (ISO/IEC 7813, table 4)."""
NO_EXPIRY: Final = "0000"


class BadTrack(Exception):
    """Nothing in it reads as a bank card."""


@dataclass(frozen=True, slots=True)
class Track:
    number: int
    pan: str = field(repr=False)
    expiry: str | None = None
    service_code: str | None = None
    lrc_fits: bool | None = None
    """None where the reader keeps the checksum to itself."""


def tracks(text: str) -> list[Track]:
    """The readable tracks in it, in order."""
    return [_track(match) for match in _TRACK.finditer(text)]


def card(read: Iterable[Track], read_by: ReadBy = ReadBy.STRIPE) -> BankCard:
    """The one card they are of; track 2 is believed first. Raises `BadTrack` where there is none."""
    known = sorted(read, key=lambda track: (2, 1, 3).index(track.number))
    if not known:
        raise BadTrack("no readable track")
    best = known[0]
    doubts = (
        *((Doubt.LUHN,) if not luhn.is_valid(best.pan) else ()),
        *((Doubt.LRC,) if any(track.lrc_fits is False for track in known) else ()),
        *((Doubt.TRACKS_DIFFER,) if any(track.pan != best.pan for track in known) else ()),
    )
    service = next((track.service_code for track in known if track.service_code), None)
    return BankCard(
        pan=Pan(best.pan),
        read_by=read_by,
        expiry=next((track.expiry for track in known if track.expiry), None),
        has_chip=None if service is None else service.startswith(CHIP_SERVICE),
        doubts=doubts,
    )


def lrc(track: str) -> str:
    """The checksum of a track from its first to its last sentinel, as the character a reader writes for it."""
    base = 0x20 if track.startswith("%") else 0x30
    return chr(base + (reduce(xor, (ord(character) - base for character in track), 0) & (0x3F if base == 0x20 else 0x0F)))


def _track(match: re.Match[str]) -> Track:
    number = next(n for n in (1, 2, 3) if match[f"pan{n}"])
    rest = _REST.match(match[f"rest{number}"])
    expiry, service = (rest["expiry"], rest["service"]) if rest and number != 3 else (None, None)
    sound = expiry if expiry and expiry.isdigit() and expiry != NO_EXPIRY else None
    fits = None if match["lrc"] is None else match["lrc"] == lrc(match["whole"])
    return Track(number, match[f"pan{number}"], sound, service, fits)


def write(pan: str, expiry: str, service_code: str, holder: str) -> tuple[str, str, str]:
    """The three tracks of a card, for emulators."""
    first = f"%B{pan}^{holder:<26.26}^{expiry}{service_code}0000000000?"
    return first, f";{pan}={expiry}{service_code}00000?", f"+99{pan}=1561560000000?"
