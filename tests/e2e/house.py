"""The house under test: head office and one branch with a guests' listener, as real processes on one machine."""

import re
import socket
from pathlib import Path
from typing import Any, Final, Self

from tests.harness.api import Api
from tests.harness.programs import ROOT, BranchProcess, HeadOfficeProcess

PAGES: Final = ROOT / "edge" / "web" / "static"
SURFACES: Final = ("front", "kiosk", "counter", "display", "phone", "bench", "headoffice")
PRINTER: Final = "printer-1"
MORNING: Final = "2026-03-02T09:00:00+08:00"
"""A Monday. No test may depend on the hour at which it is run."""
QR: Final = re.compile(r"\[QR (\S+)\]")


def pages_missing() -> list[str]:
    """The surfaces that were not built."""
    return [surface for surface in SURFACES if not (PAGES / surface / "index.html").is_file()]


class House:
    """Both programs. The branch may be killed and started again; its addresses stay."""

    def __init__(self, folder: Path) -> None:
        self.guests = f"127.0.0.1:{_free_port()}"
        self.office = HeadOfficeProcess(folder / "office")
        self._folder = folder
        self._branch: BranchProcess | None = None

    def __enter__(self) -> Self:
        self.office.start()
        self._branch = BranchProcess(self._folder / "branch", head_office=self.office.url, options=self._options(MORNING))
        self._branch.start()
        return self

    def _options(self, clock: str) -> tuple[str, ...]:
        return ("--guest-listen", self.guests, "--clock", clock)

    def __exit__(self, *_: object) -> None:
        if self._branch is not None:
            self._branch.end()
        self.office.end()

    @property
    def branch(self) -> BranchProcess:
        if self._branch is None:
            raise RuntimeError("use `with House(...)`")
        return self._branch

    @property
    def url(self) -> str:
        return self.branch.url

    async def freeze(self) -> None:
        """The box stops answering; when it is started again, its clock goes on from here."""
        self.branch.options = self._options((await self.sandbox())["clock"]["now"])
        self.branch.pause()

    # --- what a test may ask behind the pages' backs

    async def sandbox(self) -> Any:
        async with Api(self.url) as api:
            return await api.sandbox()

    async def slips(self) -> list[Any]:
        """Everything that came out of the printer, oldest first."""
        async with Api(self.url) as api:
            slips: list[Any] = (await api.get(f"/sandbox/devices/{PRINTER}/output"))["slips"]
            return slips

    async def let_pass(self, advance_s: int) -> None:
        """Time at the branch; calls grow old and the hall speaks them no more."""
        async with Api(self.url) as api:
            await api.post("/sandbox/clock", {"advance_s": advance_s})

    async def printer(self, action: str) -> None:
        async with Api(self.url) as api:
            await api.post(f"/sandbox/devices/{PRINTER}/{action}")

    async def tickets(self) -> list[Any]:
        """Every ticket of today, whatever its state."""
        states = "waiting,called,serving,parked,no_show,finished,cancelled,expired"
        async with Api(self.url) as api:
            admin = await api.as_staff("9001")
            tickets: list[Any] = (await admin.get("/api/tickets", state=states, limit=500))["tickets"]
            return tickets

    async def ticket(self, number: str) -> Any:
        """The ticket of today with that number."""
        return next(ticket for ticket in await self.tickets() if ticket["number"] == number)


def phone_address(slip: Any) -> str:
    """What the slip's QR code says."""
    found = QR.search(slip["text"])
    if found is None:
        raise LookupError(f"no QR code on the slip: {slip['text']}")
    return found.group(1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
