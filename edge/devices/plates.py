"""A known customer drives up: the lobby hears of it before the door opens (S32's spirit).

The plate becomes a keyed hash at once and is forgotten; what staff see is the customer's tier and the plate's last characters,
for a few minutes and in memory only. A plate proves nothing: no ticket is issued by it, nobody is recognised at a counter by
it. Plates that belong to nobody we know leave no trace.
"""

import asyncio
import hashlib
import secrets
from typing import Final, NamedTuple, Self

from drivers.api import Event
from drivers.interfaces.plate import Heading, Seen
from edge.kernel.clock import Clock
from edge.kernel.domain import Rejected
from edge.kernel.identities import IdentityKind
from edge.notify.notices import NoticeBoard, Severity
from edge.queue.arrivals import Arrivals

NOTICE: Final = "customer_arriving"
SHOWN_S: Final = 600
"""From the drive to the door it takes minutes; later the notice would only be in the way."""
SHOWN_MAX: Final = 20
LOOK_S: Final = 1.0
_NAME_BYTES: Final = 8


class _Until(NamedTuple):
    """When a notice is over: by the branch's time, or by the clock that nobody can set, whichever comes first."""

    now_ms: int
    steady_ms: int

    @classmethod
    def after(cls, clock: Clock, seconds: int) -> Self:
        return cls(clock.now_ms() + seconds * 1000, clock.steady_ms() + seconds * 1000)

    def over(self, clock: Clock) -> bool:
        return clock.now_ms() >= self.now_ms or clock.steady_ms() >= self.steady_ms


class PlateWatch:
    """Hears the cameras at the drive."""

    def __init__(self, arrivals: Arrivals, notices: NoticeBoard, clock: Clock) -> None:
        self._arrivals = arrivals
        self._notices = notices
        self._clock = clock
        self._shown: dict[str, _Until] = {}
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
        about = hashlib.blake2b(mark, key=self._salt, digest_size=_NAME_BYTES).hexdigest()
        if known is None or (len(self._shown) >= SHOWN_MAX and about not in self._shown):
            return
        if not self._shown:
            self._look_later()
        self._shown[about] = _Until.after(self._clock, SHOWN_S)
        self._notices.put_up(NOTICE, Severity.INFO, about=about, tier=known.tier, ending=event.plate.ending)

    def look(self) -> None:
        """Take down what is over. A timer per notice would not know of a clock that was set, or of a box that slept."""
        for about in [about for about, until in self._shown.items() if until.over(self._clock)]:
            del self._shown[about]
            self._notices.take_down(NOTICE, about=about)

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(LOOK_S, self._look_again)

    def _look_again(self) -> None:
        """Once a second while anything is up."""
        self.look()
        if self._shown:
            self._look_later()
