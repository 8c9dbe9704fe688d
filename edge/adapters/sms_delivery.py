"""One text message as an effect: noted before it leaves, and what the platform made of it in one word.

* `sent`, `refused` (the platform said no), or `unknown` (结果不明): it may have gone out, and is not sent again.
* `expired` (过期未发): its time was over. `suppressed`: nobody needed it any more.
* Where the platform cannot be reached nothing has left the box, and the runner tries again until the message's time is over.
"""

from typing import Final

from edge.adapters.sms import Doubtful, Refused, SmsPort, Unavailable
from edge.kernel.clock import Clock
from edge.kernel.outbox import End, Leased
from edge.kernel.runner import Started, TryAgain

WITHIN_S_MAX: Final = 600.0
"""A message without an end of its own is worth nothing after this."""
ENDS: Final = {"sent": End.DONE, "unknown": End.DONE}
"""How the effect ends, by outcome; any other one means that nothing was sent."""


async def deliver(port: SmsPort, effect: Leased, started: Started, *, to: str, text: str, clock: Clock) -> str | TryAgain:
    """Send it; the outcome, or that it has to be tried again."""
    if not effect.in_doubt:
        await started(effect.key)
    try:
        await port.send(key=effect.key, to=to, text=text, within_s=left_s(effect, clock), again=effect.in_doubt)
    except Unavailable:
        return TryAgain("unavailable")
    except Refused:
        return "refused"
    except Doubtful:
        return "unknown"
    return "sent"


def left_s(effect: Leased, clock: Clock) -> float:
    """Until it would be wrong."""
    if effect.not_after_ms is None:
        return WITHIN_S_MAX
    return max(1.0, (effect.not_after_ms - clock.now_ms()) / 1000)


def end_of(outcome: str) -> End:
    return ENDS.get(outcome, End.DROPPED)
