"""From a reader's event to somebody standing at a kiosk (R055, S10, S15–S18).

A card, a document or a code that is read at a kiosk's reader becomes a keyed hash at once (`edge/queue/handles.py`). The
kiosk's page hears only that something was shown, and asks for it with its own token: who stands there is nobody else's
business. A card that cannot be anybody's is no error: its holder takes an ordinary number.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from drivers.api import Event
from drivers.interfaces.barcode_reader import CodeScanned, CodeUnreadable
from drivers.interfaces.card_reader import CardSeen, InvalidMedia
from drivers.interfaces.id_card import CardLaid, CardUnreadable
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind
from edge.notify.feed import RECOGNITION
from edge.org.place import Place
from edge.queue.arrivals import Arrivals
from edge.queue.handles import Shown
from edge.queue.tokens import TicketTokens

SHOWN: Final = "recognition.shown"
UNREADABLE: Final = "recognition.unreadable"

_TICKET_PAGE: Final = re.compile(r"/t/([A-Za-z0-9_-]{10,200})$")
_CODE: Final = re.compile(r"^([0-9]{6}|[0-9]{12})$")
_MOBILE: Final = re.compile(r"^1[3-9][0-9]{9}$")


class _Kiosk(msgspec.Struct, frozen=True):
    kiosk: str


@dataclass(slots=True)
class KioskGuests:
    """Hears the readers."""

    place: Place
    arrivals: Arrivals
    tokens: TicketTokens
    publish: Callable[[str, str, bytes, str], None] | None = None
    """Shows a state on the live feed: topic, kind, body, key."""

    def heard(self, device: str, event: Event) -> None:
        """A device told of itself. What is no reader's business, and readers that stand at no kiosk, are left alone."""
        kiosk = self.place.kiosk_of(device)
        if kiosk is None:
            return
        if isinstance(event, CardUnreadable | InvalidMedia | CodeUnreadable):
            self._tell(UNREADABLE, kiosk)
        shown = self._shown(event)
        if shown is not None:
            self.arrivals.handles.give(kiosk, shown)
            self._tell(SHOWN, kiosk)

    def typed(self, kiosk: str, text: str) -> None:
        """A phone number or a code that was typed in. Raises Rejected("invalid_code")."""
        compact = re.sub(r"[\s-]", "", text)
        if _MOBILE.match(compact):
            shown = Shown(self.arrivals.mark(IdentityKind.PHONE, compact), kind=IdentityKind.PHONE)
        elif _CODE.match(compact):
            shown = Shown(code=compact)
        else:
            raise Rejected("invalid_code")
        self.arrivals.handles.give(kiosk, shown)

    def _shown(self, event: Event) -> Shown | None:
        match event:
            case CardLaid(holder=holder):
                return self._laid(holder.number.reveal(), IdentityKind.ID_CARD)
            case CardSeen(card=card):
                return self._laid(card.pan.reveal(), IdentityKind.BANK_CARD, IdentityKind.PASSBOOK)
            case CodeScanned(code=code):
                return self._scanned(code.text.reveal().strip())
        return None

    def _scanned(self, text: str) -> Shown | None:
        """A slip's or a phone's ticket, or a code; anything else that is held before a scanner says nothing."""
        page = _TICKET_PAGE.search(text)
        ticket = None if page is None else self.tokens.ticket(page.group(1))
        if ticket is not None:
            return Shown(ticket=ticket)
        return Shown(code=text) if _CODE.match(text) else None

    def _laid(self, value: str, *kinds: IdentityKind) -> Shown:
        """As the kind by which somebody is known here; as the first it can be where nobody is."""
        found: list[Shown] = []
        for kind in kinds:
            try:
                mark = self.arrivals.mark(kind, value)
            except Rejected:
                continue  # it cannot be one of that kind
            found.append(Shown(mark, by_document=True, kind=kind))
            if self.arrivals.known(mark):
                return found[-1]
        return found[0] if found else Shown(by_document=True)

    def _tell(self, kind: str, kiosk: str) -> None:
        if self.publish is not None:
            self.publish(RECOGNITION, kind, msgspec.json.encode(_Kiosk(kiosk)), kiosk)
