"""The demo: head office and one branch as two real processes, and a recorded day played into the branch if wanted."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import click

from edge.sandbox.day_file import RecordedDay, read
from edge.sandbox.replay import ZONE, Replay

START_S: Final = 30.0
STOP_S: Final = 10.0
LOOK_S: Final = 0.1

Address = tuple[str, int]


class Places(NamedTuple):
    """Where the demo keeps its data and listens."""

    data: Path
    branch: Address
    guests: Address
    head_office: Address


class DemoFailed(Exception):
    """A part of the demo did not start or ended by itself."""


def play(places: Places, day_file: Path | None, day: date | None, *, speed: float | None) -> int:
    """Run until interrupted, or until the day is over when it is played flat out."""
    try:
        return asyncio.run(_play(places, day_file, day, speed))
    except DemoFailed as error:
        click.echo(str(error), err=True)
        return 1


async def _play(places: Places, day_file: Path | None, day: date | None, speed: float | None) -> int:
    recorded = None if day_file is None or day is None else read(day_file, day)
    data = places.data if day is None else places.data / f"day-{day}"
    loop, interrupted = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    url, head_office = _url(places.branch), _url(places.head_office)
    office = ["headoffice", "--data", str(data / "head-office"), "--listen", _text(places.head_office), "--sandbox"]
    branch = ["edge", "--data", str(data / "branch"), "--listen", _text(places.branch), "--sandbox"]
    branch += ["--guest-listen", _text(places.guests), "--head-office", head_office]
    if day_file is not None and day is not None:
        start = datetime(day.year, day.month, day.day, tzinfo=ZONE)
        branch += ["--day", str(day_file), "--date", day.isoformat(), "--clock", start.isoformat()]
    async with _program(office) as office_ended, _program(branch) as branch_ended:
        await _ready(url + "/sandbox", branch_ended)
        await _ready(head_office + "/sandbox", office_ended)
        _introduce(url, head_office)
        ends: list[asyncio.Future[Any]] = [office_ended, branch_ended, asyncio.ensure_future(interrupted.wait())]
        if recorded is not None:
            ends.append(asyncio.ensure_future(_replay(url, recorded, speed, stay=speed is not None)))
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in done:
            end.result()
        if not interrupted.is_set() and (office_ended in done or branch_ended in done):
            raise DemoFailed("a part of the demo ended by itself; its last words are above")
    return 0


async def _replay(url: str, recorded: RecordedDay, speed: float | None, *, stay: bool) -> None:
    async with aiohttp.ClientSession() as http:
        tally = await Replay(http, url, recorded, speed=speed).run()
    left = len(tally.cancelled) + len(tally.missed)
    click.echo(f"{recorded.day}: {len(tally.issued)} came, {len(tally.finished)} were served, {left} left")
    if stay:
        await asyncio.Event().wait()


def _introduce(url: str, head_office: str) -> None:
    click.echo(f"\n  Branchbox  {url}/\n  head office {head_office}/\n  Ctrl-C ends the demo\n")


@asynccontextmanager
async def _program(arguments: Sequence[str]) -> AsyncIterator["asyncio.Future[int]"]:
    """A part of the demo, as a process of its own that ends with us."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "edge", *arguments, start_new_session=True)
    ended = asyncio.ensure_future(process.wait())
    try:
        yield ended
    finally:
        if process.returncode is None:
            process.terminate()
            done, _ = await asyncio.wait([ended], timeout=STOP_S)
            if not done:
                process.kill()
                await ended


async def _ready(url: str, ended: "asyncio.Future[int]") -> None:
    """Wait until it answers. Raises DemoFailed when it ends first or takes too long."""
    async with aiohttp.ClientSession() as http:
        for _ in range(int(START_S / LOOK_S)):
            if ended.done():
                raise DemoFailed(f"{url}: it did not start; its last words are above")
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(LOOK_S)
    raise DemoFailed(f"{url}: no answer within {START_S:.0f} s")


def _text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


def _url(address: Address) -> str:
    return f"http://{_text(address)}"
