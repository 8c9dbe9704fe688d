"""What is told of a drawer behind a printer beyond the stories of every family."""

from drivers.api import DeviceStatus, ErrorCode, Outcome
from drivers.cash_drawer.emulator import DrawerEmulator
from drivers.conformance import AlikeBench, must
from drivers.interfaces.barrier import Position
from drivers.interfaces.cash_drawer import DrawerChanged, DrawerOpened, OpenDrawer


async def waits_for_the_printer_before_it(bench: "DrawerBench") -> None:
    bench.act("paper_out")
    await bench.settle()
    status = bench.device.status()
    bench.expect(
        (status.device, status.error) == (DeviceStatus.USER_ERROR, ErrorCode.HOST_NOT_READY), f"it waits, not {status}"
    )
    bench.expect(status.paper is None, "and has no paper of its own to be out")
    told = await bench.do()
    must(told.outcome is not Outcome.DONE, "a printer without paper kicks nothing")
    bench.expect(told.outcome is Outcome.HELD, f"nothing was begun, not {told.completion}")
    bench.told.clear()  # it had started for us, and had not for the printer
    await bench.reconnect()
    bench.act("paper_in")
    await bench.settle(12)
    await bench.does_the_next("with paper in it opens")


async def tells_who_opens_it(bench: "DrawerBench") -> None:
    told = await bench.do()
    opened = told.completion is not None and told.completion.payload == DrawerOpened(position=Position.OPEN)
    bench.expect(opened, f"its switch says open, not {told.completion}")
    bench.act("drawer_shut")
    await bench.settle()
    bench.act("drawer_open_by_key")
    await bench.settle()
    heard = [event.position for event in bench.unsolicited if isinstance(event, DrawerChanged)]
    bench.expect(heard == [Position.OPEN, Position.CLOSED, Position.OPEN], f"kicked, shut and opened are told, not {heard}")


class DrawerBench(AlikeBench):
    PROFILES = ("generic.printer-drawer",)
    NOISE = b"\xff\xfe\x80garbage\x81\n"
    DIES_AFTER_BYTES = (20, 150, 400)
    STORIES = (waits_for_the_printer_before_it, tells_who_opens_it)
    LOSS = 0.0003
    emulator: DrawerEmulator

    def stall(self) -> None:
        self.act("drawer_lock")

    def go_on(self) -> None:
        self.act("drawer_unlock")

    def specimen(self, n: int) -> OpenDrawer:
        del n  # one kick is like another
        return OpenDrawer()
