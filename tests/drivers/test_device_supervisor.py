"""Devices come and go, drivers break; the branch keeps working and nobody drowns in messages."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from drivers import virtualtime
from drivers.api import DeviceError, DeviceStatus, ErrorCode, PaperStatus
from drivers.escpos_printer.driver import EscposPrinter
from drivers.interfaces.printer import PrintForm
from drivers.supervisor import FAILURES_MAX, REST_S, DeviceView, Supervisor, UnknownDevice
from drivers.transport.memory import MemoryOutlet
from drivers.transport.wire import Wire, WireLost
from tests.drivers.printers import STRONG, emulated
from tests.drivers.slips import ticket


@pytest.fixture
def log() -> Iterator[list[Any]]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture.entries
    structlog.configure(**before)


def run(main: Coroutine[Any, Any, None]) -> None:
    virtualtime.run(main)


def no_chance() -> float:
    return 0.0


class Knocking:
    """A dial that notes when it was tried; nobody answers."""

    def __init__(self) -> None:
        self.at_s: list[float] = []

    async def __call__(self) -> Wire:
        self.at_s.append(asyncio.get_running_loop().time())
        raise WireLost("nobody home")

    @property
    def pauses_s(self) -> list[float]:
        return [round(b - a, 3) for a, b in zip(self.at_s, self.at_s[1:], strict=False)]


class Breaking(EscposPrinter):
    """A driver with a bug."""

    tries = 0

    async def open(self) -> None:
        self.tries += 1
        raise ZeroDivisionError("a bug")


def test_it_knocks_more_and_more_rarely() -> None:
    async def story() -> None:
        knocking = Knocking()
        supervisor = Supervisor([EscposPrinter("printer-1", STRONG, knocking)], chance=no_chance)
        await supervisor.start()
        await asyncio.sleep(200)
        assert knocking.pauses_s[:9] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
        await supervisor.stop()

    run(story())


def test_chance_keeps_devices_from_knocking_together() -> None:
    async def story() -> None:
        first, second = Knocking(), Knocking()
        numbers = iter([0.0, 1.0, 0.5] * 10)
        printers = [EscposPrinter("printer-1", STRONG, first), EscposPrinter("printer-2", STRONG, second)]
        supervisor = Supervisor(printers, chance=lambda: next(numbers))
        await supervisor.start()
        await asyncio.sleep(10)
        assert first.pauses_s != second.pauses_s
        assert all(pause >= 0.4 for pause in (*first.pauses_s, *second.pauses_s))
        await supervisor.stop()

    run(story())


def test_away_and_back_are_each_said_once(log: list[Any]) -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        supervisor = Supervisor([printer], chance=no_chance)
        await supervisor.start()
        await asyncio.sleep(1)
        emulator.act("unplug")
        await asyncio.sleep(300)
        emulator.act("plug")
        await asyncio.sleep(60)
        assert [(entry["event"], entry.get("code")) for entry in log] == [
            ("device_away", "connectionLost"),
            ("device_back", None),
        ]
        await supervisor.stop()

    run(story())


def test_a_minute_of_health_starts_the_ladder_afresh() -> None:
    async def story() -> None:
        printer, emulator, outlet = emulated()
        supervisor = Supervisor([printer], chance=no_chance)
        outlet.unplug()
        await supervisor.start()
        await asyncio.sleep(100)
        outlet.plug()
        await asyncio.sleep(100)
        assert supervisor.view("printer-1").device is DeviceStatus.ONLINE
        emulator.act("power_cycle")
        await asyncio.sleep(0.4)
        assert supervisor.view("printer-1").device is DeviceStatus.OFFLINE
        await asyncio.sleep(0.2)
        assert supervisor.view("printer-1").device is DeviceStatus.ONLINE
        await supervisor.stop()

    run(story())


def test_a_flapping_wire_climbs_the_ladder() -> None:
    async def story() -> None:
        printer, _, outlet = emulated()
        supervisor = Supervisor([printer], chance=no_chance)
        await supervisor.start()
        await asyncio.sleep(0.1)
        for pause_s in (0.5, 1, 2, 4):
            outlet.cut_power()
            await asyncio.sleep(pause_s - 0.1)
            assert supervisor.view("printer-1").device is DeviceStatus.OFFLINE
            await asyncio.sleep(0.2)
            assert supervisor.view("printer-1").device is DeviceStatus.ONLINE
        await supervisor.stop()

    run(story())


def test_a_driver_that_keeps_failing_is_quarantined_and_tried_again_later(log: list[Any]) -> None:
    async def story() -> None:
        broken = Breaking("printer-1", STRONG, Knocking())
        sound, _, _ = emulated()
        sound.id = "printer-2"
        supervisor = Supervisor([broken, sound], chance=no_chance)
        await supervisor.start()
        await asyncio.sleep(100)
        assert broken.tries == FAILURES_MAX
        view = supervisor.view("printer-1")
        assert (view.device, view.message_code) == (DeviceStatus.HARDWARE_ERROR, ErrorCode.QUARANTINED)
        assert supervisor.view("printer-2").device is DeviceStatus.ONLINE, "the other one is untouched"
        await asyncio.sleep(REST_S)
        assert broken.tries == FAILURES_MAX + 1
        assert [entry["quarantined"] for entry in log] == [False, False, False, False, True, True]
        await supervisor.stop()

    run(story())


def test_a_driver_that_breaks_in_the_middle_fails_its_command_and_recovers(log: list[Any]) -> None:
    class Fragile(EscposPrinter):
        def _received(self, data: bytes) -> None:
            if b"\xee" in data:
                raise ZeroDivisionError("a bug in the parser")
            super()._received(data)

    async def story() -> None:
        _, emulator, outlet = emulated()
        printer = Fragile("printer-1", STRONG, outlet.dial)
        supervisor = Supervisor([printer], chance=no_chance)
        await supervisor.start()
        await asyncio.sleep(1)
        emulator.act("cover_open", {"after_mm": 5})
        printing = asyncio.create_task(printer.execute(PrintForm(document=ticket(), process_id="0001")))
        await asyncio.sleep(1)
        emulator.mechanism.reply(b"\xee")
        assert (await printing).outcome == "unknown"
        await asyncio.sleep(5)
        assert [entry["event"] for entry in log] == ["driver_failed", "device_back"]
        await supervisor.stop()

    run(story())


def test_the_listener_hears_the_newest_state_and_delays_nobody() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        heard: list[DeviceView] = []

        async def listen(view: DeviceView) -> None:
            heard.append(view)
            await asyncio.sleep(60)

        supervisor = Supervisor([printer], chance=no_chance, on_status=listen)
        await supervisor.start()
        await asyncio.sleep(1)
        for action in ("paper_low", "cover_open", "cover_close", "paper_out"):
            emulator.act(action)
            await asyncio.sleep(5)
        completion = await printer.execute(PrintForm(document=ticket(), process_id="0001"))
        assert completion.error is ErrorCode.PAPER_OUT
        await asyncio.sleep(120)
        assert [(view.device, view.paper) for view in heard] == [
            (DeviceStatus.ONLINE, PaperStatus.FULL),
            (DeviceStatus.USER_ERROR, PaperStatus.OUT),
        ]
        await supervisor.stop()

    run(story())


def test_a_listener_that_fails_is_not_forgotten(log: list[Any]) -> None:
    async def story() -> None:
        printer, _, _ = emulated()

        async def listen(_: DeviceView) -> None:
            raise OSError("disk full")

        supervisor = Supervisor([printer], chance=no_chance, on_status=listen)
        await supervisor.start()
        await asyncio.sleep(1)
        assert [entry["event"] for entry in log] == ["device_listener_failed"]
        with pytest.raises(OSError, match="disk full"):
            await supervisor.stop()

    run(story())


def test_the_snapshot_names_what_a_clerk_needs() -> None:
    async def story() -> None:
        printer, emulator, _ = emulated()
        supervisor = Supervisor([printer], chance=no_chance)
        assert supervisor.devices()[0].device is DeviceStatus.STARTING
        await supervisor.start()
        await asyncio.sleep(1)
        emulator.act("cover_open", {"after_mm": 5})
        printing = asyncio.create_task(supervisor.device("printer-1").execute(PrintForm(document=ticket(), process_id="0001")))
        await asyncio.sleep(3)
        (view,) = supervisor.devices()
        assert view == DeviceView(
            id="printer-1",
            family="escpos_printer",
            model="ESC/POS EMULATOR",
            device=DeviceStatus.USER_ERROR,
            paper=PaperStatus.FULL,
            message_code=ErrorCode.COVER_OPEN,
            waiting_jobs=1,
            verified="emulated",
        )
        emulator.act("cover_close")
        assert (await printing).done
        with pytest.raises(UnknownDevice):
            supervisor.device("printer-9")
        await supervisor.stop()

    run(story())


def test_stopping_ends_everything_and_can_be_followed_by_a_start() -> None:
    async def story() -> None:
        printer, _, outlet = emulated()
        supervisor = Supervisor([printer], chance=no_chance)
        for _ in range(2):
            await supervisor.start()
            await asyncio.sleep(1)
            assert supervisor.view("printer-1").device is DeviceStatus.ONLINE
            await supervisor.stop()
            assert supervisor.view("printer-1").device is DeviceStatus.OFFLINE
        assert len(asyncio.all_tasks()) == 1
        assert isinstance(outlet, MemoryOutlet)

    run(story())


def test_a_device_is_claimed_once() -> None:
    async def story() -> None:
        printer, _, _ = emulated()
        claim = printer.claim("counter 2")
        with pytest.raises(DeviceError, match="counter 2"):
            printer.claim("kiosk")
        claim.release()
        claim.release()
        assert printer.claim("kiosk").owner == "kiosk"

    run(story())


def test_what_is_plugged_in_is_tried_at_once() -> None:
    async def story() -> None:
        printer, _, outlet = emulated()
        supervisor = Supervisor([printer], chance=no_chance)
        outlet.unplug()
        await supervisor.start()
        await asyncio.sleep(100)
        outlet.plug()
        supervisor.nudge("printer-1")
        await asyncio.sleep(0.1)
        assert supervisor.view("printer-1").device is DeviceStatus.ONLINE
        supervisor.nudge("nobody")
        await supervisor.stop()

    run(story())


def test_a_device_is_replaced_whole() -> None:
    async def story() -> None:
        first, _, _ = emulated()
        second, emulator, _ = emulated()
        supervisor = Supervisor([first], chance=no_chance)
        await supervisor.start()
        await asyncio.sleep(1)
        await supervisor.replace(second)
        await asyncio.sleep(1)
        assert supervisor.view("printer-1").device is DeviceStatus.ONLINE
        completion = await supervisor.device("printer-1").execute(PrintForm(document=ticket(), process_id="0001"), timeout_s=60)
        assert completion.done
        assert len(emulator.slips()) == 1
        assert first.status().device is DeviceStatus.OFFLINE
        await supervisor.stop()

    run(story())
