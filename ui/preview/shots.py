"""Takes a picture of every page in every state worth looking at.

    cd ui && ../.venv/bin/python -m preview.shots OUT_DIR [NAME_PART ...]

Needs `npm run build` first. Exits 1 when a page complains on its console (a CSP breach, a missing file, an error).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from preview import fixtures as fx
from preview.box import ORIGIN, Box, problem

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TABLET_WIDTH_PX = 600
PORTRAIT, LANDSCAPE, HALL, PHONE = (1080, 1920), (1280, 800), (1920, 1080), (390, 844)
Act = Callable[[Page, Box], None]


@dataclass
class Shot:
    """One picture: a page, its size, the box's answers and what a person does before the picture."""

    name: str
    path: str
    size: tuple[int, int]
    answers: dict[str, Any]
    act: Act = lambda _page, _box: None
    live: bool = True
    expected: tuple[str, ...] = field(default=())


MACHINES: dict[str, Any] = {
    "GET /api/branch": fx.branch(machines=("personal",)),
    "POST /api/self-service": {"machines": 3, "free": 1, "services": ["personal"]},
}


def kiosk(services: int = 4, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a kiosk asks for."""
    return {
        "GET /api/branch": fx.branch(services),
        "GET /api/queues": fx.queues(services),
        "GET /api/devices": fx.devices(),
        "POST /api/tickets": (201, fx.issued()),
        "GET /api/tickets/t-13": fx.ticket(),
        **(changes or {}),
    }


def touch(text: str) -> Act:
    """A finger on the first thing that says so."""

    def act(page: Page, _box: Box) -> None:
        page.get_by_text(text, exact=False).first.click()
        page.wait_for_timeout(600)

    return act


def both(*acts: Act) -> Act:
    """One after the other."""

    def act(page: Page, box: Box) -> None:
        for each in acts:
            each(page, box)

    return act


def cut(wait_ms: int) -> Act:
    """The line to the box goes away for a while."""

    def act(page: Page, box: Box) -> None:
        page.wait_for_timeout(800)
        box.drop()
        page.wait_for_timeout(wait_ms)

    return act


K = "/kiosk#token=demo"
NETWORK = ("ERR_CONNECTION_REFUSED", "WebSocket")
KIOSK = [
    Shot("kiosk-start", K, PORTRAIT, kiosk()),
    Shot("kiosk-start-en", K, PORTRAIT, kiosk(), touch("English")),
    Shot("kiosk-start-big", K, PORTRAIT, kiosk(), touch("大字版")),
    Shot("kiosk-priority", K, PORTRAIT, kiosk(), touch("孕妇")),
    Shot(
        "kiosk-eight",
        K,
        PORTRAIT,
        kiosk(8, {"GET /api/branch": fx.branch(8, closed=("loan",)), "GET /api/devices": fx.devices(reader=True)}),
    ),
    Shot("kiosk-eight-big-en", K, PORTRAIT, kiosk(8), both(touch("大字版"), touch("English"))),
    Shot("kiosk-land", K, LANDSCAPE, kiosk()),
    Shot("kiosk-land-eight", K, LANDSCAPE, kiosk(8)),
    Shot("kiosk-ticket", K, PORTRAIT, kiosk(), touch("个人业务")),
    Shot(
        "kiosk-ticket-gold-first",
        K,
        PORTRAIT,
        kiosk(changes={"POST /api/tickets": (201, fx.issued("C001", 0, "gold"))}),
        both(touch("老年人"), touch("个人业务")),
    ),
    Shot("kiosk-ticket-big-en", K, PORTRAIT, kiosk(), both(touch("English"), touch("Large type"), touch("Personal"))),
    Shot(
        "kiosk-ticket-no-paper",
        K,
        PORTRAIT,
        kiosk(changes={"GET /api/devices": fx.devices("out", "userError"), "GET /api/tickets/t-13": fx.ticket("held")}),
        touch("个人业务"),
    ),
    Shot("kiosk-ticket-land", K, LANDSCAPE, kiosk(), touch("个人业务")),
    Shot("kiosk-offer", K, PORTRAIT, kiosk(changes=MACHINES), touch("个人业务")),
    Shot(
        "kiosk-offer-big-en", K, PORTRAIT, kiosk(changes=MACHINES), both(touch("大字版"), touch("English"), touch("Personal"))
    ),
    Shot("kiosk-offer-land", K, LANDSCAPE, kiosk(changes=MACHINES), touch("个人业务")),
    Shot("kiosk-machine", K, PORTRAIT, kiosk(changes=MACHINES), both(touch("个人业务"), touch("去自助机"))),
    Shot("kiosk-closed", K, PORTRAIT, kiosk(changes={"GET /api/branch": fx.branch(day="closed")})),
    Shot(
        "kiosk-refused",
        K,
        PORTRAIT,
        kiosk(changes={"POST /api/tickets": (404, problem(404, "unknown_service"))}),
        touch("个人业务"),
        expected=("404",),
    ),
    Shot("kiosk-lost", K, PORTRAIT, kiosk(), cut(11_000), expected=NETWORK),
    Shot("kiosk-not-enrolled", "/kiosk", PORTRAIT, {}, expected=("404",)),
]


def hall(calls: int = 8, services: int = 4) -> dict[str, Any]:
    """What the hall display asks for."""
    return {"GET /api/branch": fx.branch(services), "GET /api/display": fx.display(calls, services)}


def called(*calls: tuple[str, int, int]) -> Act:
    """Counters call, one after another, in the same second."""

    def act(page: Page, box: Box) -> None:
        page.wait_for_timeout(300)
        for k, (number, counter, call_no) in enumerate(calls):
            box.send(fx.called(number, counter, 101 + k, call_no))
        page.wait_for_timeout(900)

    return act


D = "/display#token=demo"
DISPLAY = [
    Shot("display-call", D, HALL, hall(), called(("A013", 2, 1))),
    Shot("display-many", D, HALL, hall(8, 8), called(("E104", 12, 1), ("B007", 3, 1), ("C001", 1, 1))),
    Shot("display-recall", D, HALL, hall(), called(("A013", 2, 2))),
    Shot("display-welcome", D, HALL, hall(0)),
    Shot("display-old", D, HALL, hall()),
    Shot("display-lost", D, HALL, hall(), both(called(("A013", 2, 1)), cut(7_000)), expected=NETWORK),
    Shot("display-small", D, (1366, 768), hall(), called(("A013", 2, 1))),
    Shot("display-not-enrolled", "/display", HALL, {}, expected=("404",)),
]


MORE = {"behind": 3, "left": 2}
VIP = {
    "offers": [{"kind": "car_pickup", "fee_fen": 0}],
    "requests": [
        {
            "id": "r-1",
            "kind": "cash_delivery",
            "state": "refused",
            "fee_fen": 5000,
            "asked_at": fx.EARLIER,
            "changed_at": fx.NOW,
            "reason": "今天押运车辆已排满，明天上午可以安排，客户经理会给您打电话",
        }
    ],
}


def phone(state: str = "waiting", ahead: int = 5, changes: dict[str, Any] | None = None, **view: Any) -> dict[str, Any]:
    """What a phone asks for."""
    return {f"GET /api/t/{fx.LINK}": fx.phone(state, ahead, **view), **(changes or {})}


def scrolled(page: Page, _box: Box) -> None:
    """To the end of the page."""
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)


P = f"/t/{fx.LINK}"
SMALL = (320, 568)
PHONES = [
    Shot("phone-waiting", P, PHONE, phone()),
    Shot("phone-waiting-en-big", P, PHONE, phone(), both(touch("English"), touch("Large type"))),
    Shot("phone-waiting-big", P, PHONE, phone(), touch("大字版")),
    Shot("phone-320", P, SMALL, phone()),
    Shot("phone-next", P, PHONE, phone(ahead=0)),
    Shot("phone-called", P, PHONE, phone("called")),
    Shot(
        "phone-called-en-big",
        P,
        PHONE,
        phone("called", calls=2),
        both(touch("我知道了"), touch("English"), touch("Large type")),
    ),
    Shot("phone-recalled", P, PHONE, phone("called", calls=2)),
    Shot("phone-called-320", P, SMALL, phone("called", counter={"number": 12, "name": "12号窗口"})),
    Shot("phone-serving", P, PHONE, phone("serving")),
    Shot("phone-parked", P, PHONE, phone("parked")),
    Shot("phone-no-show", P, PHONE, phone("no_show")),
    Shot("phone-cancelled", P, PHONE, phone("cancelled")),
    Shot("phone-leave", P, PHONE, phone(), touch("我已离开")),
    Shot("phone-more-time", P, PHONE, phone(more_time=MORE), touch("晚点再叫")),
    Shot("phone-vip", P, PHONE, phone(vip=VIP)),
    Shot("phone-vip-fee-en-big", P, PHONE, phone(vip=VIP), both(touch("English"), touch("Large type"), touch("Car pick-up"))),
    Shot("phone-rate", P, PHONE, phone("finished")),
    Shot("phone-rate-good", P, PHONE, phone("finished"), both(touch("很满意"), touch("态度好"), scrolled)),
    Shot("phone-rate-bad-big", P, PHONE, phone("finished"), both(touch("大字版"), touch("很不满意"), scrolled)),
    Shot("phone-rated", P, PHONE, phone("finished", rating=4, may_rate=False)),
    Shot("phone-lost", P, PHONE, phone(), cut(7_000), expected=NETWORK),
    Shot("phone-gone", P, PHONE, {}, expected=("404",)),
]
SHOTS = [*KIOSK, *DISPLAY, *PHONES]


@contextmanager
def opened(browser: Browser, shot: Shot) -> Iterator[tuple[Page, Box]]:
    """A fresh browser profile of the shot's size, at its page."""
    width, height = shot.size
    mobile = width < TABLET_WIDTH_PX
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2 if mobile else 1,
        has_touch=mobile,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    page = context.new_page()
    box = Box(dict(shot.answers), live=shot.live)
    box.attach(page)
    page.goto(ORIGIN + shot.path)
    page.wait_for_timeout(500)
    yield page, box
    context.close()


def overflowing(page: Page) -> list[str]:
    """Texts that are cut off or stick out of the screen: what a person would call cramped."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter((e) => {
          if (e.closest('svg') || e.closest('.read-aloud-only') || e.closest('.stage')) return false;
          const r = e.getBoundingClientRect();
          if (!r.width || !e.textContent.trim()) return false;
          const holds = e.matches('button, article, .card') || getComputedStyle(e).overflow !== 'visible';
          const cut = holds && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 2);
          return r.right > innerWidth + 1 || r.left < -1 || (cut && e !== document.body);
        }).map((e) => `${e.className}: ${e.textContent.trim().slice(0, 40)}`)"""
    )
    return found


def main(out: Path, parts: list[str]) -> int:
    """Takes the pictures whose names contain one of `parts`; returns the exit code."""
    out.mkdir(parents=True, exist_ok=True)
    bad = 0
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for shot in SHOTS:
            if parts and not any(part in shot.name for part in parts):
                continue
            with opened(browser, shot) as (page, box):
                shot.act(page, box)
                page.screenshot(path=str(out / f"{shot.name}.png"))
                complaints = [c for c in box.complaints if not any(word in c for word in shot.expected)]
                complaints += [f"cut off: {each}" for each in overflowing(page)]
            bad += len(complaints)
            sys.stdout.write(f"{shot.name}: {'; '.join(complaints) or 'ok'}\n")
        browser.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
