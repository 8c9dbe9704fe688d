"""Head office's composition root: everything is built and joined here, by hand."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog
from aiohttp import web

from sync.headoffice import identity
from sync.headoffice.console import Console
from sync.headoffice.fleet import Fleet
from sync.headoffice.ingest import DoorLimits, Ingest, wall_ms
from sync.headoffice.metrics import Metrics
from sync.headoffice.policies import PolicyCatalogue, PolicyDesk
from sync.headoffice.projector import Projector
from sync.headoffice.publish import Publisher
from sync.headoffice.store import JournalStore
from sync.headoffice.store_sqlite import SqliteStore
from sync.headoffice.store_views import Views
from sync.headoffice.web import Problem, guarded, json_answer, problems, secure
from sync.protocol import Budget
from sync.receiver import Receiver

log = structlog.get_logger()

NOTE_EVERY_S = 60.0
CATCH_UP_TIMEOUT_S = 5.0
SHUTDOWN_S = 5.0


@dataclass(frozen=True, slots=True)
class HeadOfficeConfig:
    data: Path
    """Folder of keys, journal and pictures; made if missing."""
    host: str = "127.0.0.1"
    port: int = 0
    """0: any free one."""
    static: Path | None = None
    """Folder of the built pages: `headoffice/index.html` and `assets/`."""
    sandbox: bool = False
    """Opens `GET /sandbox` and lets in every box that knows the code `sandbox`."""
    policies: PolicyCatalogue | None = None
    """What can be set; None where no branch program is at hand."""
    budget: Budget = field(default_factory=Budget)
    door: DoorLimits = field(default_factory=DoorLimits)
    now_ms: Callable[[], int] = wall_ms


class HeadOffice:
    """One head office: `start`, then `run` until it is cancelled or fails, then `stop`."""

    def __init__(self, config: HeadOfficeConfig) -> None:
        self._config = config
        self._metrics = Metrics()
        self._store: JournalStore = SqliteStore(config.data)
        self._views = Views(config.data)
        self._projector = Projector(self._store, self._views, self._metrics)
        self._epoch = identity.Epoch(b"", 0)
        self._work: asyncio.Task[None] | None = None
        self._running = contextlib.AsyncExitStack()
        self._port = config.port
        self.console_token = ""
        """Known after `start`."""

    @property
    def address(self) -> tuple[str, int]:
        return (self._config.host, self._port)

    @property
    def url(self) -> str:
        return f"http://{self._config.host}:{self._port}"

    async def start(self) -> None:
        """Serves when this returns. Raises StoreRefused where the data cannot be trusted, OSError for the port."""
        folder = self._config.data
        folder.mkdir(parents=True, exist_ok=True)
        async with contextlib.AsyncExitStack() as starting:
            await starting.enter_async_context(_started(self._store))
            await starting.enter_async_context(_started(self._views))
            self._epoch = identity.begin(folder, (await self._store.totals()).batches)
            starting.push_async_callback(self._note)
            self.console_token = identity.console_token(folder)
            self._work = await starting.enter_async_context(_background(self._keep_working()))
            await starting.enter_async_context(self._listening())
            self._running = starting.pop_all()
        log.info("head_office_listening", host=self._config.host, port=self._port, sandbox=self._config.sandbox)

    async def run(self) -> None:
        """Until cancelled. Raises what makes further work impossible: the process must end and start from the disk."""
        if self._work is None:
            raise RuntimeError("head office has not been started")
        await asyncio.shield(self._work)

    async def stop(self) -> None:
        await self._running.aclose()

    async def caught_up(self) -> None:
        """Return when the pictures show everything that was received before this call."""
        await self._projector.caught_up()

    async def _keep_working(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._projector.run(), name="projector")
            tasks.create_task(self._keep_noting(), name="notes")
            tasks.create_task(_fail_with(self._store.failed), name="journal")
            tasks.create_task(_fail_with(self._views.failed), name="views")

    async def _keep_noting(self) -> None:
        while True:
            await asyncio.sleep(NOTE_EVERY_S)
            await self._note()

    async def _note(self) -> None:
        """Remember beside the database how far it is, to know it again should it be set back."""
        batches = (await self._store.totals()).batches
        if batches > self._epoch.batches:
            self._epoch = identity.Epoch(self._epoch.id, batches)
            await asyncio.to_thread(identity.note, self._config.data, self._epoch)

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._config.host, self._config.port).start()
            self._port = int(runner.addresses[0][1])
            yield
        finally:
            await runner.cleanup()

    def _application(self) -> web.Application:
        config, key = self._config, identity.signing_key(self._config.data)
        ingest = Ingest(
            self._store,
            Receiver(key.sign, self._epoch.id, config.budget),
            Fleet(key.public, self._epoch.id, sandbox=config.sandbox),
            self._metrics,
            now_ms=config.now_ms,
            on_taken=self._projector.wake,
            limits=config.door,
        )
        console = Console(self._store, self._views, ingest.contacts, now_ms=config.now_ms, static=config.static)
        publisher = Publisher(self._store, key.sign, self._epoch.id, self._metrics, now_ms=config.now_ms)
        desk = PolicyDesk(self._store, self._views, publisher, config.policies, now_ms=config.now_ms)
        application = web.Application(middlewares=[problems, guarded(self.console_token)])
        application.on_response_prepare.append(secure)
        application.on_shutdown.append(publisher.let_go)
        application.add_routes([*ingest.routes(), *publisher.routes(), *console.routes(), *desk.routes()])
        application.add_routes([web.get("/health", self._health), web.get("/metrics", self._show_metrics)])
        if config.sandbox:
            application.add_routes([web.get("/sandbox", self._sandbox)])
        return application

    async def _health(self, _: web.Request) -> web.Response:
        if self._work is None or self._work.done():
            raise Problem(503, "failed", "Head office has failed and is about to end")
        totals = await self._store.totals()
        return json_answer({"status": "ok", "branches": totals.branches, "events": totals.events})

    async def _show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _sandbox(self, _: web.Request) -> web.Response:
        """Figures that agree with each other: everything received is counted in the pictures first."""
        try:
            async with asyncio.timeout(CATCH_UP_TIMEOUT_S):
                await self._projector.caught_up()
        except TimeoutError:
            raise Problem(503, "behind", "The pictures are still behind the journal") from None
        totals, tickets = await self._store.totals(), await self._views.ticket_count()
        return json_answer(
            {
                "branches": totals.branches,
                "tickets": tickets,
                "events": totals.events,
                "console_token": self.console_token,
            }
        )


async def serve(config: HeadOfficeConfig) -> None:
    """Run a head office until it is cancelled or the process is told to end; raises what makes further work impossible.

    For the main thread of a process: it takes SIGTERM and SIGINT.
    """
    office, loop, told = HeadOffice(config), asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await office.start()
    working = asyncio.create_task(office.run())
    ending = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for task in (working, ending):
            task.cancel()
        await office.stop()


class _Startable(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@contextlib.asynccontextmanager
async def _started(part: _Startable) -> AsyncIterator[None]:
    await part.start()
    try:
        yield
    finally:
        await part.stop()


@contextlib.asynccontextmanager
async def _background(work: Coroutine[object, object, None]) -> AsyncIterator[asyncio.Task[None]]:
    """A task that ends with the block. What it raised is for `run` to tell."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _fail_with(failed: asyncio.Future[None]) -> None:
    """Wait for the failure of a store, which it raises; its future is its own and must outlive us."""
    await asyncio.shield(failed)
