"""An emulated printer with a drawer in its socket, of which only the drawer is spoken."""

from typing import ClassVar

from drivers.xfs_client.emulator import XfsServiceEmulator


class DrawerEmulator(XfsServiceEmulator):
    WORDS: ClassVar[tuple[str, str]] = ("cash_drawer", "CashDrawer")
