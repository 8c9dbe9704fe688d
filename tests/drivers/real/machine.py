"""The test bed from the outside: its devices, and programs that run among them."""

import asyncio
import json
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

SYSTEM_PYTHON: Final = "/usr/bin/python3"
HERE: Final = Path(__file__).parent
PATIENCE_S: Final = 20.0
MISSING: Final = "is not installed: run `tools/system_packages test`"


def demand(*programs: str) -> None:
    """A test that needs a system package says so loudly; it is never skipped."""
    for program in programs:
        if shutil.which(program) is None and not Path(program).exists():
            raise RuntimeError(f"{program} {MISSING}")


class Program:
    """A process with lines in and lines out."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    async def say(self, line: str) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the program has no standard input")
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def line(self) -> str:
        """The next line; empty once the program has ended."""
        if self._process.stdout is None:
            raise RuntimeError("the program has no standard output")
        return (await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)).decode().rstrip("\n")


@asynccontextmanager
async def program(*command: str, env: dict[str, str] | None = None) -> AsyncIterator[Program]:
    """Started here, ended here, by its own number."""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env={**os.environ, **(env or {})})
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


class Machine:
    """A machine whose devices are pretended by umockdev."""

    def __init__(self, bed: Program, folder: str) -> None:
        self._bed = bed
        self.env = {"UMOCKDEV_DIR": folder, "LD_PRELOAD": "libumockdev-preload.so.0"}

    async def wish(self, wish: str, **values: Any) -> Any:
        await self._bed.say(json.dumps({"wish": wish, **values}))
        return json.loads(await self._bed.line())

    async def written(self, node: str, size: int) -> bytes:
        """The next bytes that are written to a device."""
        content = b""
        async with asyncio.timeout(PATIENCE_S):
            while len(content) < size:
                content += bytes.fromhex(await self.wish("received", node=node))
        return content

    @asynccontextmanager
    async def wire(self, address: str) -> AsyncIterator[Program]:
        """A wire to a device of this machine, opened."""
        async with self.program("-m", "tests.drivers.real.through", address) as through:
            opened = await through.line()
            if opened != "open":
                raise RuntimeError(opened)
            yield through

    def program(self, *arguments: str) -> Any:
        """A Python program that runs among these devices."""
        return program(sys.executable, *arguments, env=self.env)


@asynccontextmanager
async def machine() -> AsyncIterator[Machine]:
    demand("umockdev-wrapper", SYSTEM_PYTHON)
    async with program("umockdev-wrapper", SYSTEM_PYTHON, str(HERE / "testbed.py")) as bed:
        if not (folder := await bed.line()):
            raise RuntimeError(f"the umockdev bindings of the system's Python: {MISSING}")
        yield Machine(bed, json.loads(folder))
