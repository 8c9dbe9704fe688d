"""The CashDrawer interface: a drawer that springs open when it is kicked and that a person pushes shut.

XFS4IoT has no class for it; the words follow UnifiedPOS's CashDrawer (OpenDrawer, DrawerOpened, StatusUpdateEvent) in the same
envelope. What kicks it differs: the receipt printer it is plugged into, a relay of its own. To kick it twice does no harm.
"""

from drivers.api import Command, Event, Payload
from drivers.interfaces.barrier import Position


class OpenDrawer(Command, frozen=True, kw_only=True, tag="CashDrawer.OpenDrawer"):
    """Kick the drawer open; completed with `DrawerOpened`. The proof is the sensor's word where there is one."""


class DrawerOpened(Payload, frozen=True, kw_only=True, tag="CashDrawer.OpenDrawer"):
    position: Position


class DrawerChanged(Event, frozen=True, kw_only=True, tag="CashDrawer.StatusEvent"):
    """The drawer was opened or pushed shut. A drawer that stands open is somebody's business."""

    position: Position
