"""The cash drawer that hangs in a printer's kick-out socket.

* The kick (`ESC p`) goes in the order of the stream, so an ordered question behind it says that it was given: a weak proof, for
  nobody knows whether the drawer followed.
* Where the drawer has a switch, its level comes with the printer's status, and that is the proof. A kick that moved nothing
  within `move_ms` is a fault and `unknown`: the drawer may be locked, and may spring open when its key is turned.
* A printer that stands still touches nothing in its buffer. The drawer is then held like a slip, not kicked some time later.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from drivers.api import Completion, CompletionCode, ErrorCode, Event, Proof
from drivers.escpos_printer import codec
from drivers.escpos_printer.condition import Condition
from drivers.escpos_printer.conversation import Conversation
from drivers.escpos_printer.traits import DrawerTraits
from drivers.interfaces.barrier import Position
from drivers.interfaces.cash_drawer import DrawerChanged, DrawerOpened
from drivers.session import Link, Request

LOOK_S: Final = 0.1
"""The switch is asked this often while the drawer moves."""


class Drawer:
    """One drawer, as its printer knows it."""

    def __init__(self, traits: DrawerTraits, publish: Callable[[Event], None]) -> None:
        self._traits = traits
        self._publish = publish
        self.position = Position.UNKNOWN

    @property
    def proof(self) -> Proof:
        return Proof.ORDERED_STATUS if self._traits.sensor == "none" else Proof.ANSWER

    def forget(self) -> None:
        """A new connection: what was true of the drawer is to be asked afresh."""
        self.position = Position.UNKNOWN

    def believe(self, condition: Condition) -> None:
        """What the printer says of it; the first word is no news."""
        if self._traits.sensor == "none" or condition.pin_high is None:
            return
        is_open = condition.pin_high is (self._traits.sensor == "high_when_open")
        before, self.position = self.position, Position.OPEN if is_open else Position.CLOSED
        if before not in (self.position, Position.UNKNOWN):
            self._publish(DrawerChanged(position=self.position))

    async def open(
        self, link: Link, talk: Conversation, request: Request, look: Callable[[], Awaitable[None]], proof_s: float
    ) -> Completion:
        """Kick it; the printer has been found ready. `look` asks for the printer's status."""
        await request.start()
        traits = self._traits
        await link.write(codec.kick(pin=traits.pin, on_ms=traits.pulse_on_ms, off_ms=traits.pulse_off_ms))
        if not await talk.passed(proof_s, request.check):
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.FLUSH_FAIL)
        if traits.sensor != "none" and not await self._follows(link, request, look):
            detail = "the drawer did not open"
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.DEVICE_FAULT, detail=detail)
        return request.succeed(self.proof, DrawerOpened(position=self.position))

    async def _follows(self, link: Link, request: Request, look: Callable[[], Awaitable[None]]) -> bool:
        """Wait for the switch."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._traits.move_ms / 1000
        while True:
            await look()
            if self.position is Position.OPEN:
                return True
            request.check(loop.time())
            if loop.time() >= until_s:
                return False
            await link.wait(loop.time() + LOOK_S)
