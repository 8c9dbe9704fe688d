"""Who has just shown something at a kiosk, until they take a number; and whom a member of staff has just looked up (S16).

A reader's event is turned into a keyed hash at once; what the kiosk's page gets is a handle: random, for one kiosk, for a
minute and a half, used once. It stands in for the identity wherever an identity may be given (`kind` `recognition`), so the
number of a card or of a document never travels to a page, into a request, a log or a receipt.

* Whoever looks a customer up gets a handle in the same way: in their own name, where a kiosk's has the kiosk's.
* The next card at the same kiosk takes the place of the one before: whoever stands there now is who is meant.
* "Once" is once for one request: a repeat of it (same Idempotency-Key) finds the same person again.
* Handles live in memory only. After a restart the card is swiped again.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind

RECOGNITION: Final = "recognition"
"""The kind of identity that a handle is."""
LIVES_MS: Final = 90_000
PLACES_MAX: Final = 200
"""Kiosks, and members of staff who look customers up."""
HANDLE_BYTES: Final = 18


class Shown(NamedTuple):
    """What somebody showed: an identity as its keyed hash, or a code."""

    mark: bytes | None = None
    """None for what cannot be an identity: its holder is served like anybody."""
    code: str | None = None
    """Of an appointment or a text message."""
    ticket: str | None = None
    """The ticket whose slip or page was held before the scanner."""
    by_document: bool = False
    """A card or document lay there; a number that was only typed in tells nobody a name."""
    kind: IdentityKind | None = None
    """What the identity is."""


@dataclass(slots=True)
class Handle:
    """One thing that was shown at one kiosk."""

    value: str
    shown: Shown
    ends_ms: int
    used_by: str | None = None
    """The id of the command that used it."""


@dataclass(slots=True)
class Handles:
    """By kiosk; `now_ms` is a steady clock."""

    now_ms: Callable[[], int]
    _of: dict[str, Handle] = field(default_factory=dict)

    def give(self, kiosk: str, shown: Shown) -> Handle:
        if kiosk not in self._of and len(self._of) >= PLACES_MAX:
            self._of.pop(next(iter(self._of)))
        made = Handle(secrets.token_urlsafe(HANDLE_BYTES), shown, self.now_ms() + LIVES_MS)
        self._of[kiosk] = made
        return made

    def at(self, kiosk: str) -> Handle | None:
        """What was shown here last and has not been used."""
        found = self._of.get(kiosk)
        return None if found is None or found.used_by is not None or found.ends_ms < self.now_ms() else found

    def redeem(self, value: str, command_id: str, at: str) -> Shown:
        """Who it stands for, at the kiosk that it was given to. Raises Rejected("recognition_over")."""
        for kiosk, handle in self._of.items():
            if kiosk == at and secrets.compare_digest(handle.value, value):
                repeated = handle.used_by == command_id
                if not repeated and (handle.used_by is not None or handle.ends_ms < self.now_ms()):
                    break
                handle.used_by = command_id
                return handle.shown
        raise Rejected("recognition_over")

    def forget(self, kiosk: str) -> None:
        """Whoever stood there is gone."""
        self._of.pop(kiosk, None)
