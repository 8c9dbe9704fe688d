"""A head office and a line to it, for the tests that use real sockets."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from sync.headoffice.app import HeadOffice, HeadOfficeConfig
from sync.line import Line
from tests.sync.wire import Wire


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[HeadOffice]:
    office = HeadOffice(HeadOfficeConfig(data=tmp_path / "office", sandbox=True))
    await office.start()
    yield office
    await office.stop()


@pytest.fixture
async def line(office: HeadOffice) -> AsyncIterator[Line]:
    line = Line(office.address)
    await line.start()
    yield line
    await line.stop()


@pytest.fixture
async def wire(line: Line) -> AsyncIterator[Wire]:
    """Starts uplinks and stops them in the end."""
    wire = Wire(line)
    yield wire
    await wire.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
