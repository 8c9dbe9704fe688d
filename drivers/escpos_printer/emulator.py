"""An emulated receipt printer on a wire, with the hands that trouble it.

    python -m drivers.escpos_printer.emulator --tcp 9100
    python -m drivers.escpos_printer.emulator --pty ./printer --profile generic.escpos-58mm

Unplugging and power are different things here as they are in life: without its cable the printer keeps what it has and
prints on; without power it forgets. Output is what fell into the tray, each slip as text and as a picture.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from drivers import profiles
from drivers.emulation import Parameters, UnknownAction
from drivers.escpos_printer.mechanism import Mechanism
from drivers.escpos_printer.paper import Slip
from drivers.lettering import Lettering
from drivers.profiles import Profile
from drivers.transport.address import outlet_for
from drivers.transport.memory import Bend, MemoryOutlet
from drivers.transport.outlet import HostEnd, Outlet

DOTS_PER_MM: Final = 8


class EscposEmulator:
    """One printer, reached through any number of outlets; one paper, one buffer."""

    def __init__(
        self, profile: Profile, *, clock: Callable[[], datetime] | None = None, lettering: Lettering | None = None
    ) -> None:
        self.mechanism = Mechanism(profile.print_traits, clock=clock or _utc_now, lettering=lettering or Lettering())
        self.mechanism.reply = self._reply
        self.mechanism.room = self._room
        self._outlets: list[Outlet] = []
        self._lines: list[_Line] = []
        self._actions = self._table()

    # Where it can be reached.

    def listen(self, address: str) -> None:
        """Raises `AddressError`."""
        self._outlets.append(outlet_for(address, self))

    def on_tcp(self, host: str = "127.0.0.1", port: int = 0) -> "EscposEmulator":
        """`listen`, to be chained; port 0 takes a free one."""
        self.listen(f"tcp://{host}:{port}")
        return self

    def on_pty(self, link: Path) -> "EscposEmulator":
        """`listen`, to be chained; `link` is the name of the port."""
        self.listen(f"serial://{link.absolute()}")
        return self

    def in_memory(self, bend: Bend | None = None) -> MemoryOutlet:
        outlet = MemoryOutlet(self, bend)
        self._outlets.append(outlet)
        return outlet

    @property
    def address(self) -> str:
        return self._outlets[0].address

    async def start(self) -> None:
        for outlet in self._outlets:
            await outlet.start()

    async def stop(self) -> None:
        for outlet in self._outlets:
            await outlet.stop()

    # What can be done to it, and what comes of it.

    @property
    def actions(self) -> Sequence[str]:
        return tuple(self._actions)

    def act(self, action: str, parameters: Parameters | None = None) -> None:
        """`paper_out`, `cover_open`, `jam` and `power_cycle` take `after_mm`: then it happens in the middle of a slip.

        A brown-out is a power cut too short for the wire to notice.
        """
        if action not in self._actions:
            raise UnknownAction(action)
        act, movable = self._actions[action]
        after_mm = int((parameters or {}).get("after_mm", 0))
        if movable and after_mm > 0:
            self.mechanism.stop_after(after_mm * DOTS_PER_MM, act)
        else:
            act()

    def output(self) -> list[Slip]:
        return list(self.mechanism.slips)

    def plug_in(self, host: HostEnd) -> "_Line":
        line = _Line(self, host)
        self._lines.append(line)
        return line

    # From its connections.

    def heard(self, line: "_Line", data: bytes) -> None:
        """Whoever spoke last is answered: a printer has one voice."""
        self._lines.remove(line)
        self._lines.append(line)
        self.mechanism.receive(data)
        if self.mechanism.full:
            line.host.pause()

    def gone(self, line: "_Line") -> None:
        self._lines.remove(line)

    def _reply(self, data: bytes) -> None:
        if self._lines:
            self._lines[-1].host.reply(data)

    def _room(self) -> None:
        for line in tuple(self._lines):
            line.host.resume()

    def _table(self) -> dict[str, tuple[Callable[[], None], bool]]:
        """Each action, and whether it can happen in the middle of a slip."""
        mechanism = self.mechanism
        return {
            "paper_out": (partial(mechanism.load_paper, 0), True),
            "paper_in": (mechanism.load_paper, False),
            "paper_low": (mechanism.set_low, False),
            "cover_open": (partial(mechanism.set_cover, is_open=True), True),
            "cover_close": (partial(mechanism.set_cover, is_open=False), False),
            "jam": (partial(mechanism.set_jam, jammed=True), True),
            "clear_jam": (partial(mechanism.set_jam, jammed=False), False),
            "power_cycle": (self._power_cycle, True),
            "brown_out": (mechanism.lose_power, False),
            "unplug": (partial(self._each_outlet, "unplug"), False),
            "plug": (partial(self._each_outlet, "plug"), False),
        }

    def _power_cycle(self) -> None:
        self.mechanism.lose_power()
        self._each_outlet("cut_power")

    def _each_outlet(self, what: str) -> None:
        for outlet in self._outlets:
            {"unplug": outlet.unplug, "plug": outlet.plug, "cut_power": outlet.cut_power}[what]()


class _Line:
    """One connection to the printer."""

    def __init__(self, printer: EscposEmulator, host: HostEnd) -> None:
        self.host = host
        self._printer = printer
        self._gone = False

    def receive(self, data: bytes) -> None:
        if not self._gone:
            self._printer.heard(self, data)

    def pull_out(self) -> None:
        if not self._gone:
            self._gone = True
            self._printer.gone(self)


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def _serve(emulator: EscposEmulator) -> None:
    await emulator.start()
    sys.stdout.write(f"{emulator.address}\n")
    sys.stdout.flush()
    seen = 0
    while True:
        await asyncio.sleep(0.2)
        for slip in emulator.output():
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
