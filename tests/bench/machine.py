"""What this machine can do at all."""

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import ClassVar, Final

from tests.bench import load
from tests.bench.report import Figure, fact, percentile
from tests.harness.programs import Program

SYNCS: Final = 2000
BLOCK: Final = bytes(4096)
BODY: Final = '{"service":"personal","channel":"phone"}'


class BareHandler(Program):
    """`tests.bench.bare` as a process."""

    MODULE: ClassVar[str] = "tests.bench.bare"
    READY = re.compile(r"bare handler: http://[^:]+:(\d+)/")

    def arguments(self) -> Sequence[str]:
        return [str(self.data)]


def sync_times_ms(folder: Path) -> list[float]:
    """Overwrite 4 KiB in place and fdatasync, again and again."""
    times: list[float] = []
    with (folder / "sync").open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, len(BLOCK))
        os.fsync(file.fileno())
        for _ in range(SYNCS):
            began = perf_counter()
            os.pwrite(file.fileno(), BLOCK, 0)
            os.fdatasync(file.fileno())
            times.append((perf_counter() - began) * 1000)
    return times


def bare(folder: Path, *, connections: int, seconds: float) -> load.Outcome:
    """The bare handler under the same load."""
    place = folder / f"bare-{connections}"
    place.mkdir()
    with BareHandler(place) as handler:
        wish = load.Wish(port=handler.port, path="/rows", body=BODY, connections=connections, seconds=seconds)
        return load.run(wish, handler)


def run(seconds: float) -> list[Figure]:
    """The machine's own limits."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        times = sync_times_ms(folder)
        many = bare(folder, connections=64, seconds=seconds)
        one = bare(folder, connections=1, seconds=seconds / 2)
    return [
        fact("fdatasync of 4 KiB in place, p50", percentile(times, 0.5), "ms"),
        fact("fdatasync of 4 KiB in place", 1000 / (sum(times) / len(times)), "/s"),
        fact("bare durable handler, 64 connections", many.per_s, "/s"),
        fact("bare durable handler, 64 connections, processor time each", many.cpu_us, "µs"),
        fact("bare durable handler, 64 connections, p99", many.p99_ms, "ms"),
        fact("bare durable handler, 1 connection, p50", one.p50_ms, "ms"),
    ]
