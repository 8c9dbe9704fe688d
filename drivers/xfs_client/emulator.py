"""An emulated vendor's service: our own, with an emulated receipt printer behind it.

The printer is driven by its real driver over a wire in memory; what a program may say to it is `drivers.xfs_service`. The
hands are the printer's.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any

from drivers import profiles
from drivers.api import DeviceError
from drivers.emulation import Emulator, Hand, Produced
from drivers.envelope import vocabulary
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.profiles import Profile
from drivers.xfs_client.codec import END
from drivers.xfs_service import Conversation

PRINTER = "generic.escpos-80mm"
LINE_BYTES_MAX = 4 * 1024 * 1024


class XfsServiceEmulator(Emulator):
    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        model = profiles.load()[PRINTER]
        self.printer = EscposEmulator(model, clock=self.clock)
        self._device = EscposPrinter("printer", model, self.printer.in_memory().dial)
        self._conversation: Conversation | None = None
        self._buffer = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened = False

    def receive(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(END)) >= 0:
            text = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if self._conversation is not None and text:
                self._conversation.received(text)
        if len(self._buffer) > LINE_BYTES_MAX:
            self._buffer.clear()

    def hands(self) -> Mapping[str, Hand]:
        return {name: one for name, one in self.printer.hands().items() if name not in ("power_cycle", "brown_out")}

    def output(self) -> list[Produced]:
        return list(self.printer.output())

    def attached(self) -> None:
        """A new program: the former one's wishes end with it."""
        self._hang_up()
        self._buffer.clear()
        self._conversation = Conversation(
            self._device, vocabulary("escpos_printer", "Printer"), lambda message: self.reply(message + END)
        )
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
        if self._conversation is not None:
            self._begin(self._conversation.close())
            self._conversation = None

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
