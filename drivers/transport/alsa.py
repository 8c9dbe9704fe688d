"""A wire to a sound card: `aplay`, fed with raw samples through its standard input.

A process of its own keeps a stuck sound driver out of ours: it is killed with the wire. It says nothing back; its end is the
end of the wire, with the last words of its standard error as the reason.
"""

import asyncio
import contextlib
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Final

from drivers.transport.wire import CHUNK_BYTES_MAX, Dial, WireLost

FORMAT: Final = ("-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", "48000")
BUFFER_US: Final = 200_000
REASON_BYTES_MAX: Final = 300


class AlsaWire:
    def __init__(self, process: Process) -> None:
        self._process = process

    async def write(self, data: bytes) -> None:
        stdin = self._process.stdin
        if stdin is None or self._process.returncode is not None:
            raise WireLost("aplay has ended")
        try:
            for start in range(0, len(data), CHUNK_BYTES_MAX):
                stdin.write(data[start : start + CHUNK_BYTES_MAX])
                await stdin.drain()
        except OSError as error:
            raise WireLost(str(error)) from error

    async def read(self) -> bytes:
        """Never returns anything: it waits for the end."""
        reason = b""
        if self._process.stderr is not None:
            while data := await self._process.stderr.read(CHUNK_BYTES_MAX):
                reason = (reason + data)[-REASON_BYTES_MAX:]
        await self._process.wait()
        raise WireLost(reason.decode("utf-8", errors="replace").strip() or "aplay has ended")

    async def close(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


def dial_alsa(device: str) -> Dial:
    async def dial() -> AlsaWire:
        program = shutil.which("aplay")
        if program is None:
            raise WireLost("aplay is not installed (Debian: alsa-utils)")
        order = (program, *FORMAT, "-D", device, "--buffer-time", str(BUFFER_US))
        try:
            process = await asyncio.create_subprocess_exec(*order, stdin=PIPE, stdout=DEVNULL, stderr=PIPE)
        except OSError as error:
            raise WireLost(f"aplay: {error}") from error
        return AlsaWire(process)

    return dial
