"""`branchbox …` with one difference: the sandbox's printer stands outside, at the address in PRINTER_ADDRESS.

So the paper survives when the branch is killed, as it does in life, and a test can count what came out of the slit.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from drivers.emulation import Parameters, UnknownAction
from drivers.escpos_printer.paper import Slip
from drivers.profiles import Profile
from edge.__main__ import main
from edge.sandbox import stage

ADDRESS = "PRINTER_ADDRESS"


class PrinterOutside:
    """Takes the emulator's place in the sandbox; the emulator itself runs in the test's process."""

    actions: Sequence[str] = ()

    def __init__(self, profile: Profile, *, clock: Callable[[], datetime]) -> None:
        del profile, clock
        self.address = os.environ[ADDRESS]

    def on_tcp(self) -> "PrinterOutside":
        return self

    def on_pty(self, _link: Path) -> "PrinterOutside":
        return self

    async def start(self) -> None:
        """It runs already."""

    async def stop(self) -> None:
        """It is not ours to stop."""

    def act(self, action: str, _parameters: Parameters | None = None) -> None:
        raise UnknownAction(action)

    def output(self) -> list[Slip]:
        return []


if __name__ == "__main__":
    vars(stage)["EscposEmulator"] = PrinterOutside
    main()
