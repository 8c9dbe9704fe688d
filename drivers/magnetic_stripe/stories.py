"""The stripe reader's part in the conformance suite: swipes that read, swipes that do not, and none confused."""

import asyncio
from typing import ClassVar, Final

from drivers.api import Command, ErrorCode
from drivers.card_stories import CardBench
from drivers.interfaces.card_reader import InvalidMedia, ReadCard
from drivers.magnetic_stripe.emulator import StripeEmulator
from drivers.specimens import CARDS

AGAIN_S: Final = 3.0
"""A person whose card was not read swipes again."""


async def tells_each_swipe(bench: "StripeBench") -> None:
    await bench.rearm()
    for n, specimen in enumerate(CARDS, 1):
        bench.act("swipe", card=n)
        await bench.settle(1)
        await bench.rearm()
        bench.expect(bench.seen()[-1:] == [specimen.pan], f"card {n} is told")
    bench.expect(len(bench.seen()) == len(CARDS), "and each once")


async def says_when_a_swipe_did_not_read(bench: "StripeBench") -> None:
    await bench.rearm()
    bench.act("swipe", trouble="askew")
    await bench.settle(1)
    await bench.rearm()
    bench.act("swipe", trouble="too_long")
    await bench.settle(2)
    await bench.rearm()
    told = [event.error for event in bench.unsolicited if isinstance(event, InvalidMedia)]
    bench.expect(told == [ErrorCode.READ_FAIL, ErrorCode.INVALID_MEDIA], f"both are told, not {told}")
    bench.expect(not bench.seen(), "and no card is made up")
    await bench.does_the_next("the next swipe reads")


class StripeBench(CardBench):
    PROFILES = ("generic.stripe-wedge", "start.keypad-stripe", "generic.mrs100")
    STORIES = (tells_each_swipe, says_when_a_swipe_did_not_read)
    NOISE: ClassVar[bytes] = b"\xff" * 48
    DIES_AFTER_BYTES = (1, 3, 5)
    TALKS_BACK = False

    emulator: StripeEmulator

    def specimen(self, n: int) -> Command:
        del n
        return ReadCard(chip=False)

    def person(self, n: int) -> None:
        """Swipes until it is read."""
        told = self.told[n - 1]
        if told.completion is None and not self._stalled:
            self.act("swipe", card=self.who(n))
            asyncio.get_running_loop().call_later(AGAIN_S, self.person, n)

    async def rearm(self) -> None:
        """A reader that is asked for each swipe is asked again when the driver next looks after it."""
        await self.settle(self.profile.timing.poll_ms / 1000 + 0.5)
        await self.reconnect()
