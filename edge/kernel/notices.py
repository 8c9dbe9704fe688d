"""Notices: what the box must tell the staff, on every page, until somebody has acknowledged it.

They are kept in a file beside the database, because some of them are about the database. A notice is a code and facts;
its text in each language is in the locale files. No personal data.
"""

from pathlib import Path
from typing import Final

import msgspec

from edge.kernel.files import write_durably

FILE: Final = "notices.json"
NOTICES_MAX: Final = 20
"""The oldest give way: more than this and nobody reads any of them."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to the box."""

    id: str
    code: str
    """`restored_from_backup`, `facts_missing`, `safe_mode`, `notices_unreadable`."""
    at_ms: int
    facts: dict[str, int | str]


UNREADABLE: Final = Notice(id="notices-unreadable", code="notices_unreadable", at_ms=0, facts={})


def standing(data: Path) -> tuple[Notice, ...]:
    """Those not acknowledged yet, oldest first. A file that cannot be read is itself something to be told."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=tuple[Notice, ...])
    except FileNotFoundError:
        return ()
    except ValueError:
        return (UNREADABLE,)


def post(data: Path, notice: Notice) -> None:
    """Add a notice; one with the same id is the same notice."""
    others = [known for known in standing(data) if known.id != notice.id]
    write_durably(data / FILE, msgspec.json.encode([*others, notice][-NOTICES_MAX:]))


def acknowledge(data: Path, notice_id: str) -> bool:
    """Take a notice down; whether it stood."""
    known = standing(data)
    left = [notice for notice in known if notice.id != notice_id]
    if len(left) == len(known):
        return False
    write_durably(data / FILE, msgspec.json.encode(left))
    return True
