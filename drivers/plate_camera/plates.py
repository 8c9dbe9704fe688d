"""Number plates of the mainland in one normal form, so that the same car has the same keyed hash whoever typed or saw it. Pure.

GA 36-2018: a province, a letter of the authority, then five characters, or six on new-energy cars. The letters I and O are not
used behind the authority's letter, because they look like 1 and 0: whoever reports them has misread.
"""

import re
import unicodedata
from typing import Final

from drivers.interfaces.plate import Plate, PlateKind

TEXT_CHARS_MAX: Final = 32
PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SERIAL: Final = "A-HJ-NP-Z0-9"
_SEPARATORS: Final = re.compile(r"[\s·•.\-_]+")
_ORDINARY: Final = re.compile(rf"[{PROVINCES}][A-Z][{_SERIAL}]{{5}}")
_NEW_ENERGY: Final = re.compile(rf"[{PROVINCES}][A-Z](?:[A-HJK][{_SERIAL}][0-9]{{4}}|[0-9]{{5}}[A-HJK])")
_OTHER: Final = re.compile(
    rf"[{PROVINCES}][A-Z][{_SERIAL}]{{4}}[挂学警港澳超领]|使[0-9]{{6}}|[0-9]{{6}}使|WJ[{PROVINCES}]?[{_SERIAL}]{{5}}"
)
_KINDS: Final = ((_NEW_ENERGY, PlateKind.NEW_ENERGY), (_ORDINARY, PlateKind.ORDINARY), (_OTHER, PlateKind.OTHER))
_LOOKALIKES: Final = str.maketrans("IO", "10")


def normalise(text: str) -> tuple[Plate, PlateKind] | None:
    """The plate in its normal form; None for what is none, such as a camera's 无车牌."""
    if len(text) > TEXT_CHARS_MAX:
        return None
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    corrected = plain[:2] + plain[2:].translate(_LOOKALIKES)
    for candidate in (plain, corrected):
        for pattern, kind in _KINDS:
            if pattern.fullmatch(candidate):
                return Plate(candidate), kind
    return None
