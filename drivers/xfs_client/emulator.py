"""An emulated vendor's service: our own, with an emulated receipt printer behind it.

The printer is driven by its real driver over a wire in memory; what a program may say to it is `drivers.xfs_service`. The
hands are the printer's.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from drivers import profiles
from drivers.api import DeviceError
from drivers.emulation import Emulator, Hand, Produced
from drivers.envelope import vocabulary
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.profiles import Profile
from drivers.xfs_service import LineService

PRINTER: Final = "generic.escpos-80mm"


class XfsServiceEmulator(Emulator):
    WORDS: ClassVar[tuple[str, str]] = ("escpos_printer", "Printer")
    """Family and interface that programs may speak of."""

    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        model = profiles.load()[PRINTER]
        self.printer = EscposEmulator(model, clock=self.clock)
        self._device = EscposPrinter("printer", model, self.printer.in_memory().dial)
        self._service: LineService | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened = False

    def receive(self, data: bytes) -> None:
        if self._service is not None:
            self._service.receive(data)

    def hands(self) -> Mapping[str, Hand]:
        return {name: one for name, one in self.printer.hands().items() if name not in ("power_cycle", "brown_out")}

    def output(self) -> list[Produced]:
        return list(self.printer.output())

    def attached(self) -> None:
        """A new program: the former one's wishes end with it."""
        self._hang_up()
        self._service = LineService(self._device, vocabulary(*self.WORDS), self.reply)
        if not self._opened:
            self._opened = True
            self._begin(self._open())

    def lose_power(self) -> None:
        self._hang_up()

    async def stop(self) -> None:
        await super().stop()
        self._hang_up()
        await self._device.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _open(self) -> None:
        try:
            await self._device.open()
        except DeviceError:
            self._opened = False  # tried again with the next program

    def _hang_up(self) -> None:
        if self._service is not None:
            self._begin(self._service.close())
            self._service = None

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
