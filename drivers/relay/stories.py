"""What is told of relays beyond the stories of every family."""

from drivers.api import Command, ErrorCode, Outcome
from drivers.conformance import AlikeBench, must
from drivers.interfaces.barrier import Open, Position, PositionChanged
from drivers.interfaces.cash_drawer import DrawerChanged, OpenDrawer
from drivers.relay.emulator import RelayEmulator
from drivers.relay.traits import RelayTraits


async def never_stays_switched_on(bench: "RelayBench") -> None:
    await bench.do()
    await bench.reconnect()
    bench.stall()
    doing = bench.begin()
    await bench.middle()
    bench.device.cancel()
    await doing
    bench.go_on()
    await bench.settle(20)
    await bench.reconnect()
    bench.expect(not bench.emulator.closed_circuit, "however it ended, the relay is off")


async def tells_what_did_not_open(bench: "RelayBench") -> None:
    if not bench.has_contact:
        return
    bench.act("block")
    told = await bench.do()
    must(told.outcome is not Outcome.DONE, "what did not open is not done")
    bench.expect((told.error, told.outcome) == (ErrorCode.DEVICE_FAULT, Outcome.UNKNOWN), f"and told, not {told.completion}")
    bench.act("unblock")
    await bench.reconnect()
    await bench.does_the_next("unblocked it opens")


async def tells_who_opens_it_by_hand(bench: "RelayBench") -> None:
    if not bench.has_contact:
        return
    kind = PositionChanged if bench.profile.section(RelayTraits).serves == "barrier" else DrawerChanged
    await bench.settle()
    bench.act("open_by_hand")
    await bench.settle()
    bench.act("shut")
    await bench.settle()
    told = [event.position for event in bench.unsolicited if isinstance(event, kind)]
    bench.expect(told == [Position.OPEN, Position.CLOSED], f"opened and shut, not {told}")


class RelayBench(AlikeBench):
    PROFILES = ("generic.modbus-barrier", "generic.modbus-drawer", "generic.usb-relay")
    DIES_AFTER_BYTES = (3, 20, 30)
    STORIES = (never_stays_switched_on, tells_what_did_not_open, tells_who_opens_it_by_hand)
    emulator: RelayEmulator

    @property
    def talks_back(self) -> bool:
        return self.profile.section(RelayTraits).plain is None

    @property
    def has_contact(self) -> bool:
        return self.profile.section(RelayTraits).has_contact

    def specimen(self, n: int) -> Command:
        del n  # one opening is like another
        return Open() if self.profile.section(RelayTraits).serves == "barrier" else OpenDrawer()
