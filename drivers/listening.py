"""What drivers of devices have in common that tell by themselves: stripe readers, scanners.

Such a device says something when a person does something, and says it in lines: a `Framing` makes them of its bytes. What a
line means is the family's. A line that somebody waits for, with a command, is that command's; any other is told to subscribers.

A line may be anybody's card or secret. It is understood at once and let go; what is told of bytes that make no line is their
number.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from drivers.api import ErrorCode, Noise
from drivers.profiles import Profile
from drivers.session import Link, Request, Session
from drivers.transport.wire import Dial

R = TypeVar("R")
"""What a family makes of a line."""


@dataclass(frozen=True, slots=True)
class Line:
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """Something was said that is no line: too long, cut off, in no known characters."""

    error: ErrorCode


@dataclass(frozen=True, slots=True)
class Unexplained:
    """So many bytes that belong to nothing."""

    count: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The device's word on what it was told; true where it did it."""

    done: bool


Heard = Line | Broken | Unexplained | Answered


class Framing(Protocol):
    """Bytes to lines, however they are cut. Pure."""

    @property
    def pending(self) -> int:
        """Something has begun that `idle` may end."""
        ...

    def receive(self, data: bytes) -> list[Heard]: ...

    def idle(self) -> list[Heard]:
        """Nothing has come for a while."""
        ...


class Listener(Session, Generic[R]):
    """A session that mostly listens."""

    def __init__(self, device_id: str, profile: Profile, dial: Dial, gap_s: float) -> None:
        timing = profile.timing
        super().__init__(device_id, dial, connect_s=timing.connect_ms / 1000, poll_s=timing.poll_ms / 1000)
        self.profile = profile
        self._gap_s = gap_s
        self._framing = self._new_framing()
        self._gap: asyncio.TimerHandle | None = None
        self._wanted = False
        self._found: R | ErrorCode | None = None
        self._answers = 0
        """How often the device said that it did what it was told, on this connection."""

    # To be supplied by a family.

    @abstractmethod
    def _new_framing(self) -> Framing:
        """For a fresh connection."""

    @abstractmethod
    def _understand(self, text: str) -> R | ErrorCode:
        """What a line means, or why it means nothing."""

    @abstractmethod
    def _tell(self, found: R | ErrorCode) -> None:
        """Publish what nobody had asked for."""

    # For families.

    def _begin(self) -> None:
        """To be called first in `_greet`: what an earlier connection left is over."""
        self._framing, self._found, self._answers = self._new_framing(), None, 0

    @contextmanager
    def _expecting(self) -> Iterator[None]:
        """Within it, what is said is for the command under way; to be entered before the caller hears that it has started."""
        self._wanted, self._found = True, None
        try:
            yield
        finally:
            self._wanted, self._found = False, None

    async def _next(self, link: Link, request: Request, until_s: float) -> R | ErrorCode | None:
        """What is said next; None at `until_s`, in loop time. Raises `Interrupted`."""
        loop = asyncio.get_running_loop()
        while self._found is None and loop.time() < until_s:
            request.check(loop.time())
            await link.wait(min(until_s, request.deadline_s or until_s))
        return self._found

    def _received(self, data: bytes) -> None:
        self._take(self._framing.receive(data))
        self._await_gap(self._half_over)

    def _await_gap(self, over: Callable[[], None]) -> None:
        if self._gap is not None:
            self._gap.cancel()
        self._gap = asyncio.get_running_loop().call_later(self._gap_s / 2, over) if self._framing.pending else None

    def _half_over(self) -> None:
        """A pause is measured in two halves: where the loop itself was held up, what waits to be read is read in between."""
        self._await_gap(self._idle)

    def _idle(self) -> None:
        self._gap = None
        self._take(self._framing.idle())
        self._wake()

    def _take(self, heard: Iterable[Heard]) -> None:
        for item in heard:
            match item:
                case Unexplained(count=count):
                    self._publish(Noise(data=bytes(count)))
                case Answered(done=done):
                    self._answers += done
                case Broken(error=error):
                    self._settle(error)
                case Line(text=text):
                    self._settle(self._understand(text))

    def _settle(self, found: R | ErrorCode) -> None:
        if self._wanted and self._found is None:
            self._found = found
        else:
            self._tell(found)
