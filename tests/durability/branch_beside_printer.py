"""`branchbox …` with one difference: the sandbox's printer stands outside, at the address in PRINTER_ADDRESS.

So the paper survives when the branch is killed, as it does in life, and a test can count what came out of the slit.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from drivers.emulation import Emulator, Hand
from drivers.profiles import Profile
from edge.__main__ import main
from edge.sandbox import stage

ADDRESS = "PRINTER_ADDRESS"


class PrinterOutside(Emulator):
    """Takes the emulator's place in the sandbox; the emulator itself runs in the test's process."""

    @property
    def address(self) -> str:
        return os.environ[ADDRESS]

    @property
    def addresses(self) -> Sequence[str]:
        return (self.address,)

    def listen(self, address: str) -> None:
        """It has its place already."""

    def receive(self, data: bytes) -> None:
        """Nobody speaks to it here."""

    def hands(self) -> Mapping[str, Hand]:
        return {}


def emulate(profile: Profile, now: Callable[[], datetime]) -> Emulator:
    """The printer stands outside, everything else inside."""
    return PrinterOutside(profile, clock=now) if profile.family == "escpos_printer" else inside(profile, now)


if __name__ == "__main__":
    inside = stage.emulate
    vars(stage)["emulate"] = emulate
    main()
