"""`branchbox devices` as a technician types it."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.escpos_printer.emulator import EscposEmulator
from tests.drivers.printers import STRONG, noon

pytestmark = pytest.mark.slow


@pytest.fixture
async def emulator() -> AsyncIterator[EscposEmulator]:
    emulator = EscposEmulator(STRONG, clock=noon)
    emulator.listen("tcp://127.0.0.1:0")
    await emulator.start()
    yield emulator
    await emulator.stop()


async def begun(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "edge", "devices", *arguments, stdout=PIPE, stderr=PIPE)


async def devices(*arguments: str) -> tuple[int, str]:
    process = await begun(*arguments)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, (out + err).decode()


async def test_a_printer_is_greeted(emulator: EscposEmulator) -> None:
    emulator.act("cover_open")
    code, said = await devices("test", emulator.address, "--profile", STRONG.id)
    assert (code, said.splitlines()[0]) == (0, f"{STRONG.model}: userError, coverOpen")
    code, said = await devices("test", "tcp://127.0.0.1:1", "--profile", STRONG.id)
    assert (code, "notConnected" in said) == (69, True)
    code, said = await devices("test", emulator.address, "--profile", "none")
    assert (code, "no profile 'none'" in said) == (64, True)


async def test_a_tap_records_what_passes_and_replay_reads_it(emulator: EscposEmulator, tmp_path: Path) -> None:
    target = tmp_path / "print.capture"
    tap = await begun("capture", emulator.address, str(target), "--listen", "tcp://127.0.0.1:0", "--seconds", "60")
    if tap.stdout is None:
        raise RuntimeError("no output")
    address = (await asyncio.wait_for(tap.stdout.readline(), 30)).decode().removeprefix("listening at ").strip()
    assert (await devices("test", address, "--profile", STRONG.id))[0] == 0
    emulator.act("unplug")
    rest, _ = await asyncio.wait_for(tap.communicate(), 30)
    assert (tap.returncode, b"frames; the device closed" in rest) == (0, True)
    code, said = await devices("replay", str(target), "--profile", STRONG.id)
    assert (code, said.splitlines()[0], said.splitlines()[-1]) == (0, "opened", "0 bytes unexplained")
    code, said = await devices("capture", emulator.address, str(target))
    assert code == 64, "a recording is never overwritten"


async def test_binding_what_is_not_plugged_in_is_refused(tmp_path: Path) -> None:
    code, said = await devices("bind", "--data", str(tmp_path), "printer-1", "usblp:///dev/branchbox/printer-x")
    assert code != 0
    assert said
