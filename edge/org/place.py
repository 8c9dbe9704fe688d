"""Where this box stands: what handlers and effects know of the installation around them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from edge.kernel.clock import Clock


@dataclass(slots=True)
class Place:
    """The installation."""

    clock: Clock
    zone: ZoneInfo
    guest_url: str
    """The base of addresses that a customer's phone can open, without a slash at the end; set once the doors are open."""
    sandbox: bool = False
    printers: Mapping[str, str] = field(default_factory=dict)
    """Kiosk (device id) → the printer beside it. `*` is the printer for everybody else."""

    readers: Mapping[str, str] = field(default_factory=dict)
    """Reader or scanner (device id) → the kiosk it stands at. `*` is the kiosk of every other one."""

    gates: Mapping[str, str] = field(default_factory=dict)
    """Plate camera (device id) → the relay of the barrier it looks at."""

    def now(self) -> datetime:
        """To whole seconds, with the branch's offset."""
        return datetime.fromtimestamp(self.clock.now_ms() // 1000, self.zone)

    def printer_of(self, device: str) -> str | None:
        return self.printers.get(device) or self.printers.get("*")

    def kiosk_of(self, reader: str) -> str | None:
        return self.readers.get(reader) or self.readers.get("*")
