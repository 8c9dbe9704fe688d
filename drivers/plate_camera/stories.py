"""What is told of plate cameras beyond the stories of every family."""

from drivers.api import Command, CompletionCode
from drivers.conformance import Bench
from drivers.interfaces.plate import Heading, Read, Seen
from drivers.plate_camera.emulator import CameraEmulator


def seen(bench: "CameraBench") -> list[Seen]:
    return [event for event in bench.unsolicited if isinstance(event, Seen)]


async def tells_each_passage_once(bench: "CameraBench") -> None:
    bench.act("drive_up", plate="京A·12345")
    await bench.settle(2)
    bench.act("drive_up", plate="京A12345")
    await bench.settle(2)
    bench.expect([event.plate.reveal() for event in seen(bench)] == ["京A12345"], f"one passage, not {seen(bench)}")
    await bench.settle(70)
    bench.act("drive_up", plate="京A12345", direction="reverse")
    await bench.settle(2)
    headings = [event.heading for event in seen(bench)]
    bench.expect(headings == [Heading.APPROACHING, Heading.LEAVING], f"and it leaves, not {headings}")


async def answers_what_is_no_plate(bench: "CameraBench") -> None:
    bench.act("drive_up", plate="无车牌")
    bench.act("heartbeat")
    await bench.settle(2)
    bench.expect(not seen(bench), "nothing was seen")
    bench.expect(bench.emulator.accepted == ["无车牌"], "and the camera is content")
    await bench.does_the_next("a car is still seen")


async def waits_no_longer_than_told(bench: "CameraBench") -> None:
    told = await bench.begin(command=Read(within_ms=200))
    bench.expect(told.code is CompletionCode.TIME_OUT, f"nobody came, not {told.completion}")
    bench.told.clear()
    await bench.settle(2)
    await bench.does_the_next("then somebody comes")


class CameraBench(Bench):
    PROFILES = ("hikvision.plate-camera",)
    TALKS_BACK = False
    LEAVES_TRACES = False
    DIES_AFTER_BYTES = (3, 20, 60)
    STORIES = (tells_each_passage_once, answers_what_is_no_plate, waits_no_longer_than_told)
    emulator: CameraEmulator

    def specimen(self, n: int) -> Command:
        return Read(within_ms=30_000 + n)

    def person(self, n: int) -> None:
        self.act("drive_up", plate=self.plate(n))

    def plate(self, n: int) -> str:
        return f"沪B{n:05d}"

    def times_done(self, n: int) -> int:
        return sum(event.plate.reveal() == self.plate(n) for event in seen(self))
