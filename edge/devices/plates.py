"""A known customer drives up: the lobby hears of it before the door opens (S32's spirit).

The plate becomes a keyed hash at once and is forgotten; what staff see is the customer's tier and the plate's last characters,
for a few minutes and in memory only. A plate proves nothing: no ticket is issued by it, nobody is recognised at a counter by
it. Plates that belong to nobody we know leave no trace.
"""

import asyncio
import hashlib
import secrets
from functools import partial
from typing import Final

from drivers.api import Event
from drivers.interfaces.plate import Heading, Seen
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind
from edge.notify.notices import NoticeBoard, Severity
from edge.queue.arrivals import Arrivals

NOTICE: Final = "customer_arriving"
SHOWN_S: Final = 600.0
"""From the drive to the door it takes minutes; later the notice would only be in the way."""
SHOWN_MAX: Final = 20
_NAME_BYTES: Final = 8


class PlateWatch:
    """Hears the cameras at the drive."""

    def __init__(self, arrivals: Arrivals, notices: NoticeBoard) -> None:
        self._arrivals = arrivals
        self._notices = notices
        self._shown: set[str] = set()
        self._salt = secrets.token_bytes(16)
        """The name of a notice is the same for the same car only until the program ends."""

    def heard(self, _device: str, event: Event) -> None:
        """A device told of itself."""
        if not isinstance(event, Seen) or event.heading is Heading.LEAVING or len(self._shown) >= SHOWN_MAX:
            return
        try:
            mark = self._arrivals.mark(IdentityKind.PLATE, event.plate.reveal())
        except Rejected:
            return  # a plate of a kind that no customer is known by
        known = self._arrivals.known(mark)
        if known is None:
            return
        about = hashlib.blake2b(mark, key=self._salt, digest_size=_NAME_BYTES).hexdigest()
        self._shown.add(about)
        self._notices.put_up(NOTICE, Severity.INFO, about=about, tier=known.tier, ending=event.plate.ending)
        asyncio.get_running_loop().call_later(SHOWN_S, partial(self._take_down, about))

    def _take_down(self, about: str) -> None:
        self._shown.discard(about)
        self._notices.take_down(NOTICE, about=about)
