"""What staff should know about the box itself, until it is put right: no paper, no line, restored from a backup."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from edge.org.place import Place

UNTIL_READ: Final = frozenset({"restored_from_backup", "facts_missing", "notices_unreadable"})
"""They stay until somebody has acknowledged them; every other notice goes when its cause does."""


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to know. Its words are in the pages' locale files, by code."""

    id: str
    code: str
    severity: Severity
    since: datetime
    facts: dict[str, str | int | None]


class NoticeList(msgspec.Struct, frozen=True):
    notices: list[Notice]


class NoticeBoard:
    """The notices that are up now."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._up: dict[str, Notice] = {}
        self.changed: Callable[[bytes], None] | None = None
        """Told of the new list, encoded, after each change."""
        self.read: Callable[[str], object] = lambda _notice_id: None
        """Told of a notice that somebody acknowledged, so that it stays away after a restart."""

    def put_up(self, code: str, severity: Severity, *, about: str = "", **facts: str | int | None) -> None:
        """Show a notice; one per code and thing it is about. The same again keeps its first time."""
        key = f"{code}/{about}"
        before = self._up.get(key)
        if before is not None and before.facts == facts:
            return
        since = self._place.now() if before is None else before.since
        self._up[key] = Notice(id=about, code=code, severity=severity, since=since, facts=facts)
        self._tell()

    def take_down(self, code: str, *, about: str = "") -> None:
        if self._up.pop(f"{code}/{about}", None) is not None:
            self._tell()

    def acknowledge(self, notice_id: str) -> bool:
        """Somebody has read a notice that stays until then; False where there is none of that id."""
        found = [notice for notice in self._up.values() if notice.id == notice_id and notice.code in UNTIL_READ]
        for notice in found:
            self.read(notice_id)
            self.take_down(notice.code, about=notice_id)
        return bool(found)

    def show(self) -> NoticeList:
        """Worst first."""
        order = list(Severity)
        return NoticeList(sorted(self._up.values(), key=lambda notice: (-order.index(notice.severity), notice.since)))

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed(msgspec.json.encode(self.show()))
