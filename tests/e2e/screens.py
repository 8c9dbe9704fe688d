"""Browser profiles, one per device, and what no page may ever do: ask outside, break its content policy, throw."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebSocket

from tests.harness.programs import ROOT

PICTURES: Final = ROOT / "tests" / "screenshots"
WAIT_MS: Final = 20_000
"""For anything a page must show; two busy cores are slow, and nothing here measures speed."""
LOOK_S: Final = 0.05

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Size(NamedTuple):
    """A real screen, in CSS pixels."""

    width: int
    height: int
    touch: bool = False
    density: float = 1


NOT_SIGNED_IN: Final = re.compile(r"/api/session: Failed to load resource: .* 401")
"""The counter's page asks who is signed in; a browser logs the answer "nobody" as an error."""

KIOSK: Final = Size(1080, 1920, touch=True)
KIOSK_WIDE: Final = Size(1280, 800, touch=True)
HALL: Final = Size(1920, 1080)
DESK: Final = Size(1366, 768)
TABLET: Final = Size(1280, 800)
BENCH: Final = Size(1440, 900)
PHONE: Final = Size(390, 844, touch=True, density=2)
SMALL_PHONE: Final = Size(320, 568, touch=True, density=2)

EARS: Final = """
(() => {
  const heard = [];
  const names = new WeakMap();
  const bytesOf = Response.prototype.arrayBuffer;
  Response.prototype.arrayBuffer = async function () {
    const bytes = await bytesOf.call(this);
    names.set(bytes, new URL(this.url).pathname);
    return bytes;
  };
  const decode = BaseAudioContext.prototype.decodeAudioData;
  BaseAudioContext.prototype.decodeAudioData = async function (bytes) {
    const name = names.get(bytes);
    const sound = await decode.call(this, bytes);
    names.set(sound, name);
    return sound;
  };
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (at = 0) {
    heard.push({ clip: names.get(this.buffer), at_s: at, until_s: at + this.buffer.duration });
    return start.apply(this, arguments);
  };
  window.heard = heard;
})();
"""
"""Notes every recorded clip that a page starts: its file's path and when it sounds, on the audio clock."""

MOMENTS: Final = """
(() => {
  window.pressed = [];
  window.shaken = [];
  window.alarmed = [];
  addEventListener('keydown', (event) => window.pressed.push({ key: event.key, at_ms: Date.now() }), true);
  const shake = navigator.vibrate?.bind(navigator);
  if (shake) navigator.vibrate = (pattern) => { window.shaken.push(pattern); return shake(pattern); };
  const look = () => {
    const there = document.querySelector('[role=alertdialog]') !== null;
    if (there && !look.before) window.alarmed.push(Date.now());
    look.before = there;
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
})();
"""
"""Notes when a key went down, when the phone shook and when its full-screen call appeared, by this machine's clock."""


class Screens:
    """All profiles of one test, and everything their pages did wrong."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._wrongs: list[str] = []
        self._forgiven = [NOT_SIGNED_IN]

    async def open(self, url: str, size: Size, *, scripts: tuple[str, ...] = (), language: str = "zh-CN") -> Page:
        """A new device at `url`. Nothing is shared with other devices."""
        context = await self._browser.new_context(
            viewport={"width": size.width, "height": size.height},
            has_touch=size.touch,
            device_scale_factor=size.density,
            locale=language,
            timezone_id="Asia/Shanghai",
            reduced_motion="no-preference",
        )
        self._contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        context.on("request", self._asked)
        context.on("console", self._said)
        context.on("weberror", lambda error: self._wrongs.append(f"threw: {error.error}"))
        for script in scripts:
            await context.add_init_script(script)
        return await self.another(context, url)

    async def another(self, context: BrowserContext, url: str) -> Page:
        """One more window of a device."""
        page = await context.new_page()
        page.on("websocket", self._connected)
        await page.goto(url)
        return page

    def forgive(self, complaint: str) -> None:
        """Expect complaints that match: what a browser logs by itself where a test takes the box away or is refused."""
        self._forgiven.append(re.compile(complaint))

    async def close(self) -> list[str]:
        """Close all profiles; returns what their pages did wrong."""
        for context in self._contexts:
            await context.close()
        return [wrong for wrong in self._wrongs if not any(pattern.search(wrong) for pattern in self._forgiven)]

    def _asked(self, request: Request) -> None:
        self._check("asked", request.url)

    def _connected(self, socket: WebSocket) -> None:
        self._check("connected to", socket.url)

    def _check(self, deed: str, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"data", "blob", "about"} or parts.hostname == "127.0.0.1":
            return
        self._wrongs.append(f"{deed} the outside world: {url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._wrongs.append(f"{message.type} on {message.location.get('url', '')}: {message.text}")


async def picture(page: Page, name: str, *, whole: bool = False) -> Path:
    """Keep what is on the screen as tests/screenshots/NAME.png."""
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"{name}.png"
    await page.screenshot(path=path, full_page=whole)
    return path


async def heard(page: Page) -> list[Mapping[str, float | str]]:
    """The clips a page with EARS has started, in the order in which they sound."""
    clips: list[Mapping[str, float | str]] = await page.evaluate(
        "[...window.heard].sort((one, other) => one.at_s - other.at_s)"
    )
    return clips


async def until(what: str, ask: Callable[[], Awaitable[object]]) -> None:
    """Wait until the answer is true. The pages' content policy forbids Playwright's own wait for an expression."""
    try:
        async with asyncio.timeout(WAIT_MS / 1000):
            while not await ask():  # noqa: ASYNC110 -- a page in a browser has no event that this loop could wait for
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"never came true: {what}") from None
