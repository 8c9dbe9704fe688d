"""Real sockets and real terminals: the same driver over what branches actually have. The only tests here in real time."""

import asyncio
import sys
from pathlib import Path

import pytest
import uvloop

from drivers import registry, virtualtime
from drivers.api import DeviceError, ErrorCode, Outcome
from drivers.document import Document, Picture
from drivers.emulation import Pictured
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.interfaces.printer import PrintForm
from drivers.profiles import SerialLine
from drivers.registry import DeviceConfig
from drivers.transport.address import dial_for
from drivers.transport.wire import WireLost
from tests.drivers.printers import PROFILES, STRONG, WEAK, noon
from tests.drivers.slips import ticket


def driver_for(emulator: EscposEmulator) -> EscposPrinter:
    return EscposPrinter("printer-1", STRONG, dial_for(emulator.address, STRONG.serial))


@pytest.fixture(params=["tcp", "pty"])
async def emulator(request: pytest.FixtureRequest, tmp_path: Path) -> EscposEmulator:
    emulator = EscposEmulator(STRONG, clock=noon)
    emulator.listen("tcp://127.0.0.1:0" if request.param == "tcp" else f"serial://{tmp_path}/printer")
    return emulator


def form(process_id: str) -> PrintForm:
    return PrintForm(document=ticket(), process_id=process_id)


async def test_prints_and_proves_it(emulator: EscposEmulator) -> None:
    await emulator.start()
    printer = driver_for(emulator)
    await printer.open()
    for n in range(1, 4):
        assert (await printer.execute(form(f"{n:04d}"), timeout_s=5)).done
    assert [slip.process_id for slip in emulator.slips()] == ["0001", "0002", "0003"]
    await printer.close()
    await emulator.stop()


async def test_an_unplugged_job_is_in_doubt_and_the_next_one_prints(emulator: EscposEmulator) -> None:
    await emulator.start()
    printer = driver_for(emulator)
    await printer.open()
    held = asyncio.Event()
    emulator.act("paper_out", {"after_mm": 20})

    async def hear(event: object) -> None:
        if type(event).__name__ == "Held":
            held.set()

    printing = asyncio.create_task(printer.execute(form("0001"), timeout_s=5, on_event=hear))
    await held.wait()
    emulator.act("unplug")
    assert (await printing).outcome is Outcome.UNKNOWN
    lost = await printer.wait_lost()
    assert lost is not None
    assert lost.code is ErrorCode.CONNECTION_LOST
    with pytest.raises(DeviceError):
        await printer.open()
    emulator.act("plug")
    emulator.act("paper_in")
    await printer.open()
    assert (await printer.execute(form("0002"), timeout_s=5)).done
    assert [slip.complete for slip in emulator.slips()] == [True, True], "the printer finished the first by itself"
    await printer.close()
    await emulator.stop()


async def test_a_printer_that_takes_no_more_bytes_holds_the_job_until_it_does(emulator: EscposEmulator) -> None:
    """More than the printer's buffer and the wire's together, so that writing itself has to wait."""
    await emulator.start()
    printer = driver_for(emulator)
    await printer.open()
    held = asyncio.Event()
    emulator.act("cover_open", {"after_mm": 1})

    async def hear(event: object) -> None:
        if type(event).__name__ == "Held":
            held.set()

    pictures = tuple(Picture(576, 480, b"\x00" * 72 * 480) for _ in range(15))
    big = PrintForm(document=Document(pictures), process_id="0001")
    printing = asyncio.create_task(printer.execute(big, timeout_s=10, on_event=hear))
    await held.wait()
    assert not printing.done()
    emulator.act("cover_close")
    assert (await printing).done
    await printer.close()
    await emulator.stop()


async def test_closing_in_the_middle_ends_in_doubt_and_leaks_nothing(emulator: EscposEmulator) -> None:
    await emulator.start()
    printer = driver_for(emulator)
    await printer.open()
    emulator.act("cover_open", {"after_mm": 5})
    held = asyncio.Event()

    async def hear(event: object) -> None:
        if type(event).__name__ == "Held":
            held.set()

    printing = asyncio.create_task(printer.execute(form("0001"), on_event=hear))
    await held.wait()
    await printer.close()
    assert (await printing).outcome is Outcome.UNKNOWN
    await emulator.stop()


async def test_nobody_home_is_a_lost_wire(tmp_path: Path) -> None:
    for address in ("tcp://127.0.0.1:1", f"serial://{tmp_path}/none"):
        with pytest.raises(WireLost):
            await dial_for(address, SerialLine())()


async def test_one_printer_many_connections() -> None:
    emulator = registry.family(WEAK.family).emulator(WEAK, clock=noon)
    emulator.listen("tcp://127.0.0.1:0")
    await emulator.start()
    for n in range(2):
        config = DeviceConfig(id="printer-1", profile=WEAK.id, address=emulator.address)
        printer = registry.build(config, PROFILES)
        await printer.open()
        assert (await printer.execute(form(f"{n:04d}"), timeout_s=5)).done
        await printer.close()
    assert [slip.n for slip in emulator.output()] == [1, 2]
    assert all(isinstance(slip, Pictured) for slip in emulator.output())
    await emulator.stop()


@pytest.mark.slow
async def test_the_emulator_runs_by_itself() -> None:
    command = (sys.executable, "-m", "drivers.escpos_printer.emulator", "--tcp", "0")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().strip()
    printer = EscposPrinter("printer-1", STRONG, dial_for(address, STRONG.serial))
    await printer.open()
    assert (await printer.execute(form("0001"), timeout_s=5)).done
    assert await process.stdout.readline() == b"--- 1\n"
    assert (await process.stdout.readline()).decode() == "示范支行\n"
    await printer.close()
    process.terminate()
    await process.wait()


def test_virtual_time_does_not_wait_for_what_never_comes() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(virtualtime.NothingWillHappen):
        virtualtime.run(forever())


def test_virtual_time_costs_none() -> None:
    async def day() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert virtualtime.run(day()) == pytest.approx(86_400)


@pytest.mark.parametrize("kind", ["tcp", "pty"])
def test_the_daemons_own_event_loop_carries_it_too(kind: str, tmp_path: Path) -> None:
    async def story() -> None:
        emulator = EscposEmulator(STRONG, clock=noon)
        emulator.listen("tcp://127.0.0.1:0" if kind == "tcp" else f"serial://{tmp_path}/printer")
        await test_an_unplugged_job_is_in_doubt_and_the_next_one_prints(emulator)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())
