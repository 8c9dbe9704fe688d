"""What a start of the daemon is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from drivers.registry import DeviceConfig

STATIC = Path(__file__).parent / "web" / "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One branch daemon."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    guest_host: str | None = None
    """The guests' Wi-Fi side; None: no listener of its own, phones come in through the branch's."""
    guest_port: int = 0
    guest_url: str | None = None
    """The base of addresses on slips, where it is not simply the guests' listener."""
    sandbox: bool = False
    head_office: str | None = None
    clock: datetime | None = None
    """Where the sandbox's clock starts."""
    day_file: Path | None = None
    """A recorded day, whose services and counters the sandbox takes instead of the demo's."""
    day: date | None = None
    static: Path = STATIC
    printers: Mapping[str, str] = field(default_factory=dict)
    """Kiosk (device id) → the printer beside it. `*` is the printer for everybody else."""
    devices: tuple[DeviceConfig, ...] = ()
