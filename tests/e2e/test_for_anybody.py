"""Every page in every main state, in both languages, normal and big type: for eyes, fingers, keyboards and screen readers."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.async_api import Page, expect

from tests.e2e import audit
from tests.e2e.audit import Dress
from tests.e2e.house import House
from tests.e2e.people import PASSWORD
from tests.e2e.screens import BENCH, DESK, HALL, KIOSK, KIOSK_WIDE, PHONE, SMALL_PHONE, TABLET, Screens, Size, picture
from tests.harness.api import Api

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

ZH: Final = Dress("zh-CN", big=False)
EN_BIG: Final = Dress("en", big=True)
DRESSES: Final = (ZH, Dress("zh-CN", big=True), Dress("en", big=False), EN_BIG)
PEOPLE: Final = frozenset(
    {"王芳", "李强", "张敏", "刘洋", "陈静", "赵军", "李秀英", "欧阳建国", "周小雨", "黄德明", "吴美玲", "孙丽"}
)
MARKS: Final = frozenset({"Branchbox", "Enter", "ESC/POS", "Excel", "LED", "branchbox", "printer-1", "Num"})
TAGS: Final = frozenset({"大额存单到期", "偏好理财", "私行潜力"})
"""Head office's words about the demo's customers, in the language it speaks."""
NAMES: Final = PEOPLE | MARKS | TAGS
REFUSED: Final = "40[14]"


class Auditor:
    """Looks at one page after the other and remembers what is wrong with each."""

    def __init__(self, screens: Screens, house: House, dress: Dress) -> None:
        self.screens = screens
        self.house = house
        self.dress = dress
        self.wrongs: list[str] = []

    async def open(self, address: str, size: Size) -> Page:
        """A page of the box, dressed as the browser remembers it."""
        url = address if "://" in address else self.house.url + address
        page = await self.screens.open(url, size, scripts=(self.dress.script,))
        await page.emulate_media(reduced_motion="reduce")  # nothing is half-way while it is looked at
        return page

    async def look(self, page: Page, state: str, *, least_px: int | None = None) -> None:
        """Everything that must hold in this state, and a picture of it."""
        name = f"{state}-{self.dress.name}"
        await picture(page, name)
        found = await audit.accessible(page)
        found += await audit.in_one_language(page, self.dress.language, names=NAMES)
        found += await audit.whole(page)
        finger_px = audit.BIG_TARGET_PX if self.dress.big else audit.TARGET_PX
        found += await audit.large_enough(page, least_px=least_px or finger_px)
        if self.dress in (ZH, EN_BIG):  # the order of Tab does not depend on the words
            found += await audit.reachable(page)
        self.wrongs += [f"{name}: {wrong}" for wrong in found]


@pytest.fixture(params=DRESSES, ids=lambda dress: dress.name)
def auditor(screens: Screens, house: House, request: pytest.FixtureRequest) -> Iterator[Auditor]:
    """Says all that is wrong at once, when a walk is over."""
    looking = Auditor(screens, house, request.param)
    yield looking
    assert not looking.wrongs, "\n" + "\n".join(looking.wrongs)


async def test_the_kiosk(auditor: Auditor) -> None:
    token = (await auditor.house.sandbox())["kiosk_token"]
    shapes = ((KIOSK, "kiosk"), (KIOSK_WIDE, "kiosk-wide")) if auditor.dress.big else ((KIOSK, "kiosk"),)
    for size, shape in shapes:
        page = await auditor.open(f"/kiosk#token={token}", size)
        await expect(page.locator("button.service").first).to_be_enabled()
        await _dress(page, auditor.dress)
        await auditor.look(page, f"{shape}-start")
        await page.locator("button.service").first.tap()
        await expect(page.locator(".word.take")).to_be_visible()
        await auditor.look(page, f"{shape}-ticket")


async def test_the_kiosk_after_the_day(auditor: Auditor) -> None:
    token = (await auditor.house.sandbox())["kiosk_token"]
    async with Api(auditor.house.url) as api:
        admin = await api.as_staff("9001")
        await admin.post("/api/day/close")
        page = await auditor.open(f"/kiosk#token={token}", KIOSK)
        await expect(page.locator("main.message")).to_be_visible()
        await _dress(page, auditor.dress)
        await auditor.look(page, "kiosk-closed")
        await admin.post("/api/day/open")


async def test_the_phone(auditor: Auditor) -> None:
    auditor.screens.forgive(REFUSED)
    async with Api(auditor.house.url) as api:
        kiosk, teller = await api.as_kiosk(), await api.at_counter("1004", "counter-4")
        await _empty(teller, "counter-4")
        await kiosk.post("/api/tickets", {"service": "fx", "channel": "lobby"})
        ticket = await kiosk.post("/api/tickets", {"service": "fx", "channel": "lobby"})
        page = await auditor.open(ticket["phone_url"], PHONE)
        await expect(page.locator("dl")).to_be_visible()
        await auditor.look(page, "phone-waiting")
        small = await auditor.open(ticket["phone_url"], SMALL_PHONE)
        await expect(small.locator("dl")).to_be_visible()
        await auditor.look(small, "phone-small-waiting")
        await teller.post("/api/counters/counter-4/next")
        await expect(page.locator(".next")).to_be_visible()
        await auditor.look(page, "phone-next")
        await teller.post("/api/counters/counter-4/next")
        await expect(page.get_by_role("alertdialog")).to_be_visible()
        await auditor.look(page, "phone-called")
        await page.get_by_role("alertdialog").get_by_role("button").tap()
        await teller.post("/api/counters/counter-4/serve")
        await expect(page.get_by_role("alertdialog")).to_be_hidden()
        await auditor.look(page, "phone-serving")
        await teller.post("/api/counters/counter-4/finish", {"outcome": "done"})
        await expect(page.get_by_role("radio").first).to_be_visible()
        await page.get_by_role("radio").first.tap()
        await auditor.look(page, "phone-rating")
        await page.locator("button.send").tap()
        await expect(page.locator(".thanks")).to_be_visible()
        await auditor.look(page, "phone-rated")
        gone = await auditor.open(ticket["phone_url"][:-4] + "AAAA", PHONE)
        await expect(gone.locator(".alone")).to_be_visible()
        await auditor.look(gone, "phone-gone")
        await teller.post("/api/counters/counter-4/sign-out")


async def test_the_counter(auditor: Auditor) -> None:
    async with Api(auditor.house.url) as api:
        kiosk = await api.as_kiosk()
        for reason in (None, None, "elderly"):
            priority = {} if reason is None else {"priority_reason": reason}
            await kiosk.post("/api/tickets", {"service": "corporate", "channel": "lobby", "language": "en", **priority})
    page = await auditor.open("/counter", DESK)
    await expect(page.locator("input").first).to_be_focused()
    await auditor.look(page, "counter-sign-in")
    await page.locator("input").first.fill("1003")
    await page.locator("input").last.fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("main.choice")).to_be_visible()
    await auditor.look(page, "counter-choice")
    await page.keyboard.press("3")
    await expect(page.locator(".stage .blank")).to_be_visible()
    await auditor.look(page, "counter-ready")
    await page.locator("button.one").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await auditor.look(page, "counter-pick")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await _questions(auditor, page)
    await page.locator("header button").last.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await auditor.look(page, "counter-sign-out")
    await page.locator("[role=dialog] [data-first]").click()
    await expect(page.locator("main.choice")).to_be_visible()


async def _questions(auditor: Auditor, page: Page) -> None:
    """A customer in hand, and each question that a key asks."""
    await _press(page, "F9")
    await expect(page.locator(".stage .number")).to_be_visible()
    await expect(page.locator("button.next")).to_be_enabled()
    await auditor.look(page, "counter-called")
    await _press(page, "F7")
    await expect(page.locator(".stage.serving")).to_be_visible()
    await auditor.look(page, "counter-serving")
    for key, name in (("F6", "finish"), ("F3", "park"), ("F4", "transfer")):
        await _press(page, key)
        await expect(page.get_by_role("dialog")).to_be_visible()
        await auditor.look(page, f"counter-{name}")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
    await _press(page, "F3")
    await page.keyboard.press("1")
    await expect(page.locator(".stage .blank")).to_be_visible()
    for tab in (1, 2):
        await page.get_by_role("tab").nth(tab).click()
        await auditor.look(page, f"counter-side-{tab}")
    await _press(page, "F10")
    await page.keyboard.press("1")
    await expect(page.locator(".stage.paused")).to_be_visible()
    await auditor.look(page, "counter-paused")
    await _press(page, "F9")
    await expect(page.locator(".stage.paused")).to_be_hidden()


async def test_a_service_for_an_important_customer(auditor: Auditor) -> None:
    """S34 by hand: the fee, the request on the phone, and what the lobby does about it."""
    async with Api(auditor.house.url) as api:
        card = {"kind": "bank_card", "value": "6217000010099887765"}
        wish = {"service": "wealth", "channel": "lobby", "identity": card}
        ticket = await (await api.as_kiosk()).post("/api/tickets", wish)
        phone = await auditor.open(ticket["phone_url"], PHONE)
        await phone.locator(".vip .offer").last.click()
        await expect(phone.get_by_role("dialog")).to_be_visible()
        await auditor.look(phone, "phone-service-fee")
        await phone.locator("[role=dialog] button").last.click()
        await expect(phone.locator(".vip li")).to_have_count(1)
        await auditor.look(phone, "phone-service-asked")
        page = await auditor.open("/lobby", TABLET)
        await page.locator("input").first.fill("2001")
        await page.locator("input").last.fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.locator("button.trouble.vip").click()
        await expect(page.locator(".requests li")).not_to_have_count(0)
        await auditor.look(page, "lobby-services")
        await page.keyboard.press("Escape")
        await page.keyboard.press("t")
        await expect(page.locator("[role=dialog] .lists")).to_be_visible()
        await auditor.look(page, "lobby-today")


async def test_the_lobby_finds_a_customer(auditor: Auditor) -> None:
    """S16 by hand: search, bind, and take it back."""
    async with Api(auditor.house.url) as api:
        paper = await (await api.as_kiosk()).post("/api/tickets", {"service": "wealth", "channel": "lobby"})
        page = await auditor.open("/lobby", TABLET)
        await page.locator("input").first.fill("2001")
        await page.locator("input").last.fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.locator(".board")).to_be_visible()
        await _search(page)
        await auditor.look(page, "lobby-search-empty")
        await page.locator("[role=dialog] input").fill("13800000005")
        await page.keyboard.press("Enter")
        await expect(page.locator("[role=dialog] .customer.gold")).to_be_visible()
        await auditor.look(page, "lobby-search-found")
        await page.locator("[role=dialog] input").fill(paper["number"])
        await page.locator("[role=dialog] .tall button").click()
        await expect(page.get_by_role("dialog")).to_be_hidden()
        await _search(page)
        await page.locator("[role=dialog] input").fill("13800000005")
        await page.keyboard.press("Enter")
        await page.locator("[role=dialog] li button", has_text=paper["number"]).click()
        await expect(page.locator("[role=dialog] .customer.gold")).to_be_visible()
        await page.get_by_role("radio").last.click()
        await auditor.look(page, "lobby-unbind")
        await page.locator("[role=dialog] .actions button").last.click()
        await expect(page.get_by_role("dialog")).to_be_hidden()
        again = await (await api.as_staff("2001")).get(f"/api/tickets/{paper['id']}")
        assert (again["tier"], again.get("bound", False)) == ("normal", False)


async def _search(page: Page) -> None:
    await _press(page, "c")
    await expect(page.locator("[role=dialog] .identity")).to_be_visible()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_rooms_behind(screens: Screens, house: House, language: str) -> None:
    """Front page, device bench, head office: worked with a mouse, but not only."""
    auditor = Auditor(screens, house, Dress(language, big=False))
    async with Api(house.url) as api:
        await (await api.as_kiosk()).post("/api/tickets", {"service": "personal", "channel": "kiosk"})
    front = await auditor.open("/", BENCH)
    await expect(front.locator(".card").first).to_be_visible()
    await auditor.look(front, "front", least_px=audit.MOUSE_TARGET_PX)
    bench = await auditor.open("/bench", BENCH)
    await expect(bench.locator(".out li img").first).to_be_visible()
    await auditor.look(bench, "bench", least_px=audit.MOUSE_TARGET_PX)
    await bench.locator(".out li button").first.click()
    await expect(bench.get_by_role("dialog")).to_be_visible()
    await auditor.look(bench, "bench-slip", least_px=audit.MOUSE_TARGET_PX)
    office = await auditor.open(house.office.url, BENCH)
    await expect(office.locator(".panel table")).to_be_visible()
    await auditor.look(office, "headoffice", least_px=audit.MOUSE_TARGET_PX)
    assert not auditor.wrongs, "\n" + "\n".join(auditor.wrongs)


async def test_the_hall(screens: Screens, house: House) -> None:
    """Both languages at once, and nothing to touch but the hint about sound."""
    token = (await house.sandbox())["display_token"]
    async with Api(house.url) as api:
        kiosk, teller = await api.as_kiosk(), await api.at_counter("1001", "counter-1")
        await _empty(teller, "counter-1")
        await kiosk.post("/api/tickets", {"service": "wealth", "channel": "lobby"})
        await kiosk.post("/api/tickets", {"service": "wealth", "channel": "lobby"})
        page = await screens.open(f"{house.url}/display#token={token}", HALL)
        await teller.post("/api/counters/counter-1/next")
        await expect(page.locator(".panel .number")).to_be_visible()
        await picture(page, "hall-call")
        wrongs = await audit.accessible(page) + await audit.in_one_language(page, "zh-CN", names=NAMES)
        wrongs += await audit.in_one_language(page, "en", names=NAMES) + await audit.whole(page)
        wrongs += await audit.large_enough(page, least_px=audit.TARGET_PX) + await audit.reachable(page)
        await teller.post("/api/counters/counter-1/sign-out")
    assert not wrongs, "\n" + "\n".join(wrongs)


async def _dress(page: Page, dress: Dress) -> None:
    """A kiosk remembers nothing: somebody has to touch."""
    if dress.big:
        await page.locator("header button.type").tap()
    if dress.language == "en":
        await page.get_by_role("button", name="English").tap()
    await expect(page.locator("html")).to_have_attribute("lang", dress.language)
    await expect(page.locator("html")).to_have_attribute("data-type", "big" if dress.big else "normal")


async def _press(page: Page, key: str) -> None:
    await page.locator("body").evaluate("() => document.activeElement?.blur()")
    await page.keyboard.press(key)


async def _empty(teller: Api, counter: str) -> None:
    """Nobody waits any more."""
    for _ in range(200):
        if await teller.post(f"/api/counters/{counter}/next") is None:
            return
