"""What is no HTTP: a short answer in the branch's own manner, one line in the log, and nothing of the caller in it."""

import asyncio
import logging
from urllib.parse import urlsplit

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.component.web.world import World

SECRET = "6222021234567890"


async def answer_to(world: World, sent: bytes) -> bytes:
    """Everything that comes back until the connection ends."""
    where = urlsplit(world.base)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(sent)
    try:
        async with asyncio.timeout(10):
            return await reader.read(65_536)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        f"HELLO {SECRET}\r\n\r\n".encode(),
        f"GET /{SECRET} HTTP/9.9\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\nHost: x\r\nA b{SECRET}: c\r\n\r\n".encode(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SECRET.encode() + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_without_a_banner_or_a_traceback(
    world: World, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), capture_logs() as lines:
        head, _, body = (await answer_to(world, sent)).partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    assert status.split()[1] == "400"
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in headers)}
    assert (fields["server"], fields["content-type"]) == ("branchbox", "application/problem+json")
    assert msgspec.json.decode(body)["code"] == "invalid_request"
    assert [line["event"] for line in lines] == ["request_unreadable"]
    assert SECRET not in f"{lines} {caplog.text} {head!r} {body!r}"
    assert "Traceback" not in caplog.text
