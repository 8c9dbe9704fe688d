"""Drivers in a process of their own that crash, hang, leak and kill themselves: the branch goes on and never guesses."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest

from drivers import registry
from drivers.api import CompletionCode, DeviceError, DeviceStatus, ErrorCode, Event, Outcome, PaperStatus, Proof, Started
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.interfaces.printer import PaperThreshold, PrintForm, Reset
from drivers.registry import DeviceConfig
from drivers.supervisor import FAILURES_MAX, DeviceView, Supervisor
from drivers.trace import Way
from drivers.worker import Limits, Worker, WorkerFailed
from drivers.worker_device import WorkerDevice, Workshop, isolate
from tests.drivers.printers import PROFILES, STRONG, Hearing, noon
from tests.drivers.slips import ticket

QUICK = Limits(memory_bytes_max=400 * 1024 * 1024, ping_s=0.2, hang_s=2.0, open_s=20.0)
pytestmark = pytest.mark.slow


@pytest.fixture
async def emulator() -> AsyncIterator[EscposEmulator]:
    emulator = EscposEmulator(STRONG, clock=noon)
    emulator.listen("tcp://127.0.0.1:0")
    await emulator.start()
    yield emulator
    await emulator.stop()


def form(number: str) -> PrintForm:
    return PrintForm(document=ticket(), process_id=number)


def driven(emulator: EscposEmulator, trouble: str | None = None) -> tuple[WorkerDevice, Worker]:
    """The printer, in a process of its own; with a trouble, in one that will have it."""
    config = DeviceConfig(id="printer-1", profile=STRONG.id, address=emulator.address)
    command = None if trouble is None else (sys.executable, "-m", "tests.drivers.troubled_worker", trouble)
    worker = Worker("test", limits=QUICK, command=command)
    return isolate(registry.build(config, PROFILES), worker, config), worker


async def test_a_printer_in_another_process_is_a_printer_like_any_other(emulator: EscposEmulator) -> None:
    printer, worker = driven(emulator)
    hearing = Hearing()
    await printer.open()
    assert printer.status().device is DeviceStatus.ONLINE
    assert printer.capabilities().model == STRONG.model
    completion = await printer.execute(form("0001"), timeout_s=10, on_event=hearing)
    assert (completion.outcome, completion.proof) == (Outcome.DONE, Proof.PROCESS_ID)
    assert hearing.kinds == ["Acknowledged", "Started"]
    assert [slip.process_id for slip in emulator.slips()] == ["0001"]
    low = asyncio.Event()
    printer.subscribe(lambda event: low.set() if PaperThreshold(paper=PaperStatus.LOW) == event else None)
    emulator.act("paper_low")
    await asyncio.wait_for(low.wait(), 10)
    assert printer.status().paper is PaperStatus.LOW
    assert (printer.counts.commands, printer.counts.failures, printer.counts.connections) == (1, 0, 1)
    pid = worker.pid
    await printer.close()
    assert printer.status().device is DeviceStatus.OFFLINE
    frames = printer.trace.after(0)
    assert {frame.way for frame in frames} == {Way.TO_DEVICE, Way.FROM_DEVICE}, "what went through is seen here too"
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_first_byte_waits_for_the_caller(emulator: EscposEmulator) -> None:
    printer, _ = driven(emulator)
    await printer.open()

    async def refuse(event: Event) -> None:
        if type(event) is Started:
            raise LookupError("the disk is full")

    with pytest.raises(LookupError):
        await printer.execute(form("0001"), timeout_s=10, on_event=refuse)
    assert (await printer.execute(form("0002"), timeout_s=10)).done
    assert [slip.process_id for slip in emulator.slips()] == ["0002"], "nothing of the first left the box"
    await printer.close()


async def test_cancelling_and_claims_reach_across(emulator: EscposEmulator) -> None:
    printer, _ = driven(emulator)
    await printer.open()
    claim = printer.claim("counter-1")
    assert (await printer.execute(form("0001"))).error is ErrorCode.CLAIMED
    with pytest.raises(DeviceError):
        printer.claim("counter-2")
    claim.release()
    emulator.act("cover_open", {"after_mm": 5})
    held = asyncio.Event()

    async def hear(event: Event) -> None:
        if type(event).__name__ == "Held":
            held.set()

    printing = asyncio.create_task(printer.execute(form("0001"), on_event=hear))
    await asyncio.wait_for(held.wait(), 10)
    assert printer.cancel() == 1
    completion = await asyncio.wait_for(printing, 10)
    assert (completion.code, completion.outcome) == (CompletionCode.CANCELED, Outcome.UNKNOWN)
    await printer.close()


@pytest.mark.parametrize("trouble", ["kill_itself", "crash", "hang", "leak"])
async def test_a_process_that_ends_in_the_middle_of_a_print_leaves_it_in_doubt(emulator: EscposEmulator, trouble: str) -> None:
    printer, worker = driven(emulator, trouble)
    await printer.open()
    first_pid = worker.pid
    printing, waiting = (asyncio.create_task(printer.execute(form(f"000{n}"))) for n in (1, 2))
    completion = await asyncio.wait_for(printing, 30)
    assert completion.outcome is Outcome.UNKNOWN, "half of it has left the box"
    assert (await waiting).outcome is Outcome.HELD, "this one had not begun"
    with pytest.raises(WorkerFailed):
        await printer.wait_lost()
    assert printer.status().device is DeviceStatus.OFFLINE
    assert not any(slip.complete for slip in emulator.slips())
    await printer.open()
    assert worker.pid != first_pid, "started anew"
    assert printer.status().device is DeviceStatus.ONLINE
    await printer.close()


async def test_what_a_library_prints_does_not_garble_the_line(emulator: EscposEmulator) -> None:
    printer, _ = driven(emulator, "print_rubbish")
    await printer.open()
    assert (await printer.execute(form("0001"), timeout_s=10)).done
    await printer.close()


async def test_a_bug_of_the_driver_is_its_failure_and_the_process_lives(emulator: EscposEmulator) -> None:
    printer, worker = driven(emulator, "print_rubbish")
    await printer.open()
    completion = await asyncio.wait_for(printer.execute(Reset()), 10)
    assert completion.outcome is not Outcome.DONE
    with pytest.raises(WorkerFailed, match="ZeroDivisionError"):
        await printer.wait_lost()
    pid = worker.pid
    await printer.open()
    assert worker.pid == pid
    await printer.close()


async def test_restarts_have_a_budget_and_other_devices_go_on_meanwhile(emulator: EscposEmulator) -> None:
    troubled, _ = driven(emulator, "kill_itself")
    other_emulator = EscposEmulator(STRONG, clock=noon)
    other_emulator.listen("tcp://127.0.0.1:0")
    await other_emulator.start()
    other_config = DeviceConfig(id="printer-2", profile=STRONG.id, address=other_emulator.address)
    other = registry.build(other_config, PROFILES)
    online, quarantined = asyncio.Event(), asyncio.Event()

    async def hear(view: DeviceView) -> None:
        if view.id == "printer-1" and view.device is DeviceStatus.ONLINE:
            online.set()
        if view.id == "printer-1" and view.message_code is ErrorCode.QUARANTINED:
            quarantined.set()

    supervisor = Supervisor([troubled, other], chance=lambda: 0.9, on_status=hear)
    await supervisor.start()
    for n in range(1, FAILURES_MAX + 1):
        supervisor.nudge("printer-1")
        await asyncio.wait_for(online.wait(), 60)
        online.clear()
        assert (await troubled.execute(form(f"000{n}"))).outcome is Outcome.UNKNOWN
        assert (await other.execute(form(f"000{n}"), timeout_s=10)).done, "the other printer prints on"
    await asyncio.wait_for(quarantined.wait(), 10)
    assert not troubled.is_open
    await supervisor.stop()
    await other_emulator.stop()


async def test_only_what_blocks_gets_a_process(emulator: EscposEmulator) -> None:
    workshop = Workshop()
    near = workshop.build(DeviceConfig(id="printer-1", profile=STRONG.id, address=emulator.address), PROFILES)
    far = workshop.build(DeviceConfig(id="printer-2", profile=STRONG.id, address="usb://0fe6:811e"), PROFILES)
    assert not isinstance(near, WorkerDevice)
    assert isinstance(far, WorkerDevice)
    assert (
        far.capabilities()
        == registry.build(DeviceConfig(id="printer-2", profile=STRONG.id, address="usb://0fe6:811e"), PROFILES).capabilities()
    )
    with pytest.raises(DeviceError) as refused:
        await far.open()
    assert refused.value.code is ErrorCode.NOT_CONNECTED, "no such device on this machine, said by the other process"
    await far.close()
