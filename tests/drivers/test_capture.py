"""A recording of a device: between a program and the device, redacted or whole, bounded, and given to a driver again."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import registry
from drivers.api import StatusChanged
from drivers.capture import FRAMES_MAX, CaptureBroken, Recorder, Tap, read, record, replay
from drivers.escpos_printer.driver import EscposPrinter
from drivers.escpos_printer.emulator import EscposEmulator
from drivers.interfaces.printer import PrintForm
from drivers.trace import Way
from drivers.transport.address import dial_for, outlet_for
from tests.drivers.printers import STRONG, noon
from tests.drivers.slips import ticket


async def recorded(path: Path, *, redacted: bool = False) -> None:
    """A print by "the vendor's program" (our own driver) through a tap, on real sockets."""
    emulator = EscposEmulator(STRONG, clock=noon)
    emulator.listen("tcp://127.0.0.1:0")
    await emulator.start()
    with path.open("xb") as file:
        tap = Tap(Recorder(file, emulator.address, redacted=redacted))
        outlet = outlet_for("tcp://127.0.0.1:0", tap)
        listening = asyncio.Event()
        start = outlet.start

        async def started() -> None:
            await start()
            listening.set()

        outlet.start = started  # type: ignore[method-assign]
        recording = asyncio.create_task(record(dial_for(emulator.address, STRONG.serial), tap, outlet))
        await asyncio.wait_for(listening.wait(), 5)
        printer = EscposPrinter("printer-1", STRONG, dial_for(outlet.address, STRONG.serial))
        await printer.open()
        assert (await printer.execute(PrintForm(document=ticket(), process_id="0001"), timeout_s=10)).done
        await printer.close()
        emulator.act("unplug")
        assert await asyncio.wait_for(recording, 5)
    assert [slip.complete for slip in emulator.slips()] == [True], "the tap changes nothing"
    await emulator.stop()


async def test_what_passes_is_recorded_and_a_driver_understands_it_again(tmp_path: Path) -> None:
    await recorded(tmp_path / "print.capture")
    head, frames = read(tmp_path / "print.capture")
    assert not head.redacted
    assert {frame.way for frame in frames} == {Way.TO_DEVICE, Way.FROM_DEVICE}
    assert b"\x1d\x28\x48" in b"".join(frame.data or b"" for frame in frames), "the request for the process id is in it"
    understood = await asyncio.to_thread(replay, registry.family(STRONG.family), STRONG, frames)
    assert understood.opened
    assert any(isinstance(event, StatusChanged) for event in understood.events)


async def test_redacted_holds_sizes_and_no_content(tmp_path: Path) -> None:
    await recorded(tmp_path / "print.capture", redacted=True)
    head, frames = read(tmp_path / "print.capture")
    assert head.redacted
    assert frames
    assert all(frame.data is None and frame.size_bytes > 0 for frame in frames)


async def test_a_recording_has_an_end(tmp_path: Path) -> None:
    with (tmp_path / "long").open("xb") as file:
        recorder = Recorder(file, "tcp://x", redacted=True)
        for _ in range(FRAMES_MAX + 5):
            recorder.note(Way.FROM_DEVICE, b"x")
    assert recorder.full
    assert len(read(tmp_path / "long")[1]) == FRAMES_MAX


@given(st.binary(max_size=300))
def test_what_is_no_recording_is_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("box") / "file"
    path.write_bytes(content)
    with pytest.raises(CaptureBroken):
        read(path)


def test_a_torn_line_is_named(tmp_path: Path) -> None:
    head = json.dumps({"format": "branchbox-capture", "version": 1, "address": "tcp://x", "redacted": False})
    (tmp_path / "torn").write_text(f'{head}\n{{"n": 1, "at_s"', encoding="ascii")
    with pytest.raises(CaptureBroken, match="line 2"):
        read(tmp_path / "torn")
