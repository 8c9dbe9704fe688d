"""The SMS platform: what the branch asks of it, and the gateway that stands in for it in the sandbox."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple, Protocol

KEPT_MAX: Final = 200


class AdapterError(Exception):
    """A bank system did not do what it was asked."""


class Unavailable(AdapterError):
    """It cannot be reached; nothing was done, and it may be asked again."""


class Refused(AdapterError):
    """It said no; asking again gives the same."""


class NotConfigured(Refused):
    """The bank has no such system."""


class Doubtful(AdapterError):
    """It may have been done, and nobody can say; asking again might do it twice."""


class SmsPort(Protocol):
    """Sends one message. The key makes a repeat harmless where the platform sends one message per key."""

    async def send(self, *, key: str, to: str, text: str, within_s: float, again: bool) -> None:
        """`within_s`: later it would do harm. `again`: it may have gone out before. Raises Unavailable, Refused, Doubtful."""


class Sent(NamedTuple):
    """A message as the sandbox shows it."""

    key: str
    to: str
    text: str
    at: datetime


class SandboxSms:
    """Keeps messages instead of sending them; unreachable while the line to the bank is cut."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.reachable: Callable[[], bool] = lambda: True
        self._now = now
        self._sent: deque[Sent] = deque(maxlen=KEPT_MAX)

    async def send(self, *, key: str, to: str, text: str, within_s: float, again: bool) -> None:
        del within_s, again  # it knows the keys it has sent, and sends at once
        if not self.reachable():
            raise Unavailable("the line is down")
        if all(message.key != key for message in self._sent):
            self._sent.append(Sent(key, to, text, self._now()))

    def messages(self) -> tuple[Sent, ...]:
        return tuple(self._sent)


class NoSms:
    """A branch without an SMS platform: every message is refused, and staff see that it was."""

    async def send(self, *, key: str, to: str, text: str, within_s: float, again: bool) -> None:
        del key, to, text, within_s, again
        raise NotConfigured("no SMS platform is configured")
