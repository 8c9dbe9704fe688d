"""What one start of the daemon is told: its settings, and what only the command line can say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from drivers.registry import DeviceConfig
from edge.kernel.config import Settings

STATIC = Path(__file__).parent / "web" / "static"


class Address(NamedTuple):
    host: str
    port: int


def address(text: str) -> Address | None:
    """From "HOST:PORT"; an empty text is no address."""
    host, _, port = text.rpartition(":")
    return Address(host.strip("[]"), int(port)) if text else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One start."""

    data: Path
    settings: Settings = field(default_factory=Settings)
    guest_url: str | None = None
    """The base of addresses on slips, where it is not simply the guests' listener."""
    static: Path = STATIC
    printers: Mapping[str, str] = field(default_factory=dict)
    readers: Mapping[str, str] = field(default_factory=dict)
    """Kiosk (device id) → the printer beside it. `*` is the printer for everybody else."""
    gates: Mapping[str, str] = field(default_factory=dict)
    """Plate camera (device id) → the relay of the barrier it looks at."""
    devices: tuple[DeviceConfig, ...] = ()
    branch_file: Path | None = None
    """The branch document; see `edge.document`."""
    sandbox: bool = False
    clock: datetime | None = None
    """Where the sandbox's clock starts."""
    day_file: Path | None = None
    """A recorded day, whose services and counters the sandbox takes instead of the demo's."""
    day: date | None = None

    @property
    def listen(self) -> Address:
        return address(self.settings.web.listen) or Address("127.0.0.1", 0)

    @property
    def guest_listen(self) -> Address | None:
        """The guests' Wi-Fi side; None: no listener of its own, phones come in through the branch's."""
        return address(self.settings.web.guest_listen)

    @property
    def head_office(self) -> str | None:
        return self.settings.head_office.url or None
