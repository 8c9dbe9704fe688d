"""Memory after a whole real day, played flat out."""

import asyncio
import tempfile
from datetime import date, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

import aiohttp

from edge.sandbox.day_file import read
from edge.sandbox.replay import ZONE, Replay
from tests.bench.report import Figure, at_most, fact
from tests.harness.agreement import branch_head
from tests.harness.programs import ROOT, BranchProcess, HeadOfficeProcess

DAY_FILE: Final = ROOT.parent / "shared" / "data" / "bank-queue-february.csv"
DAY: Final = date(1999, 2, 2)
MARK_MB: Final = 150.0


def run(_seconds: float) -> list[Figure]:
    if not DAY_FILE.exists():
        return [Figure("memory after a busy day", f"not measured: {DAY_FILE.name} is missing")]
    start = datetime.combine(DAY, datetime.min.time(), ZONE)
    options = ["--day", str(DAY_FILE), "--date", DAY.isoformat(), "--clock", start.isoformat()]
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, HeadOfficeProcess(Path(scratch) / "office") as office:
        data = Path(scratch) / "branch"
        with BranchProcess(data, head_office=office.url, options=options) as branch:
            began = perf_counter()
            asyncio.run(_play(branch.url))
            took_s = perf_counter() - began
            used_mb, used_s, office_mb = branch.rss_bytes() / 2**20, branch.cpu_s(), office.rss_bytes() / 2**20
        facts = branch_head(data)
    return [
        fact("a recorded day flat out (1,835 people), its facts", facts, ""),
        fact("… took", took_s, "s"),
        fact("… processor time of the branch", used_s, "s"),
        at_most("memory of the branch after it", used_mb, MARK_MB, "MB"),
        fact("memory of head office after it", office_mb, "MB"),
    ]


async def _play(url: str) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        await Replay(http, url, read(DAY_FILE, DAY)).run()
