"""One life of the branch daemon on an open data folder: start, serve until told to stop, leave everything clean."""

import asyncio
import gc
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import structlog

from edge import document
from edge.app import Branch
from edge.ground import lay_ground
from edge.kernel.opening import Opened, Opening
from edge.registry import Capability
from edge.sandbox import api as sandbox_api
from edge.sandbox import branch as demo
from edge.sandbox import day_file
from edge.sandbox.stage import Stage
from edge.settings import Launch

log = structlog.get_logger()

EXIT_BROKEN: Final = 70
"""sysexits: an internal promise is broken; systemd starts the program again."""

SETTLED_AFTER_S: Final = 2.0
"""How long after opening its doors the program takes stock of its own memory."""

SANDBOX: Final = Capability(name="sandbox", routes=(sandbox_api.routes,), problems=sandbox_api.PROBLEMS)


def serve(launch: Launch, opening: Opening, *, ready: Callable[[int, int | None], None]) -> int:
    """Run until a signal or a broken promise; returns the exit code. `ready` hears the ports."""
    opened = opening.result()
    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(_serve(launch, opened, ready))


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _serve(launch: Launch, opened: Opened, ready: Callable[[int, int | None], None]) -> int:
    given = None if launch.branch_file is None else document.read(launch.branch_file)
    if launch.sandbox:
        launch = replace(launch, printers={"*": demo.PRINTER}, readers={"*": demo.KIOSK})
    elif given is not None:
        launch = replace(launch, devices=given.devices, printers=given.printers, readers=given.readers, gates=given.gates)
    branch = Branch(lay_ground(launch, opened))
    stage = _stage(branch) if launch.sandbox else None
    stopped = _until_signal()
    try:
        await branch.start()
        ready(*await _open(branch, stage, given))
        asyncio.get_running_loop().call_later(SETTLED_AFTER_S, _settle)
        branch.watch_waits()
        ends: list[asyncio.Future[Any]] = [stopped, branch.failure()]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await branch.stop()
        if stage is not None:
            await stage.close()
    return 0 if stopped.done() else EXIT_BROKEN


def _settle() -> None:
    """Look through the program's own hundred thousand objects for garbage this once, and never again: they stay for its life,
    and each look would hold up whoever presses a key by tens of milliseconds. Until now nothing was looked through."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _stage(branch: Branch) -> Stage:
    launch = branch.ground.launch
    stage = Stage(branch, launch.head_office)
    if launch.day_file is not None and launch.day is not None:
        recorded = day_file.read(launch.day_file, launch.day)
        stage.configure, stage.staff = recorded.branch(), recorded.staff()
    return stage


async def _open(branch: Branch, stage: Stage | None, given: document.Document | None) -> tuple[int, int | None]:
    if stage is None:
        if given is not None:
            await document.apply(branch, given)
        branch.join_head_office()
        await branch.connect_devices(branch.ground.launch.devices)
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
