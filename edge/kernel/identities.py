"""What identifies a person: one spelling for each kind, so that the index hash finds it, and a mask for showing it.

Nothing here keeps or hashes anything. A refusal never repeats what was typed. Sources: GB 11643-1999 (id numbers, 15 to 18
digits), ISO 7064 MOD 11-2 and Luhn by python-stdnum, E.164, GA 36-2018 (plates), PCI DSS 3.4 (first six and last four).
"""

import enum
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from stdnum import luhn
from stdnum.iso7064 import mod_11_2

from edge.kernel.domain import Rejected

CHARS_MAX: Final = 64
HIDDEN_CHARS_MIN: Final = 3
"""A mask that would hide fewer characters hides them all."""


class IdentityKind(enum.StrEnum):
    """By what a customer can be recognised."""

    ID_CARD = "id_card"
    BANK_CARD = "bank_card"
    PHONE = "phone"
    PASSBOOK = "passbook"
    PLATE = "plate"


class Normal(NamedTuple):
    """An identity in its one spelling."""

    value: str
    doubt: str | None = None
    """`luhn`: plausible, but its check digit does not fit; old co-brand cards do exist that way."""


class _Wrong(Exception):
    """Why it cannot be; becomes the refusal's `reason`."""


def normalise(kind: IdentityKind, raw: str) -> Normal:
    """The one spelling of `raw`.

    Raises Rejected("invalid_identity", kind, reason) with reason `length`, `form`, `date` or `check_digit`.
    """
    if len(raw) > CHARS_MAX:
        raise Rejected("invalid_identity", kind=kind.value, reason="length")
    compact = re.sub(r"[\s\-\u2010-\u2015·•.()]", "", unicodedata.normalize("NFKC", raw)).upper()
    try:
        return _NORMALISERS[kind](compact)
    except _Wrong as wrong:
        raise Rejected("invalid_identity", kind=kind.value, reason=str(wrong)) from None


def mask(kind: IdentityKind, value: str) -> str:
    """`value` in its one spelling, as it may be shown to anyone who is not its owner: 138****1234."""
    head, tail = _MASKS[kind]
    shown = value.removeprefix("+86")
    hidden = len(shown) - head - tail
    if hidden < HIDDEN_CHARS_MIN:
        return "*" * len(shown)
    return shown[:head] + "*" * hidden + shown[len(shown) - tail :]


def mask_name(name: str) -> str:
    """张三丰 → 张**; Zhang San → Z**** S**. A name of one character is all star."""
    return " ".join(word[0] + "*" * (len(word) - 1) if len(word) > 1 else "*" for word in name.split())


def _id_card(text: str) -> Normal:
    if re.fullmatch(r"[0-9]{15}", text):
        text = text[:6] + "19" + text[6:]
        text += mod_11_2.calc_check_digit(text)
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", text):
        raise _Wrong("form")
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        raise _Wrong("date") from None
    if mod_11_2.calc_check_digit(text[:17]) != text[17]:
        raise _Wrong("check_digit")
    return Normal(text)


def _bank_card(text: str) -> Normal:
    if not re.fullmatch(r"[0-9]{12,19}", text):
        raise _Wrong("form")
    return Normal(text, None if luhn.is_valid(text) else "luhn")


def _phone(text: str) -> Normal:
    digits = re.sub(r"^00", "+", text)
    digits = re.sub(r"^86(?=1[3-9][0-9]{9}$)", "+86", digits)
    if re.fullmatch(r"1[3-9][0-9]{9}", digits):
        return Normal("+86" + digits)
    if re.fullmatch(r"0[1-9][0-9]{8,10}", digits):
        return Normal("+86" + digits[1:])
    if re.fullmatch(r"\+86(1[3-9][0-9]{9}|[2-9][0-9]{8,10}|10[0-9]{8})", digits):
        return Normal(digits)
    if re.fullmatch(r"\+(?!86)[1-9][0-9]{6,14}", digits):
        return Normal(digits)
    raise _Wrong("form")


def _passbook(text: str) -> Normal:
    if not re.fullmatch(r"[0-9A-Z]{6,32}", text):
        raise _Wrong("form")
    return Normal(text)


_PROVINCES: Final = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"


def _plate(text: str) -> Normal:
    if not re.fullmatch(rf"[{_PROVINCES}][A-HJ-NP-Z][A-HJ-NP-Z0-9]{{4,6}}[学警港澳挂领试超]?", text) or len(text) not in (7, 8):
        raise _Wrong("form")
    return Normal(text)


_NORMALISERS: Final[dict[IdentityKind, Callable[[str], Normal]]] = {
    IdentityKind.ID_CARD: _id_card,
    IdentityKind.BANK_CARD: _bank_card,
    IdentityKind.PHONE: _phone,
    IdentityKind.PASSBOOK: _passbook,
    IdentityKind.PLATE: _plate,
}

_MASKS: Final[dict[IdentityKind, tuple[int, int]]] = {
    IdentityKind.ID_CARD: (6, 4),
    IdentityKind.BANK_CARD: (6, 4),
    IdentityKind.PHONE: (3, 4),
    IdentityKind.PASSBOOK: (0, 4),
    IdentityKind.PLATE: (2, 2),
}
"""How many characters stay in sight at the start and at the end."""
