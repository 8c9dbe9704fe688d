"""What of a device's condition is a fact: that it went away or came back and stayed so, and how each whole day was.

Everything finer is telemetry (`health.py`). Not to flood the journal and the line to head office:

* A condition counts once it has held for `SETTLED_S`. A device that flickers tells nothing until it makes up its mind.
* After `CHANGES_MAX` changes of one day, a device's further ones are told at most once in `THEN_EVERY_MS`.
* Counters and times go up once a day, all devices in one fact, when the day is over.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from drivers.api import DeviceStatus
from edge.devices import model as m

SETTLED_S: Final = 60.0
CHANGES_MAX: Final = 20
THEN_EVERY_MS: Final = 3_600_000

_STANDS: Final[Mapping[DeviceStatus, m.Stands]] = {
    DeviceStatus.ONLINE: "ready",
    DeviceStatus.DEVICE_BUSY: "ready",
    DeviceStatus.USER_ERROR: "needs_help",
}


def stands(status: DeviceStatus) -> m.Stands:
    """A device's status as people care for it; whatever is neither ready nor waits for a hand is away."""
    return _STANDS.get(status, "away")


class Settling:
    """Finds out which conditions have held long enough to be told."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[m.Condition, float]] = {}

    def look(self, now: Sequence[m.Condition], at_s: float) -> list[m.Condition]:
        """Those that have been the same for `SETTLED_S`, of devices that are there; `at_s` runs evenly."""
        before, self._seen = self._seen, {}
        for condition in now:
            known = before.get(condition.device)
            same = known is not None and known[0] == condition
            self._seen[condition.device] = known if same and known is not None else (condition, at_s)
        return [condition for condition, since_s in self._seen.values() if at_s - since_s >= SETTLED_S]
