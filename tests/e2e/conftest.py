"""A real Chromium and a real house. Without either, these tests are skipped loudly; in CI they fail instead."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.house import House, pages_missing
from tests.e2e.screens import FLAGS, WAIT_MS, Screens

CHROMIUM: Final = Path("/usr/bin/chromium")


def _what_is_missing() -> str:
    """Empty when everything is there."""
    if not CHROMIUM.exists():
        return f"NO BROWSER: {CHROMIUM} is not there (tools/system_packages test)"
    missing = pages_missing()
    return f"NO PAGES: {', '.join(missing)} not built (npm run build in ui/)" if missing else ""


@pytest.fixture(scope="session", autouse=True)
def everything_is_there() -> None:
    missing = _what_is_missing()
    if not missing:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def screens(chromium: Browser) -> AsyncIterator[Screens]:
    """Profiles of one test; fails it for what its pages did wrong."""
    opened = Screens(chromium)
    yield opened
    wrongs = await opened.close()
    assert not wrongs, "a page did what no page may do"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for the tests of a module, which leave it open for business."""
    with House(tmp_path_factory.mktemp("house")) as built:
        yield built
