"""An emulated stripe reader, and a hand that swipes cards which do not exist."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from drivers.emulation import Emulator, Hand
from drivers.magnetic_stripe import codec
from drivers.magnetic_stripe.traits import StripeTraits
from drivers.profiles import Profile
from drivers.specimens import CARDS
from drivers.tracks import lrc, write
from drivers.typist import Typist

SETUP_BYTES: Final = 6


class Swipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the made-up cards, or any number; how well it reads."""

    card: Annotated[int, msgspec.Meta(ge=1, le=len(CARDS))] = 1
    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12,19}$")] | None = None
    expiry: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}$")] | None = None
    trouble: Literal["none", "askew", "bad_lrc", "too_long"] = "none"


class StripeEmulator(Emulator):
    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._traits = profile.section(StripeTraits)
        self._heard = bytearray()
        self.armed: str | None = None
        self._typist = Typist(self.reply)

    def receive(self, data: bytes) -> None:
        """Keeps the end of what was said, which is all that a reader with such short commands looks at."""
        self._heard = (self._heard + data)[-SETUP_BYTES:]
        if self._traits.framing == "mrs100" and self._is_setup():
            self._heard.clear()
            self.reply(bytes((codec.YES,)))
        for asked, arm in codec.ARM.items():
            if self._heard.endswith(arm):
                self.armed = asked

    def lose_power(self) -> None:
        self.armed = None
        self._heard.clear()

    def hands(self) -> Mapping[str, Hand]:
        return {"swipe": Hand(self._swipe, Swipe)}

    def _swipe(self, wish: Swipe) -> None:
        specimen = CARDS[wish.card - 1]
        pan, expiry = wish.number or specimen.pan, wish.expiry or specimen.expiry
        first, second, third = write(pan, expiry, specimen.service_code, specimen.holder)
        match wish.trouble:
            case "askew":
                first, second, third = "%E?", ";E?", ""
            case "bad_lrc":
                first, second, third = first + lrc(first), second + chr(ord(lrc(second)) ^ 1), ""
            case "too_long":
                second = second.rstrip("?") + "0" * 400 + "?"
            case "none":
                pass
        self._say(first, second, third)

    def _say(self, first: str, second: str, third: str) -> None:
        match self._traits.framing:
            case "wedge":
                self._typist.type(first + second, int(self.clock().timestamp() * 1_000_000))
            case "mrs100":
                self.reply((first + second).encode("ascii") + b"\r")
            case "keypad":
                if self.armed is not None:
                    asked, self.armed = self.armed, None
                    self.reply(codec.keypad_swipe(second.strip(";?"), third.strip("+?"), asked))

    def _is_setup(self) -> bool:
        heard = bytes(self._heard)
        return len(heard) == SETUP_BYTES and heard == codec.setup(heard[2], heard[3])
