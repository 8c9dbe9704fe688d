"""What every bus of many devices on one pair of wires (RS-485) has in common: one owner, one question at a time.

* **Gap.** Before each frame the bus has been silent for three and a half characters (Modbus over Serial Line, 2.5.1.1), counted
  from whatever was said last, by us or by a member.
* **Deadline.** Each member owes its answer within the profile's time and is asked once more: what is said on a bus must do no
  harm when said twice. Then it is silent: that is told, and the bus goes on. Where *every* member is silent the bus itself is
  gone, and is dialled anew.
* **Echo.** Where the adapter hears itself, exactly what was sent is taken out of what comes back, and nothing else.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from drivers.api import DeviceError, ErrorCode, Event, Noise, StaleReply
from drivers.profiles import Profile
from drivers.session import Link, Session
from drivers.transport.wire import Dial

TRIES_MAX: Final = 2
GAP_CHARS: Final = 3.5
GAP_MIN_S: Final = 0.00175
"""Above 19,200 baud the gap does not shrink any more."""
BITS_A_CHAR: Final = 11


class Answer(Protocol):
    """What a member said."""

    @property
    def sender(self) -> int | None:
        """None where its frames do not say which member speaks: whoever was asked."""
        ...

    @property
    def raw(self) -> bytes: ...


A = TypeVar("A", bound=Answer)


class Tongue(Protocol[A]):
    """Bytes of members, understood: answers, and noise as bytes."""

    def receive(self, data: bytes) -> list[A | bytes]: ...

    def flush(self) -> list[A | bytes]: ...


class Bus(Session, Generic[A]):
    """The one owner of a bus."""

    def __init__(
        self, device_id: str, profile: Profile, dial: Dial, *, tongue: Tongue[A], members: tuple[int, int], echo: bool
    ) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._answer_s = timing.answer_ms / 1000
        self._char_s = BITS_A_CHAR / profile.serial.baud
        self._ear = tongue
        self._members = range(members[0], members[1] + 1)
        self._answering: dict[int, bool] = {}
        self._quiet_s = 0.0
        """Since when the bus has been silent, by what we sent."""
        self._hears_itself = echo
        self._echo = b""
        """What we sent and have not heard back yet."""
        self._asked: int | None = None
        self._reply: A | None = None

    # To be supplied by a family.

    @abstractmethod
    def _question(self, member: int) -> bytes:
        """What a member can always be asked, to learn whether it is there."""

    @abstractmethod
    def _presence(self, member: int, *, answering: bool) -> Event:
        """How the family tells that a member fell silent, or answers again."""

    # For families.

    def _forget(self) -> None:
        """A fresh wire: nothing has been asked, nobody has answered."""
        self._echo, self._asked, self._reply = b"", None, None
        self._ear.flush()
        self._answering.clear()

    def _received(self, data: bytes) -> None:
        for item in self._ear.receive(self._without_echo(data)):
            self._understand(item)

    async def _find_somebody(self, link: Link) -> None:
        """One member that answers is enough. Raises `DeviceError(noAnswer)`."""
        for member in self._members:
            if await self._exchange(link, member, self._question(member), never) is not None:
                return
        raise DeviceError(ErrorCode.NO_ANSWER, "nobody on the bus answers")

    async def _exchange(
        self, link: Link, member: int, frame: bytes, check: Callable[[float], None], *, tries_max: int = TRIES_MAX
    ) -> A | None:
        """Say it until the member answers; None where it is silent. `check` raises where there is no reason to go on."""
        loop = asyncio.get_running_loop()
        self._asked, self._reply = member, None
        reply: A | None = None
        try:
            for _ in range(tries_max):
                await self._send(link, frame)
                until_s = loop.time() + self._answer_s
                while (reply := self._heard()) is None and loop.time() < until_s:
                    check(loop.time())
                    await link.wait(until_s)
                if reply is not None:
                    break
        finally:
            self._asked = None
        self._note(member, answering=reply is not None)
        return reply

    async def _send(self, link: Link, frame: bytes) -> None:
        """One frame, behind its gap."""
        loop = asyncio.get_running_loop()
        gap_s = max(GAP_CHARS * self._char_s, GAP_MIN_S)
        await asyncio.sleep(max(0.0, max(self._quiet_s, link.heard_s) + gap_s - loop.time()))
        for item in self._ear.flush():  # whoever was speaking has fallen silent in the middle
            self._understand(item)
        if self._hears_itself:
            self._echo = frame
        self._quiet_s = loop.time() + len(frame) * self._char_s
        await link.write(frame)

    # Words from members.

    def _heard(self) -> A | None:
        """What the member that was asked has said by now."""
        return self._reply

    def _without_echo(self, data: bytes) -> bytes:
        """Drop what we hear of ourselves, up to the first byte that differs."""
        same = 0
        for mine, heard in zip(self._echo, data, strict=False):
            if mine != heard:
                self._echo = b""
                break
            same += 1
        self._echo = self._echo[same:]
        return data[same:]

    def _understand(self, item: A | bytes) -> None:
        if isinstance(item, bytes):
            self._publish(Noise(data=item))
        elif self._asked is None or self._reply is not None or item.sender not in (None, self._asked):
            self._publish(StaleReply(data=item.raw))
        else:
            self._reply = item

    def _note(self, member: int, *, answering: bool) -> None:
        if self._answering.get(member, True) != answering:
            self._publish(self._presence(member, answering=answering))
        self._answering[member] = answering


def never(_now_s: float) -> None:
    """Nobody waits who could lose patience."""
