"""The driver of a relay that opens a barrier or a drawer.

* Opening is a pulse: on, a moment, off. However it ends, off is said: a relay that stays closed holds a barrier up all night.
  A fresh connection begins with off for the same reason.
* Where a contact tells the position, that is the proof; a pulse that moved nothing is a fault, and `unknown`, because a person
  may be standing in the way. Without a contact the relay's answer is the proof, without answers there is none (`written`).
* Opening twice does no harm, and the contact is watched: whoever opens it by hand is told of too.
"""

import asyncio
from typing import Final

from drivers.api import (
    Capabilities,
    Command,
    Completion,
    CompletionCode,
    DeviceError,
    DeviceStatus,
    ErrorCode,
    Event,
    Payload,
    Proof,
    Status,
    StatusChanged,
    names_of,
)
from drivers.bus import Bus, never
from drivers.interfaces.barrier import Open, Opened, Position, PositionChanged
from drivers.interfaces.cash_drawer import DrawerChanged, DrawerOpened, OpenDrawer
from drivers.profiles import Profile
from drivers.relay.codec import Reply, tongue
from drivers.relay.traits import RelayTraits
from drivers.session import Link, Request
from drivers.transport.wire import Dial

FAMILY: Final = "relay"
LOOK_S: Final = 0.2
"""The contact is asked this often while it moves."""
_ALONE: Final = 1
"""The member of a bus with one relay that has no address."""


class Relay(Bus[Reply]):
    """One relay and what it opens."""

    TRACES_CONTENT = True

    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        self.traits = profile.section(RelayTraits)
        self._tongue = tongue(self.traits)
        self._slave = _ALONE if self.traits.modbus is None else self.traits.modbus.slave
        members = (self._slave, self._slave)
        super().__init__(device_id, profile, dial, tongue=self._tongue, members=members, echo=self.traits.echo)
        self._position = Position.UNKNOWN

    @property
    def _wish(self) -> type[Command]:
        return Open if self.traits.serves == "barrier" else OpenDrawer

    @property
    def _answers(self) -> bool:
        return bool(self._tongue.question())

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=names_of(self._wish),
            proof=Proof.ANSWER if self._answers else Proof.WRITTEN,
            verified=self.profile.provenance.verified,
        )

    # What `Session` and `Bus` ask of a family.

    async def _greet(self, link: Link) -> None:
        self._forget()
        self._position = Position.UNKNOWN
        if await self._switch(link, on=False) is None:
            raise DeviceError(ErrorCode.NO_ANSWER, "the relay does not answer")
        await self._look(link)
        self._set_status(Status(device=DeviceStatus.ONLINE))

    async def _look_after(self, link: Link) -> None:
        if self._answers and not await self._look(link):
            raise DeviceError(ErrorCode.NO_ANSWER, "the relay does not answer")

    async def _perform(self, link: Link, request: Request) -> Completion:
        if not isinstance(request.command, self._wish):
            return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        await request.start()
        try:
            switched = await self._switch(link, on=True, request=request)
            if switched:
                await asyncio.sleep(self.traits.pulse_ms / 1000)
        finally:
            off = await self._switch(link, on=False) if link.lost is None else None
        if not switched or not off:
            why = ErrorCode.DEVICE_FAULT if switched is False else ErrorCode.NO_ANSWER
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=why)
        if self.traits.has_contact and not await self._opens(link, request):
            return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=ErrorCode.DEVICE_FAULT, detail="it did not open")
        return request.succeed(Proof.ANSWER if self._answers else Proof.WRITTEN, self._payload())

    def _question(self, member: int) -> bytes:
        del member  # there is one
        return self._tongue.question()

    def _presence(self, member: int, *, answering: bool) -> Event:
        del member, answering  # one relay that is silent is a device that is away
        return StatusChanged(status=self._status)

    # The relay.

    async def _switch(self, link: Link, *, on: bool, request: Request | None = None) -> bool | None:
        """Whether it obeyed; None where it is silent."""
        frame = self._tongue.switch(on=on)
        if not self._answers:
            await self._send(link, frame)
            return True
        reply = await self._exchange(link, self._slave, frame, never if request is None else request.check)
        return None if reply is None else reply.accepted

    async def _look(self, link: Link) -> bool:
        """Ask where it is; False where it is silent. Without answers nothing is asked."""
        if not self._answers:
            return True
        reply = await self._exchange(link, self._slave, self._tongue.question(), never)
        if reply is not None and reply.position is not None and reply.position is not self._position:
            before, self._position = self._position, reply.position
            if before is not Position.UNKNOWN:
                self._publish(self._changed())
        return reply is not None

    async def _opens(self, link: Link, request: Request) -> bool:
        """Wait for the contact's word."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self.traits.move_ms / 1000
        while await self._look(link):
            if self._position is Position.OPEN:
                return True
            request.check(loop.time())
            if loop.time() >= until_s:
                return False
            await link.wait(loop.time() + LOOK_S)
        return False

    def _changed(self) -> Event:
        kind = PositionChanged if self.traits.serves == "barrier" else DrawerChanged
        return kind(position=self._position)

    def _payload(self) -> Payload:
        kind = Opened if self.traits.serves == "barrier" else DrawerOpened
        return kind(position=self._position)


def trial(profile: Profile) -> Open | OpenDrawer:
    """It opens what it serves."""
    return Open() if profile.section(RelayTraits).serves == "barrier" else OpenDrawer()
