"""Reports in the console: a number is followed by keyboard and back, chips speak the page's language, paper cuts nothing."""

from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.e2e.house import House
from tests.e2e.people import PASSWORD
from tests.e2e.screens import BENCH, Screens, Size
from tests.harness.api import Api

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

DAY: Final = "period=day&from=2026-03-02"
SHEET: Final = Size(1047, 718)
"""A4 landscape within its margins, in CSS pixels."""
READABLE_PX: Final = 9.3
"""Seven points."""


async def _a_morning(house: House) -> None:
    """Three numbers: one is served and rated, one is called, one waits. Once for the house."""
    if await house.tickets():
        return
    async with Api(house.url) as api:
        admin, teller = await api.as_staff("9001"), await api.as_staff("1001")
        tickets = [await admin.post("/api/tickets", {"service": "personal", "channel": "lobby"}) for _ in range(3)]
        counter = f"/api/counters/{(await api.sandbox())['counters'][0]['id']}"
        for verb in ("sign-in", "next", "serve", "next"):
            await teller.post(f"{counter}/{verb}", {})
        await admin.post("/api/ratings", {"token": tickets[0]["token"], "score": 5})


async def _open(screens: Screens, house: House, place: str) -> Page:
    await _a_morning(house)
    page = await screens.open(f"{house.url}/console#/reports/{place}", BENCH)
    await page.locator("input").first.fill("9001")
    await page.locator("input").last.fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator(".sheet h3")).to_be_visible()
    return page


async def test_a_number_is_followed_by_keyboard_and_back_returns_to_it(screens: Screens, house: House) -> None:
    page = await _open(screens, house, f"teller-efficiency?{DAY}")
    number = page.locator("tbody tr").first.get_by_role("button").last
    await number.focus()
    place = await page.evaluate("document.activeElement.closest('td').cellIndex")
    scrolled = await page.locator(".scroll").evaluate("box => box.scrollLeft")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="叫号明细报表")).to_be_focused()
    await expect(page.locator(".chip")).to_have_text(["柜员: 王芳 1001 ×", "结果: 完成 ×"])
    await page.get_by_role("button", name="返回").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="柜员服务效率报表")).to_be_visible()
    await expect(number).to_be_focused()
    assert scrolled > 0
    assert await page.evaluate("document.activeElement.closest('td').cellIndex") == place
    assert await page.locator(".scroll").evaluate("box => box.scrollLeft") == scrolled


async def test_chips_speak_the_language_of_the_page_and_can_be_taken_away(screens: Screens, house: House) -> None:
    page = await _open(screens, house, f"ticket-detail?{DAY}&teller=1001&result=finished&called=true&band=09:00")
    chips = page.locator(".chip")
    await expect(chips).to_have_text(["柜员: 王芳 1001 ×", "结果: 完成 ×", "已叫号: 是 ×", "时段: 09:00–09:30 ×"])
    await page.get_by_role("button", name="English").click()
    await expect(chips).to_have_text(["Teller: 王芳 1001 ×", "Result: Finished ×", "Called: yes ×", "Half hour: 09:00–09:30 ×"])
    await page.get_by_role("button", name="Remove Result: Finished").focus()
    await page.keyboard.press("Enter")
    await expect(chips).to_have_count(3)
    await expect(page.locator(".filters :focus")).to_have_count(1)
    await expect(page.locator("tbody tr")).to_have_count(2)


async def test_what_is_about_a_row_stays_when_the_table_is_scrolled(screens: Screens, house: House) -> None:
    page = await _open(screens, house, f"ticket-detail?{DAY}")
    number = page.locator("tbody tr").first.get_by_text("A001")
    await page.locator(".scroll").evaluate("box => box.scrollTo(900, 0)")
    await expect(number).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_paper_cuts_nothing_off(screens: Screens, house: House, language: str) -> None:
    page = await _open(screens, house, f"wait-times?{DAY}")
    names: list[Any] = await page.evaluate(
        "fetch('/api/reports').then((answer) => answer.json()).then(({ reports }) => reports)"
    )
    await page.set_viewport_size({"width": SHEET.width, "height": SHEET.height})
    await page.emulate_media(media="print")
    for name in [one["name"] for one in names]:
        await page.goto(f"{house.url}/api/reports/{name}?{DAY}&format=print&language={language}")
        width = await page.evaluate("document.documentElement.scrollWidth")
        size_px = await page.locator("table").evaluate("table => parseFloat(getComputedStyle(table).fontSize)")
        assert width <= SHEET.width, name
        assert size_px >= READABLE_PX, f"{name} is too small to read"
        await expect(page.locator("tfoot")).to_contain_text("数据版本" if language == "zh-CN" else "Data version")
