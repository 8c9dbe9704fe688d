"""The driver of a bus of call keypads: it alone speaks on the bus, and asks each keypad in turn whether a key was pressed.

* Gap, deadline and echo are those of every bus, see `drivers.bus`. A keypad that is silent is asked rarely, so that it costs
  the others nothing.
* What a press means, and that it counts once, is said in `presses.py`. It is told, then acknowledged: a
  keypad whose acknowledgement was lost repeats it, and is recognised.
* What each keypad was last shown is remembered; one that comes back is shown it again.
"""

import asyncio
from typing import Final

from drivers.api import (
    Capabilities,
    Completion,
    CompletionCode,
    DeviceStatus,
    ErrorCode,
    Event,
    Proof,
    StaleReply,
    Status,
)
from drivers.bus import Bus, never
from drivers.call_keypad.codec import Frame, Tongue, build
from drivers.call_keypad.presses import Presses
from drivers.call_keypad.traits import CallKeypadTraits
from drivers.interfaces.call_unit import Beep, KeyPressed, Show, UnitStatus
from drivers.profiles import Profile
from drivers.session import Link, Request
from drivers.transport.wire import Dial

FAMILY: Final = "call_keypad"
PRESSED_BYTES: Final = 2
"""Sequence number and key."""
PRESSES_A_ROUND_MAX: Final = 8
"""Of one keypad, before the others have their turn."""


class CallBus(Bus[Frame]):
    """All keypads of one bus."""

    TRACES_CONTENT = True

    def __init__(self, device_id: str, profile: Profile, dial: Dial) -> None:
        self.traits = profile.section(CallKeypadTraits)
        super().__init__(device_id, profile, dial, tongue=Tongue(), members=self.traits.units, echo=self.traits.echo)
        self._codes = self.traits.commands
        self._presses = {unit: Presses(self.traits.bounce_ms / 1000) for unit in self._members}
        self._shown: dict[int, bytes] = {}
        """The frame that holds what each keypad was last told to show."""
        self._round = 0

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=FAMILY,
            model=self.profile.model,
            commands=("CallUnit.Beep", "CallUnit.Show"),
            proof=Proof.ANSWER,
            verified=self.profile.provenance.verified,
        )

    # What `Session` and `Bus` ask of a family.

    async def _greet(self, link: Link) -> None:
        self._forget()
        for presses in self._presses.values():
            presses.heard = False
        await self._find_somebody(link)
        self._set_status(Status(device=DeviceStatus.ONLINE))

    async def _perform(self, link: Link, request: Request) -> Completion:
        match request.command:
            case Show(unit=unit, text=text):
                if len(text) > self.traits.columns or not text.isascii() or not (text.isprintable() or not text):
                    return request.complete(CompletionCode.INVALID_DATA, detail=f"{self.traits.columns} ASCII characters")
                frame = build(unit, self._codes.show, text.ljust(self.traits.columns).encode("ascii"))
            case Beep(unit=unit):
                frame = build(unit, self._codes.beep)
            case _:
                return request.complete(CompletionCode.UNSUPPORTED_COMMAND)
        if unit not in self._members:
            return request.complete(CompletionCode.INVALID_DATA, detail=f"no keypad {unit} on this bus")
        await request.start()
        if isinstance(request.command, Show):
            self._shown[unit] = frame
        reply = await self._exchange(link, unit, frame, request.check)
        if reply is not None and reply.command == self._codes.done:
            return request.succeed(Proof.ANSWER)
        why = ErrorCode.NO_ANSWER if reply is None else ErrorCode.DEVICE_FAULT
        return request.complete(CompletionCode.COMMAND_ERROR_CODE, error=why, detail=f"keypad {unit}")

    async def _look_after(self, link: Link) -> None:
        """One round: every keypad that answers, and now and then those that do not. Raises `DeviceError` once none does."""
        self._round += 1
        rarely = self._round % self.traits.silent_every == 0
        for unit in self._members:
            if self._answering.get(unit, True) or rarely:
                await self._poll(link, unit)
        if not any(self._answering.values()):
            await self._find_somebody(link)

    def _question(self, member: int) -> bytes:
        return build(member, self._codes.poll)

    def _presence(self, member: int, *, answering: bool) -> Event:
        return UnitStatus(unit=member, answering=answering)

    # Presses.

    async def _poll(self, link: Link, unit: int) -> None:
        """Ask for presses until there is none, and show a keypad that has come back what it had shown."""
        was_away = not self._answering.get(unit, True)
        frame = self._question(unit)
        for _ in range(PRESSES_A_ROUND_MAX):
            reply = await self._exchange(link, unit, frame, never, tries_max=1)
            if reply is None or not self._is_press(reply):
                break
            frame = build(unit, self._codes.seen, reply.data[:1])
            self._pressed(unit, reply)
        if was_away and self._answering[unit] and unit in self._shown:
            await self._exchange(link, unit, self._shown[unit], never)

    def _is_press(self, reply: Frame) -> bool:
        if reply.command == self._codes.idle:
            self._presses[reply.sender].nothing()
            return False
        if reply.command == self._codes.pressed and len(reply.data) == PRESSED_BYTES:
            return True
        self._publish(StaleReply(data=reply.raw))
        return False

    def _pressed(self, unit: int, reply: Frame) -> None:
        sequence, code = reply.data
        presses, meaning = self._presses[unit], self.traits.keys.get(f"{code:02X}")
        asked = presses.pressed(sequence, meaning, asyncio.get_running_loop().time())
        if asked is not None:
            key, number = asked
            self._publish(KeyPressed(unit=unit, key=key, press=presses.n, number=number))


def trial(profile: Profile) -> Beep:
    """The first keypad of the bus makes itself heard."""
    return Beep(unit=profile.section(CallKeypadTraits).units[0])
