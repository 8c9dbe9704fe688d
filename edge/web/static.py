"""The built pages, from one folder.

The folder is listed once, and a request is a look-up in that list. So no request's path ever reaches the file system:
`..`, encoded slashes, links and hidden files are simply not in the list. It is listed again, at most once a second, when
something is asked for that is not there: the pages may have been built while the daemon was running.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from edge.kernel.domain import Rejected
from edge.web import headers
from edge.web.door import Turnstile

PAGES: Final[Mapping[str, str]] = {
    "/": "front/index.html",
    "/kiosk": "kiosk/index.html",
    "/counter": "counter/index.html",
    "/display": "display/index.html",
    "/lobby": "lobby/index.html",
    "/console": "console/index.html",
    "/bench": "bench/index.html",
    "/t/{token}": "phone/index.html",
}
GUEST_PAGES: Final = frozenset({"/t/{token}"})
FOLDERS: Final = ("assets", "audio", "fonts")
"""Served below their own names. Files under `assets` have their hash in their names."""

MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""A table of our own: the machine's one differs from machine to machine. Other files are not served."""

Limited = Callable[[web.Request], None]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FILES_MAX: Final = 20_000
RELIST_S: Final = 1.0

NOT_BUILT: Final = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>Branchbox</title>
<h1>页面尚未构建</h1>
<p>服务正在运行，但界面文件不在。请运行 <code>make setup</code>，然后刷新本页。</p>
<h1 lang="en">The pages have not been built yet</h1>
<p lang="en">The service is running, but its pages are not there. Run <code>make setup</code> and reload this page.</p>
</html>
"""


class StaticFiles:
    """Serves pages, assets and audio."""

    def __init__(self, folder: Path, *, pages: Mapping[str, str] = PAGES, relist_s: float = RELIST_S) -> None:
        """`relist_s`: how long a file that was not there is taken for missing without a look."""
        self._folder = folder
        self._pages = pages
        self._relist_s = relist_s
        self._files: Mapping[str, Path] = {}
        self._listed_at_s = float("-inf")

    def mount(self, app: web.Application, turnstile: Turnstile, *, guest: bool) -> None:
        """Add the routes of all pages, or of the guests' pages, and of the folders they use."""

        def limited(request: web.Request) -> None:
            turnstile.pass_through("files", request.remote or "")

        for path, file in self._pages.items():
            if not guest or path in GUEST_PAGES:
                app.router.add_get(path, self._page(file, limited))
        for folder in FOLDERS:
            app.router.add_get(f"/{folder}/{{path:.+}}", self._asset(folder, limited))

    def find(self, name: str) -> Path | None:
        """The file behind a name relative to the folder, `assets/kiosk-4f2a.js`."""
        found = self._files.get(name)
        now_s = monotonic()
        if found is None and now_s - self._listed_at_s >= self._relist_s:
            self._files, self._listed_at_s = list_files(self._folder), now_s
            found = self._files.get(name)
        return found

    def _page(self, name: str, limited: Limited) -> Handler:
        async def page(request: web.Request) -> web.StreamResponse:
            limited(request)
            found = self.find(name)
            made = CIMultiDict(headers.FILE)
            made["Content-Security-Policy"] = headers.page_policy(request.host)
            made["Content-Type"] = MEDIA_TYPES[".html"]
            if found is None:
                made["Cache-Control"] = "no-store"
                return web.Response(body=NOT_BUILT.encode(), status=503, headers=made)
            made["Cache-Control"] = headers.REVALIDATE
            return web.FileResponse(found, headers=made)

        return page

    def _asset(self, folder: str, limited: Limited) -> Handler:
        cache = headers.IMMUTABLE if folder == "assets" else headers.REVALIDATE

        async def asset(request: web.Request) -> web.StreamResponse:
            limited(request)
            found = self.find(f"{folder}/{request.match_info['path']}")
            if found is None:
                raise Rejected("not_found")
            made = CIMultiDict(headers.FILE)
            made["Content-Type"] = MEDIA_TYPES[found.suffix]
            made["Cache-Control"] = cache
            return web.FileResponse(found, headers=made)

        return asset


def list_files(folder: Path) -> Mapping[str, Path]:
    """Every regular file below `folder` that may be served, by its relative name; what links lead out of it is not."""
    found: dict[str, Path] = {}
    root = folder.resolve()
    for path in folder.rglob("*") if folder.is_dir() else ():
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        inside = path.resolve().is_relative_to(root)
        if path.suffix in MEDIA_TYPES and not hidden and inside and path.is_file():
            found[name] = path
        if len(found) >= FILES_MAX:
            break
    return found
