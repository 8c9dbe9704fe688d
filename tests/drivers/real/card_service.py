"""A card service of the tests' own: the real pcscd with the virtual reader of vsmartcard, and a card of ours.

pcscd has one fixed place for its socket. It runs in namespaces where that place is a folder of the test, so that it neither
needs nor disturbs the machine's own service; its clients are told the folder by PCSCLITE_CSOCK_NAME.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.drivers.real.card_machine import DRIVER
from tests.drivers.real.machine import Program, demand, program


@dataclass
class CardService:
    env: dict[str, str]
    """What its clients need."""
    machine: Program

    async def insert(self) -> None:
        await self.machine.say("insert")

    async def pull(self) -> None:
        await self.machine.say("pull")


@asynccontextmanager
async def card_service(folder: Path) -> AsyncIterator[CardService]:
    """The service, running, no card in it."""
    demand("pcscd", "unshare", DRIVER)
    run, config = folder / "run", folder / "config"
    run.mkdir()
    config.mkdir()
    as_root = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    # A process namespace, so that the service ends with the one process that is ours to end.
    apart = ("unshare", *as_root, "--mount", "--net", "--pid", "--fork", "--kill-child")
    async with program(*apart, sys.executable, "-m", "tests.drivers.real.card_machine", str(run), str(config)) as machine:
        if await machine.line() != "ready":
            raise RuntimeError("pcscd did not start: this machine must allow namespaces")
        yield CardService({"PCSCLITE_CSOCK_NAME": str(run / "pcscd.comm")}, machine)
