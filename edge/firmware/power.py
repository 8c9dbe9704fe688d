"""Whether the box is on mains power, as its kernel says: nobody updates a device while the UPS is running down.

`/sys/class/power_supply` has a folder for each supply. A mains adapter that is there and offline, or a battery or UPS (as the
kernel sees them over USB) that discharges, means that the mains is gone. A box that knows of no supply has no reason to wait.
Source: the kernel's sysfs-class-power.
"""

from pathlib import Path
from typing import Final

SUPPLIES: Final = Path("/sys/class/power_supply")
SUPPLIES_MAX: Final = 16


def on_battery(folder: Path = SUPPLIES) -> bool:
    """True only where the kernel says so."""
    try:
        supplies = sorted(folder.iterdir())[:SUPPLIES_MAX]
    except OSError:
        return False
    return any(_lost(supply) for supply in supplies)


def _lost(supply: Path) -> bool:
    kind = _said(supply, "type")
    if kind == "Mains":
        return _said(supply, "online") == "0"
    return kind in ("Battery", "UPS") and _said(supply, "status") == "Discharging"


def _said(supply: Path, name: str) -> str:
    try:
        return (supply / name).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
