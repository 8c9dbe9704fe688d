"""The driver of a drawer that another device kicks.

It says what it wants in the envelope, as every device behind a service does (`drivers.xfs_client`); the bytes, the proof and
the doubt are the printer's (`drivers.escpos_printer.drawer`). The printer's troubles are told at the printer, of the drawer
only that what it hangs on is not ready; or the same empty roll would be told twice.
"""

from typing import ClassVar, Final

from drivers.api import DeviceError, DeviceStatus, ErrorCode, Status
from drivers.envelope import Vocabulary, name_of, vocabulary
from drivers.interfaces.cash_drawer import OpenDrawer
from drivers.session import Link
from drivers.xfs_client.driver import XfsClient

FAMILY: Final = "cash_drawer"
INTERFACE: Final = "CashDrawer"
KICK: Final = name_of(OpenDrawer())
_READY: Final = frozenset({DeviceStatus.ONLINE, DeviceStatus.DEVICE_BUSY, DeviceStatus.STARTING})


class CashDrawer(XfsClient):
    family: ClassVar[str] = FAMILY

    def _vocabulary(self) -> Vocabulary:
        return vocabulary(FAMILY, INTERFACE)

    def _seen(self, status: Status) -> Status:
        error = None if status.device in _READY else ErrorCode.HOST_NOT_READY
        return Status(device=status.device, error=error)

    async def _greet(self, link: Link) -> None:
        await super()._greet(link)
        if KICK not in self.capabilities().commands:
            raise DeviceError(ErrorCode.HOST_NOT_READY, "what it hangs on has no drawer in its profile")
