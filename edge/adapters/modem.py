"""Text messages through the branch's own SIM card, for when the gateway cannot be reached.

The gateway sends one message per key, however often it is asked; a modem knows no keys. So a message that may have gone out
already is never given to it: `again` says so, and the answer is `Doubtful`, which ends as `unknown`. The network is told for
how long a message is worth anything, so a phone that was switched off does not get a reminder that has become wrong.
"""

from collections.abc import Callable, Sequence
from typing import Final

from drivers.api import Completion, CompletionCode, Device, ErrorCode, Outcome
from drivers.interfaces.sms import Send
from edge.adapters.sms import Doubtful, NotConfigured, Refused, SmsPort, Unavailable

FAMILY: Final = "gsm_modem"
VALID_MIN_MIN: Final = 5
VALID_MIN_MAX: Final = 720
SEND_TIMEOUT_S: Final = 180.0
_NEVER: Final = frozenset({ErrorCode.NUMBER_REFUSED})

Modems = Callable[[], Sequence[Device]]
"""The modems of the branch, the preferred one first."""


class ModemSms:
    """The port of a modem."""

    def __init__(self, modems: Modems) -> None:
        self._modems = modems

    async def send(self, *, key: str, to: str, text: str, within_s: float, again: bool) -> None:
        """Raises Unavailable, Refused or Doubtful."""
        if again:
            raise Doubtful(key)
        valid_min = max(VALID_MIN_MIN, min(VALID_MIN_MAX, int(within_s // 60)))
        try:
            command = Send(to=to, text=text, valid_min=valid_min)
        except ValueError as error:
            raise Refused(str(error)) from error
        reason = "no modem"
        for modem in self._modems():
            completion = await modem.execute(command, timeout_s=min(SEND_TIMEOUT_S, max(1.0, within_s)))
            if completion.done:
                return
            reason = str(completion.error or completion.code)
            _settle(completion, reason)
        raise Unavailable(reason)


def _settle(completion: Completion, reason: str) -> None:
    """Raises where no other modem may be tried."""
    if completion.outcome is Outcome.UNKNOWN:
        raise Doubtful(reason)
    if completion.error in _NEVER or completion.code is CompletionCode.INVALID_DATA:
        raise Refused(reason)


class SmsWithFallback:
    """The gateway, and a modem where the gateway cannot be reached or there is none."""

    def __init__(self, gateway: SmsPort, modems: Modems) -> None:
        self._gateway = gateway
        self._modems = modems
        self._modem = ModemSms(modems)

    async def send(self, *, key: str, to: str, text: str, within_s: float, again: bool) -> None:
        """Raises Unavailable, Refused or Doubtful."""
        try:
            await self._gateway.send(key=key, to=to, text=text, within_s=within_s, again=again)
        except (Unavailable, NotConfigured):
            if not self._modems():
                raise
            await self._modem.send(key=key, to=to, text=text, within_s=within_s, again=again)
