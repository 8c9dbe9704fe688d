"""Start the export worker and wait for it: one at a time, with an end, and never on the event loop."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import structlog

from edge.kernel.domain import Rejected
from edge.reports.__main__ import Done, Order
from edge.reports.ask import EXPORT_ROWS_MAX

log = structlog.get_logger()

TIMEOUT_S: Final = 18.0
"""Below the time that a request may take."""
WAITING_MAX: Final = 4
"""Exports that wait for the one under way; a further one is asked to come back."""
FILE_BYTES_MAX: Final = 64 * 1024 * 1024


class Export(NamedTuple):
    """A finished workbook and what making it took."""

    content: bytes
    rows: int
    peak_kib: int
    cpu_s: float


class Exporter:
    """Makes workbooks, one after the other."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def export(self, order: Order) -> Export:
        """Fill in where to, and carry `order` out. Raises Rejected."""
        if self._waiting > WAITING_MAX:
            raise Rejected("export_busy", waiting=self._waiting)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._export(order)
        finally:
            self._waiting -= 1

    async def _export(self, order: Order) -> Export:
        with tempfile.TemporaryDirectory(prefix="branchbox-report-") as folder:
            target = Path(folder) / "report.xlsx"
            done = await _run(msgspec.structs.replace(order, target=str(target)), self._timeout_s)
            if done.rows is None:
                raise Rejected("report_too_large", rows_max=EXPORT_ROWS_MAX)
            content = await asyncio.to_thread(_read, target)
        return Export(content, done.rows, done.peak_kib, done.cpu_s)


def _read(target: Path) -> bytes:
    if target.stat().st_size > FILE_BYTES_MAX:
        raise Rejected("report_too_large", rows_max=EXPORT_ROWS_MAX)
    return target.read_bytes()


async def _run(order: Order, timeout_s: float) -> Done:
    """The worker's life; it ends with the request, whatever ends that."""
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge.reports"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complaint = await asyncio.wait_for(worker.communicate(msgspec.json.encode(order)), timeout_s)
    except TimeoutError as error:
        raise Rejected("export_too_slow", timeout_s=int(timeout_s)) from error
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    if worker.returncode != 0:
        log.error("export_failed", report=order.report, exit_code=worker.returncode, reason=complaint.decode()[-500:])
        raise Rejected("export_failed", exit_code=worker.returncode)
    return msgspec.json.decode(said, type=Done)
