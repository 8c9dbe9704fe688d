"""One life of the branch daemon: hold the data folder, start, serve until told to stop, leave everything clean."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import structlog

from edge.app import Branch, lay_ground
from edge.kernel.files import hold_folder, make_folder
from edge.registry import Capability
from edge.sandbox import api as sandbox_api
from edge.sandbox import branch as demo
from edge.sandbox import day_file
from edge.sandbox.stage import Stage
from edge.settings import Settings

log = structlog.get_logger()

EXIT_BROKEN: Final = 70
"""sysexits: an internal promise is broken; systemd starts the program again."""

SANDBOX: Final = Capability(name="sandbox", routes=(sandbox_api.routes,), problems=sandbox_api.PROBLEMS)


def serve(settings: Settings, *, ready: Callable[[int, int | None], None] = lambda _port, _guest: None) -> int:
    """Run until a signal or a broken promise; returns the exit code. `ready` hears the ports."""
    make_folder(settings.data)
    with hold_folder(settings.data), asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(_serve(settings, ready))


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _serve(settings: Settings, ready: Callable[[int, int | None], None]) -> int:
    if settings.sandbox:
        settings = replace(settings, printers={"*": demo.PRINTER})
    branch = Branch(lay_ground(settings))
    stage = _stage(branch) if settings.sandbox else None
    stopped = _until_signal()
    try:
        await branch.start()
        ready(*await _open(branch, stage))
        ends: list[asyncio.Future[Any]] = [stopped, branch.failure()]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await branch.stop()
        if stage is not None:
            await stage.close()
    return 0 if stopped.done() else EXIT_BROKEN


def _stage(branch: Branch) -> Stage:
    settings = branch.ground.settings
    stage = Stage(branch, settings.head_office)
    if settings.day_file is not None and settings.day is not None:
        recorded = day_file.read(settings.day_file, settings.day)
        stage.configure, stage.staff = recorded.branch(), recorded.staff()
    return stage


async def _open(branch: Branch, stage: Stage | None) -> tuple[int, int | None]:
    if stage is None:
        branch.join_head_office()
        await branch.connect_devices(branch.ground.settings.devices)
        return await branch.open_doors()
    await stage.prepare()
    return await branch.open_doors([SANDBOX], [stage])


def _until_signal() -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[None] = loop.create_future()

    def stop() -> None:
        if not stopped.done():
            stopped.set_result(None)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopped
