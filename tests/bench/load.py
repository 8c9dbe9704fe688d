"""The load generator: keep-alive connections that each send the next request as soon as the answer is in.

    python -m tests.bench.load '{"port": 8080, "path": "/api/tickets", "body": "{…}", "token": "…", "connections": 64}'

A process of its own, on raw transports, so that it costs the program under test as little as possible. Prints one line of JSON.
"""

import argparse
import asyncio
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, cast

import msgspec
import uvloop

from tests.bench.report import percentile
from tests.harness.programs import ROOT, Program

HEAD_END: Final = b"\r\n\r\n"
WARM_UP: Final = 0.15
"""This share of the time is not counted."""


class Outcome(msgspec.Struct, frozen=True):
    """What one run came to."""

    per_s: float
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    statuses: dict[str, int]
    cpu_us: float = 0.0
    """Processor time of the program under load for one answer; tells more than speed on a machine that others use too."""

    @property
    def clean(self) -> bool:
        """Nothing but success."""
        return all(status.startswith("2") for status in self.statuses)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, how often at once, for how long."""

    port: int
    path: str
    body: str
    token: str = ""
    connections: int = 64
    seconds: float = 5.0


@dataclass(slots=True)
class Count:
    """Shared by all connections."""

    from_s: float
    until_s: float
    sent: int = 0
    times_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    open: int = 0


class Connection(asyncio.Protocol):
    """One customer after the other, on one line."""

    def __init__(self, wish: Wish, count: Count, done: asyncio.Event) -> None:
        head = f"POST {wish.path} HTTP/1.1\r\nHost: 127.0.0.1:{wish.port}\r\nContent-Type: application/json\r\n"
        head += f"Authorization: Bearer {wish.token}\r\n" if wish.token else ""
        self._before = f"{head}Content-Length: {len(wish.body)}\r\nIdempotency-Key: bench-{id(self):x}-".encode()
        self._after = b"\r\n\r\n" + wish.body.encode()
        self._count = count
        self._done = done
        self._got = b""
        self._at_s = 0.0
        self._line: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self._count.open += 1
        self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        self._count.open -= 1
        if self._count.open == 0:
            self._done.set()

    def data_received(self, data: bytes) -> None:
        self._got = self._got + data if self._got else data
        end = self._got.find(HEAD_END)
        if end < 0:
            return
        start = self._got.lower().find(b"content-length:", 0, end) + 15
        length = int(self._got[start : self._got.find(b"\r", start)]) if start > 14 else 0
        if len(self._got) >= end + len(HEAD_END) + length:
            self._answered(self._got[9:12].decode())

    def _answered(self, status: str) -> None:
        now_s, count = perf_counter(), self._count
        self._got = b""
        if now_s > count.from_s:
            count.times_s.append(now_s - self._at_s)
            count.statuses[status] += 1
        if now_s < count.until_s:
            self._send()
        elif self._line is not None:
            self._line.close()

    def _send(self) -> None:
        self._count.sent += 1
        self._at_s = perf_counter()
        if self._line is not None:
            self._line.write(b"%s%d%s" % (self._before, self._count.sent, self._after))


async def push(wish: Wish) -> Outcome:
    """Run until the time is over."""
    loop, now_s, done = asyncio.get_running_loop(), perf_counter(), asyncio.Event()
    count = Count(now_s + wish.seconds * WARM_UP, now_s + wish.seconds)
    for _ in range(wish.connections):
        await loop.create_connection(lambda: Connection(wish, count, done), "127.0.0.1", wish.port)
    await done.wait()
    times_s = count.times_s
    return Outcome(
        per_s=len(times_s) / (count.until_s - count.from_s),
        p50_ms=percentile(times_s, 0.5) * 1000,
        p99_ms=percentile(times_s, 0.99) * 1000,
        slowest_ms=max(times_s) * 1000,
        statuses=dict(count.statuses),
    )


def run(wish: Wish, program: Program) -> Outcome:
    """The generator as another process, against `program`."""
    used_s = program.cpu_s()
    command = [sys.executable, "-m", "tests.bench.load", msgspec.json.encode(wish).decode()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=wish.seconds + 60)
    outcome = msgspec.json.decode(done.stdout, type=Outcome)
    answers = sum(outcome.statuses.values()) / (1 - WARM_UP)
    return msgspec.structs.replace(outcome, cpu_us=(program.cpu_s() - used_s) / answers * 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description="Load generator; prints one line of JSON.")
    parser.add_argument("wish", help="as JSON: port, path, body, token, connections, seconds")
    wish = msgspec.json.decode(parser.parse_args().wish, type=Wish)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(msgspec.json.encode(runner.run(push(wish))).decode())


if __name__ == "__main__":
    main()
