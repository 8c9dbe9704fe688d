"""The Barrier interface: things that a relay opens and that close by themselves, the barrier at the drive and the cash drawer.

XFS4IoT's Auxiliaries come nearest. Opening is a pulse on a relay; that it opened is known only where a contact says so. It is
safe to repeat: an open thing stays open.
"""

from enum import StrEnum

from drivers.api import Command, Event, Payload


class Position(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    """There is no contact that would tell, or it could not be asked."""


class Open(Command, frozen=True, kw_only=True, tag="Barrier.Open"):
    """Pulse the relay; completed with `Opened`. The proof is the contact's word where there is one."""


class Opened(Payload, frozen=True, kw_only=True, tag="Barrier.Open"):
    position: Position


class PositionChanged(Event, frozen=True, kw_only=True, tag="Barrier.PositionEvent"):
    """It opened or closed, whoever did it."""

    position: Position


class OpenDrawer(Command, frozen=True, kw_only=True, tag="CashDrawer.OpenDrawer"):
    """Kick the drawer open, through the receipt printer it hangs on or a relay of its own; completed with `DrawerOpened`."""


class DrawerOpened(Payload, frozen=True, kw_only=True, tag="CashDrawer.OpenDrawer"):
    position: Position


class DrawerChanged(Event, frozen=True, kw_only=True, tag="CashDrawer.StatusEvent"):
    """The drawer was opened or pushed shut. A drawer that stands open is somebody's business."""

    position: Position


BarrierCommand = Open | OpenDrawer
