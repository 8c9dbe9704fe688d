"""What the benches of all bank card readers share: which made-up card is the n-th, and which cards were told."""

from abc import abstractmethod
from typing import ClassVar

from drivers.conformance import Bench
from drivers.interfaces.card_reader import BankCardRead, CardSeen
from drivers.specimens import CARDS
from drivers.transport.memory import Temper


class CardBench(Bench):
    LEAVES_TRACES: ClassVar[bool] = False
    CHECKED: ClassVar[bool] = False
    """What comes over the wire carries a checksum. Without one nobody can see what a lossy wire ate, and no number is held
    against the driver there."""

    @abstractmethod
    def person(self, n: int) -> None:
        """Presents the n-th card."""

    def times_done(self, n: int) -> int:
        completion = next((told.completion for told in self.told if told.n == n), None)
        read = completion.payload if completion is not None else None
        if not isinstance(read, BankCardRead):
            return 0
        blind = self.temper is Temper.LOSSY and not self.CHECKED
        return int(blind or read.card.pan.reveal() == CARDS[self.who(n) - 1].pan)

    def who(self, n: int) -> int:
        """The emulator's number of the n-th card."""
        return (n - 1) % len(CARDS) + 1

    def seen(self) -> list[str]:
        """The numbers that were told, in order."""
        return [event.card.pan.reveal() for event in self.unsolicited if isinstance(event, CardSeen)]
