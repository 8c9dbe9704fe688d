"""The built pages: which file, with which headers, and that nothing else can be had."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.web.headers import page_policy
from tests.component.web.test_requests import problem
from tests.component.web.world import World, open_world

SCRIPT = b"console.log('branchbox');" * 100


def lay(folder: Path) -> None:
    """Lay out a built interface, and things beside it that nobody may have."""
    for page in ("front", "kiosk", "counter", "display", "bench", "phone"):
        (folder / page).mkdir(parents=True)
        (folder / page / "index.html").write_text(f"<!doctype html><title>{page}</title>")
    (folder / "assets").mkdir()
    (folder / "assets" / "kiosk-4f2a.js").write_bytes(SCRIPT)
    (folder / "assets" / "kiosk-4f2a.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "assets" / ".hidden.js").write_text("hidden")
    (folder / "assets" / "source.ts").write_text("source")
    (folder / "audio").mkdir()
    (folder / "audio" / "ding.wav").write_bytes(bytes(range(100)))
    (folder.parent / "secret.json").write_text("{}")
    (folder / "assets" / "leak.json").symlink_to(folder.parent / "secret.json")


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[World]:
    lay(tmp_path / "ui")
    async with open_world(tmp_path, ui=tmp_path / "ui") as world:
        yield world


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "front"),
        ("/kiosk", "kiosk"),
        ("/counter", "counter"),
        ("/display", "display"),
        ("/bench", "bench"),
        ("/t/abc", "phone"),
    ],
)
async def test_each_page_has_its_file_and_its_policy(built: World, path: str, page: str) -> None:
    async with built.http.get(built.base + path) as answer:
        assert answer.status == 200
        assert f"<title>{page}</title>" in await answer.text()
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        policy = answer.headers["Content-Security-Policy"]
        etag = answer.headers["ETag"]
    host = built.base.removeprefix("http://")
    for rule in (
        "default-src 'self'",
        f"connect-src 'self' ws://{host} wss://{host}",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ):
        assert rule in policy.split("; ")
    assert "unsafe" not in policy
    async with built.http.get(built.base + path, headers={"If-None-Match": etag}) as again:
        assert again.status == 304


async def test_assets_are_kept_for_ever_and_sent_compressed(built: World) -> None:
    async with built.http.get(f"{built.base}/assets/kiosk-4f2a.js", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert await answer.read() == SCRIPT
    async with built.http.get(f"{built.base}/assets/kiosk-4f2a.js", headers={"Accept-Encoding": "identity"}) as answer:
        assert "Content-Encoding" not in answer.headers


async def test_audio_is_served_in_ranges(built: World) -> None:
    async with built.http.get(f"{built.base}/audio/ding.wav", headers={"Range": "bytes=10-19"}) as answer:
        assert answer.status == 206
        assert await answer.read() == bytes(range(10, 20))


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../core.db",
        "/assets/..%2f..%2fcore.db",
        "/assets/%2e%2e/%2e%2e/core.db",
        "/assets//etc/passwd",
        "/assets/.hidden.js",
        "/assets/source.ts",
        "/assets/leak.json",
        "/assets/kiosk-4f2a.js.gz",
        "/assets/",
        "/assets",
        "/assets/%00",
        "/kiosk/index.html",
    ],
)
async def test_nothing_else_can_be_had(built: World, path: str) -> None:
    host, port = built.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    status = (await reader.readline()).split()[1]
    assert status in {b"404", b"400"}
    writer.close()
    await writer.wait_closed()


async def test_guests_get_the_phone_page_only(built: World) -> None:
    async with built.http.get(f"{built.guest_base}/t/abc") as answer:
        assert "<title>phone</title>" in await answer.text()
    async with built.http.get(f"{built.guest_base}/assets/kiosk-4f2a.js") as answer:
        assert answer.status == 200
    async with built.http.get(f"{built.guest_base}/counter") as answer:
        await problem(answer, 404, "not_found")


async def test_a_page_that_was_not_built_says_so_in_both_languages(world: World) -> None:
    async with world.http.get(f"{world.base}/kiosk") as answer:
        assert answer.status == 503
        text = await answer.text()
    assert "页面尚未构建" in text
    assert "have not been built" in text


async def test_pages_built_later_appear_without_a_restart(tmp_path: Path) -> None:
    async with open_world(tmp_path, ui=tmp_path / "ui") as world:
        async with world.http.get(f"{world.base}/kiosk") as answer:
            assert answer.status == 503
        await asyncio.to_thread(lay, tmp_path / "ui")
        async with world.http.get(f"{world.base}/kiosk") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("host", ["", "a b", "x; script-src *", "x" * 300, "x'y"])
def test_a_made_up_host_adds_nothing_to_the_policy(host: str) -> None:
    assert "connect-src 'self';" in page_policy(host)
    assert os.sep not in page_policy(host).replace("ws://", "")
