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


class SmsPort(Protocol):
    """Sends one message. The key makes a repeat harmless: the platform sends one message per key."""

    async def send(self, *, key: str, to: str, text: str) -> None:
        """Raises Unavailable or Refused."""


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

    async def send(self, *, key: str, to: str, text: str) -> None:
        if not self.reachable():
            raise Unavailable("the line is down")
        if all(message.key != key for message in self._sent):
            self._sent.append(Sent(key, to, text, self._now()))

    def messages(self) -> tuple[Sent, ...]:
        return tuple(self._sent)


class NoSms:
    """A branch without an SMS platform: every message is refused, and staff see that it was."""

    async def send(self, *, key: str, to: str, text: str) -> None:
        del key, to, text
        raise Refused("no SMS platform is configured")
