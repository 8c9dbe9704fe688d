"""Where in a body a fault is, as a JSON pointer (RFC 6901).

msgspec says the place of a fault as a path, `$.default.thresholds[...].wait_s`, and does not say which entry of a mapping it
means. That is found by looking again with one entry of the mapping at a time: the first that is complained of in the same
words. Only a refused body is looked at so, and never more than `ENTRIES_MAX` entries of a mapping; beyond that the pointer
ends there.
"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

ENTRIES_MAX: Final = 64
OF_A_NAME: Final = " as the name of an entry"
"""Said of a fault in a mapping's key: a pointer leads to the entry and cannot tell its name from its value."""
_PLACE: Final = re.compile(r"^(?P<detail>.*) - at `(?P<key>key` in `)?\$(?P<path>[^`]*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.(?P<field>[^.\[]+)|\[(?P<place>\d+)\]|\[\.\.\.\]")


class Place(NamedTuple):
    """A fault in words, and where it is."""

    detail: str
    pointer: str
    exact: bool = True
    """Otherwise the pointer ends above the fault."""


Complaint = Callable[[Any], str]
"""Says what is wrong with a body; empty where nothing is."""


def no_complaint(_body: Any) -> str:
    return ""


def whole(raw: bytes) -> Any:
    """The body as plain values; None where it is no JSON."""
    try:
        return msgspec.json.decode(raw or b"{}")
    except (ValueError, RecursionError):
        return None


def located(text: str, body: Any, complaint: Complaint) -> Place:
    """What msgspec said, taken apart."""
    found = _PLACE.match(text)
    if found is None:
        return Place(text, "")
    detail = found["detail"]
    steps: list[str | int | None] = [_step(one) for one in _STEP.finditer(found["path"])]
    if found["key"]:
        steps.append(None)  # the key itself is the fault
        detail += OF_A_NAME
    pointer, at = "", body
    for step in steps:
        name = _entry(at, body, text, complaint) if step is None else step
        if name is None:
            return Place(detail, pointer, exact=False)
        pointer += f"/{escaped(str(name))}"
        at = _within(at, name)
    return Place(detail, pointer)


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _step(found: re.Match[str]) -> str | int | None:
    """A field, a place in a list, or None for some entry of a mapping."""
    return int(found["place"]) if found["place"] else found["field"]


def _within(at: Any, name: str | int) -> Any:
    if isinstance(at, dict):
        return at.get(name)
    return at[name] if isinstance(at, list) and isinstance(name, int) and name < len(at) else None


def _entry(at: Any, body: Any, text: str, complaint: Complaint) -> str | None:
    """The entry that is at fault. It stays alone in its mapping, so that the next step of the path is about it."""
    if not isinstance(at, dict) or len(at) > ENTRIES_MAX:
        return None
    for name, value in list(at.items()):
        others = dict(at)
        at.clear()
        at[name] = value
        if complaint(body) == text:
            return str(name)
        at.clear()
        at.update(others)
    return None
