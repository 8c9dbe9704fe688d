"""An emulated receipt printer on a wire, with the hands that trouble it.

    python -m drivers.escpos_printer.emulator --tcp 9100
    python -m drivers.escpos_printer.emulator --pty ./printer --profile generic.escpos-58mm

Without its cable the printer keeps what it has and prints on; without power it forgets. Output is what fell into the
tray, each slip as text and as a picture.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Final

import msgspec

from drivers import profiles
from drivers.emulation import Emulator, Hand, Produced
from drivers.escpos_printer.mechanism import Mechanism
from drivers.escpos_printer.paper import Slip
from drivers.escpos_printer.traits import PrinterTraits
from drivers.lettering import Lettering
from drivers.profiles import Profile
from drivers.transport.wire import PortStatus

DOTS_PER_MM: Final = 8


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When it happens: at once, or when the slip now printing has come so far out."""

    after_mm: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0


class EscposEmulator(Emulator):
    """One paper, one buffer, whoever speaks to it."""

    def __init__(
        self, profile: Profile, *, clock: Callable[[], datetime] | None = None, lettering: Lettering | None = None
    ) -> None:
        super().__init__(profile, clock=clock)
        self.mechanism = Mechanism(profile.section(PrinterTraits), clock=self.clock, lettering=lettering or Lettering())
        if self.mechanism.answers:
            self.mechanism.reply = self.reply
        self.mechanism.room = self.free_wires

    def receive(self, data: bytes) -> None:
        self.mechanism.receive(data)
        if self.mechanism.full:
            self.hold_wires()

    async def status(self) -> PortStatus:
        """The lines of its USB port, for wires that have them."""
        return self.mechanism.port_status()

    def lose_power(self) -> None:
        self.mechanism.lose_power()

    def slips(self) -> list[Slip]:
        return list(self.mechanism.slips)

    def output(self) -> list[Produced]:
        """Slips, and pulses to the drawer."""
        return sorted([*self.mechanism.slips, *self.mechanism.kicks], key=attrgetter("n"))

    def hands(self) -> Mapping[str, Hand]:
        """`paper_out`, `cover_open`, `jam` and `power_cycle` can happen in the middle of a slip.

        A brown-out is a power cut too short for the wire to notice.
        """
        mechanism = self.mechanism
        return {
            "paper_out": self._in_time(partial(mechanism.load_paper, 0)),
            "paper_in": _at_once(mechanism.load_paper),
            "paper_low": _at_once(mechanism.set_low),
            "cover_open": self._in_time(partial(mechanism.set_cover, is_open=True)),
            "cover_close": _at_once(partial(mechanism.set_cover, is_open=False)),
            "jam": self._in_time(partial(mechanism.set_jam, jammed=True)),
            "clear_jam": _at_once(partial(mechanism.set_jam, jammed=False)),
            "drawer_shut": _at_once(partial(mechanism.set_drawer, is_open=False)),
            "drawer_open_by_key": _at_once(partial(mechanism.set_drawer, is_open=True)),
            "drawer_lock": _at_once(partial(setattr, mechanism.till, "locked", True)),
            "drawer_unlock": _at_once(partial(setattr, mechanism.till, "locked", False)),
            "power_cycle": self._in_time(self.cut_power),
            "brown_out": _at_once(mechanism.lose_power),
        }

    def _in_time(self, do: Callable[[], None]) -> Hand:
        def act(moment: Moment) -> None:
            if moment.after_mm:
                self.mechanism.stop_after(moment.after_mm * DOTS_PER_MM, do)
            else:
                do()

        return Hand(act, Moment)


def _at_once(do: Callable[[], None]) -> Hand:
    """Whoever names a moment for it is served at once."""
    return Hand(lambda _: do(), Moment)


async def _serve(emulator: EscposEmulator) -> None:
    await emulator.start()
    sys.stdout.write(f"{emulator.address}\n")
    sys.stdout.flush()
    seen = 0
    while True:
        await asyncio.sleep(0.2)
        for slip in emulator.slips():
            if slip.n > seen:
                seen = slip.n
                sys.stdout.write(f"--- {slip.n}{'' if slip.complete else ' (incomplete)'}\n{slip.text}")
                sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="An emulated ESC/POS printer; prints its slips as text.")
    parser.add_argument("--profile", default="generic.escpos-80mm")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--tcp", type=int, metavar="PORT", help="listen on 127.0.0.1; 0 takes a free port")
    where.add_argument("--pty", type=Path, metavar="LINK", help="a serial port under this name")
    asked = parser.parse_args()
    emulator = EscposEmulator(profiles.load()[asked.profile])
    if asked.pty is None:
        emulator.on_tcp(port=asked.tcp)
    else:
        emulator.on_pty(asked.pty)
    asyncio.run(_serve(emulator))


if __name__ == "__main__":
    main()
