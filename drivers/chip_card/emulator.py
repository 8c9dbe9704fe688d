"""An emulated reader of the card service, and hands that insert cards of our own."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from drivers.chip_card.codec import APPLICATIONS
from drivers.chip_card.plastic import ATR, BankChip, Style
from drivers.emulation import Emulator, Hand, hand
from drivers.profiles import Profile
from drivers.specimens import CARDS
from drivers.transport.packets import CARD, Card, Packet, Unpacker, pack

Aid = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-F]{2}){5,16}$")]


class Insert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the made-up cards, by its contacts or its antenna as the reader has it."""

    card: Annotated[int, msgspec.Meta(ge=1, le=len(CARDS))] = 1
    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12,19}$")] | None = None
    application: Aid = next(iter(APPLICATIONS))
    style: Style = "plain"
    trouble: Literal["none", "not_bank", "mute"] = "none"


class ChipEmulator(Emulator):
    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self.chip: BankChip | None = None
        self._mute = False
        self._unpacker = Unpacker(CARD)

    def attached(self) -> None:
        """The card service says at once what is in."""
        self._unpacker = Unpacker(CARD)
        if self.chip is not None:
            self._tell_presence()

    def receive(self, data: bytes) -> None:
        for packet in self._unpacker.receive(data):
            match packet:
                case Packet(kind=Card.COMMAND, payload=command):
                    response = b"" if self.chip is None or self._mute else self.chip.transmit(command)
                    self.reply(pack(Card.RESPONSE, response) if response else pack(Card.PRESENT))
                case Packet(kind=Card.RESET):
                    if self.chip is not None:
                        self.chip.reset()
                    self._tell_presence()
                case _:
                    pass  # what no host says is not answered

    def hands(self) -> Mapping[str, Hand]:
        return {"insert": Hand(self._insert, Insert), "remove": hand(self._remove)}

    def _insert(self, wish: Insert) -> None:
        bank_card = wish.trouble != "not_bank"
        self.chip = BankChip(CARDS[wish.card - 1], wish.application, wish.style, bank_card, wish.number)
        self._mute = wish.trouble == "mute"
        self._tell_presence()

    def _remove(self) -> None:
        if self.chip is not None:
            self.chip = None
            self._tell_presence()

    def _tell_presence(self) -> None:
        """The card service knows even where the card is mute."""
        self.say(pack(Card.PRESENT, b"" if self.chip is None else ATR))
