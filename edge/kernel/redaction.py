"""Nothing that identifies a person, and no secret, leaves through a log line.

Programs log facts and references; this is the net below that. What it catches:

* by name: the value of a key that means a person or a secret is dropped, whatever it is;
* by shape: eleven or more digits in a row, spaces and hyphens not counted (ids, phones, cards; also full-width ones), and
  words of twenty characters and more that look drawn by dice (tokens, hashes, JWTs).

A quantity is no number of a person: an integer under a key that ends in a unit (`_ms`, `_bytes`, `seq` …) passes. What no
shape can catch is a name or an address in free text; so texts that people typed are never logged, only their length.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

TEXT_CHARS_MAX: Final = 8000
ITEMS_MAX: Final = 64
DEPTH_MAX: Final = 6

PERSONAL: Final = "[personal]"
NUMBER: Final = "[number]"
TOKEN: Final = "[token]"  # noqa: S105 -- it is what stands in for one

PERSONAL_KEYS: Final = frozenset(
    {
        "address",
        "authorization",
        "bank_card",
        "body",
        "birthday",
        "card",
        "cookie",
        "customer_name",
        "cvn",
        "email",
        "full_name",
        "id_card",
        "id_number",
        "identities",
        "identity",
        "ink",
        "mobile",
        "passbook",
        "passphrase",
        "password",
        "phone",
        "pin",
        "plain",
        "plate",
        "secret",
        "secrets",
        "signature",
        "surname",
        "token",
        "track",
    }
)
QUANTITY: Final = re.compile(r"([a-z_]+_(ms|s|us|ns|bytes|pages)|[a-z_]*seq)(_max|_min)?")
"""Keys of integers that are amounts; letters only, so that no number can dress up as a key."""
PLAIN_INTEGER_MAX: Final = 10**10
FLOAT_DIGITS: Final = 6

_DIGITS: Final = re.compile(r"\d(?:[\s\-\u2010-\u2015]{0,2}\d){10,}[Xx\uff38\uff58]?")
_WORD: Final = re.compile(r"[A-Za-z0-9_\-]{20,}")
_PART: Final = r"(?:[a-z]*(?:[A-Z][a-z]{2,})*|[A-Z]+)[0-9]{0,4}"
_SPOKEN: Final = re.compile(rf"{_PART}(?:[_\-]{_PART})*")
"""Words that people make: snake_case, kebab-case, CamelCase, CONSTANTS, with a small number at the end of a part."""
_DICE: Final = re.compile(r"(?=.*[A-Z])(?=.*[a-z0-9])|[0-9a-f]{32,}")
"""Capitals among other characters, as base64 has them, or a long hexadecimal number."""


def redact(_logger: object, _method: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """The structlog processor: the last before rendering."""
    return {clean_text(key): clean(value, key) for key, value in event.items()}


def clean(value: Any, key: str = "", depth: int = 0) -> Any:
    """`value` as it may be written under `key`: JSON types only, bounded, redacted."""
    if key.lower() in PERSONAL_KEYS:
        return PERSONAL
    match value:
        case None | bool():
            return value
        case int() | float():
            return _clean_number(value, key)
        case bytes() | bytearray() | memoryview():
            return f"[{len(value)} bytes]"
        case _ if depth < DEPTH_MAX:
            return _clean_inside(value, key, depth)
        case _:
            return "[deep]"


def holds_number(text: str) -> bool:
    """Whether something in `text` has the shape of a person's number: a phone, a document, a card."""
    return _DIGITS.search(text) is not None


def clean_text(text: str) -> str:
    """`text` without anything that has the shape of a person's number or of a token."""
    cut = text if len(text) <= TEXT_CHARS_MAX else text[:TEXT_CHARS_MAX] + "…"
    return _DIGITS.sub(NUMBER, _WORD.sub(_clean_word, cut))


def _clean_number(value: float, key: str) -> float | str:
    """Fractions are rounded: their digits are noise, and could look like anything."""
    if isinstance(value, float):
        return round(value, FLOAT_DIGITS) if abs(value) < PLAIN_INTEGER_MAX else NUMBER
    return value if abs(value) < PLAIN_INTEGER_MAX or QUANTITY.fullmatch(key) else NUMBER


def _clean_inside(value: Any, key: str, depth: int) -> Any:
    match value:
        case Mapping():
            entries = list(value.items())[:ITEMS_MAX]
            return {clean_text(str(name)): clean(inner, str(name), depth + 1) for name, inner in entries}
        case list() | tuple() | set() | frozenset():
            return [clean(inner, key, depth + 1) for inner in list(value)[:ITEMS_MAX]]
        case _:
            return clean_text(str(value))


def _clean_word(match: re.Match[str]) -> str:
    word = match[0]
    return TOKEN if _DICE.match(word) and not _SPOKEN.fullmatch(word) else word
