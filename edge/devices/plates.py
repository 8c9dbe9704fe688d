"""A known customer drives up: the lobby hears of it before the door opens (S32's spirit).

The plate becomes a keyed hash at once and is forgotten; what staff see is the customer's tier and the plate's last characters,
for a few minutes and in memory only. A plate proves nothing: no ticket is issued by it, nobody is recognised at a counter by
it. Plates that belong to nobody we know leave no trace.
"""

import hashlib
import secrets
from typing import Final

from drivers.api import Event
from drivers.interfaces.plate import Heading, Seen
from edge.kernel.clock import Clock
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind
from edge.notify.notices import NoticeBoard, Severity
from edge.notify.passing import PassingNotices
from edge.queue.arrivals import Arrivals

NOTICE: Final = "customer_arriving"
SHOWN_S: Final = 600
"""From the drive to the door it takes minutes; later the notice would only be in the way."""
_NAME_BYTES: Final = 8


class PlateWatch:
    """Hears the cameras at the drive."""

    def __init__(self, arrivals: Arrivals, notices: NoticeBoard, clock: Clock) -> None:
        self._arrivals = arrivals
        self._shown = PassingNotices(notices, clock, shown_s=SHOWN_S)
        self._salt = secrets.token_bytes(16)
        """The name of a notice is the same for the same car only until the program ends."""

    def heard(self, _device: str, event: Event) -> None:
        """A device told of itself."""
        if not isinstance(event, Seen) or event.heading is Heading.LEAVING:
            return
        try:
            mark = self._arrivals.mark(IdentityKind.PLATE, event.plate.reveal())
        except Rejected:
            return  # a plate of a kind that no customer is known by
        known = self._arrivals.known(mark)
        if known is None:
            return
        about = hashlib.blake2b(mark, key=self._salt, digest_size=_NAME_BYTES).hexdigest()
        self._shown.put_up(NOTICE, Severity.INFO, about=about, tier=known.tier, ending=event.plate.ending)

    def look(self) -> None:
        """Take down what is over."""
        self._shown.look()
