"""What is told of services beyond the stories of every family: the printer's troubles, through somebody else's words."""

import json

from drivers.api import DeviceStatus, ErrorCode, Held, Outcome, Resumed
from drivers.conformance import Bench
from drivers.document import Document, Text
from drivers.interfaces.printer import PrintForm
from drivers.xfs_client.emulator import XfsServiceEmulator

MIDDLE_MM = 8
LATE = json.dumps(
    {"header": {"name": "Printer.PrintForm", "type": "completion", "requestId": 999_999, "completionCode": "success"}}
)


async def tells_the_troubles_of_the_device_behind(bench: "XfsBench") -> None:
    bench.act("cover_open")
    await bench.settle()
    status = bench.device.status()
    bench.expect((status.device, status.error) == (DeviceStatus.USER_ERROR, ErrorCode.COVER_OPEN), "an open cover shows")
    told = await bench.do()
    bench.expect(told.outcome is Outcome.HELD, f"the service says that nothing was begun, not {told.completion}")
    bench.told.clear()  # it had started for us, and had not for the service
    await bench.reconnect()
    bench.act("cover_close")
    await bench.settle(12)
    await bench.does_the_next("closed again it prints")


async def passes_on_what_happens_in_the_middle(bench: "XfsBench") -> None:
    bench.act("paper_out", after_mm=MIDDLE_MM)
    printing = bench.begin()
    await bench.settle(20)
    bench.expect(not printing.done(), "neither done nor given up")
    bench.act("paper_in")
    told = await printing
    bench.expect(told.outcome is Outcome.DONE, f"it goes on, not {told.completion}")
    bench.expect(told.heard(Held) and told.heard(Resumed), "being held and going on are told")
    await bench.reconnect()


class XfsBench(Bench):
    """A printer behind a service; the specimen is a slip with its number on it."""

    PROFILES = ("generic.xfs4iot-printer",)
    NOISE = b"\xff\xfe\x80garbage\x81\n"
    LATE = (LATE.encode() + b"\n",)
    DIES_AFTER_BYTES = (20, 150, 400)
    STORIES = (tells_the_troubles_of_the_device_behind, passes_on_what_happens_in_the_middle)
    LOSS = 0.0003
    emulator: XfsServiceEmulator

    def stall(self) -> None:
        self.act("cover_open", after_mm=MIDDLE_MM)

    def go_on(self) -> None:
        self.act("cover_close")

    def specimen(self, n: int) -> PrintForm:
        slip = Document(tuple(Text(f"{n:04d}: {line}") for line in range(8)))
        return PrintForm(document=slip, process_id=f"{n:04d}")

    def times_done(self, n: int) -> int:
        return sum(f"{n:04d}:" in slip.text for slip in self.emulator.output() if slip.complete)

    def times_begun(self, n: int) -> int:
        return sum(f"{n:04d}:" in slip.text for slip in self.emulator.output())
