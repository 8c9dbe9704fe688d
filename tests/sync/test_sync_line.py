"""The line itself: cut is cut, stalled is stalled, and what it carries it does not change."""

import asyncio
import os
import time
from collections.abc import AsyncIterator

import pytest

from sync.line import Line

PATIENCE_S = 10.0


@pytest.fixture
async def echo() -> AsyncIterator[tuple[str, int]]:
    """A server that says back what it hears."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(65_536):
                writer.write(chunk)
                await writer.drain()
        except OSError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield ("127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()


@pytest.fixture
async def line(echo: tuple[str, int]) -> AsyncIterator[Line]:
    line = Line(echo)
    await line.start()
    yield line
    await line.stop()


async def connect(line: Line) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = line.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def test_what_it_carries_it_does_not_change(line: Line) -> None:
    reader, writer = await connect(line)
    said = os.urandom(300_000)
    writer.write(said)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readexactly(len(said)) == said
    writer.close()
    assert line.forwarded_bytes == 2 * len(said)


async def test_cutting_resets_what_stands_and_refuses_what_comes(line: Line) -> None:
    reader, writer = await connect(line)
    writer.write(b"hello")
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readexactly(5) == b"hello"
        await line.set_up(False)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        with pytest.raises(ConnectionRefusedError):
            await connect(line)
    assert not line.up
    writer.close()


async def test_mended_it_is_at_the_same_place(line: Line) -> None:
    before = line.url
    await line.set_up(False)
    await line.set_up(True)
    assert line.url == before
    reader, writer = await connect(line)
    writer.write(b"again")
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readexactly(5) == b"again"
    writer.close()


async def test_stalled_it_keeps_the_connection_and_moves_nothing(line: Line) -> None:
    reader, writer = await connect(line)
    line.stall()
    writer.write(b"late")
    answer = asyncio.ensure_future(reader.readexactly(4))
    done, _ = await asyncio.wait([answer], timeout=0.05)
    assert not done
    line.resume()
    async with asyncio.timeout(PATIENCE_S):
        assert await answer == b"late"
    writer.close()


async def test_its_rate_and_delay_are_kept(line: Line) -> None:
    line.rate_bytes_s, line.delay_s = 100_000.0, 0.02
    reader, writer = await connect(line)
    begun_s = time.monotonic()
    writer.write(bytes(5000))
    async with asyncio.timeout(PATIENCE_S):
        await reader.readexactly(5000)
    assert time.monotonic() - begun_s >= 2 * (5000 / 100_000 + 0.02)
    writer.close()


async def test_where_nobody_listens_behind_it_it_hangs_up(line: Line) -> None:
    line.target = ("127.0.0.1", 1)
    reader, writer = await connect(line)
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
    writer.close()
