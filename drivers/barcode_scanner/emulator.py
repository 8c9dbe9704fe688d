"""An emulated scanner, and a hand that holds codes before it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec

from drivers.barcode_scanner import codec
from drivers.barcode_scanner.traits import ScannerTraits
from drivers.emulation import BadParameters, Emulator, Hand, OutputKind, hand
from drivers.keyboard import strokes
from drivers.profiles import Profile
from drivers.typist import Typist

COMMAND_BYTES_MAX: Final = 64


class Scan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=4296)] = "https://branch.example/t/0001"
    symbology: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][0-9A-Za-z]$")] = "Q1"


class ScannerEmulator(Emulator):
    def __init__(self, profile: Profile, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(profile, clock=clock)
        self._traits = profile.section(ScannerTraits)
        self._trigger = codec.TRIGGERS.get(self._traits.trigger)
        self._told = bytearray()
        self._lit = False
        self._typist = Typist(self.reply)
        self._held: Scan | None = None
        """A code that is before the scanner and has not been read."""

    def receive(self, data: bytes) -> None:
        if self._trigger is None:
            return
        for byte in data:
            self._told = (self._told + bytes((byte,)))[-COMMAND_BYTES_MAX:]
            for command in self._trigger:
                if self._told.endswith(command):
                    self._told.clear()
                    self._obey(command)

    def lose_power(self) -> None:
        self._told.clear()
        self._lit = False

    def hands(self) -> Mapping[str, Hand]:
        return {"scan": Hand(self._scan, Scan), "take_away": hand(self._take_away)}

    def _obey(self, command: bytes) -> None:
        if self._traits.trigger == "newland":
            self.reply(codec.newland_reply(command))
        self._lit = self._trigger is not None and command == self._trigger.on
        self._look()

    def _scan(self, wish: Scan) -> None:
        try:
            strokes(wish.text, 0) if self._traits.framing == "wedge" else wish.text.encode(self._traits.charset)
        except ValueError as error:
            raise BadParameters("scan: this scanner has no way to send that text") from error
        self._held = wish
        self._look()

    def _take_away(self) -> None:
        self._held = None

    def _look(self) -> None:
        """Read what is before it, if it is looking; one code for one trigger."""
        if self._held is None or (self._trigger is not None and not self._lit):
            return
        held, self._held, self._lit = self._held, None, False
        text = f"]{held.symbology}{held.text}" if self._traits.aim else held.text
        if self._traits.framing == "wedge":
            self._typist.type(text, int(self.clock().timestamp() * 1_000_000))
        else:
            self.reply(text.encode(self._traits.charset) + self._traits.suffix.encode("ascii"))
        self.produce(OutputKind.SIGNAL, "beep")
